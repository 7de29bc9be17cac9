"""What a repository's commits changed, and what they hold: as read from its objects. Only of refs git is asked."""

from __future__ import annotations

import heapq
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from keyguard.errors import GitError
from keyguard.git.changes import Changed
from keyguard.git.command import Git
from keyguard.git.graph import Graph, closure
from keyguard.git.odb.catalogue import ABSENT
from keyguard.git.odb.kinship import Kinship, Trees
from keyguard.git.past import Named, about
from keyguard.git.refs import Ref, refs

NOTHING: Mapping[bytes, bytes] = {}
NO_TREE = b""

# A few trees that name each other often enough make billions of paths, with or without changes.
MOST_CHANGES = MOST_COMPARED = 300_000
TOO_MANY = "its trees name each other so often that the places of its keys cannot be listed"


class _Commit(NamedTuple):
    """A commit: its date, the raw id of its tree, its parents that are stored."""

    date: int
    tree: bytes
    parents: tuple[str, ...]


class ReadPast:
    """A past that was read.

    `tips` are the commits that refs and reflogs are at, `borders` those whose parents a shallow clone cuts off (as an
    attribute by their raw ids).
    """

    def __init__(self, git: Git, kinship: Kinship, tips: Iterable[str], borders: Collection[str]) -> None:
        self._git = git
        self._kinship = kinship
        self.borders = frozenset(map(bytes.fromhex, borders))
        self._commits = _commits(kinship, borders)
        self._reached = closure(tips, self._commits, lambda oid: self._commits[oid].parents)
        self._looked_for: tuple[set[str], set[Named]] = set(), set()
        self._trees: Trees = {}

    @cached_property
    def graph(self) -> Graph:
        return _by_date(self._commits, self._reached)

    @cached_property
    def refs(self) -> list[Ref]:
        return refs(self._git, self._commits)

    def stray(self) -> Graph:
        return _by_date(self._commits, self._commits.keys() - self._reached)

    def changes(self, commits: Sequence[str], blobs: set[str], named: set[Named]) -> list[Changed]:
        if not (blobs <= self._looked_for[0] and named <= self._looked_for[1]):
            self._trees = _marked(self._kinship, blobs, named)
            self._looked_for = blobs, named
        found = list(islice((change for commit in commits for change in self._of(commit)), MOST_CHANGES))
        if len(found) == MOST_CHANGES:
            raise GitError(TOO_MANY)
        return about(found, blobs, {name for name, _ in named})

    def held(self, questions: Sequence[tuple[str, str]]) -> list[str | None]:
        return [self._held(commit, os.fsencode(path).split(b"/")) for commit, path in questions]

    def roots(self) -> set[bytes]:
        """The raw ids of the trees that the commits of `graph` record."""
        return {self._commits[oid].tree for oid in self._reached}

    def standing(self, oids: Iterable[bytes]) -> set[bytes]:
        """Those of the raw ids `oids` that are commits of `graph`, and need all that they name."""
        return {oid for oid in oids if oid.hex() in self._reached and oid not in self.borders}

    def cutting(self) -> set[bytes]:
        """The raw ids of the borders of which nothing but parents can be absent."""
        return {oid for oid in self.borders if oid.hex() in self._commits and self._commits[oid.hex()].tree}

    def _of(self, oid: str) -> Iterator[Changed]:
        """The changes of a commit against each of its parents."""
        commit = self._commits[oid]
        if commit.tree == NO_TREE:
            # It is absent. That it took anything nobody knows.
            return
        for before in [self._commits[parent].tree for parent in commit.parents] or [NO_TREE]:
            if before in self._trees or commit.tree in self._trees:
                yield from self._between(oid, before, commit.tree)

    def _between(self, commit: str, before: bytes, after: bytes) -> Iterator[Changed]:
        """The changes from one tree, or nothing, to another."""
        waiting = [(before, after, b"")]
        compared = 0
        while waiting:
            compared += 1
            if compared > MOST_COMPARED:
                raise GitError(TOO_MANY)
            before, after, folder = waiting.pop()
            left, right = self._trees.get(before, NOTHING), self._trees.get(after, NOTHING)
            for name in left.keys() | right.keys() if left is not right else ():
                old, new = left.get(name, NO_TREE), right.get(name, NO_TREE)
                if old == new:
                    continue
                old_blob, new_blob = self._blob(old), self._blob(new)
                if old_blob or new_blob:
                    yield Changed(commit, os.fsdecode(folder + name), old_blob, new_blob)
                if old in self._trees or new in self._trees:
                    waiting.append((old, new, folder + name + b"/"))

    def _blob(self, oid: bytes) -> str | None:
        return oid.hex() if oid and oid not in self._trees else None

    def _held(self, commit: str, path: Sequence[bytes]) -> str | None:
        at: bytes | None = self._commits[commit].tree if commit in self._commits else None
        for name in path:
            at = self._trees.get(at or NO_TREE, NOTHING).get(name)
        return at.hex() if at else None


def _commits(kinship: Kinship, borders: Collection[str]) -> dict[str, _Commit]:
    """All commits that are stored, by their ids in hex."""
    listed = list(kinship.commits())
    numbers = [number for number, _, _, _ in listed]
    oids = dict(zip(numbers, (oid.hex() for oid in kinship.catalogue.ids(numbers)), strict=True))
    trees = kinship.catalogue.ids([tree for _, _, tree, _ in listed])
    found: dict[str, _Commit] = {}
    for (number, date, _, parents), tree in zip(listed, trees, strict=True):
        oid = oids[number]
        found[oid] = _Commit(date, tree, () if oid in borders else tuple(oids[p] for p in parents if p in oids))
    return found


def _by_date(commits: Mapping[str, _Commit], which: Collection[str]) -> Graph:
    """These commits, children before parents and otherwise the newest first."""
    children = dict.fromkeys(which, 0)
    for oid in which:
        for parent in commits[oid].parents:
            if parent in children:
                children[parent] += 1
    ready = [(-commits[oid].date, oid) for oid, count in children.items() if not count]
    heapq.heapify(ready)
    parents: dict[str, tuple[str, ...]] = {}
    while ready:
        _, oid = heapq.heappop(ready)
        parents[oid] = commits[oid].parents
        for parent in parents[oid]:
            if parent in children:
                children[parent] -= 1
                if not children[parent]:
                    heapq.heappush(ready, (-commits[parent].date, parent))
    return Graph(parents)


def _marked(kinship: Kinship, blobs: Collection[str], named: Collection[Named]) -> Trees:
    """The trees that lead to one of `blobs` or to an entry in `named`, and all trees below the latter.

    Of each the entries that lead there.
    """
    names = {(bytes.fromhex(tree), os.fsencode(name)) for name, tree in named}
    wanted = {*map(bytes.fromhex, blobs), *(tree for tree, _ in names)}
    numbers = kinship.catalogue.named(wanted)
    above = kinship.catalogue.ids(kinship.above(numbers[numbers != ABSENT]))
    trees = kinship.trees(above, {*above, *wanted})
    below: set[bytes] = set()
    for tree, entries in kinship.trees({tree for tree, _ in names}).items():
        keyed = {name: oid for name, oid in entries.items() if (tree, name) in names}
        trees[tree] = {**trees.get(tree, NOTHING), **keyed}
        below |= set(keyed.values())
    while below:
        more = kinship.trees(below)
        trees |= more
        below = {oid for entries in more.values() for oid in entries.values()} - trees.keys()
    return trees
