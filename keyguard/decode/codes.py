"""Lists of character codes: `115, 107, 45, …` and `0x73, 0x6b, 0x2d, …`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from keyguard.decode.reading import REACH as REACH
from keyguard.decode.reading import Reading, pieced
from keyguard.model import Span

ENCODING = "character-codes"
TRACES = {"{}": 4, "0x{:02x}": 3}
"""The ways to write a code, and how many of them make a trace: longer ones are seldom written on one line."""

_CODE = re.compile(rb"0[xX][0-9a-fA-F]{2}|\d{1,3}")
_RUN = re.compile(rb"(?:(?:0[xX][0-9a-fA-F]{2}|\d{1,3})[\s,;]{1,64}){16,}(?:0[xX][0-9a-fA-F]{2}|\d{1,3})")

# What of a run stands before a trace, from its end to its front: the rest of the trace's first code, and whole ones.
_BEFORE = re.compile(rb"\d{0,2}(?:[\s,;]{1,64}(?:[0-9a-fA-F]{2}[xX]0|\d{1,3}))*")
_REST = 3


def disguises(keyword: bytes) -> Iterable[bytes]:
    for style, length in TRACES.items():
        codes = [style.format(byte).encode() for byte in keyword[:length]]
        yield b",".join(codes)
        yield b", ".join(codes)


def readings(data: bytes, at: int) -> Iterator[Reading]:
    # No more is looked at than the run itself: of a text full of traces most may stand in none.
    before = _BEFORE.match(data[max(0, at - REACH) : at][::-1])
    begin = at - before.end() if before else at
    for start in range(begin, min(begin + _REST, at + 1)):
        run = _RUN.match(data, start, at + REACH)
        if run and run.end() > at:
            yield pieced(_characters(data, start, run.end()), ENCODING)
            return


def _characters(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, Span, bool]]:
    for code in _CODE.finditer(data, start, end):
        value = int(code[0], 16 if code[0][:2].lower() == b"0x" else 10)
        yield bytes((min(value, 255),)), Span(code.start(), code.end()), False
