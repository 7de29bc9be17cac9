"""Inflating streams piece by piece, whatever their compression."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from keyguard.archive.bounds import Budget
from keyguard.archive.stream import CUT_OFF, READ, Read
from keyguard.deflate import decompressobj
from keyguard.errors import ArchiveError

PIECE = 1 << 18
"""How much is inflated at a time, in bytes."""

DAMAGED = "it is damaged"


class Inflater(Protocol):
    """A decompressor of the standard library, as `bz2` and `lzma` have it."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Deflated:
    """An inflater of deflate, with the window bits of `zlib.decompressobj`."""

    def __init__(self, wbits: int) -> None:
        self._inflater = decompressobj(wbits)
        self._full = False

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def needs_input(self) -> bool:
        # After a full piece there may be more in the inflater although its input is used up.
        return not self._full and not self._inflater.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        given = self._inflater.decompress(self._inflater.unconsumed_tail + data, max_length)
        self._full = len(given) == max_length
        return given


def inflated(
    read: Read, made: Callable[[], Inflater], errors: tuple[type[Exception], ...], budget: Budget, again: bytes = b""
) -> Iterator[bytes]:
    """What the compressed stream that `read` gives inflates to.

    `errors` are what the inflater that `made` makes may raise. Where `again` is given, further streams that begin
    with it may follow, as one, also behind zeros; what else follows is no part of it.

    Raises ArchiveError where the stream is damaged or ends early, and BoundError.
    """
    waiting = read(READ)
    while True:
        inflater = made()
        while not inflater.eof:
            if inflater.needs_input and not waiting:
                waiting = read(READ)
                if not waiting:
                    raise ArchiveError(CUT_OFF)
            try:
                piece = inflater.decompress(waiting, PIECE)
            except errors as error:
                raise ArchiveError(DAMAGED) from error
            waiting = b""
            if piece:
                budget.spend(len(piece))
                yield piece
        if not again:
            return
        waiting = _unpadded(inflater.unused_data, len(again), read)
        if not waiting.startswith(again):
            return
        budget.member()


def _unpadded(waiting: bytes, least: int, read: Read) -> bytes:
    """What comes next, `least` bytes of it if there are so many, without the zeros before it.

    xz fills up with them (2.2, Stream Padding), and gzip passes over them (manual, "Using gzip on tapes").
    """
    while len(waiting := waiting.lstrip(b"\0")) < least and (piece := read(READ)):
        waiting += piece
    return waiting
