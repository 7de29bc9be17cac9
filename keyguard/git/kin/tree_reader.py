"""A reader of some trees, for what they name: everything, or some objects whose holders are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import islice

import numpy as np

from keyguard.git.odb.batch import Batch
from keyguard.git.odb.catalogue import ABSENT, Catalogue, Numbers
from keyguard.git.odb.kinds import TREE, entries_of
from keyguard.git.odb.links import Small
from keyguard.git.odb.ranges import ranges

# What a tree names, by the name of the entry, by its raw id.
Named = dict[bytes, bytes]

# Objects that are looked for one by one in a tree. More are found sooner by a look at all that it names.
FEW = 8

# NULs that may stand so near to each other that it takes them all to tell which is within an id.
FAR = 40


class Leading:
    """The objects of which the entries are wanted, by their numbers.

    `holder`, ascending, and `child` are pairs of a holder and one of the objects that it names: all of them, or none.
    """

    def __init__(
        self, catalogue: Catalogue, numbers: Numbers, holder: Numbers | None = None, child: Numbers | None = None
    ) -> None:
        self._catalogue = catalogue
        self._numbers = numbers
        self._holder = holder
        self._child = child

    def of(self, holders: Numbers) -> list[list[bytes] | None]:
        """The raw ids of the objects that each of `holders` names; None where that is not known, or not few."""
        if self._holder is None or self._child is None:
            return [None] * len(holders)
        first = np.searchsorted(self._holder, holders, side="left")
        count = np.searchsorted(self._holder, holders, side="right") - first
        count[count > FEW] = ABSENT
        known = np.maximum(count, 0)
        oids = iter(self._catalogue.ids(self._child[ranges(first, known)]))
        return [None if number == ABSENT else list(islice(oids, number)) for number in count.tolist()]

    @cached_property
    def oids(self) -> frozenset[bytes]:
        """The raw ids of all."""
        return frozenset(self._catalogue.ids(self._numbers))


class TreeReader:
    """Is shown objects, and keeps the entries of the trees among them that are `wanted`, by their numbers.

    `holders` says which object is behind the name of a holder. With `leading` only entries of these objects are kept.
    Trees that name the same share what is kept of them.
    """

    def __init__(self, catalogue: Catalogue, holders: Small, wanted: set[int], leading: Leading | None) -> None:
        self._holders = holders
        self._wanted = wanted
        self._leading = leading
        self._oid_size = catalogue.oids.shape[1]
        self._same: dict[tuple[tuple[bytes, bytes], ...], Named] = {}
        self.found: dict[int, Named] = {}
        self.margins = 0, 0

    def add(self, holders: Sequence[int] | Numbers, batch: Batch) -> None:
        if batch.kind != TREE:
            return
        behind = np.array(holders, np.int64)
        beside = self._leading.of(behind) if self._leading else [None] * len(holders)
        numbers = self._holders[behind].tolist()
        for number, content, oids in zip(numbers, batch.contents(), beside, strict=True):
            if number in self._wanted:
                entries = self._entries(content, oids)
                self.found[number] = self._same.setdefault(tuple(entries), dict(entries))

    def _entries(self, tree: bytes, oids: list[bytes] | None) -> list[tuple[bytes, bytes]]:
        if oids is not None:
            found = [(oid, names(tree, oid)) for oid in dict.fromkeys(oids)]
            if all(those is not None for _, those in found):
                return [(name, oid) for oid, those in found for name in those or ()]
        every, _ = entries_of(tree, self._oid_size)
        return every if self._leading is None else [entry for entry in every if entry[1] in self._leading.oids]

    def pass_over(self, kind: int) -> None:
        """A tree too large to be held is left out."""

    def several(self, _batch: Batch) -> tuple[list[tuple[int, None]], set[int]]:
        return [], set()

    def stream(self, _kind: int, _size: int, _read: Callable[[int], bytes]) -> None:
        return None


def names(tree: bytes, oid: bytes) -> list[bytes] | None:
    """The names that `tree` has for the object with the raw id `oid`, in its order, without a look at other entries.

    None where that cannot be told so.
    """
    found = []
    end = tree.find(b"\0" + oid)
    while end >= 0:
        begin = _begin(tree, end, len(oid))
        if begin is None:
            return None
        space = tree.find(b" ", begin, end)
        if space >= 0:
            found.append(tree[space + 1 : end])
        end = tree.find(b"\0" + oid, end + 1)
    return found


def _begin(tree: bytes, end: int, oid_size: int) -> int | None:
    """Where an entry begins whose name the NUL at `end` ends; a place behind that where it is within an id.

    None where it takes too many NULs to tell.
    """
    # Backwards, until one has no NUL so near before it that it could be within an id.
    nuls = [end]
    while (before := tree.rfind(b"\0", 0, nuls[-1])) >= 0:
        if len(nuls) > 1 and nuls[-1] - before > oid_size:
            break
        if len(nuls) == FAR:
            return None
        nuls.append(before)
    if len(nuls) == 1:
        return 0
    # And forwards: from an end of a name to the next, with an id in between.
    last = nuls.pop()
    for nul in reversed(nuls[1:]):
        if nul - last > oid_size:
            last = nul
    return last + 1 + oid_size
