"""What a walk holds of the entries of a pack: the contents that others stand on, and those that wait to be looked at.

It is written twice: here, and in C (native/unpack.c), where that could be built. The one in C also reads by itself what
is ordinary; this one leaves every entry to the walk. And where an object is built on one in which nothing stands, the
one in C has only what is new in it looked at (native/delta.c, `delta_news`); here all of it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from keyguard.git.odb import compiled
from keyguard.git.odb.batch import TOGETHER, Batch
from keyguard.git.odb.catalogue import Numbers
from keyguard.git.odb.inflate import INFLATE_ERRORS, crc32, decompress
from keyguard.git.odb.kinds import BLOB, Kind

Rows = npt.NDArray[np.int64]


class Unpacker(Protocol):
    """Unpacks entries of a pack, family by family.

    `kind` is that of the family which is being walked. `full` is the kind of which objects have to be taken before the
    walk can go on, or 0.
    """

    kind: int

    @property
    def full(self) -> int: ...

    def run(self, rows: Rows, at: int, after: int, /) -> int:
        """Read the entries `at`..`after` of some rows; gives the first that has to be read otherwise."""
        ...

    def inflated(self, place: int, /) -> bytes | None:
        """The delta of the entry at a place at which `run` stopped, where it is inflated and as it should be."""
        ...

    def content(self, depth: int, /) -> bytes:
        """The content that is held at a depth of the path."""
        ...

    def hold(self, depth: int, content: bytes, /) -> None:
        """Hold a content, for those that stand on it."""
        ...

    def put(self, place: int, depth: int, content: bytes, /) -> bool:
        """Let the object at a place wait, which is of the present kind, and hold it, but for a depth of -1.

        False where there is no room for it: the others have to be taken before.
        """
        ...

    def waiting(self, kind: int) -> tuple[Numbers, Batch]:
        """The objects of a kind that wait, and their places in the order. They do until this is settled."""
        ...

    def settle(self, kind: int, loud: Collection[int]) -> None:
        """Let go what waited of a kind. In copies of all but the `loud` ones, by their numbers, nothing can stand."""
        ...


def unpacker(pack: memoryview, depths: int, limit: int, margins: tuple[int, int]) -> Unpacker:
    """What unpacks a pack, for paths of so many `depths`.

    An object of more than `limit` bytes is not ordinary. `margins` are those of the examiner.
    """
    if compiled.native is None:
        return PlainUnpacker(depths)
    return NativeUnpacker(pack, depths, limit, margins)


class PlainUnpacker:
    """An unpacker to which nothing is ordinary."""

    def __init__(self, depths: int) -> None:
        self.kind = 0
        self.full = 0
        self._path = [b""] * depths
        self._waiting: list[list[tuple[int, bytes]]] = [[] for _ in range(len(Kind) + 1)]
        self._held = [0] * (len(Kind) + 1)

    def run(self, _rows: Rows, at: int, _after: int, /) -> int:
        self.full = 0
        return at

    def inflated(self, _place: int, /) -> bytes | None:
        return None

    def content(self, depth: int, /) -> bytes:
        return self._path[depth]

    def hold(self, depth: int, content: bytes, /) -> None:
        self._path[depth] = content

    def put(self, place: int, depth: int, content: bytes, /) -> bool:
        self.full = 0
        waiting = self._waiting[self.kind]
        if waiting and self._held[self.kind] + len(content) > TOGETHER:
            self.full = self.kind
            return False
        waiting.append((place, content))
        self._held[self.kind] += len(content)
        if depth >= 0:
            self._path[depth] = content
        return True

    def waiting(self, kind: int) -> tuple[Numbers, Batch]:
        waiting = self._waiting[kind]
        places = np.array([place for place, _ in waiting], np.int64)
        return places, Batch.of(kind, [content for _, content in waiting])

    def settle(self, kind: int, _loud: Collection[int]) -> None:
        self._waiting[kind], self._held[kind] = [], 0


class NativeUnpacker:
    """The unpacker in C."""

    def __init__(self, pack: memoryview, depths: int, limit: int, margins: tuple[int, int]) -> None:
        self._native = compiled.native.Unpacker(
            pack, depths, decompress, crc32, INFLATE_ERRORS, limit, TOGETHER, margins
        )
        self._blobs = 0
        self.run = self._native.run
        self.inflated = self._native.inflated
        self.content = self._native.content
        self.hold = self._native.hold
        self.put = self._native.put

    @property
    def kind(self) -> int:
        return self._native.kind

    @kind.setter
    def kind(self, kind: int) -> None:
        self._native.kind = kind

    @property
    def full(self) -> int:
        return self._native.full

    def waiting(self, kind: int) -> tuple[Numbers, Batch]:
        if kind != BLOB:
            text, marks = self._native.take(kind)
            places, ends = np.frombuffer(marks, np.int64).reshape(-1, 2).T
            return places, Batch(kind, text, ends.tolist())
        text, marks, peeks = self._native.take_text()
        places, ends, bases, sizes = np.frombuffer(marks, np.int64).reshape(-1, 4).T
        self._blobs = len(places)
        return places, _Blobs(self._native, text, ends.tolist(), bases.tolist(), int(sizes.sum()), peeks)

    def settle(self, kind: int, loud: Collection[int]) -> None:
        if kind == BLOB:
            silent = bytearray(b"\1") * self._blobs
            for number in loud:
                silent[number] = 0
            self._native.settle(silent)


class _Blobs(Batch):
    """Blobs that wait in C, of which most have nothing but what is new in the text."""

    __slots__ = ("_native", "_peeks", "_volume")

    def __init__(
        self,
        native: compiled.Unpacker,
        text: bytes,
        ends: Sequence[int],
        bases: Sequence[int],
        volume: int,
        peeks: bytes,
    ) -> None:
        super().__init__(BLOB, text, ends, bases)
        self._native = native
        self._volume = volume
        self._peeks = peeks

    @property
    def volume(self) -> int:
        return self._volume

    def content(self, number: int) -> bytes:
        return self._native.blob(number)

    def peeks(self) -> Iterator[tuple[bytes, bool]]:
        peeks = self._peeks
        return ((peeks[at : at + 2], peeks[at + 2] > 0) for at in range(0, len(peeks), 3))
