"""A content that comes in pieces, read as a file is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyguard.errors import DamagedError

# What is inflated, or cut from a content that is held, at a time.
PIECE = 1 << 20


LONGER = "it is longer than it announces"


class Stream:
    """The content that `pieces` make up, which has to be `size` bytes."""

    def __init__(self, pieces: Iterable[bytes], size: int) -> None:
        self._pieces = iter(pieces)
        self._left = size
        self._held = bytearray()

    def read(self, count: int) -> bytes:
        """The next `count` bytes, fewer only at the end. Raises DamagedError where there are too many or too few."""
        while len(self._held) < count and self._next():
            pass
        data = bytes(self._held[:count])
        del self._held[:count]
        return data

    def finish(self) -> None:
        """Pass over what was not read. Raises DamagedError as `read` does."""
        self._held.clear()
        while self._next():
            self._held.clear()

    def _next(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            if self._left:
                raise DamagedError("it is shorter than it announces")
            return False
        self._left -= len(piece)
        if self._left < 0:
            raise DamagedError(LONGER)
        self._held += piece
        return True


def sliced(data: bytes) -> Iterator[bytes]:
    """`data` in pieces."""
    for at in range(0, len(data), PIECE):
        yield data[at : at + PIECE]
