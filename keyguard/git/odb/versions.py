"""Large trees, each taken apart by what it names other than the version that it is stored against.

Of the hundreds of entries of such a tree a commit changes one or two. The rest is as it was in the version
before, down to where each entry begins, and is not looked at.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from keyguard.git.odb.catalogue import ABSENT, Catalogue, Numbers, Oids
from keyguard.git.odb.difference import Gap
from keyguard.git.odb.kinds import GITLINK

# An entry of a tree as a whole, by the size of an id, or all that follows where there is none.
WHOLE_ENTRY = {size: re.compile(rb"[^\0]*+\0.{%d}|.++" % size, re.DOTALL) for size in (20, 32)}

# Bytes of ids after which what is said of a family is made runs at its end, and how many are kept before that. More
# come of a family whose versions have little in common.
ENOUGH, MOST_SAID = 1 << 20, 32 << 20

Runs = tuple[Oids, Numbers, Numbers]
"""Ids, raw, and the first and the last of holders, without a gap, that name each."""


class Member(NamedTuple):
    """An object of a family of deltas, and where in the family it stands.

    `holder` is its name. On it stand `following` - 1 others, which the reading comes to next. It stands on
    `depth` others itself, and is the `last` that does on its base.
    """

    holder: int
    depth: int
    following: int
    last: bool


class _Version(NamedTuple):
    """The entries of a tree, and where each begins, with the tree's length at the end."""

    entries: list[bytes]
    starts: list[int]


class _Change(NamedTuple):
    """The entries `first`..`after` of a version, in place of which the next has what stands at `begin`..`end`."""

    first: int
    after: int
    begin: int
    end: int


