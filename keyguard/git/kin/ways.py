"""The ways that lead through trees to what is looked for: entries as columns of numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

import numpy as np

from keyguard.git.kin.arcs import Flags
from keyguard.git.odb.catalogue import ABSENT, Catalogue, Numbers, Oids
from keyguard.git.odb.ranges import ranges

TOO_MANY = "its trees name each other so often that the places of its keys cannot be listed"


class Ways:
    """Entries of some trees, each a tree, a name, and the object that it names.

    Objects go by their numbers in the catalogue, those that are not stored by numbers behind these, and names by
    their places among all that occur. Of two entries of one tree that have the same name the last counts.
    """

    def __init__(self, catalogue: Catalogue, names: Iterable[bytes] = ()) -> None:
        self.catalogue = catalogue
        self._names = {name: place for place, name in enumerate(names)}
        self._strangers: dict[bytes, int] = {}
        self._added: list[tuple[Numbers, Numbers, Numbers]] = []
        # One more stands for ABSENT, and for what is not stored.
        self._is_tree: Flags = np.zeros(len(catalogue) + 1, np.bool_)

    def mark(self, trees: Numbers) -> None:
        """Say of some objects that they are trees."""
        self._is_tree[trees] = True

    def add(self, trees: Numbers, names: Numbers, children: Numbers) -> None:
        """Add the entries of a name and a child of each of `trees`."""
        self.mark(trees)
        self._added.append((trees, names, children))
        self.__dict__.pop("_columns", None)

    def places(self, names: Sequence[bytes]) -> Numbers:
        """The place of each of some names, which have one from then on."""
        known = self._names
        return np.fromiter((known.setdefault(name, len(known)) for name in names), np.int64, len(names))

    def numbered(self, oids: Collection[bytes]) -> Numbers:
        """The number of each of some objects by their raw ids, stored or not."""
        return self.numbers(np.frombuffer(b"".join(oids), np.uint8).reshape(-1, self.catalogue.oids.shape[1]))

    def numbers(self, oids: Oids) -> Numbers:
        """The same, of ids that have a row each."""
        found = self.catalogue.numbers(oids)
        for place in np.flatnonzero(found == ABSENT).tolist():
            found[place] = self._strangers.setdefault(bytes(oids[place]), len(self.catalogue) + len(self._strangers))
        return found

    def oids(self, numbers: Numbers) -> list[bytes]:
        """The raw id of each of some objects, an empty one for ABSENT."""
        strangers = list(self._strangers)
        found = self.catalogue.ids(np.where(self.is_stored(numbers), numbers, ABSENT))
        for place in np.flatnonzero(numbers >= len(self.catalogue)).tolist():
            found[place] = strangers[numbers[place] - len(self.catalogue)]
        return found

    def is_stored(self, numbers: Numbers) -> Flags:
        """Which of some numbers are of objects that are stored."""
        stored: Flags = (numbers >= 0) & (numbers < len(self.catalogue))
        return stored

    def is_tree(self, numbers: Numbers) -> Flags:
        """Which of some objects are trees of these."""
        found: Flags = self._is_tree[np.where(self.is_stored(numbers), numbers, ABSENT)]
        return found

    def names(self) -> list[bytes]:
        """All names, by their places."""
        return list(self._names)

    def widths(self, trees: Numbers) -> Numbers:
        """How many entries there are of each of some trees."""
        tree = self._columns[0]
        return np.searchsorted(tree, trees, side="right") - np.searchsorted(tree, trees, side="left")

    def entries(self, trees: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """The entries of some trees: which of them it is, the name, and the child; by both, ascending."""
        tree, name, child = self._columns
        count = self.widths(trees)
        rows = ranges(np.searchsorted(tree, trees, side="left"), count)
        return np.repeat(np.arange(len(trees)), count), name[rows], child[rows]

    def children(self, trees: Numbers, names: Numbers) -> Numbers:
        """What each of some trees has under the name beside it; ABSENT where that is nothing."""
        tree, name, child = self._columns
        if not len(tree):
            return np.full(len(trees), ABSENT)
        at = np.searchsorted(tree * len(self._names) + name, trees * len(self._names) + names)
        at = np.minimum(at, len(tree) - 1)
        found: Numbers = np.where((tree[at] == trees) & (name[at] == names), child[at], ABSENT)
        return found

    @cached_property
    def _columns(self) -> tuple[Numbers, Numbers, Numbers]:
        """Trees, names and children, by both, ascending."""
        none = np.empty(0, np.int64)
        tree, name, child = map(np.concatenate, zip((none, none, none), *self._added, strict=True))
        order = np.lexsort((name, tree))
        tree, name, child = tree[order], name[order], child[order]
        last = np.append((tree[1:] != tree[:-1]) | (name[1:] != name[:-1]), np.ones(min(1, len(tree)), np.bool_))
        columns = tree[last], name[last], child[last]
        self._added = [columns]
        return columns
