"""Hexadecimal digits, in either case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyguard.decode.reading import REACH as REACH
from keyguard.decode.reading import Digits, Reading, grown

ENCODING = "hex"
_DIGITS = frozenset(b"0123456789abcdefABCDEF")


def disguises(keyword: bytes) -> Iterable[bytes]:
    yield keyword.hex().encode()
    yield keyword.hex().upper().encode()


def readings(data: bytes, at: int) -> Iterator[Reading]:
    run = grown(data, at, _DIGITS, REACH)
    start = run.start + (at - run.start) % 2
    digits = range(start, start + (run.end - start) // 2 * 2)
    yield Reading(bytes.fromhex(data[digits.start : digits.stop].decode("ascii")), ENCODING, Digits(digits, 4))
