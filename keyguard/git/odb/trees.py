"""The entries of many trees, found in all of them at once.

An entry is `mode SP name NUL id`, with a raw id (gitformat-tree: what "git ls-tree" prints). Neither names nor
ids are of use to most readers of a tree; where the ids are, is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of some trees, one after the other, a column a property.

    `data` are the trees, joined. `tree` is the number of the tree, `start` where in `data` the entry begins, `at`
    where its id does.
    """

    data: bytes
    tree: Places
    start: Places
    at: Places


def entries(trees: Sequence[bytes], oid_size: int) -> Entries | None:
    """The entries of `trees`; None where one of them is no tree."""
    data = b"".join(trees)
    at = _ends_of_names(data, oid_size) + 1
    ends = np.cumsum(np.fromiter(map(len, trees), np.int64, len(trees)))
    tree = np.searchsorted(ends, at, side="right")
    start = np.empty_like(at)
    start[:1] = 0
    start[1:] = at[:-1] + oid_size
    # A tree ends where its last entry does: then the next one's first entry begins where it should.
    last = np.flatnonzero(np.diff(tree, append=len(trees)))
    filled = np.flatnonzero(np.diff(ends, prepend=0))
    if not np.array_equal(tree[last], filled) or not np.array_equal(at[last] + oid_size, ends[filled]):
        return None
    return Entries(data, tree, start, at)


def _ends_of_names(data: bytes, oid_size: int) -> Places:
    """Where the NULs are that end names, and not those within ids."""
    nul = np.flatnonzero(np.frombuffer(data, np.uint8) == 0)
    # An id follows each name. A NUL with none so near before it cannot be in one.
    ends = np.diff(nul, prepend=-oid_size - 1) > oid_size
    doubtful = np.flatnonzero(~ends)
    places, before, end = nul.tolist(), -1, 0
    for number in doubtful.tolist():
        if number != before + 1:
            end = places[number - 1]
        before = number
        if places[number] - end > oid_size:
            end = places[number]
            ends[number] = True
    return nul[ends]
