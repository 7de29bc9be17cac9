"""What a delta changes: where its result is not, byte for byte, what lies at the same place of its base.

The versions of a large file or folder mostly differ in a few bytes. What was true of the rest of one is true
of the next, and need not be looked at again.
"""

from __future__ import annotations

from typing import NamedTuple

from keyguard.errors import DamagedError
from keyguard.git.odb import compiled
from keyguard.git.odb.delta import CUT_OFF, OTHER_BASE, OTHER_SIZE, OUTSIDE, PLAIN_COPIES, UNKNOWN, copied, sizes

Gap = tuple[int, int, int, int]
"""Where the base's part that is replaced begins and ends, and where the result's part in its place does."""


class Difference(NamedTuple):
    """What differs between the base of a delta and its result, by its place in the result.

    What lies before, between and behind the `gaps` is alike. It is in order too, unless something was `moved`: then
    only the result's side of the gaps is of use.
    """

    gaps: list[Gap]
    moved: bool


# A copy of fewer bytes from another place than the next is as good as new.
SHORT = 64


def difference(delta: bytes, base_size: int) -> Difference:
    """What a git delta, inflated, changes in a base of `base_size` bytes.

    Raises DamagedError where git would not apply it.
    """
    told = compiled.native.difference(delta, base_size) if compiled.native else None
    return Difference(*told) if told else _difference(delta, base_size)


def _difference(delta: bytes, base_size: int) -> Difference:
    announced, size, at = sizes(delta)
    if announced != base_size:
        raise DamagedError(OTHER_BASE)
    found: list[Gap] = []
    # Up to where base and result are alike or told apart, how far the result is written, and where in the base the
    # bytes begin that are alike since the last gap.
    base = result = written = alike = 0
    moved = False
    end = len(delta)
    while at < end:
        code = delta[at]
        at += 1
        if not code:
            raise DamagedError(UNKNOWN)
        if code < 0x80:
            at += code
            written += code
            continue
        if code in PLAIN_COPIES:
            # As `copied` does it, in half the time.
            count, mask, shift = PLAIN_COPIES[code]
            both = int.from_bytes(delta[at : at + count], "little")
            start, length = both & mask, both >> shift or 0x10000
            at += count
        else:
            start, length, at = copied(delta, at, code)
        if start + length > base_size:
            raise DamagedError(OUTSIDE)
        if length < SHORT and start != base:
            # Bytes that happen to be alike somewhere else.
            written += length
            continue
        moved |= start < alike
        # What is put before something that begins as it does itself is copied twice up to there.
        again = base - start if alike <= start < base else 0
        if start != base or written > result:
            found.append((base - again, start, result - again, written))
            alike = start
        base = start + length
        written += length
        result = written
    if at != end:
        raise DamagedError(CUT_OFF)
    if written != size:
        raise DamagedError(OTHER_SIZE)
    if base < base_size or written > result:
        found.append((base, base_size, result, written))
    return Difference(found, moved)
