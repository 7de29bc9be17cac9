"""Numbers that lead to numbers: what is reached from some of them, and an order in which all are led to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
import numpy.typing as npt

from keyguard.git.odb.catalogue import ABSENT, Numbers
from keyguard.git.odb.ranges import ranges

Flags = npt.NDArray[np.bool_]


def distinct(numbers: npt.NDArray[np.integer]) -> Numbers:
    """The different ones of some numbers, ascending."""
    # np.unique imports all of numpy.ma, which takes as long as many a repository.
    found = np.sort(numbers).astype(np.int64, copy=False)
    different: Numbers = found[np.append(np.ones(min(1, len(found)), np.bool_), found[1:] != found[:-1])]
    return different


@dataclass(frozen=True, slots=True)
class Arcs:
    """What numbers, from 0 on, lead to: each to those in `ahead` from its `first` to the next one's."""

    first: Numbers
    ahead: Numbers

    def __len__(self) -> int:
        return len(self.first) - 1

    def of(self, chosen: Numbers) -> tuple[Numbers, Numbers]:
        """To how many each of `chosen` leads, and to which, those of all one after the other."""
        count = self.first[chosen + 1] - self.first[chosen]
        return count, self.ahead[ranges(self.first[chosen], count)]

    def only(self, chosen: Numbers) -> Arcs:
        """The arcs between `chosen`, each of which goes by its place there."""
        place = np.full(len(self), ABSENT)
        place[chosen] = np.arange(len(chosen))
        count, ahead = self.of(chosen)
        return arcs(len(chosen), np.repeat(np.arange(len(chosen)), count), place[ahead])

    def leading_to(self, flags: Flags) -> Flags:
        """Which numbers lead to one that `flags` has."""
        leading: Flags = np.zeros(len(self), np.bool_)
        leading[np.repeat(np.arange(len(self)), np.diff(self.first))[flags[self.ahead]]] = True
        return leading

    def reached(self, starts: Collection[int]) -> Flags:
        """Which numbers are `starts`, or what these lead to, and so on.

        What leads to itself counts as reached. No object does, since its id is a hash of what it names.
        """
        behind = np.bincount(self.ahead, minlength=len(self))
        behind[[*starts]] += 1
        # Mostly all are reached: looked for are those that nothing leads to, and what only these lead to.
        missed = np.flatnonzero(behind == 0).tolist()
        if missed:
            self._follow(missed, behind.tolist())
        reached: Flags = np.ones(len(self), np.bool_)
        reached[missed] = False
        return reached

    def _follow(self, missed: list[int], behind: list[int]) -> None:
        """Add to `missed` what they alone lead to. `behind` is how many lead to each number."""
        # Lists of Python's own numbers: a step through arrays takes ten times as long.
        first, ahead = self.first.tolist(), self.ahead.tolist()
        # It grows while it is gone through.
        for number in missed:
            for further in ahead[first[number] : first[number + 1]]:
                behind[further] -= 1
                if not behind[further]:
                    missed.append(further)

    def in_order(self) -> list[int]:
        """All numbers, each before those it leads to, and otherwise the lowest first.

        Those that lead to themselves, and what these lead to, come last.
        """
        first, ahead = self.first.tolist(), self.ahead.tolist()
        behind = np.bincount(self.ahead, minlength=len(self)).tolist()
        found: list[int] = []
        ready: list[int] = []
        for number in range(len(self)):
            if behind[number]:
                # Its turn comes after a higher one.
                continue
            ready.append(number)
            while ready:
                at = heappop(ready)
                found.append(at)
                for further in ahead[first[at] : first[at + 1]]:
                    behind[further] -= 1
                    if further < number and not behind[further]:
                        heappush(ready, further)
        return found + [number for number, count in enumerate(behind) if count]


def arcs(size: int, behind: Numbers, ahead: Numbers) -> Arcs:
    """The arcs of `size` numbers, from each of `behind` to the one beside it in `ahead`, where that is not ABSENT."""
    there = ahead != ABSENT
    behind, ahead = behind[there], ahead[there]
    if (behind[1:] < behind[:-1]).any():
        order = np.argsort(behind, kind="stable")
        behind, ahead = behind[order], ahead[order]
    return Arcs(np.append(0, np.cumsum(np.bincount(behind, minlength=size))), ahead)