@dataclass(slots=True)
class Versions:
    """Takes the large trees of families apart, which are shown in the order of the reading.

    `strange` says that one could not be understood, or that there was too much to tell.
    """

    catalogue: Catalogue
    strange: bool = False
    # The versions that lead to the next one, and the depth of the first of them. None where nothing more is built on.
    _path: list[_Version | None] = field(default_factory=list)
    _depth: int = 0
    # Ids, joined; the first and the last holder; and whether it is said that these name them (1), or do not (-1).
    _said: list[tuple[bytes, int, int, int]] = field(default_factory=list)
    _held: int = 0
    _runs: list[Runs] = field(default_factory=list)

    @property
    def nearest(self) -> int:
        """Down to which depth each object of the family has to be shown or be passed over; -1 for none."""
        return self._depth + len(self._path) if self._path else -1

    def show(self, member: Member, tree: bytes, changed: Sequence[Gap] | None) -> bool:
        """Take a tree apart, of which is known what it has `changed` against the one it stands on.

        False where that is left to others.
        """
        base = self._base(member)
        if base and changed is not None:
            version = self._next(base, member, tree, changed)
        elif base or (member.following > 1 and not self._path):
            version = self._whole(base, member, tree)
        else:
            # What little is built on it is best taken apart with others.
            return False
        if version is None:
            self.strange = True
            return False
        if not self._path:
            self._depth = member.depth
        elif member.last:
            self._path[-1] = None
        self._path.append(version)
        return True

    def pass_over(self, member: Member) -> None:
        """Hear of an object that names nothing of what its base does, or of which nothing is known."""
        if base := self._base(member):
            self._say(member, base.entries, -1)

    def take(self) -> list[Runs]:
        """The runs of all that was shown since this was last called, which were whole families."""
        self._settle()
        runs = self._runs
        self._path, self._runs, self.strange = [], [], False
        return runs

    @property
    def _oid_size(self) -> int:
        return int(self.catalogue.oids.shape[1])

    def _base(self, member: Member) -> _Version | None:
        """The version that a member is built on, if that is known. The path then ends with it."""
        ahead = member.depth - self._depth
        del self._path[max(ahead, 0) :]
        if not member.depth and self._held > ENOUGH:
            self._settle()
        return self._path[-1] if self._path and len(self._path) == ahead else None

    def _whole(self, base: _Version | None, member: Member, tree: bytes) -> _Version | None:
        """The version, after what it names other than `base` is said."""
        entries = _entries(tree, self._oid_size)
        if entries is None:
            return None
        if base:
            own, before = set(entries), set(base.entries)
            if len(own) < len(entries) or len(before) < len(base.entries):
                # What is there twice would be counted once.
                return None
            self._say(member, before - own, -1)
            self._say(member, own - before, 1)
        else:
            self._say(member, entries, 1)
        return self._version(entries)

    def _next(self, base: _Version, member: Member, tree: bytes, changed: Sequence[Gap]) -> _Version | None:
        """The version built on `base`, after what it names no longer, and what it names besides, is said."""
        entries: list[bytes] = []
        gone: list[bytes] = []
        come: list[bytes] = []
        moved = False
        kept = 0
        for first, after, begin, end in _changes(base.starts, changed):
            own, before = _entries(tree[begin:end], self._oid_size), base.entries[first:after]
            if own is None:
                return None
            entries += base.entries[kept:first]
            entries += own
            kept = after
            gone += before
            come += own
            moved |= list(map(len, own)) != list(map(len, before))
        entries += base.entries[kept:]
        version = self._version(entries) if moved else _Version(entries, base.starts)
        self._say(member, gone, -1)
        self._say(member, come, 1)
        return version if version.starts[-1] == len(tree) else None

    @staticmethod
    def _version(entries: list[bytes]) -> _Version:
        return _Version(entries, [0, *accumulate(map(len, entries))])

    def _say(self, member: Member, entries: Collection[bytes], sign: int) -> None:
        """Say that a member and those that follow it name (1) or do not name (-1) what is in some entries."""
        size = self._oid_size
        if GITLINK in b"".join(entries):
            entries = [entry for entry in entries if not entry.startswith(GITLINK)]
        ids = b"".join([entry[-size:] for entry in entries])
        self._held += len(ids)
        if self._held > MOST_SAID:
            self.strange = True
        elif ids:
            self._said.append((ids, member.holder, member.holder + member.following - 1, sign))

    def _settle(self) -> None:
        """Make runs of what is said."""
        if self._said:
            ids = np.frombuffer(b"".join([said[0] for said in self._said]), np.uint8).reshape(-1, self._oid_size)
            columns = np.array([said[1:] for said in self._said], np.int64)
            by = np.repeat(np.arange(len(columns)), [len(said[0]) // self._oid_size for said in self._said])
            # What is said of one id has to come together. To sort takes many times the memory of what is sorted.
            heap = ids[:, 0] % min(1 + self._held // ENOUGH, 255)
            for number in np.flatnonzero(np.bincount(heap)):
                own = np.flatnonzero(heap == number)
                first, last, sign = columns[by[own]].T
                self._runs.append(_runs(ids[own], _keys(ids[own], self.catalogue), first, last, sign))
        self._said, self._held = [], 0


def _entries(part: bytes, oid_size: int) -> list[bytes] | None:
    """The entries that fill a part of a tree; None where something else is there."""
    entries: list[bytes] = WHOLE_ENTRY[oid_size].findall(part)
    # What is no entry can only come last, and has no NUL where an id would begin.
    if entries and entries[-1][-oid_size - 1 : -oid_size] != b"\0":
        return None
    return entries


def _changes(starts: Sequence[int], changed: Iterable[Gap]) -> list[_Change]:
    """What changes by whole entries, which begin at `starts`."""
    found: list[_Change] = []
    for base_begin, base_end, begin, end in changed:
        first, after = bisect_right(starts, base_begin) - 1, bisect_left(starts, base_end)
        change = _Change(first, after, starts[first] + begin - base_begin, starts[after] + end - base_end)
        if found and first < found[-1].after:
            before = found.pop()
            change = change._replace(first=before.first, begin=before.begin)
        found.append(change)
    return found


def _keys(ids: Oids, catalogue: Catalogue) -> Numbers:
    """A number for each id: its own in the catalogue, or, for those that are not in it, one behind."""
    keys = catalogue.numbers(ids)
    absent = np.flatnonzero(keys == ABSENT)
    if len(absent):
        _, which = np.unique(ids[absent], axis=0, return_inverse=True)
        keys[absent] = len(catalogue) + which.reshape(-1)
    return keys


def _runs(ids: Oids, keys: Numbers, first: Numbers, last: Numbers, sign: Numbers) -> Runs:
    """The runs of holders that name each id.

    How many entries name it can change only where something that is said of it begins or ends to hold.
    """
    key, holder, by = np.tile(keys, 2), np.concatenate([first, last + 1]), np.concatenate([sign, -sign])
    order = np.lexsort((holder, key))
    key, holder = key[order], holder[order]
    naming = np.cumsum(by[order])
    # What is said of one id and holder counts together.
    final = np.append((key[1:] != key[:-1]) | (holder[1:] != holder[:-1]), True)
    order, holder, named = order[final], holder[final], naming[final] > 0
    # All that is said of an id comes to nothing at its end, so that none goes on with the next id.
    before = np.append(False, named[:-1])
    begins, ends = named & ~before, before & ~named
    return ids[order[begins] % len(ids)], holder[begins], holder[ends] - 1
