"""What all objects of a store name: who holds an object, what commits record, and what is named and not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np

from keyguard.git.command import Git
from keyguard.git.kin.arcs import Flags, arcs, distinct
from keyguard.git.kin.commits import Commits, commits_of
from keyguard.git.kin.runs import Runs
from keyguard.git.kin.ways import Ways
from keyguard.git.odb.batch import Batch
from keyguard.git.odb.catalogue import ABSENT, Catalogue, Numbers
from keyguard.git.odb.kinds import EMPTY_TREE, TREE, entries_of
from keyguard.git.odb.links import Links, Small
from keyguard.git.odb.names import NO_NAME, taken_apart
from keyguard.git.odb.plain import examine_named

# Entries of trees that are held at a time: up to a hundred bytes each.
MOST_ENTRIES = 10_000_000


class Kinship:
    """The links of a whole store. Objects go by their numbers in the store's catalogue.

    `holders` are the numbers of what is behind the names of holders.
    """

    def __init__(self, git: Git, catalogue: Catalogue, holders: Small, links: Links) -> None:
        self.catalogue = catalogue
        self._git = git
        self._holders = holders
        self._links = links
        self._runs = Runs(links, len(catalogue))
        self._names = links.names

    def holds(self, oids: Iterable[str]) -> bool:
        """Whether all of these objects were stored."""
        return ABSENT not in self.catalogue.named(list(map(bytes.fromhex, oids)))

    def commits(self, borders: Numbers) -> Commits:
        """Every commit; `borders` without their parents."""
        return commits_of(self.catalogue, self._links, self._holders, borders)

    def absent(self, most: int) -> dict[bytes, set[int]] | None:
        """The raw ids of what is named and not stored, with the numbers of all that name it.

        None where there are more than `most` of these names.
        """
        links = self._links
        if len(links.absent) > most or int((links.absent_last - links.absent_first).sum(dtype=np.int64)) > most:
            return None
        holders: dict[bytes, set[int]] = defaultdict(set)
        for oid, first, last in zip(links.absent, links.absent_first, links.absent_last, strict=True):
            holders[bytes(oid)].update(self._holders[first : last + 1].tolist())
        return {oid: of_one for oid, of_one in holders.items() if oid not in EMPTY_TREE.values()}

    def peeled(self, numbers: Numbers) -> Numbers:
        """What each of some objects that are tags names in the end; ABSENT for all others."""
        runs = self._runs.of_tags()
        holder, child, _ = self._runs.entries(runs)
        named = np.full(len(self.catalogue) + 1, ABSENT)
        named[self._holders[holder]] = child
        ends = named[numbers]
        # A tag may be of a tag.
        while len(further := np.flatnonzero(named[ends] != ABSENT)):
            ends[further] = named[ends[further]]
        return ends

    def above(self, numbers: Numbers) -> Numbers:
        """These objects, and the trees and tags that name one of them, or what names one, and so on."""
        wanted = distinct(numbers)
        known: Flags = np.zeros(len(self.catalogue), np.bool_)
        known[wanted] = True
        while len(wanted):
            holders = distinct(self._holders[self._runs.holders(self._runs.naming(wanted))])
            wanted = holders[~known[holders]]
            known[wanted] = True
        return np.flatnonzero(known)

    def needed(self, tops: Numbers, wanted: Numbers) -> set[int] | None:
        """Those of `wanted`, and of the trees and tags above them, that are `tops` or below one.

        None where they name each other too often.
        """
        above = self.above(wanted)
        runs = self._runs.naming(above)
        if self._runs.width(runs) > MOST_ENTRIES:
            return None
        holder, child, _ = self._runs.entries(runs)
        among = np.searchsorted(above, self._holders[holder]), np.searchsorted(above, child)
        reached = arcs(len(above), *among).reached(np.flatnonzero(np.isin(above, tops)).tolist())
        return set(above[reached].tolist())

    def ways_to(self, numbers: Numbers) -> Ways | None:
        """The ways to these objects, from all trees that lead to one; None where these name each other too often."""
        runs = self._runs.naming(self.above(numbers))
        if self._runs.width(runs) > MOST_ENTRIES:
            return None
        holder, child, name = self._runs.entries(runs)
        in_tree = name != NO_NAME
        ways = Ways(self.catalogue, taken_apart(self._names))
        ways.add(self._holders[holder[in_tree]].astype(np.int64), name[in_tree], child[in_tree])
        return ways

    def read(self, numbers: Numbers, ways: Ways) -> Numbers:
        """Add all entries of those of the objects `numbers` that are trees to `ways`; gives what they name.

        git reads them. What it cannot read is left out. Raises GitError.
        """
        numbers = distinct(numbers)
        found = [np.empty(0, np.int64)]
        for harvest in examine_named(self._git, _Trees(), [oid.hex() for oid in self.catalogue.ids(numbers)]):
            for tree in harvest.found:
                number = self.catalogue.named([bytes.fromhex(tree.oid)])
                entries, _ = entries_of(tree.value, self.catalogue.oids.shape[1])
                children = ways.numbered([oid for _, oid in entries])
                ways.mark(number)
                ways.add(number.repeat(len(entries)), ways.places([name for name, _ in entries]), children)
                found.append(children)
        return np.concatenate(found)


class _Trees:
    """Examines trees. What is found in one is its content."""

    margins = 0, 0
    by_names = False

    def several(self, batch: Batch) -> tuple[list[tuple[int, bytes]], set[int]]:
        return list(enumerate(batch.contents())) if batch.kind == TREE else [], set()

    def stream(self, _kind: int, _size: int, _read: Callable[[int], bytes]) -> None:
        # No tree is so large.
        return None
