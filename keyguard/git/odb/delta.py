"""Rebuilding an object from its base and a delta: in C where that is to be had, keyguard's own or dulwich's."""

from __future__ import annotations

from keyguard.errors import DamagedError
from keyguard.git.odb import compiled

try:
    from dulwich._pack import apply_delta as of_dulwich
    from dulwich.errors import ApplyDeltaError
except ImportError:
    of_dulwich = None
    ApplyDeltaError = DamagedError  # type: ignore[misc,assignment]

# What a delta needs has to be held whole. Above this it is not read, and said so.
HELD_LIMIT = 1 << 30

CUT_OFF = "its delta is cut off"
UNKNOWN = "its delta has an unknown instruction"
OTHER_BASE = "its delta is for a base of another size"
OUTSIDE = "its delta reaches outside"
OTHER_SIZE = "its delta gives another size than it announces"

# A copy may give up to 64 kB for one byte of delta. Below this product of the two lengths the result is
# known to be bearable without a look at what the delta announces.
SUSPECT = 1 << 31


def apply_delta(base: bytes, delta: bytes) -> bytes:
    """Rebuild an object from its base and a git delta.

    `delta` is already inflated. Offsets and sizes are in bytes.

    Raises DamagedError where the delta copies from outside `base`, ends early, or gives another size than
    it announces.

    Source: gitformat-pack(5), "Deltified representation".
    """
    base_size, size, at = sizes(delta)
    if base_size != len(base):
        raise DamagedError(OTHER_BASE)
    result = bytearray()
    end = len(delta)
    while at < end:
        code = delta[at]
        at += 1
        if code & 0x80:
            start, length, at = copied(delta, at, code)
            piece = base[start : start + length]
            wanted = length
        elif code:
            piece = delta[at : at + code]
            at += code
            wanted = code
        else:
            raise DamagedError(UNKNOWN)
        if len(piece) != wanted or len(result) + wanted > size:
            raise DamagedError(OUTSIDE)
        result += piece
    if len(result) != size:
        raise DamagedError(OTHER_SIZE)
    return bytes(result)


def check_size(delta: bytes) -> None:
    """Raise DamagedError where `delta` announces more than can be held."""
    _, size, _ = sizes(delta)
    if size > HELD_LIMIT:
        raise DamagedError(f"it is a delta of {size >> 20} MB, over the limit of {HELD_LIMIT >> 20} MB")


def rebuild(base: bytes, delta: bytes) -> bytes:
    """`apply_delta` in the fastest way there is. It raises what is in DELTA_ERRORS."""
    if compiled.native is not None:
        result = compiled.native.apply_delta(base, delta)
        # What is wrong with it is told in Python.
        return apply_delta(base, delta) if result is None else result
    return b"".join(of_dulwich(base, delta)) if of_dulwich else apply_delta(base, delta)


# Codes of copies whose numbers are given without a hole, as most are: how many bytes offset and length take together,
# the bits of the offset, and how many these are.
PLAIN_COPIES = {
    0x80 | (1 << offset) - 1 | (1 << length) - 1 << 4: (offset + length, (1 << 8 * offset) - 1, 8 * offset)
    for offset in range(5)
    for length in range(4)
}

# A delta that announces an absurd size makes those in C run out of memory at once, before they take any.
DELTA_ERRORS = (DamagedError, ApplyDeltaError, MemoryError)


def sizes(delta: bytes) -> tuple[int, int, int]:
    """The sizes of base and result that a delta announces, and where its first instruction is."""
    base, at = _size(delta, 0)
    result, at = _size(delta, at)
    return base, result, at


def copied(delta: bytes, at: int, code: int) -> tuple[int, int, int]:
    """Offset and length of a copy whose `code` stands before `at`, and where the next instruction is."""
    if code in PLAIN_COPIES:
        count, mask, shift = PLAIN_COPIES[code]
        end = at + count
        if end > len(delta):
            raise DamagedError(CUT_OFF)
        both = int.from_bytes(delta[at:end], "little")
        return both & mask, both >> shift or 0x10000, end
    start = length = 0
    try:
        for bit in range(4):
            if code & (1 << bit):
                start |= delta[at] << (8 * bit)
                at += 1
        for bit in range(3):
            if code & (0x10 << bit):
                length |= delta[at] << (8 * bit)
                at += 1
    except IndexError:
        raise DamagedError(CUT_OFF) from None
    # A size of 0 stands for 65,536 (gitformat-pack(5), "Instruction to copy from base object").
    return start, length or 0x10000, at


def _size(delta: bytes, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest first, and where the next thing is."""
    size = shift = 0
    for at in range(at, min(at + 10, len(delta))):  # noqa: B020 - it goes on from where it was
        size |= (delta[at] & 0x7F) << shift
        if delta[at] < 0x80:
            return size, at + 1
        shift += 7
    raise DamagedError(CUT_OFF)
