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
_BETWEEN = re.compile(rb"\s*(?:\(byte\)|b?'|,|;|\s)+\s*")


def disguises(keyword: bytes) -> Iterable[bytes]:
    for style, length in TRACES.items():
        codes = [style.format(byte).encode() for byte in keyword[:length]]
        yield b",".join(codes)
        yield b", ".join(codes)


def readings(data: bytes, at: int) -> Iterator[Reading]:
    window = data[max(0, at - REACH) : at + REACH]
    before = at - max(0, at - REACH)
    for run in _RUNS.finditer(window):
        if run.start() <= before < run.end():
            yield pieced(_characters(window, run.start(), run.end(), at - before), ENCODING)


def _characters(window: bytes, start: int, end: int, shift: int) -> Iterator[tuple[bytes, Span, bool]]:
    for code in _CODE.finditer(window, start, end):
        value = int(code[0], 16 if code[0][:2].lower() == b"0x" else 10)
        yield bytes((min(value, 255),)), Span(shift + code.start(), shift + code.end()), False


_RUNS = re.compile(rb"(?:(?:0[xX][0-9a-fA-F]{2}|\d{1,3})[\s,;]{1,64}){16,}(?:0[xX][0-9a-fA-F]{2}|\d{1,3})")
