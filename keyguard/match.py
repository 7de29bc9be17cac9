"""The regular expressions, run where an anchor stands, each match with a time limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import regex

from keyguard.errors import KeyguardError
from keyguard.model import Span
from keyguard.patterns import Pattern

TIMEOUT_S = 5.0
"""How long one pattern may take for one stretch of text. The bundled ones take microseconds."""


class MatchTimeoutError(KeyguardError):
    """A pattern ran over its time: what it searched counts as unread."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a pattern's expression matched, before anyone has judged it.

    `text` is the key's own text, `span` where that stands in `data`; `left` and `right` are the halves around
    the marker, `body` what follows the public prefix, `prefix` the length of that prefix.
    """

    pattern: Pattern
    data: bytes = field(repr=False)
    span: Span
    text: str = field(repr=False)
    body: str = field(repr=False)
    prefix: int = 0
    kind: str | None = None
    left: str = field(default="", repr=False)
    right: str = field(default="", repr=False)


def candidates(pattern: Pattern, data: bytes, places: Sequence[int]) -> Iterator[Candidate]:
    """What the pattern matches around its anchors' `places`, from every start there is.

    Matches may overlap: with other text glued before a key, the outermost `sk-` need not be the key's own.

    Raises MatchTimeoutError.
    """
    find = _around if pattern.before else _at
    try:
        for match in find(pattern, data, places):
            yield _candidate(pattern, data, match)
    except TimeoutError as error:
        raise MatchTimeoutError(f"pattern {pattern.id} ran over its time") from error


def _at(pattern: Pattern, data: bytes, places: Sequence[int]) -> Iterator[regex.Match[bytes]]:
    """Matches that begin at the anchor."""
    for place in places:
        match = pattern.regex.match(data, place, min(len(data), place + pattern.after), timeout=TIMEOUT_S)
        if match:
            yield match


def _around(pattern: Pattern, data: bytes, places: Sequence[int]) -> Iterator[regex.Match[bytes]]:
    for window in windows(pattern, len(data), places):
        yield from pattern.regex.finditer(data, window.start, window.end, overlapped=True, timeout=TIMEOUT_S)


def windows(pattern: Pattern, length: int, places: Sequence[int]) -> Iterator[Span]:
    """The stretches that the pattern's matches lie in, those that touch each other joined."""
    joined: Span | None = None
    for place in places:
        window = Span(max(0, place - pattern.before), min(length, place + pattern.after))
        if joined and window.start <= joined.end:
            joined = Span(joined.start, window.end)
            continue
        if joined:
            yield joined
        joined = window
    if joined:
        yield joined


def _candidate(pattern: Pattern, data: bytes, match: regex.Match[bytes]) -> Candidate:
    groups = {name: text.decode("latin-1") for name, text in match.groupdict().items() if text is not None}
    name = "secret" if "secret" in groups else 0
    start, end = match.span(name)
    text = match[name].decode("latin-1")
    prefix = len(groups.get("prefix", ""))
    return Candidate(
        pattern=pattern,
        data=data,
        span=Span(start, end),
        text=text,
        body=groups.get("body", text[prefix:]),
        prefix=prefix,
        kind=groups.get("kind"),
        left=groups.get("left", ""),
        right=groups.get("right", ""),
    )


def union(patterns: Sequence[Pattern]) -> regex.Pattern[bytes]:
    """One expression that matches where any of the patterns' does."""
    return regex.compile(b"|".join(b"(?:%s)" % pattern.expression.encode("ascii") for pattern in patterns))
