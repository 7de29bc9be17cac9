"""Commits in their order and what they stand on, as read from a store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from itertools import islice

import numpy as np

from keyguard.git.kin.arcs import Arcs, Flags
from keyguard.git.kin.commits import Commits
from keyguard.git.odb.catalogue import ABSENT, Numbers


class ReadLineage:
    """Those of the commits of a store that `which` has, children before parents and otherwise the newest first.

    Their order, which is the most work, is made out only where it is asked for.
    """

    def __init__(self, commits: Commits, which: Flags) -> None:
        self.which = which
        self._commits = commits

    def __len__(self) -> int:
        return int(np.count_nonzero(self.which))

    def parents_of(self, commits: Collection[str]) -> dict[str, tuple[str, ...]]:
        named = self._places(commits)
        count, parents = self._commits.parents.of(np.array([*named.values()], np.int64))
        oids = iter(self._commits.oids(parents))
        return {commit: tuple(islice(oids, number)) for commit, number in zip(named, count.tolist(), strict=True)}

    def ages(self, commits: Collection[str]) -> dict[str, int]:
        places = self._places(commits)
        return dict(zip(places, self._ages[[*places.values()]].tolist(), strict=True)) if places else {}

    def reaching(self, own: Mapping[str, int], ends: Collection[str]) -> dict[str, int]:
        ages = self.ages(own.keys())
        if not ages:
            return {}
        bits = [0] * len(self)
        for commit, age in ages.items():
            bits[age] = own[commit]
        first, parents = self._parents.first.tolist(), self._parents.ahead.tolist()
        for age in range(max(ages.values()), -1, -1):
            for parent in parents[first[age] : first[age + 1]]:
                bits[age] |= bits[parent]
        return {end: bits[age] for end, age in self.ages(ends).items() if bits[age]}

    def beneath(self, tips: Collection[str], among: Collection[str]) -> set[str]:
        if not tips or not among:
            return set()
        reached = self._commits.parents.reached(self._places(tips).values())
        return {commit for commit, place in self._places(among).items() if reached[place]}

    def in_order(self, places: Numbers) -> Numbers:
        """The places of some of these commits, in the order of the commits."""
        return places[np.argsort(self._ages[places])] if len(places) else places

    def _places(self, commits: Collection[str]) -> dict[str, int]:
        """The places of those of `commits` that are among these."""
        return {commit: place for commit, place in self._commits.places(commits).items() if self.which[place]}

    @cached_property
    def _by_age(self) -> Numbers:
        """The places of all of these, in order."""
        places = np.flatnonzero(self.which)
        return places[self._commits.parents.only(places).in_order()]

    @cached_property
    def _ages(self) -> Numbers:
        """By place, how many of these come before a commit."""
        ages = np.full(len(self._commits), ABSENT)
        ages[self._by_age] = np.arange(len(self._by_age))
        return ages

    @cached_property
    def _parents(self) -> Arcs:
        """What leads to the parents among these, by age."""
        return self._commits.parents.only(self._by_age)
