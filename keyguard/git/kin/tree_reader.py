"""A reader of some trees, for what they name: everything, or some objects whose holders are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from keyguard.git.odb.catalogue import Numbers
from keyguard.git.odb.kinds import ENTRY, TREE
from keyguard.git.odb.links import Small

# What a tree names, by the name of the entry, by its raw id.
Named = dict[bytes, bytes]

# Objects that are looked for one by one in a tree. More are found sooner by a look at all that it names.
FEW = 8

# NULs that may stand so near to each other that it takes them all to tell which is within an id.
FAR = 40


@dataclass(frozen=True, slots=True)
class Pairs:
    """Holders, ascending, each with an object that it names beside it, by its number."""

    holder: Numbers
    child: Numbers

    def of(self, holders: Numbers) -> list[list[int]]:
        """The objects beside each of `holders`."""
        first = np.searchsorted(self.holder, holders, side="left").tolist()
        after = np.searchsorted(self.holder, holders, side="right").tolist()
        return [self.child[start:end].tolist() for start, end in zip(first, after, strict=True)]


class TreeReader:
    """Is shown objects, and keeps the entries of the trees among them that are `wanted`, by their numbers.

    `holders` says which object is behind the name of a holder. With `pairs` only entries that name an object beside the
    tree's holder are kept. `oids` gives the raw ids of objects. Trees that name the same share what is kept of them.
    """

    def __init__(
        self,
        holders: Small,
        wanted: set[int],
        pairs: Pairs | None,
        oids: Callable[[list[int]], list[bytes]],
        oid_size: int,
    ) -> None:
        self._holders = holders
        self._wanted = wanted
        self._pairs = pairs
        self._oids = oids
        self._entry = ENTRY[oid_size]
        self._same: dict[tuple[tuple[bytes, bytes], ...], Named] = {}
        self.found: dict[int, Named] = {}

    def add(self, holders: Sequence[int], kinds: Sequence[int], contents: Sequence[bytes]) -> None:
        behind = np.array(holders, np.int64)
        beside = self._pairs.of(behind) if self._pairs else [None] * len(holders)
        numbers = self._holders[behind].tolist()
        for number, kind, content, children in zip(numbers, kinds, contents, beside, strict=True):
            if kind == TREE and number in self._wanted:
                entries = self._entries(content, children)
                self.found[number] = self._same.setdefault(tuple(entries), dict(entries))

    def _entries(self, tree: bytes, children: list[int] | None) -> list[tuple[bytes, bytes]]:
        if children is None:
            return self._entry.findall(tree)
        oids = dict.fromkeys(self._oids(children))
        if len(oids) <= FEW:
            found = [(oid, names(tree, oid)) for oid in oids]
            if all(those is not None for _, those in found):
                return [(name, oid) for oid, those in found for name in those or ()]
        return [(name, oid) for name, oid in self._entry.findall(tree) if oid in oids]

    def pass_over(self, kind: int) -> None:
        """A tree too large to be held is left out."""

    def several(self, _kinds: Sequence[int], _contents: Sequence[bytes]) -> Iterable[tuple[int, None]]:
        return ()

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
