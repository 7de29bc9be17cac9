"""UTF-16, either byte order, with and without a byte order mark: what PowerShell writes by default."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyguard.decode.reading import REACH as REACH
from keyguard.decode.reading import Reading, Stride
from keyguard.position import LINE_END_OF_PAIRS

ENCODING = "utf-16"
_HIGH = bytes(0xFF if byte else 0 for byte in range(256))


def disguises(keyword: bytes) -> Iterable[bytes]:
    # Without the outermost NULs, so that one trace serves both byte orders.
    yield b"\0".join(keyword[i : i + 1] for i in range(len(keyword)))


def readings(data: bytes, at: int) -> Iterator[Reading]:
    # A trace begins at a low byte. Within other content the order can only be guessed.
    reach = min(at, REACH) // 2 * 2
    yield _narrowed(data, at - reach, min(len(data), at + REACH), None)


def whole(data: bytes, order: int) -> Reading:
    """All of the data read as UTF-16, of which the low byte of the first character stands at `order`, 0 or 1."""
    return _narrowed(data, order, len(data), order)


def _narrowed(data: bytes, first: int, end: int, order: int | None) -> Reading:
    """The low bytes from `first` on; 0xFF stands for a character that is not Latin-1.

    A low byte's high byte is the one behind it (`order` 0, little endian) or before it (1). With None either may
    be it, the other one being a neighbour's of any script, so a zero on one side is enough.
    """
    low = data[first:end:2]
    before, behind = (_nonzero(data, first + side, len(low)) for side in (-1, 1))
    high = before & behind if order is None else before if order else behind
    merged = int.from_bytes(low, "big") | high
    big_endian = first % 2 if order is None else order
    return Reading(
        merged.to_bytes(len(low), "big"), ENCODING, Stride(max(0, first - big_endian), 2), LINE_END_OF_PAIRS[big_endian]
    )


def _nonzero(data: bytes, start: int, count: int) -> int:
    """One byte for each of `count` second bytes from `start` on: 0xFF where it is not zero, as one number."""
    # Before the data stands nothing, which is no zero; behind it, where a last character was cut, may be one.
    missing = b"\xff" if start < 0 else b""
    found = missing + data[start + 2 * len(missing) : start + 2 * count : 2].translate(_HIGH)
    return int.from_bytes(found.ljust(count, b"\0"), "big")
