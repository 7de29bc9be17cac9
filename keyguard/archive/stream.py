"""Bytes that come in pieces, read as a file is; and what an archive is read from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from keyguard.archive_shape import END_SIZE, MOST_COMMENT
from keyguard.errors import ArchiveError

READ = 1 << 16
"""How much is read of an archive at a time, in bytes."""

TAIL = END_SIZE + MOST_COMMENT
"""How much of a content's end tells whether it is a zip."""

CUT_OFF = "it is cut off"

Read = Callable[[int], bytes]
"""Gives the next so many bytes, fewer only at the end."""

At = Callable[[int, int], bytes]
"""Gives the bytes at an offset, so many of them, fewer only at the end."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an archive is read from: from its front on by `read`, and anywhere by `at` where that can be done."""

    read: Read
    size: int | None = None
    at: At | None = None


def held(data: bytes) -> Content:
    """A content that is held."""
    return Content(Stream(cut(data)).read, len(data), lambda offset, count: data[offset : offset + count])


class Stream:
    """The content that `pieces` make up. An ArchiveError on the way ends it early, and is its `problem`."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = b""
        self._place = 0
        self.problem: ArchiveError | None = None

    def read(self, count: int) -> bytes:
        """The next `count` bytes, fewer only at the end or where the rest cannot be read."""
        data = self._piece[self._place : self._place + count]
        self._place += len(data)
        if len(data) == count:
            return data
        # What comes in one piece is given as it is.
        parts, left = [data] if data else [], count - len(data)
        while left and self._next():
            parts.append(self._piece[:left])
            self._place = len(parts[-1])
            left -= self._place
        return b"".join(parts)

    def skip(self) -> None:
        """Pass over what is left."""
        while self._next():
            pass

    @property
    def is_none(self) -> bool:
        """Whether it ends early before a single byte. Asked before anything is read."""
        return not self._piece and not self._next() and self.problem is not None

    def _next(self) -> bool:
        """Go on to the next piece, if there is one."""
        self._place = 0
        try:
            self._piece = next(self._pieces, b"")
        except ArchiveError as error:
            self._piece, self.problem = b"", error
        return bool(self._piece)


class Kept:
    """What passes by, kept whole as long as it is no more than `room` bytes; its end and its length in any case."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._pieces: list[bytes] = []
        self.size = 0
        self.tail = b""

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        self.tail = (self.tail + piece[-TAIL:])[-TAIL:]
        self._pieces.append(piece)
        if self.size > self._room:
            self._pieces.clear()

    def whole(self) -> bytes | None:
        """All of it, to be taken once; None where that was too much."""
        if self.size > self._room:
            return None
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def cut(data: bytes) -> Iterator[bytes]:
    """`data` in pieces."""
    for at in range(0, len(data), READ):
        yield data[at : at + READ]


def joined(head: bytes, read: Read) -> Iterator[bytes]:
    """What was read already, and what `read` gives after it."""
    yield head
    while piece := read(READ):
        yield piece


def reader(at: At, place: int) -> Read:
    """Reads from `place` on."""

    def read(count: int) -> bytes:
        nonlocal place
        data = at(place, count)
        place += len(data)
        return data

    return read


def portion(read: Read, size: int) -> Iterator[bytes]:
    """The next `size` bytes of what `read` gives. Raises ArchiveError where there are fewer."""
    while size > 0:
        piece = read(min(size, READ))
        if not piece:
            raise ArchiveError(CUT_OFF)
        size -= len(piece)
        yield piece
