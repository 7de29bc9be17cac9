"""Which object names which, gathered while objects are read.

The versions of a tree lie side by side in a pack and mostly name the same objects by the same names. What a tree names
is therefore kept as runs: an object, its name, and the first and the last of the holders, in the order of the reading,
that have it under that name without a gap.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from keyguard.git.odb import compiled
from keyguard.git.odb.batch import Batch
from keyguard.git.odb.catalogue import ABSENT, Catalogue, Numbers, Oids
from keyguard.git.odb.kinds import BLOB, COMMIT, EMPTY_TREE, GITLINK, TAG, TREE
from keyguard.git.odb.names import NO_NAME, Names, taken_apart
from keyguard.git.odb.trees import LARGEST, Entries, Places, entries

# Source: gitformat-commit, as "git cat-file -p" prints it. What follows the parents may be out of order.
COMMIT_LINKS = {
    size: re.compile(
        rb"tree ([0-9a-f]{%d})\n((?:parent [0-9a-f]{%d}\n)*)(?!parent)"
        rb"(?:author [^\n]*\ncommitter [^\n]*> (\d{1,18}) )?" % (2 * size, 2 * size)
    )
    for size in (20, 32)
}
TAG_LINK = {size: re.compile(rb"object ([0-9a-f]{%d})\n" % (2 * size)) for size in (20, 32)}

# In place of a tree: the empty one, which need not be stored.
NOTHING = -2

# Where so many are absent, nearly all trees lead to one. git counts them sooner then.
MOST_ABSENT = 20_000

# Bytes of trees that are taken apart together. Fewer cost calls, more leave the processor's cache.
TOGETHER = 1 << 19

# An odd number, by which names are spread.
MIXING = np.uint64(0x9E3779B97F4A7C15)

# Commits that wait to be made numbers. As numbers they take a tenth of the memory.
COMMITS = 1 << 12

if TYPE_CHECKING:
    from keyguard.git.odb.compiled import TreeNames

# There are three of these for each run, and millions of runs.
Small = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]
_Runs = tuple[Small, Small, Small, Small]


@dataclass(frozen=True, slots=True)
class Links:
    """What the objects of a share name. Objects go by their numbers, holders by what the reading calls them.

    `child` is named by the holders `first` to `last`. `name` is the place of its name in trees among `names`, of which
    each has a NUL behind it; NO_NAME is that of what a tag names. `commit` is the holder of each commit, `date` its
    committer's, in seconds since 1970, `tree` what it records, or NOTHING; `parents` are those of all of them, `counts`
    of each. `absent` are ids, raw, that are not stored, and `absent_first` to `absent_last` the holders that name each.
    `strange` says that an object could not be understood, so that links are missing.
    """

    child: Small
    first: Small
    last: Small
    name: npt.NDArray[np.integer]
    names: bytes
    commit: Numbers
    date: Numbers
    tree: Numbers
    counts: Numbers
    parents: Numbers
    absent: Oids
    absent_first: Small
    absent_last: Small
    strange: bool

    def without_absent(self) -> Links:
        """The same, but for what is not stored."""
        return replace(
            self, **{name: getattr(self, name)[:0].copy() for name in ("absent", "absent_first", "absent_last")}
        )


@dataclass(slots=True)
class Gatherer:
    """Gathers the links of a share: `add` what was read, then `take` them all."""

    catalogue: Catalogue
    _runs: list[_Runs] = field(default_factory=list)
    _absent: list[tuple[Oids, Small, Small]] = field(default_factory=list)
    # Names, where trees are taken apart in Python.
    _names: Names = field(default_factory=Names)
    # Of some commits the holders, the dates and how many parents each has; of all of them tree and parents.
    _commits: list[tuple[Numbers, Numbers, Numbers, Oids]] = field(default_factory=list)
    _waiting: int = 0
    # And of those before: holder, date, tree, how many parents, and these.
    _settled: list[tuple[Numbers, ...]] = field(default_factory=list)
    # Trees that wait to be taken apart, and their holders.
    _trees: list[Batch] = field(default_factory=list)
    _holders: list[Numbers] = field(default_factory=list)
    _held: int = 0
    _strange: bool = False
    # Takes trees apart in C, where that was built: then none wait.
    _native: TreeNames | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if compiled.native is not None:
            known = self.catalogue
            self._native = compiled.native.TreeNames(
                self._oid_size, known.oids, known.buckets, secrets.randbits(64), secrets.randbits(64)
            )

    @property
    def _empty_tree(self) -> Oids:
        return np.frombuffer(EMPTY_TREE[self._oid_size], np.uint8)

    @property
    def _oid_size(self) -> int:
        return int(self.catalogue.oids.shape[1])

    def add(self, holders: Sequence[int] | Numbers, batch: Batch) -> list[bytes] | None:
        if batch.kind == TREE:
            return self._add_tree_batch(np.asarray(holders, np.int64), batch)
        if batch.kind == COMMIT:
            self._add_commits(np.asarray(holders, np.int64), batch)
        elif batch.kind == TAG:
            self._add_tags(np.asarray(holders, np.int64), batch)
        return None

    def named(self, batch: Batch, places: Collection[int]) -> Iterator[tuple[int, int]]:
        rows = self._native.flagged(batch.text, _ends(batch), _flags(places)) if self._native else None
        return ((number, place) for number, place in np.frombuffer(rows or b"", np.int64).reshape(-1, 2).tolist())

    def pass_over(self, kind: int) -> None:
        self._strange |= kind != BLOB

    def take(self) -> Links:
        """What was gathered since this was last called."""
        self._add_trees()
        names = self._take_names(*self._native.take()) if self._native else self._take_own_names()
        self._settle_commits()
        none = np.empty(0, np.int32)
        nothing = np.empty((0, self._oid_size), np.uint8), none, none
        child, first, last, name = map(np.concatenate, zip((none,) * 4, *self._runs, strict=True))
        absent, absent_first, absent_last = map(np.concatenate, zip(nothing, *self._absent, strict=True))
        commit, date, tree, counts, parents = map(np.concatenate, zip(*self._settled, strict=True))
        links = Links(
            child, first, last, name, names,
            commit, date, tree, counts, parents,
            absent, absent_first, absent_last,
            self._strange,
        )  # fmt: skip
        self._runs, self._absent, self._settled, self._strange = [], [], [], False
        return links

    def _settle_commits(self) -> None:
        """Make numbers of the commits that wait."""
        none, nothing = np.empty(0, np.int64), np.empty((0, self._oid_size), np.uint8)
        commit, date, counts, named = map(np.concatenate, zip((none, none, none, nothing), *self._commits, strict=True))
        holder = np.repeat(commit, counts + 1)
        target = self._known(named, holder, holder)
        target[(target == ABSENT) & (named == self._empty_tree).all(axis=1)] = NOTHING
        # Of each commit the first that it names is its tree.
        is_tree = np.zeros(len(target), np.bool_)
        is_tree[np.cumsum(counts + 1) - counts - 1] = True
        self._settled.append((commit, date, target[is_tree], counts, target[~is_tree]))
        self._commits, self._waiting = [], 0

    def _known(self, oids: Oids, first: Numbers, last: Numbers) -> Numbers:
        """The numbers of some objects. Those that are not stored are kept, with the holders that name each."""
        number = self.catalogue.numbers(oids)
        gone = number == ABSENT
        if gone.any():
            self._absent.append((oids[gone], first[gone].astype(np.int32), last[gone].astype(np.int32)))
        return number

    def _add_runs(self, oids: Oids, *columns: Numbers) -> None:
        first, last, _ = columns
        number = self._known(oids, first, last)
        there = number != ABSENT
        child, first, last, name = (column[there].astype(np.int32) for column in (number, *columns))
        self._runs.append((child, first, last, name))

    def _add_tree_batch(self, holders: Numbers, trees: Batch) -> list[bytes] | None:
        if trees.volume > LARGEST:
            self._strange = True
        elif self._native:
            new = self._native.add(trees.text, _ends(trees), holders)
            self._strange |= new is None
            return None if new is None else taken_apart(new)
        else:
            self._holders.append(holders)
            self._trees.append(trees)
            self._held += len(trees.text)
            if self._held > TOGETHER:
                self._add_trees()
        return None

    def _take_names(self, runs: bytes, gone: bytes, ids: bytes, names: bytes) -> bytes:
        child, first, last, name = np.frombuffer(runs, np.int32).reshape(-1, 4).T
        self._runs.append((child, first, last, name))
        which, first, last = np.frombuffer(gone, np.int32).reshape(-1, 3).T
        self._absent.append((np.frombuffer(ids, np.uint8).reshape(-1, self._oid_size)[which], first, last))
        return names

    def _take_own_names(self) -> bytes:
        names, self._names = self._names, Names()
        return names.together()

    def _add_trees(self) -> None:
        """Take apart the trees that wait."""
        if self._trees:
            data = b"".join([trees.text for trees in self._trees])
            found = entries(data, *_bounds(self._trees), self._oid_size)
            if found is None:
                self._strange = True
            elif len(found.at):
                self._add_entries(found, *_runs(found, np.concatenate(self._holders), self._oid_size))
        self._trees, self._holders, self._held = [], [], 0

    def _add_entries(self, found: Entries, first: Numbers, last: Numbers, entry: Numbers) -> None:
        """Add the runs of some entries, each of which is of the holders `first` to `last`."""
        names = [found.named(number) for number in entry.tolist()]
        places = self._names.places(names)
        if places is None:
            self._strange = True
        else:
            self._add_runs(_oids(found, entry, self._oid_size), first, last, places)

    def _add_commits(self, holders: Numbers, batch: Batch) -> None:
        read = compiled.native.read_commits(batch.text, _ends(batch), self._oid_size) if compiled.native else None
        if read:
            rows, ids = read
            date, counts = np.frombuffer(rows, np.int64).reshape(-1, 2).T
            self._commits.append((holders, date, counts, np.frombuffer(ids, np.uint8).reshape(-1, self._oid_size)))
        else:
            self._add_one_by_one(holders, batch)
        self._waiting += len(batch)
        if self._waiting >= COMMITS:
            self._settle_commits()

    def _add_one_by_one(self, holders: Numbers, batch: Batch) -> None:
        """Add commits of which one may be none."""
        found: list[tuple[int, int, int]] = []
        named: list[bytes] = []
        for holder, content in zip(holders.tolist(), batch.contents(), strict=True):
            links = COMMIT_LINKS[self._oid_size].match(content)
            if not links:
                self._strange = True
                continue
            tree, parents, date = links.groups()
            oids = tree + parents.replace(b"parent ", b"").replace(b"\n", b"")
            found.append((holder, int(date or 0), len(oids) // len(tree) - 1))
            named.append(oids)
        commit, dates, counts = np.array(found, np.int64).reshape(-1, 3).T
        self._commits.append((commit, dates, counts, _raw(named, self._oid_size)))

    def _add_tags(self, holders: Numbers, batch: Batch) -> None:
        links = [TAG_LINK[self._oid_size].match(content) for content in batch.contents()]
        self._strange |= None in links
        holders = holders[[link is not None for link in links]]
        named = _raw([link[1] for link in links if link], self._oid_size)
        self._add_runs(named, holders, holders, np.full(len(holders), NO_NAME))


def _ends(batch: Batch) -> Numbers:
    return np.array(batch.ends, np.int64)


def _flags(places: Collection[int]) -> npt.NDArray[np.bool_]:
    flags = np.zeros(max(places, default=0) + 1, np.bool_)
    flags[list(places)] = True
    return flags


def _bounds(batches: Iterable[Batch]) -> tuple[Numbers, Numbers]:
    """Where the contents of all batches begin and end, when their data are joined."""
    ends: list[Numbers] = []
    starts: list[Numbers] = []
    before = 0
    for batch in batches:
        end = np.array(batch.ends, np.int64) + before
        ends.append(end)
        starts.append(np.append(before, end[:-1] + 1)[: len(end)])
        before += len(batch.text)
    return np.concatenate(starts), np.concatenate(ends)


def _runs(found: Entries, holders: Numbers, oid_size: int) -> tuple[Numbers, Numbers, Numbers]:
    """The first and the last holder of each run of an object under a name, and an entry of it.

    Commits of other repositories, which submodules name, are left out.
    """
    # Of the ids sixteen bytes are compared: nobody can make two that are alike in these.
    beginning, rest = _words(found.data, found.at), _words(found.data, found.at + (oid_size - 8))
    # One sort of plain numbers: what ids and names begin with, and in place of the last bits the entry's number.
    # Entries of one object and one name then stand together, by ascending holder.
    bits = np.uint64(len(found.at).bit_length())
    mixed = beginning ^ _name_words(found, found.name, found.at - 1) * MIXING
    order = (mixed >> bits << bits) | np.arange(len(found.at), dtype=np.uint64)
    order.sort()
    entry = (order & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    holder = holders[found.tree[entry]]
    goes_on = (holder[1:] - holder[:-1]).view(np.uint64) <= 1
    for part in (beginning[entry], rest[entry]):
        goes_on &= part[1:] == part[:-1]
    own = _own(found)[entry] if GITLINK in found.data else None
    if own is not None:
        goes_on &= own[1:] == own[:-1]
    goes_on[goes_on] = _same_names(found, entry[:-1][goes_on], entry[1:][goes_on])
    begins = np.append(0, np.flatnonzero(~goes_on) + 1)
    ends = np.append(begins[1:], len(entry)) - 1
    if own is not None:
        of_own = own[begins]
        begins, ends = begins[of_own], ends[of_own]
    return holder[begins], holder[ends], entry[begins]


def _name_words(found: Entries, start: Places, end: Places) -> Words:
    """Of each of some places in names, which end at `end`, the next eight bytes, or what is left, as a number."""
    left = np.clip(end - start, 1, 8).astype(np.uint64)
    words: Words = _words(found.data, start) >> (np.uint64(64) - np.uint64(8) * left)
    return words


def _same_names(found: Entries, one: Numbers, other: Numbers) -> npt.NDArray[np.bool_]:
    """Whether each of some entries has the name of the one beside it."""
    length = found.at - found.name - 1
    same: npt.NDArray[np.bool_] = length[one] == length[other]
    alike = np.flatnonzero(same)
    done = 0
    while len(alike):
        left, right = (
            _name_words(found, found.name[entry] + done, found.at[entry] - 1) for entry in (one[alike], other[alike])
        )
        same[alike[left != right]] = False
        done += 8
        alike = alike[(left == right) & (length[one[alike]] > done)]
    return same


def _own(found: Entries) -> npt.NDArray[np.bool_]:
    """Which entries name an object of this repository."""
    # Of eight bytes the last is the name's.
    own: npt.NDArray[np.bool_] = _words(found.data, found.start) >> np.uint64(8) != int.from_bytes(GITLINK, "big")
    return own


def _raw(hexes: Sequence[bytes], oid_size: int) -> Oids:
    """Ids in hex, any number of them in each text, as raw bytes, one a row."""
    return np.frombuffer(bytes.fromhex(b"".join(hexes).decode()), np.uint8).reshape(-1, oid_size)


def _words(data: bytes, at: Places) -> Words:
    """The eight bytes from each place on, as a number."""
    everywhere = np.ndarray((len(data) - 7,), ">u8", data, strides=(1,))
    return everywhere[at].astype(np.uint64)


def _oids(found: Entries, entry: Numbers, oid_size: int) -> Oids:
    everywhere = np.ndarray((len(found.data) - oid_size + 1,), f"V{oid_size}", found.data, strides=(1,))
    return everywhere[found.at[entry]].view(np.uint8).reshape(-1, oid_size)
