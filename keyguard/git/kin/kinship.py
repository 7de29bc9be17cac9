"""What all objects of a store name: who holds an object, what commits record, and what is named and not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing

import numpy as np

from keyguard.git.command import Git
from keyguard.git.kin.arcs import Flags, arcs
from keyguard.git.kin.commits import Commits, commits_of
from keyguard.git.kin.runs import Runs
from keyguard.git.kin.tree_reader import Chosen, TreeReader
from keyguard.git.kin.ways import Ways
from keyguard.git.odb.catalogue import ABSENT, Numbers
from keyguard.git.odb.kinds import EMPTY_TREE
from keyguard.git.odb.links import Links
from keyguard.git.odb.loose import examine_loose
from keyguard.git.odb.memory import give_back
from keyguard.git.odb.plain import Asked
from keyguard.git.odb.survey import Survey
from keyguard.git.odb.walk import Pack, Walk

# Holders with what they name that are held at a time: a hundred bytes or two each.
MOST_PAIRS = 2_000_000


class Kinship:
    """The links of a whole store. Objects go by their numbers in the store's catalogue."""

    def __init__(self, git: Git, survey: Survey, links: Links) -> None:
        self.catalogue = survey.catalogue
        self._git = git
        self._survey = survey
        self._holders = survey.holders()
        self._links = links
        self._runs = Runs(links, len(survey.catalogue))

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

    def above(self, numbers: Numbers) -> Numbers:
        """The trees and tags that name one of these, or what names one, and so on."""
        wanted = np.unique(numbers)
        known: Flags = np.zeros(len(self.catalogue), np.bool_)
        while len(wanted):
            holders = np.unique(self._holders[self._runs.holders(self._runs.naming(wanted))])
            wanted = holders[~known[holders]].astype(np.int64)
            known[wanted] = True
        return np.flatnonzero(known)

    def needed(self, tops: Numbers, wanted: Numbers) -> set[int] | None:
        """Those of `wanted`, and of the trees and tags above them, that are `tops` or below one.

        None where they name each other too often.
        """
        above = np.union1d(self.above(wanted), wanted)
        runs = self._runs.naming(above)
        if self._runs.width(runs) > MOST_PAIRS:
            return None
        holder, child = self._runs.pairs(runs)
        among = np.searchsorted(above, self._holders[holder]), np.searchsorted(above, child)
        reached = arcs(len(above), *among).reached(np.flatnonzero(np.isin(above, tops)).tolist())
        return set(above[reached].tolist())

    def read(self, numbers: Numbers, ways: Ways, leading: Numbers | None = None) -> Numbers:
        """Add the entries of those of the objects `numbers` that are trees to `ways`; gives what they name.

        Of the entries only those that name one of `leading`, all of them where that is None. What cannot be read is
        left out.
        """
        numbers = np.unique(numbers)
        chosen = None if leading is None else Chosen(self.catalogue, leading)
        reader = TreeReader(ways, self._holders, numbers, chosen)
        left = self.catalogue.oids[numbers]
        with closing(Asked(self._git)) as elsewhere:
            for number, pack in enumerate(self._survey.packs):
                rows = pack.index.rows(left)
                if (rows >= 0).any():
                    places = _with_bases(pack, rows[rows >= 0])
                    Walk(pack, reader, elsewhere, reader, self._survey.first_holder(number)).places(places)
                left = left[rows < 0]
        loose = {bytes(oid).hex() for oid in left}
        for folder, names in self._survey.loose.items():
            examine_loose(folder, [oid for oid in names if oid in loose], reader, reader, self._survey.loose_holders)
        give_back()
        return np.concatenate([np.empty(0, np.int64), *reader.children])


def _with_bases(pack: Pack, rows: Numbers) -> Numbers:
    """The places, in the order of a pack, of the objects in these rows of its index, and of all they stand on."""
    wanted: Flags = np.zeros(len(pack.entries.row), np.bool_)
    wanted[rows] = True
    position = np.flatnonzero(wanted[pack.entries.row])
    known: Flags = np.zeros(len(pack.entries.row), np.bool_)
    while len(position):
        known[position] = True
        base = np.unique(pack.entries.base[position])
        base = base[base >= 0]
        position = base[~known[base]]
    return np.flatnonzero(known[pack.order.position])
