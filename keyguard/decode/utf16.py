"""UTF-16, either byte order, with and without a byte order mark: what PowerShell writes by default."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyguard.decode.reading import REACH as REACH
from keyguard.decode.reading import Reading, Stride
from keyguard.utf16_shape import low_byte

ENCODING = "utf-16"
_HIGH = bytes(0xFF if byte else 0 for byte in range(256))


def disguises(keyword: bytes) -> Iterable[bytes]:
    # Without the outermost NULs, so that one trace serves both byte orders.
    yield b"\0".join(keyword[i : i + 1] for i in range(len(keyword)))


def readings(data: bytes, at: int) -> Iterator[Reading]:
    start = at - min(at, REACH) // 2 * 2
    yield _narrowed(data, start, min(len(data), at + REACH))


def whole(data: bytes) -> Reading | None:
    """All of the data read as UTF-16, if it looks like it."""
    phase = low_byte(data)
    return None if phase is None else _narrowed(data, phase, len(data))


def _narrowed(data: bytes, start: int, end: int) -> Reading:
    """The low bytes; 0xFF stands for a character that is not Latin-1."""
    low = data[start:end:2]
    # A low byte at phase 1 belongs to the high byte before it (big endian), at phase 0 to the one behind it.
    # For ASCII text both are zero, so the one behind serves for either order.
    high = data[start + 1 : end : 2].translate(_HIGH).ljust(len(low), b"\0")
    size = len(low)
    merged = int.from_bytes(low, "big") | int.from_bytes(high[:size], "big")
    return Reading(merged.to_bytes(size, "big"), ENCODING, Stride(start, 2))
