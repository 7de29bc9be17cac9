"""What all objects of a store name: who holds an object, what commits record, and what is named and not there."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from keyguard.git.command import Git
from keyguard.git.odb.catalogue import ABSENT, Numbers
from keyguard.git.odb.kinds import ENTRY, TREE
from keyguard.git.odb.links import Links, Small
from keyguard.git.odb.loose import examine_loose
from keyguard.git.odb.plain import Asked
from keyguard.git.odb.survey import Survey
from keyguard.git.odb.walk import Pack, Walk

# The empty tree git knows without having stored it.
ALWAYS_THERE = {new(b"tree 0\0").digest() for new in (hashlib.sha1, hashlib.sha256)}

# Trees by their raw ids: what each names, by the name of the entry, again by its raw id.
Trees = dict[bytes, dict[bytes, bytes]]

Flags = npt.NDArray[np.bool_]


class Kinship:
    """The links of a whole store. Objects go by their numbers in the store's catalogue."""

    def __init__(self, git: Git, survey: Survey, links: Links) -> None:
        self.catalogue = survey.catalogue
        self._git = git
        self._survey = survey
        self._holders = survey.holders()
        self._links = links

    @cached_property
    def _runs(self) -> tuple[Small, Small, Small]:
        """Child, first and last holder of all runs, sorted by child."""
        child = self._links.child
        # Sorting plain numbers is ten times faster than sorting places by them: the place goes into the lower half.
        places = (child.astype(np.uint64) << np.uint64(32)) | np.arange(len(child), dtype=np.uint64)
        places.sort()
        by_child = (places & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        return child[by_child], self._links.first[by_child], self._links.last[by_child]

    def holds(self, oids: Iterable[str]) -> bool:
        """Whether all of these objects were stored."""
        return ABSENT not in self.catalogue.named(list(map(bytes.fromhex, oids)))

    def commits(self) -> Iterator[tuple[int, int, int, list[int]]]:
        """Number, date, tree and parents of every commit; the latter as numbers, ABSENT for what is not stored."""
        links = self._links
        ends = np.cumsum(links.counts)
        parents = links.parents.tolist()
        columns = (self._holders[links.commit], links.date, links.tree, ends - links.counts, ends)
        for commit, date, tree, start, end in zip(*(column.tolist() for column in columns), strict=True):
            yield commit, date, tree, parents[start:end]

    def absent(self, most: int) -> dict[bytes, set[bytes]] | None:
        """The raw ids of what is named and not stored, with those of all that name it.

        None where there are more than `most` of these names.
        """
        links = self._links
        if len(links.absent) > most or int((links.absent_last - links.absent_first).sum(dtype=np.int64)) > most:
            return None
        holders: dict[bytes, list[Numbers]] = defaultdict(list)
        for oid, first, last in zip(links.absent, links.absent_first, links.absent_last, strict=True):
            holders[bytes(oid)].append(self._holders[first : last + 1])
        return {
            oid: set(self.catalogue.ids(np.concatenate(parts)))
            for oid, parts in holders.items()
            if oid not in ALWAYS_THERE
        }

    def above(self, numbers: Numbers) -> Numbers:
        """The trees and tags that name one of these, or what names one, and so on."""
        wanted = np.unique(numbers).astype(np.int32)
        child, first, last = self._runs
        known: Flags = np.zeros(len(self.catalogue), np.bool_)
        while len(wanted):
            start = np.searchsorted(child, wanted, side="left")
            runs = _ranges(start, np.searchsorted(child, wanted, side="right") - start)
            holders = np.unique(self._holders[_covered(first[runs].astype(np.int64), last[runs].astype(np.int64))])
            wanted = holders[~known[holders]].astype(np.int32)
            known[wanted] = True
        return np.flatnonzero(known)

    def trees(self, oids: Collection[bytes], leading: Container[bytes] | None = None) -> Trees:
        """The entries of those of the objects `oids` that are stored, and are trees.

        Of these only entries that name one of `leading`, all of them where that is None. What cannot be read is left
        out.
        """
        numbers = np.unique(self.catalogue.named(oids))
        numbers = numbers[numbers != ABSENT]
        reader = _TreeReader(self._holders, set(numbers.tolist()), leading, self.catalogue.oids.shape[1])
        elsewhere = Asked(self._git)
        left = self.catalogue.oids[numbers]
        for number, pack in enumerate(self._survey.packs):
            rows = pack.index.rows(left)
            places = _with_bases(pack, rows[rows >= 0])
            Walk(pack, reader, elsewhere, reader, self._survey.first_holder(number)).places(places)
            left = left[rows < 0]
        elsewhere.close()
        loose = {bytes(oid).hex() for oid in left}
        for folder, names in self._survey.loose.items():
            examine_loose(folder, [oid for oid in names if oid in loose], reader, reader, self._survey.loose_holders)
        return dict(zip(self.catalogue.ids(list(reader.found)), reader.found.values(), strict=True))


class _TreeReader:
    """Is shown objects, and keeps the wanted entries of the wanted trees among them."""

    def __init__(self, holders: Numbers, wanted: set[int], leading: Container[bytes] | None, oid_size: int) -> None:
        self._holders = holders
        self._wanted = wanted
        self._leading = leading
        self._entry = ENTRY[oid_size]
        self.found: dict[int, dict[bytes, bytes]] = {}

    def add(self, holders: Sequence[int], kinds: Sequence[int], contents: Sequence[bytes]) -> None:
        numbers = self._holders[np.array(holders, np.int64)].tolist()
        for number, kind, content in zip(numbers, kinds, contents, strict=True):
            if kind == TREE and number in self._wanted:
                named = self._entry.findall(content)
                if self._leading is not None:
                    named = [entry for entry in named if entry[1] in self._leading]
                self.found[number] = dict(named)

    def pass_over(self, kind: int) -> None:
        """A tree too large to be held is left out."""

    def several(self, _kinds: Sequence[int], _contents: Sequence[bytes]) -> Iterable[tuple[int, None]]:
        return ()

    def stream(self, _kind: int, _size: int, _read: Callable[[int], bytes]) -> None:
        return None


def _with_bases(pack: Pack, rows: Numbers) -> Numbers:
    """The places, in the order of a pack, of the objects in these rows of its index, and of all they stand on."""
    entries, order = pack.entries, pack.order
    # One more, for what stands on nothing: of that the place is -1.
    position_of_row = np.empty(len(entries.row), np.int64)
    position_of_row[entries.row] = np.arange(len(entries.row))
    place_of_position = np.full(len(entries.row) + 1, -1, np.int64)
    place_of_position[order.position] = np.arange(len(order.position))
    known: Flags = np.zeros(len(order.position), np.bool_)
    position = position_of_row[rows]
    while len(position):
        places = place_of_position[position]
        places = np.unique(places[places >= 0])
        places = places[~known[places]]
        known[places] = True
        base = entries.base[order.position[places]]
        position = base[base >= 0]
    return np.flatnonzero(known)


def _covered(first: Numbers, last: Numbers) -> Numbers:
    """The numbers from the `first` to the `last` of each pair. Many pairs over the same numbers take no more memory."""
    count = last - first + 1
    end = int(last.max(initial=-1)) + 1
    if int(count.sum()) <= end:
        return _ranges(first, count)
    open_ = np.cumsum(np.bincount(first, minlength=end + 1) - np.bincount(last + 1, minlength=end + 1))
    return np.flatnonzero(open_)


def _ranges(first: Numbers, count: Numbers) -> Numbers:
    """The numbers `first`..`first + count` of each pair, one after the other."""
    before = np.cumsum(count) - count
    return np.repeat(first - before, count) + np.arange(int(count.sum()))
