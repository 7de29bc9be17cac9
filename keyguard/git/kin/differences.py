"""What differs between trees, as far as ways lead through them: of very many pairs of trees at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from keyguard.errors import GitError
from keyguard.git.kin.arcs import Flags, distinct
from keyguard.git.kin.folders import MOST_OF_PATHS, Folders
from keyguard.git.kin.ways import TOO_MANY, Ways
from keyguard.git.odb.catalogue import ABSENT, Numbers

# A few trees that name each other often enough make billions of paths, with or without differences. A second is enough
# for several million comparisons of trees, and for ten times as many of entries.
MOST_DIFFERENCES = 300_000
MOST_COMPARED, MOST_ENTRIES = 10_000_000, 500_000_000

# Entries that are compared at a time, of one pair of trees or of many.
BLOCK = 1 << 18

# Which entries are gone from trees only because what they name is not stored, of trees and names.
Hidden = Callable[[Numbers, Numbers], Flags]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of trees, or of nothing (ABSENT) and one, a column a property.

    `pair` is the number of the pair of roots that a pair lies under, `folder` that of its path.
    """

    pair: Numbers
    before: Numbers
    after: Numbers
    folder: Numbers

    def __len__(self) -> int:
        return len(self.pair)

    def of(self, which: Numbers | Flags | slice) -> Pairs:
        """Some of these."""
        return Pairs(self.pair[which], self.before[which], self.after[which], self.folder[which])


@dataclass(frozen=True, slots=True)
class Difference:
    """A path at which the trees of a `pair` differ, one of them having a file there. `before` and `after` are files."""

    pair: int
    path: bytes
    before: int
    after: int


class Differences:
    """Finds what differs between pairs of trees. `hidden` says of what is gone from a tree whether nobody knows that.

    Raises GitError where that is too much, or too deep, to be listed.
    """

    def __init__(self, ways: Ways, hidden: Hidden) -> None:
        self._ways = ways
        self._hidden = hidden
        self._names = ways.names()
        self._folders = Folders(self._names)
        self._compared = self._entries = self._found = 0

    def between(self, before: Numbers, after: Numbers) -> Iterator[Difference]:
        """What differs between each tree `before` and the one beside it `after`, by the numbers of these pairs."""
        found = [np.empty((0, 5), np.int64)]
        waiting = [Pairs(np.arange(len(before)), before, after, np.zeros(len(before), np.int64))]
        while waiting:
            pairs = waiting.pop()
            block = pairs.of(slice(-self._fitting(pairs), None))
            if len(block) < len(pairs):
                waiting.append(pairs.of(slice(0, -len(block))))
            differing, within = self._compare(block)
            found.append(differing)
            if len(within):
                waiting.append(within)
        rows = np.concatenate(found)
        left = MOST_OF_PATHS
        for pair, folder, name, old, new in rows[np.argsort(rows[:, 0], kind="stable")].tolist():
            path = self._folders.path(folder) + self._names[name]
            left -= len(path)
            if left < 0:
                raise GitError(TOO_MANY)
            yield Difference(pair, path, old, new)

    def _fitting(self, pairs: Pairs) -> int:
        """How many of the last pairs are compared at a time: at least one."""
        last = pairs.of(slice(-BLOCK, None))
        widths = self._ways.widths(last.before) + self._ways.widths(last.after)
        return max(1, int(np.searchsorted(np.cumsum(widths[::-1] + 1), BLOCK)))

    def _compare(self, pairs: Pairs) -> tuple[Numbers, Pairs]:
        """Where the entries of some pairs differ: files, as rows, and what lies in each other's place in folders."""
        self._compared += len(pairs)
        pairs = pairs.of(pairs.before != pairs.after)
        which, name, before, after = self._joined(pairs)
        self._entries += len(which)
        if self._compared > MOST_COMPARED or self._entries > MOST_ENTRIES:
            raise GitError(TOO_MANY)
        differs = before != after
        # Of what is absent nobody knows that it was taken.
        gone = np.flatnonzero(self._ways.is_tree(before) & (after == ABSENT) & (pairs.after[which] != ABSENT))
        if len(gone):
            differs[gone] = ~self._hidden(pairs.after[which[gone]], name[gone])
        which, name, before, after = which[differs], name[differs], before[differs], after[differs]
        of_pair, folder = pairs.pair[which], pairs.folder[which]
        old_folder, new_folder = self._ways.is_tree(before), self._ways.is_tree(after)
        old_file, new_file = np.where(old_folder, ABSENT, before), np.where(new_folder, ABSENT, after)
        is_file = (old_file != ABSENT) | (new_file != ABSENT)
        self._found += int(np.count_nonzero(is_file))
        if self._found >= MOST_DIFFERENCES:
            raise GitError(TOO_MANY)
        files = np.stack([of_pair, folder, name, old_file, new_file], axis=1)[is_file]
        within = old_folder | new_folder
        folders = self._folders.within(folder[within], name[within])
        return files, Pairs(of_pair[within], before[within], after[within], folders)

    def _joined(self, pairs: Pairs) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """The entries of both sides of some pairs: the pair, the name, and what it names before and after."""
        columns = []
        for trees in (pairs.before, pairs.after):
            which, name, child = self._ways.entries(trees)
            columns.append((which * len(self._names) + name, child))
        (left, before), (right, after) = columns
        both = distinct(np.concatenate([left, right]))
        old, new = np.full(len(both), ABSENT), np.full(len(both), ABSENT)
        old[np.searchsorted(both, left)] = before
        new[np.searchsorted(both, right)] = after
        which, name = np.divmod(both, max(1, len(self._names)))
        return which, name, old, new
