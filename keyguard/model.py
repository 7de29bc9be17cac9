"""The values that flow through the stages, in the order of their birth. All are plain and frozen."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, field
from datetime import datetime

ELLIPSIS = "…"
SHOWN = 4
"""How many characters of a key's own text a redaction shows at either end."""


@dataclass(frozen=True, slots=True)
class Span:
    """Byte offsets, half open."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file, by the path that the user gave or that was found below it."""

    path: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A file as it stands in the index: its path there, and the blob's id."""

    path: str
    oid: str


@dataclass(frozen=True, slots=True)
class StandardInput:
    """What came in on standard input."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Something that a repository stores.

    `kind` is a location kind of the report (`blob`, `commit-message`, `ref-name`, …), `oid` the object's hex
    id where it is one, `path` a path or a name where the thing has one.
    """

    kind: str
    oid: str | None = None
    path: str | None = None


Origin = OnDisk | Staged | StandardInput | Stored


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes to be searched.

    Of a thing too large to be held at once a blob is one window: `offset` is where it begins, and a key counts
    here only if it starts within `owned` (offsets in `data`); what surrounds that is there for context and belongs
    to a neighbour.
    """

    data: bytes = field(repr=False)
    origin: Origin
    offset: int = 0
    owned: Span | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """What was not read, and why. A report with one of these is not complete.

    `origin` is what of it could not be read, where that has a place that an allow can name.
    """

    what: str
    reason: str
    count: int = 1
    origin: Origin | None = None


class Secret:
    """A key. It prints redacted, everywhere; `reveal` alone gives its text."""

    __slots__ = ("_prefix", "_text")

    def __init__(self, text: str, prefix: int = 0) -> None:
        """`prefix` is the length of the public part that says whose key it is (`sk-proj-`)."""
        self._text = text
        self._prefix = prefix

    def reveal(self) -> str:
        return self._text

    @property
    def redacted(self) -> str:
        """The public prefix, then the first and the last four characters of the rest."""
        body = self._text[self._prefix :]
        # Of a short body less is shown, so that at least three quarters of it stay hidden.
        shown = min(SHOWN, len(body) // 8)
        tail = body[len(body) - shown :]
        return f"{self._text[: self._prefix]}{body[:shown]}{ELLIPSIS}{tail}"

    @property
    def fingerprint(self) -> str:
        """The key's identity: the hex SHA-256 of its text."""
        return hashlib.sha256(self._text.encode("utf-8", "surrogateescape")).hexdigest()

    def __len__(self) -> int:
        return len(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"{self.redacted} ({len(self)} characters)"

    __str__ = __repr__

    def __reduce__(self) -> tuple[type[Secret], tuple[str, int]]:
        return Secret, (self._text, self._prefix)


class Confidence(enum.IntEnum):
    """How sure keyguard is that a finding is a key."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a report says of a pattern."""

    id: str
    title: str
    provider: str
    remedy: str
    revoke_url: str


@dataclass(frozen=True, slots=True)
class Match:
    """One key in one place of one blob, judged to be one.

    `span` counts in the bytes of the whole thing that the blob is (a part of), `line` and `column` from 1,
    `column` in characters. `encoding` names the disguises from the outside in. `allowed` says by what the
    place itself allows the key, if it does. `member` is what of an archive the key stands in (see
    `keyguard.search`): `span`, `line` and `column` then count there, `origin` is still that of the archive.
    """

    rule: Rule
    kind: str
    secret: Secret
    origin: Origin
    span: Span
    line: int
    column: int
    confidence: Confidence
    evidence: tuple[str, ...]
    encoding: tuple[str, ...] = ()
    allowed: str | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """Where a key stands, in the terms of the report."""

    kind: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    commit: str | None = None
    blob: str | None = None
    archive_member: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, as a report names it. `date` is ISO 8601 with the author's offset."""

    oid: str
    author: str
    email: str
    date: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """Since when and to whom a key was open. `days` counts from its introduction to its removal, or to now."""

    introduced: Commit | None
    removed: Commit | None
    days: int | None
    reachable: bool
    refs: tuple[str, ...]
    in_head: bool
    pushed: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One key, with every place it was found in. `status` is what asking its provider gave, if it was asked.

    `commits` are those that its places name, as far as they are known.
    """

    rule: Rule
    kind: str
    secret: Secret
    confidence: Confidence
    evidence: tuple[str, ...]
    encoding: tuple[str, ...]
    locations: tuple[Location, ...]
    exposure: Exposure | None = None
    status: str = "unverified"
    commits: tuple[Commit, ...] = ()


@dataclass(frozen=True, slots=True)
class Allowed:
    """A key that was found and is accepted, and by what."""

    match: Match
    by: str


@dataclass(frozen=True, slots=True)
class Examined:
    """How much was looked at: blobs (or other things with a content of their own) and their bytes."""

    blobs: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository that was scanned, as far as a report links to it.

    `url` is where its remote is browsed, without credentials; `head` the commit that HEAD stands at; `top` the
    work tree's folder and `prefix` the way from there to where relative paths begin (`sub/folder/`, or empty).
    """

    url: str | None = None
    head: str | None = None
    top: str | None = None
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """All that a reporter needs. `began` is a moment in UTC."""

    kind: str
    target: str
    findings: tuple[Finding, ...]
    allowed: tuple[Allowed, ...]
    unread: tuple[Unread, ...]
    examined: Examined
    patterns: int
    seconds: float
    notes: tuple[str, ...] = ()
    began: datetime | None = None
    repository: Repository | None = None

    @property
    def complete(self) -> bool:
        return not self.unread

    @property
    def exit_code(self) -> int:
        """0 nothing found, 1 findings, 3 nothing found by a scan that did not see everything."""
        if self.findings:
            return 1
        return 0 if self.complete else 3
