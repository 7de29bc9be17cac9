"""Whether bytes look like UTF-16 text. Stands on the way of a clean commit: imports nothing."""

from __future__ import annotations

SAMPLE = 1024
"""How much of the data is looked at."""

LEAST = 16


def is_whole(data: bytes) -> bool:
    """Whether all of the data looks like UTF-16 text that is mostly ASCII, or says so by its mark."""
    return low_byte(data) is not None


def low_byte(data: bytes) -> int | None:
    """Where the low byte of the first character stands, 0 or 1; None where this is no UTF-16."""
    if data[:2] == b"\xff\xfe":
        return 0
    if data[:2] == b"\xfe\xff":
        return 1
    sample = data[:SAMPLE]
    if len(sample) < LEAST:
        return None
    nuls = sample[0::2].count(0), sample[1::2].count(0)
    for phase in (0, 1):
        # Text has its NULs on one side. A half of it may be of other scripts.
        if nuls[1 - phase] * 4 > len(sample) and nuls[phase] * 16 < len(sample):
            return phase
    return None
