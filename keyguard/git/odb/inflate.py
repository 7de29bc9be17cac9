"""Inflating with bounds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from keyguard.deflate import INFLATE_ERRORS, crc32, decompress, decompressobj
from keyguard.errors import DamagedError
from keyguard.git.odb import compiled
from keyguard.git.odb.streams import LONGER

__all__ = ["INFLATE_ERRORS", "at_once", "crc32", "decompress", "inflated", "pieces"]

Buffer = bytes | memoryview

READ = 1 << 20

# A stream of so few bytes cannot inflate to more than 66 MB (deflate gives at most 1032 for 1): it needs no
# bound. Longer ones are inflated with one, which costs a copy.
SHORT = 1 << 16


def longest() -> int:
    """How many bytes a stream may have that `at_once` is given. libdeflate never gives more than is wanted."""
    return sys.maxsize if compiled.inflates() else SHORT


def _by_libdeflate(packed: Buffer, size: int) -> bytes | None:
    # It does not say what is wrong with a stream.
    return compiled.native.inflate(packed, size) if compiled.inflates() else None


def at_once(packed: Buffer, size: int) -> bytes:
    """What `packed`, no more than `longest()`, inflates to, which has to be `size` bytes.

    Raises DamagedError, and what is in INFLATE_ERRORS.
    """
    whole = _by_libdeflate(packed, size)
    if whole is not None:
        return whole
    data: bytes = decompress(packed, 15, size)
    if len(data) != size:
        raise DamagedError("it has another length than it announces")
    return data


def inflated(packed: Buffer, size: int) -> bytes:
    """What `packed` inflates to, which has to be `size` bytes.

    Holds never more than that, whatever `packed` would give. Raises DamagedError.
    """
    whole = _by_libdeflate(packed, size)
    if whole is not None:
        return whole
    inflater = decompressobj()
    try:
        data: bytes = inflater.decompress(packed, size + 1)
    except INFLATE_ERRORS as error:
        raise DamagedError(f"its zlib stream is damaged: {error}") from error
    if len(data) < size or (not inflater.eof and len(data) == size and not _ends(inflater)):
        raise DamagedError("its zlib stream is cut off")
    if len(data) > size:
        raise DamagedError(LONGER)
    return data


def pieces(packed: Iterable[Buffer], piece: int) -> Iterator[bytes]:
    """What `packed`, a stream in any number of parts, inflates to, at most `piece` bytes at a time.

    Raises DamagedError where the stream is damaged or ends early.
    """
    inflater = decompressobj()
    for part in packed:
        waiting: Buffer = part
        # A full piece may leave more behind in the inflater although its input is used up.
        full = True
        while (full or len(waiting)) and not inflater.eof:
            try:
                data = inflater.decompress(waiting, piece)
            except INFLATE_ERRORS as error:
                raise DamagedError(f"its zlib stream is damaged: {error}") from error
            waiting = inflater.unconsumed_tail
            full = len(data) == piece
            if data:
                yield data
        if inflater.eof:
            return
    raise DamagedError("its zlib stream is cut off")


def parts(packed: memoryview) -> Iterator[memoryview]:
    """`packed` in parts: an inflater copies what it has not used up, so it is not given all at once."""
    for at in range(0, len(packed), READ):
        yield packed[at : at + READ]


def _ends(inflater: object) -> bool:
    """Whether a stream that has given all its bytes also ends, its checksum being right."""
    tail = inflater.unconsumed_tail  # type: ignore[attr-defined]
    try:
        rest = inflater.decompress(tail, 1)  # type: ignore[attr-defined]
    except INFLATE_ERRORS:
        return False
    return not rest and bool(inflater.eof)  # type: ignore[attr-defined]
