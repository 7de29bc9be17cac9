"""The ids of all objects of a store, each with a number by which the rest of this package speaks of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from keyguard.git.odb.idx import as_text

Numbers = npt.NDArray[np.int64]
Oids = npt.NDArray[np.uint8]

ABSENT = -1


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All ids of a store. `oids` has a row of raw bytes an object, ascending; an object's number is its row's.

    `buckets` says from which row on the ids begin with each two bytes, and, at its end, how many there are.
    """

    oids: Oids
    buckets: npt.NDArray[np.int32] = field(repr=False)
    _beginnings: npt.NDArray[np.uint64] = field(repr=False)

    def __len__(self) -> int:
        return len(self.oids)

    def oid(self, number: int) -> str:
        """An object's id, in hex."""
        return bytes(self.oids[number]).hex()

    def ids(self, numbers: Sequence[int] | Numbers) -> list[bytes]:
        """The raw id of each of some objects, an empty one for ABSENT."""
        size = self.oids.shape[1]
        chosen = np.asarray(numbers, np.int64)
        together = self.oids[chosen].tobytes() if len(self.oids) else b""
        found = [together[at : at + size] for at in range(0, len(together), size)]
        for at in np.flatnonzero(chosen == ABSENT).tolist():
            found[at] = b""
        return found

    def numbers(self, oids: Oids) -> Numbers:
        """The number of each of `oids` (raw, one a row), ABSENT for what is not stored."""
        if oids is self.oids:
            return np.arange(len(oids))
        if not len(self.oids) or not len(oids):
            return np.full(len(oids), ABSENT, np.int64)
        wanted = beginnings(oids)
        at = np.minimum(np.searchsorted(self._beginnings, wanted), len(self.oids) - 1)
        other = _alike(self.oids)[at] != _alike(oids)
        # Two ids may begin alike, by somebody's effort.
        open_ = np.flatnonzero(other & (self._beginnings[at] == wanted))
        at[other] = ABSENT
        if len(open_):
            mine, theirs = as_text(self.oids), as_text(oids[open_])
            place = np.minimum(np.searchsorted(mine, theirs), len(mine) - 1)
            at[open_] = np.where(mine[place] == theirs, place, ABSENT)
        return at

    def named(self, oids: Collection[bytes]) -> Numbers:
        """The number of each of some objects by their raw ids, ABSENT for what is not stored."""
        return self.numbers(np.frombuffer(b"".join(oids), np.uint8).reshape(-1, self.oids.shape[1]))


def catalogue(parts: Iterable[Oids], oid_size: int) -> Catalogue:
    """The catalogue of the ids in `parts`, in which one may occur more than once."""
    parts = [part for part in parts if len(part)] or [np.empty((0, oid_size), np.uint8)]
    if len(parts) == 1 and _ascend(parts[0]):
        return _catalogue(parts[0])
    together = np.concatenate(parts)
    sorted_ = np.unique(as_text(together)).view(np.uint8).reshape(-1, oid_size)
    return _catalogue(sorted_)


def _catalogue(oids: Oids) -> Catalogue:
    begin = beginnings(oids)
    buckets = np.searchsorted(begin, np.arange(1 << 16, dtype=np.uint64) << np.uint64(48))
    return Catalogue(oids, np.append(buckets, len(oids)).astype(np.int32), begin)


def beginnings(oids: Oids) -> npt.NDArray[np.uint64]:
    """The first eight bytes of each id, as numbers that sort as the ids do."""
    return np.ascontiguousarray(oids[:, :8]).view(">u8")[:, 0].astype(np.uint64)


def _alike(oids: Oids) -> npt.NDArray[np.void]:
    """Raw ids, one a row, each as one thing that can be compared with another."""
    return np.ascontiguousarray(oids).view(f"V{oids.shape[1]}")[:, 0]


def _ascend(oids: Oids) -> bool:
    """Whether the ids ascend, as those of an index have to."""
    texts = as_text(oids)
    return bool((texts[1:] > texts[:-1]).all())
