"""A reader of some trees, for their entries: all of them, or those of some objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from keyguard.git.kin.arcs import Flags
from keyguard.git.kin.ways import Ways
from keyguard.git.odb import compiled
from keyguard.git.odb.batch import Batch
from keyguard.git.odb.catalogue import Catalogue, Numbers, Oids
from keyguard.git.odb.kinds import TREE, entries_of
from keyguard.git.odb.links import Small
from keyguard.git.odb.trees import LARGEST, entries

# Bits of an id by which most of the objects that nobody looks for are told from others: half a megabyte for all.
BEGINNING = 22


class Chosen:
    """Some of the objects of a store, by their numbers."""

    def __init__(self, catalogue: Catalogue, numbers: Numbers) -> None:
        self._catalogue = catalogue
        self._flags: Flags = np.zeros(len(catalogue), np.bool_)
        self._flags[numbers] = True
        begins: Flags = np.zeros(1 << BEGINNING, np.bool_)
        begins[_beginnings(catalogue.oids[numbers])] = True
        self._beginnings = np.packbits(begins, bitorder="little")

    def among(self, numbers: Numbers) -> Flags:
        """Which of some numbers are those of these objects."""
        stored = (numbers >= 0) & (numbers < len(self._flags))
        found: Flags = stored & self._flags[np.where(stored, numbers, 0)] if stored.any() else stored
        return found

    def entries(self, batch: Batch) -> Numbers | None:
        """The entries of some trees that name one of these; None where one is no tree, or no usual one.

        A row has the number of a tree in the batch, where the entry begins, where its id does, and the object.
        """
        ends = np.array(batch.ends, np.int64)
        known = self._catalogue
        size = known.oids.shape[1]
        if compiled.native is not None:
            rows = compiled.native.chosen_entries(
                batch.text, ends, size, known.oids, known.buckets, self._flags, self._beginnings
            )
            return None if rows is None else np.frombuffer(rows, np.int64).reshape(-1, 4)
        found = _entries(batch, size)
        if found is None:
            return None
        tree, start, at = found.T
        oids = _oids(batch.text, at, size)
        begins = _beginnings(oids)
        likely = np.flatnonzero(self._beginnings[begins >> 3] >> (begins & 7).astype(np.uint8) & 1)
        number = known.numbers(np.ascontiguousarray(oids[likely]))
        there = self.among(number)
        chosen = likely[there]
        return np.stack([tree[chosen], start[chosen], at[chosen], number[there]], axis=1)


class TreeReader:
    """Is shown objects, and adds the entries of the trees among them that are `wanted` to some ways.

    `holders` says which object is behind the name of a holder. Of the entries only those that name one of `chosen`
    are added, or all of them. `children` is what they name.
    """

    margins = 0, 0

    def __init__(self, ways: Ways, holders: Small, wanted: Numbers, chosen: Chosen | None) -> None:
        self._ways = ways
        self._holders = holders
        self._wanted: Flags = np.zeros(len(ways.catalogue), np.bool_)
        self._wanted[wanted] = True
        self._chosen = chosen
        self.children: list[Numbers] = []

    def add(self, holders: Sequence[int] | Numbers, batch: Batch) -> None:
        if batch.kind != TREE or not len(batch):
            return
        numbers = self._holders[np.asarray(holders, np.int64)].astype(np.int64)
        wanted = self._wanted[numbers]
        self._ways.mark(numbers[wanted])
        rows = None if batch.volume > LARGEST else self._entries(batch)
        if rows is None:
            for number, content in zip(numbers[wanted].tolist(), np.flatnonzero(wanted).tolist(), strict=True):
                self._add_unusual(number, batch.content(content))
            return
        rows = rows[wanted[rows[:, 0]]]
        names = [_name(batch.text, start, at) for _, start, at, _ in rows.tolist()]
        self._add(numbers[rows[:, 0]], names, rows[:, 3])

    def _entries(self, batch: Batch) -> Numbers | None:
        if self._chosen:
            return self._chosen.entries(batch)
        size = self._ways.catalogue.oids.shape[1]
        found = _entries(batch, size)
        if found is None:
            return None
        return np.column_stack([found, self._ways.numbers(_oids(batch.text, found[:, 2], size))])

    def _add_unusual(self, number: int, tree: bytes) -> None:
        size = self._ways.catalogue.oids.shape[1]
        found, _ = entries_of(tree, size)
        named = self._ways.numbered([oid for _, oid in found])
        kept = self._chosen.among(named) if self._chosen else np.ones(len(found), np.bool_)
        names = [name for (name, _), keep in zip(found, kept.tolist(), strict=True) if keep]
        self._add(np.full(len(names), number), names, named[kept])

    def _add(self, trees: Numbers, names: Sequence[bytes], children: Numbers) -> None:
        self._ways.add(trees, names, children)
        self.children.append(children)

    def pass_over(self, kind: int) -> None:
        """A tree too large to be held is left out."""

    def several(self, _batch: Batch) -> tuple[list[tuple[int, None]], set[int]]:
        return [], set()

    def stream(self, _kind: int, _size: int, _read: Callable[[int], bytes]) -> None:
        return None


def _entries(batch: Batch, oid_size: int) -> Numbers | None:
    """All entries of some trees: the number of the tree, where the entry begins, and where its id does."""
    ends = np.array(batch.ends, np.int64)
    found = entries(batch.text, np.append(0, ends[:-1] + 1), ends, oid_size)
    return None if found is None else np.stack([found.tree, found.start, found.at], axis=1)


def _name(text: bytes, start: int, at: int) -> bytes:
    """The name in an entry that begins at `start` and whose id begins at `at`: what follows the mode."""
    return text[text.find(b" ", start, at) + 1 or start : at - 1]


def _oids(text: bytes, at: Numbers, oid_size: int) -> Oids:
    oids: Oids = np.frombuffer(text, np.uint8)[at[:, None] + np.arange(oid_size)]
    return oids


def _beginnings(oids: Oids) -> Numbers:
    """The first bits of each id."""
    first, second, third = oids[:, :3].astype(np.int64).T
    beginnings: Numbers = (first << 16 | second << 8 | third) >> 24 - BEGINNING
    return beginnings
