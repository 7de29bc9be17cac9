"""UTF-16, either byte order, with and without a byte order mark: what PowerShell writes by default."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyguard.decode.reading import REACH, Reading, Stride

ENCODING = "utf-16"
SAMPLE = 1024
_HIGH = bytes(0xFF if byte else 0 for byte in range(256))


def disguises(keyword: bytes) -> Iterable[bytes]:
    # Without the outermost NULs, so that one trace serves both byte orders.
    yield b"\0".join(keyword[i : i + 1] for i in range(len(keyword)))


def readings(data: bytes, at: int) -> Iterator[Reading]:
    start = at - min(at, REACH) // 2 * 2
    yield _narrowed(data, start, min(len(data), at + REACH))


def is_whole(data: bytes) -> bool:
    """Whether all of the data looks like UTF-16 text that is mostly ASCII, or says so by its mark."""
    return _phase(data) is not None


def whole(data: bytes) -> Reading | None:
    """All of the data read as UTF-16, if it looks like it."""
    phase = _phase(data)
    return None if phase is None else _narrowed(data, phase, len(data))


def _phase(data: bytes) -> int | None:
    """Where the low byte of the first character stands: 0 or 1."""
    if data[:2] == b"\xff\xfe":
        return 0
    if data[:2] == b"\xfe\xff":
        return 1
    sample = data[:SAMPLE]
    nuls = sample[0::2].count(0), sample[1::2].count(0)
    # Text has its NULs on one side. A quarter of it may be of other scripts.
    for phase in (0, 1):
        if nuls[1 - phase] * 4 > len(sample) and nuls[phase] * 16 < len(sample) and len(sample) >= 16:
            return phase
    return None


def _narrowed(data: bytes, start: int, end: int) -> Reading:
    """The low bytes; 0xFF stands for a character that is not Latin-1."""
    low = data[start:end:2]
    # A low byte at phase 1 belongs to the high byte before it (big endian), at phase 0 to the one behind it.
    # For ASCII text both are zero, so the one behind serves for either order.
    high = data[start + 1 : end : 2].translate(_HIGH).ljust(len(low), b"\0")
    size = len(low)
    merged = int.from_bytes(low, "big") | int.from_bytes(high[:size], "big")
    return Reading(merged.to_bytes(size, "big"), ENCODING, Stride(start, 2))
