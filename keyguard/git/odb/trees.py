"""The entries of many trees, found in all of them at once.

An entry is `mode SP name NUL id`, with a raw id (gitformat-tree: what "git ls-tree" prints). Neither names nor
ids are of use to most readers of a tree; where the ids are, is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]

# A tree of more bytes is left to git: it would take ten times as much memory.
LARGEST = 8 << 20

# Digits of a mode, at the most in what is usual.
MODE, SPACE = 6, ord(" ")

# Bytes for each NUL, at the least, in what has more than so many bytes: an entry has 28 or more, and a NUL for each
# 256 bytes of its id. Nobody has trees with more but to take memory.
FEWEST, MANY = 8, 1 << 16


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of some trees, one after the other, a column a property.

    `data` holds the trees. `tree` is the number of the tree, `start` where in `data` the entry begins, `name` where its
    name does, `at` where its id does.
    """

    data: bytes
    tree: Places
    start: Places
    name: Places
    at: Places

    def named(self, number: int) -> bytes:
        """The name of an entry."""
        return self.data[self.name[number] : self.at[number] - 1]


def entries(data: bytes, starts: Places, ends: Places, oid_size: int) -> Entries | None:
    """The entries of the trees that lie at `starts`..`ends` of `data`; None where one is no tree, or no usual one.

    Between two trees, and behind the last, may stand line ends.
    """
    if len(data) > MANY and data.count(0) * FEWEST > len(data):
        return None
    at = _ends_of_names(data, oid_size) + 1
    # A tree ends where its last entry does: then the next one's first entry begins where it should.
    after = np.searchsorted(at, ends)
    count = np.diff(after, prepend=0)
    filled = ends > starts
    if (filled != (count > 0)).any() or (at[after[filled] - 1] + oid_size != ends[filled]).any():
        return None
    start = np.empty_like(at)
    start[1:] = at[:-1] + oid_size
    start[(after - count)[filled]] = starts[filled]
    name = _names(data, start, at)
    return None if name is None else Entries(data, np.repeat(np.arange(len(ends)), count), start, name, at)


def _names(data: bytes, start: Places, at: Places) -> Places | None:
    """Where the names of some entries begin, behind the first space in each; None where one has none."""
    bytes_ = np.frombuffer(data, np.uint8)
    name = at.copy()
    # A mode has five or six digits.
    for length in range(MODE, -1, -1):
        name = np.where(bytes_[start + length] == SPACE, start + length + 1, name)
    for number in np.flatnonzero(name >= at).tolist():
        name[number] = data.find(b" ", start[number], at[number]) + 1
        if not name[number]:
            return None
    return name


def _ends_of_names(data: bytes, oid_size: int) -> Places:
    """Where the NULs are that end names, and not those within ids."""
    nul = np.flatnonzero(np.frombuffer(data, np.uint8) == 0)
    # An id follows each name. A NUL with none so near before it cannot be in one.
    ends = np.ones(len(nul), np.bool_)
    ends[1:] = nul[1:] - nul[:-1] > oid_size
    # The first in a row of doubtful ones is within an id. A later one may be far enough from the name's.
    doubtful = np.flatnonzero(~ends[1:] & ~ends[:-1]) + 1
    last, end = -1, 0
    columns = (column.tolist() for column in (doubtful, nul[doubtful - 2], nul[doubtful]))
    for number, before, here in zip(*columns, strict=True):
        if number != last + 1:
            end = before
        last = number
        if here - end > oid_size:
            end = here
            ends[number] = True
    return nul[ends]
