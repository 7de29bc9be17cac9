"""base64: any alignment, standard and URL-safe, wrapped over lines."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator

from keyguard.decode.reading import REACH as REACH
from keyguard.decode.reading import Digits, Reading, grown

ENCODING = "base64"
SHORTEST = 5
"""Of how many digits a trace is at least: in a gigabyte of base64 such a one stands by chance once."""

SHORTEST_RUN = 64
"""Digits of the shortest key: 20 characters, OpenAI's marker of 8, and 20 more."""

_DIGITS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
_WRAPPED = _DIGITS | frozenset(b" \t\r\n\\")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def disguises(keyword: bytes) -> Iterable[bytes]:
    """The digits that the keyword alone settles, at each of the three alignments."""
    for shift in range(3):
        padded = bytes(shift) + keyword + bytes(-(shift + len(keyword)) % 3)
        first = -(-8 * shift // 6)
        last = 8 * (shift + len(keyword)) // 6
        yield base64.b64encode(padded)[first:last]


def halves(trace: bytes) -> tuple[bytes, ...]:
    """A trace in two parts, one of which is whole wherever a line ends: else one wrapped key in seven would be lost."""
    middle = len(trace) // 2
    return (trace[:middle], trace[middle:]) if middle >= SHORTEST else (trace,)


def readings(data: bytes, at: int) -> Iterator[Reading]:
    # Unwrapped first: where the text stands in one line, what is around that line is not part of it.
    before: list[int] = []
    for allowed in (_DIGITS, _WRAPPED):
        run = grown(data, at, allowed, REACH)
        digits = _places(data, run.start, run.end)
        if len(digits) < SHORTEST_RUN or digits == before:
            continue
        before = digits
        text = bytes(data[place] for place in digits).translate(_URL_SAFE)
        # Other text may be glued to the run's start, so each of the four phases can be the right one.
        for phase in range(min(4, len(text))):
            yield Reading(_decoded(text[phase:]), ENCODING, Digits(digits[phase:], 6))


def _places(data: bytes, start: int, end: int) -> list[int]:
    """Where the digits are: a line end within a literal is written `\\n`, whose letter is no digit."""
    places = []
    place = start
    while place < end:
        if data[place] == 0x5C:
            place += 2
        else:
            if data[place] in _DIGITS:
                places.append(place)
            place += 1
    return places


def _decoded(digits: bytes) -> bytes:
    whole = digits[: len(digits) - (len(digits) % 4 == 1)]
    try:
        return base64.b64decode(whole + b"=" * (-len(whole) % 4))
    except binascii.Error:
        return b""
