"""The commits of a store as columns of numbers: what each records, and what it stands on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from keyguard.git.kin.arcs import Arcs, Flags, arcs
from keyguard.git.odb.catalogue import ABSENT, Catalogue, Numbers
from keyguard.git.odb.links import Links, Small
from keyguard.git.odb.ranges import ranges


@dataclass(frozen=True, slots=True)
class Commits:
    """The commits of a store, the newest first and those of one date by their ids, a column a property.

    One goes by its place in these, so that neighbours in history lie side by side, which halves the time of going
    through it. `number` is a commit's in the catalogue, `tree` what it records, as numbered there. `parents` leads to
    the places of those of its parents that are stored. `by_number` are the places by ascending number.
    """

    catalogue: Catalogue
    number: Numbers
    tree: Numbers
    parents: Arcs
    by_number: Numbers

    def __len__(self) -> int:
        return len(self.number)

    @property
    def whole(self) -> Flags:
        """Which of them have their trees stored."""
        stored: Flags = self.tree != ABSENT
        return stored

    def places(self, oids: Collection[str]) -> dict[str, int]:
        """The places of those of `oids` that are commits."""
        if not len(self):
            return {}
        named = self.catalogue.named(list(map(bytes.fromhex, oids)))
        at = np.searchsorted(self.number, named, sorter=self.by_number)
        places = self.by_number[np.minimum(at, len(self) - 1)]
        there = (self.number[places] == named).tolist()
        return {oid: place for oid, place, its in zip(oids, places.tolist(), there, strict=True) if its}

    def oids(self, places: Numbers) -> list[str]:
        """The id of each of some commits, in hex."""
        return [oid.hex() for oid in self.catalogue.ids(self.number[places])]

    def trees(self, places: Numbers) -> list[bytes]:
        """The raw id of each one's tree, an empty one where that is not stored."""
        return self.catalogue.ids(np.maximum(self.tree[places], ABSENT))


def commits_of(catalogue: Catalogue, links: Links, holders: Small, borders: Numbers) -> Commits:
    """The commits among the holders of `links`. The parents of `borders` are cut off."""
    # Of every object the row of the links that is its own. One more, which stands for ABSENT.
    rows = np.full(len(catalogue) + 1, ABSENT)
    rows[holders[links.commit]] = np.arange(len(links.commit))
    number = np.flatnonzero(rows != ABSENT)
    newest_first = np.argsort(-links.date[rows[number]], kind="stable")
    number = number[newest_first]
    chosen = rows[number]
    rows[number] = np.arange(len(number))
    count = links.counts[chosen]
    parents = rows[links.parents[ranges((np.cumsum(links.counts) - links.counts)[chosen], count)]]
    child = np.repeat(np.arange(len(number)), count)
    parents[np.isin(number, borders)[child]] = ABSENT
    together = arcs(len(number), child, parents)
    return Commits(catalogue, number, links.tree[chosen], together, np.argsort(newest_first))
