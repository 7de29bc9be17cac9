"""The structure checks that a pattern names: each refutes a candidate, or gives it back, perhaps mended."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from keyguard import structure
from keyguard.match import Candidate
from keyguard.model import Span
from keyguard.structure import MARKER

Check = Callable[[Candidate], Candidate | None]
"""None refutes."""

_BACKWARDS = re.compile(
    r"(?P<prefix>(?:sk-)?(?:(?:proj|svcacct|admin|None)-)?)"
    r"(?P<left>[\w-]{20,101})T3BlbkFJ(?P<right>[\w-]{20,101})",
    re.ASCII,
)
_REFRESH = ("rt.", "rt_")
_WORD = re.compile(r"[A-Z]?[a-z]{4,}")
LEGACY = 20
"""The length of either half before August 2024."""


def balance(candidate: Candidate) -> Candidate | None:
    """The marker stands in the middle. What is glued behind the key is cut off."""
    # An orphan may be written with other separators than the key's own.
    left, run = candidate.left.replace("*", "-"), candidate.right.replace("*", "-")
    right = structure.balanced_right(left, run)
    if right is None:
        return None
    start = candidate.span.start
    head = candidate.text[: candidate.text.index(candidate.left + MARKER)]
    text = head.replace("*", "-") + left + MARKER + right
    return replace(candidate, text=text, body=left + right, left=left, right=right, span=Span(start, start + len(text)))


def zero_tail(candidate: Candidate) -> Candidate | None:
    return candidate if structure.has_zero_tail(candidate.left + candidate.right) else None


def read_backwards(candidate: Candidate) -> Candidate | None:
    """Backwards it is a body that is balanced: of a legacy key, or of a modern one with a zero last byte."""
    parts = _BACKWARDS.fullmatch(candidate.text[::-1])
    if parts is None:
        return None
    left, right = parts["left"], parts["right"]
    legacy = len(left) == len(right) == LEGACY
    if not legacy and not (len(right) - len(left) in (0, 1) and structure.has_zero_tail(left + right)):
        return None
    # The convention keeps the prefix of a project key in the program that turns the text around.
    prefix = parts["prefix"] or "sk-proj-"
    return replace(
        candidate, text=prefix + left + MARKER + right, prefix=len(prefix), body=left + right, left=left, right=right
    )


def azure_checksum(candidate: Candidate) -> Candidate | None:
    if not structure.has_azure_checksum(candidate.body):
        return None
    # The first 52 characters are random, the rest is a frame that every key has.
    return replace(candidate, body=candidate.body[:52])


def uuid4(candidate: Candidate) -> Candidate | None:
    return candidate if structure.is_uuid4_hex(candidate.body) else None


def alternating_case(candidate: Candidate) -> Candidate | None:
    return candidate if structure.alternates_case(candidate.body[16:]) else None


def jwt_openai(candidate: Candidate) -> Candidate | None:
    claims = structure.jwt_claims(candidate.text)
    return candidate if claims and structure.is_openai_claims(claims) else None


def jwt_agent(candidate: Candidate) -> Candidate | None:
    claims = structure.jwt_claims(candidate.text)
    return candidate if claims and "agent_private_key" in claims else None


def classes(candidate: Candidate) -> Candidate | None:
    """Upper case, lower case and digits: what a name or a sentence seldom has and a random body always."""
    body = candidate.body
    mixed = any(map(str.isupper, body)) and any(map(str.islower, body)) and any(map(str.isdigit, body))
    return candidate if mixed else None


def ephemeral_layout(candidate: Candidate) -> Candidate | None:
    """What stood behind the time of issue in each sample, and stands there in one digest of 4,096."""
    return candidate if candidate.body[12:15] == "819" else None


def opaque(candidate: Candidate) -> Candidate | None:
    """A refresh token with OpenAI's prefix, or one that is drawn: of all three classes, less than half of it words."""
    if candidate.body.startswith(_REFRESH):
        return candidate
    lettered = sum(map(len, _WORD.findall(candidate.body)))
    return classes(candidate) if 2 * lettered < len(candidate.body) else None


CHECKS: dict[str, Check] = {
    "balance": balance,
    "zero-tail": zero_tail,
    "reversed": read_backwards,
    "azure-checksum": azure_checksum,
    "uuid4": uuid4,
    "alternating-case": alternating_case,
    "jwt-openai": jwt_openai,
    "jwt-agent": jwt_agent,
    "classes": classes,
    "ephemeral-layout": ephemeral_layout,
    "opaque": opaque,
}
