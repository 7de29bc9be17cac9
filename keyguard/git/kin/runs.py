"""Which holders name an object. There are millions of runs, of which few are looked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from keyguard.git.kin.arcs import Flags
from keyguard.git.odb.catalogue import Numbers
from keyguard.git.odb.links import Links
from keyguard.git.odb.names import NO_NAME
from keyguard.git.odb.ranges import ranges

# Runs are looked through in a hundredth of the time that sorting them takes.
FEW = 50

# Runs looked through at a time: numpy takes eight bytes for each, where there are twelve in all.
BLOCK = 1 << 18


class Runs:
    """The runs of some links, each by its place in their columns. `size` is how many objects there are."""

    def __init__(self, links: Links, size: int) -> None:
        self._child, self._first, self._last, self._name = links.child, links.first, links.last, links.name
        self._size = size
        self._asked = 0

    def naming(self, numbers: Numbers) -> Numbers:
        """The runs that name one of the objects `numbers`, each of which is given once."""
        self._asked += 1
        if self._asked > FEW:
            # Trees lie in each other, one by one and very deep.
            child, order = self._by_child
            start = np.searchsorted(child, numbers.astype(np.int32), side="left")
            end = np.searchsorted(child, numbers.astype(np.int32), side="right")
            return order[ranges(start, end - start)].astype(np.int64)
        wanted: Flags = np.zeros(self._size, np.bool_)
        wanted[numbers] = True
        named: Flags = np.empty(len(self._child), np.bool_)
        for at in range(0, len(named), BLOCK):
            block = slice(at, at + BLOCK)
            wanted.take(self._child[block], mode="wrap", out=named[block])
        return np.flatnonzero(named)

    def of_tags(self) -> Numbers:
        """The runs of what tags name."""
        return np.flatnonzero(self._name == NO_NAME)

    def holders(self, runs: Numbers) -> Numbers:
        """The holders in some runs. Many runs over the same holders take no more memory."""
        first, last = self._first[runs].astype(np.int64), self._last[runs].astype(np.int64)
        count = last - first + 1
        end = int(last.max(initial=-1)) + 1
        if int(count.sum()) <= end:
            return ranges(first, count)
        open_ = np.cumsum(np.bincount(first, minlength=end + 1) - np.bincount(last + 1, minlength=end + 1))
        return np.flatnonzero(open_)

    def width(self, runs: Numbers) -> int:
        """How many `entries` there are in some runs."""
        return int((self._last[runs] - self._first[runs] + 1).sum(dtype=np.int64))

    def entries(self, runs: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Each holder in some runs with the object that it names there, and the place of the name."""
        first = self._first[runs].astype(np.int64)
        count = self._last[runs] - first + 1
        child, name = (np.repeat(column[runs].astype(np.int64), count) for column in (self._child, self._name))
        return ranges(first, count), child, name

    @cached_property
    def _by_child(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint32]]:
        """The children, ascending, and the run of each."""
        # Sorting plain numbers is ten times faster than sorting places by them: the place goes into the lower half.
        places = (self._child.astype(np.uint64) << np.uint64(32)) | np.arange(len(self._child), dtype=np.uint64)
        places.sort()
        order = (places & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        return self._child[order], order
