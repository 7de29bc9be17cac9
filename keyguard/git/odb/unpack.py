"""What a walk holds of the entries of a pack: the contents that others stand on, and those that wait to be looked at.

It is written twice: here, and in C (native/unpack.c), where that could be built. The one in C also reads by itself what
is ordinary; this one leaves every entry to the walk.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from keyguard.git.odb.batch import TOGETHER, Batch
from keyguard.git.odb.compiled import native
from keyguard.git.odb.inflate import INFLATE_ERRORS, crc32, decompress
from keyguard.git.odb.kinds import Kind

if TYPE_CHECKING:
    from keyguard.git.odb._native import Unpacker

Rows = npt.NDArray[np.int64]


def unpacker(pack: memoryview, silent: bytearray, limits: Sequence[int]) -> Unpacker | PlainUnpacker:
    """What unpacks a pack, for paths as long as `silent`, which by depth is made 0 for each object that it reads.

    `limits` are, by kind, beyond how many bytes an object is not ordinary.
    """
    if native is None:
        return PlainUnpacker(len(silent))
    commit, tree, blob, tag = (limits[kind] for kind in Kind)
    return native.Unpacker(pack, silent, decompress, crc32, INFLATE_ERRORS, (commit, tree, blob, tag), TOGETHER)


def taken(source: Unpacker | PlainUnpacker, kind: int) -> tuple[npt.NDArray[np.int64], Batch]:
    """The objects of a kind that wait, and their places in the order. They wait no longer."""
    data, marks = source.take(kind)
    places, ends = np.frombuffer(marks, np.int64).reshape(-1, 2).T
    return places, Batch(kind, data, ends.tolist())


class PlainUnpacker:
    """An unpacker to which nothing is ordinary.

    `kind` is that of the family which is being walked. `full` is the kind of which objects have to be taken before the
    walk can go on, or 0.
    """

    def __init__(self, depths: int) -> None:
        self.kind = 0
        self.full = 0
        self._path = [b""] * depths
        self._waiting: list[list[tuple[int, bytes]]] = [[] for _ in range(len(Kind) + 1)]
        self._held = [0] * (len(Kind) + 1)

    def run(self, _rows: Rows, at: int, _after: int, _nearest: int) -> int:
        """Read the entries `at`..`after` of some rows; gives the first that has to be read otherwise.

        So has one that stands no deeper than `nearest`.
        """
        self.full = 0
        return at

    def inflated(self, _place: int) -> bytes | None:
        """The delta of the entry at a place at which `run` stopped, where it is inflated and as it should be."""
        return None

    def content(self, depth: int) -> bytes:
        """The content that is held at a depth of the path."""
        return self._path[depth]

    def hold(self, depth: int, content: bytes) -> None:
        """Hold a content, for those that stand on it."""
        self._path[depth] = content

    def put(self, place: int, content: bytes) -> bool:
        """Let the object at a place wait, which is of the present kind. False where there is no room for it."""
        self.full = 0
        waiting = self._waiting[self.kind]
        if waiting and self._held[self.kind] + len(content) > TOGETHER:
            self.full = self.kind
            return False
        waiting.append((place, content))
        self._held[self.kind] += len(content) + 1
        return True

    def take(self, kind: int) -> tuple[bytes, bytes]:
        """What waits of a kind, as the data of a batch, and place and end of each, eight bytes a number."""
        waiting, self._waiting[kind], self._held[kind] = self._waiting[kind], [], 0
        batch = Batch.of(kind, [content for _, content in waiting])
        marks = array("q")
        for (place, _), end in zip(waiting, batch.ends, strict=True):
            marks.extend((place, end))
        return batch.data, marks.tobytes()
