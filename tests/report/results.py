"""Results to be reported: none, one, every case, many. The same values at each call."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from keyguard.model import (
    Allowed,
    Commit,
    Confidence,
    Examined,
    Exposure,
    Finding,
    Location,
    Match,
    OnDisk,
    Repository,
    Rule,
    ScanResult,
    Secret,
    Span,
    Unread,
)
from keyguard.structure import MARKER

BEGAN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
URL = "https://github.com/example/shop"

MODERN = Rule(
    "openai-modern",
    "OpenAI API key",
    "openai",
    "Revoke it under the project's API keys, then create a new one.",
    "https://platform.openai.com/api-keys",
)
AZURE = Rule(
    "azure-openai",
    "Azure OpenAI key",
    "azure-openai",
    "Regenerate this key under Keys and Endpoint of the resource; the other key goes on working.",
    "https://portal.azure.com",
)
GATEWAY = Rule(
    "gateway", "Key of a compatible gateway", "compatible", "Revoke it where its provider lists its keys.", ""
)

HOSTILE = (
    "<script>alert(1)</script>.py",
    "a]]>b&amp;\"'.txt",
    "tab\there\nand a line\r.env",
    "escape \x1b[31mred\x1b[0m\x00\x07.sh",
    "not utf-8 \udcff\udc80.bin",
    "right \u202eto left\u2066.js",
    "no character \ufffe\uffff.c",
    '=HYPERLINK("http://evil.example","x")',
    "+1,2;3.csv",
    "@SUM(A1).csv",
    "-2+3.csv",
    "::error file=x::injected,with:all%0A.yml",
    "`code` | pipe | **bold** [link](javascript:alert(1)) <!-- -->.md",
    "``` fence.md",
    "emoji \U0001f511 é/ü#?%20.py",
    "{{ template }} ${jndi} $(id) `id`.sh",
    "' onmouseover='alert(1)' x='",
    "\u2028line\u2029paragraph\x85next\x7f.txt",
    " leading and trailing ",
    "",
)
"""Names that a repository can hold and that some reader of a report stumbles over."""


def none(**changes: object) -> ScanResult:
    return _result((), **changes)


def one(**changes: object) -> ScanResult:
    return _result((_finding(0),), **changes)


def every(**changes: object) -> ScanResult:
    """A history with a live key, an old disguised one, a doubtful one, and things that could not be read."""
    findings = (_live(), _old(), _doubtful())
    unread = (
        Unread("pack-1f2e.pack", "object 00ff cannot be inflated", 2),
        Unread("docs/big.zip", "it nests too deep"),
    )
    return _result(findings, kind="history", target=".", unread=unread, notes=("The clone is shallow.",), **changes)


def hostile(**changes: object) -> ScanResult:
    """Every name of `HOSTILE`, as a path, a member, an author, a ref, an unread thing and a note."""
    findings = tuple(_hostile(number, name) for number, name in enumerate(HOSTILE))
    unread = tuple(Unread(name, name or "nothing") for name in HOSTILE)
    return _result(findings, kind="history", target=HOSTILE[0], unread=unread, notes=HOSTILE, **changes)


def many(count: int, **changes: object) -> ScanResult:
    """`count` keys, each in a few places."""
    return _result(tuple(_of_many(number) for number in range(count)), kind="history", target=".", **changes)


def _result(findings: tuple[Finding, ...], **changes: object) -> ScanResult:
    result = ScanResult(
        kind="scan",
        target="src",
        findings=findings,
        allowed=(_allowed(),),
        unread=(),
        examined=Examined(1234, 5_678_901),
        patterns=52,
        seconds=1.25,
        began=BEGAN,
        repository=Repository(URL, "c0ffee" + "0" * 34, "/work-tree", ""),
    )
    return replace(result, **changes)  # type: ignore[arg-type]


def _key(number: int) -> Secret:
    """A key of the length and prefix of a genuine one: golden files must not change with how tests draw theirs."""
    return Secret(f"sk-proj-{_letters(number, 74)}{MARKER}{_letters(-1 - number, 74)}", 8)


def _letters(number: int, length: int) -> str:
    digest = b"".join(hashlib.sha512(f"{number}:{part}".encode()).digest() for part in range(2))
    return base64.b64encode(digest, b"xy").decode()[:length]


def _allowed() -> Allowed:
    secret = _key(1_000)
    where = OnDisk("docs/example.md")
    match = Match(MODERN, "project", secret, where, Span(0, 1), 3, 1, Confidence.HIGH, ("marker",), allowed="remark")
    return Allowed(match, "the remark `keyguard: allow` on its line")


def _finding(number: int, **changes: object) -> Finding:
    finding = Finding(
        rule=MODERN,
        kind="project",
        secret=_key(number),
        confidence=Confidence.HIGH,
        evidence=("marker", "balance", "zero-tail"),
        encoding=(),
        locations=(Location("worktree", "src/settings.py", 12, 18),),
    )
    return replace(finding, **changes)  # type: ignore[arg-type]


def commit(number: int, day: str, author: str = "Ada Example") -> Commit:
    return Commit(
        hashlib.sha256(str(number).encode()).hexdigest()[:40], author, "ada@example.org", f"{day}T12:00:00+02:00"
    )


def _live() -> Finding:
    came, again = commit(0xA1, "2025-11-30"), commit(0xA2, "2026-01-15", "Grace Example")
    return _finding(
        1,
        status="live",
        locations=(
            Location("blob", "deploy/production.env", 4, 16, came.oid, "b1" * 20),
            Location("blob", "src/settings.py", 12, 18, again.oid, "b2" * 20),
            Location("commit-message", None, 3, 9, again.oid),
        ),
        exposure=Exposure(came, None, 94, True, ("refs/heads/main", "refs/tags/v1"), True, True),
        commits=(came, again),
    )


def _old() -> Finding:
    came, went = commit(0xB1, "2024-02-03"), commit(0xB2, "2024-05-01")
    return _finding(
        2,
        rule=AZURE,
        kind="resource",
        secret=Secret(_letters(2_000, 84), 0),
        evidence=("azure-checksum",),
        encoding=("utf-16", "base64"),
        locations=(Location("blob", "backup/notes.zip", 7, 1, came.oid, "b3" * 20, archive_member="notes/todo.txt"),),
        exposure=Exposure(came, went, 88, True, ("refs/heads/main",), False, True),
        commits=(came, went),
    )


def _doubtful() -> Finding:
    return _finding(
        3,
        rule=GATEWAY,
        kind="gateway",
        confidence=Confidence.LOW,
        evidence=("prefix", "context"),
        locations=(Location("path", "keys/old", None, None, commit(0xC1, "").oid), Location("stdin", None, 1, 1)),
        exposure=Exposure(None, None, None, False, (), False, False),
    )


def _hostile(number: int, name: str) -> Finding:
    came = replace(commit(0xD0 + number, "2025-01-01"), author=name, email=name)
    return _finding(
        100 + number,
        locations=(
            Location("blob", name, 1, 1, came.oid, "b4" * 20, archive_member=name or None),
            Location("ref-name", name, 1, 1),
            Location("worktree", name, 2, 1),
        ),
        exposure=Exposure(came, came, 0, True, (name,), False, True),
        commits=(came,),
        evidence=("marker", "a reason of <somebody's> | own"),
    )


def _of_many(number: int) -> Finding:
    year, month = 2021 + number % 5, 1 + number % 12
    came = commit(0x1000 + number, f"{year}-{month:02}-11", f"Author {number % 40}")
    went = commit(0x9000 + number, f"{year + 1}-{month:02}-02") if number % 3 else None
    return _finding(
        0,
        secret=Secret(f"sk-proj-{number:08}{MARKER}{number * 7919:012}{'z' * 60}", 8),
        rule=(MODERN, AZURE, GATEWAY)[number % 3 if number % 5 else 0],
        confidence=Confidence(3 - number % 3),
        status=("unverified", "unverified", "live", "dead")[number % 4],
        locations=tuple(
            Location("blob", f"services/part-{number % 50}/config-{number}-{copy}.yaml", 1 + number % 400, 9, came.oid)
            for copy in range(1 + number % 4)
        ),
        exposure=Exposure(came, went, 300 if went else 900, True, ("refs/heads/main",), not went, number % 2 == 0),
        commits=(came, went) if went else (came,),
    )
