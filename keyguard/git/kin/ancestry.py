"""What a repository's commits changed, and what they hold: as read from its objects. Only of refs git is asked."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

import numpy as np

from keyguard.errors import GitError
from keyguard.git.changes import Changed
from keyguard.git.command import Git
from keyguard.git.kin.arcs import Flags
from keyguard.git.kin.kinship import Kinship, Trees
from keyguard.git.kin.lineage import ReadLineage
from keyguard.git.odb.catalogue import ABSENT, Numbers
from keyguard.git.odb.links import MOST_ABSENT
from keyguard.git.past import Named, about
from keyguard.git.refs import Ref, refs

NOTHING: Mapping[bytes, bytes] = {}
NO_TREE = b""

# A few trees that name each other often enough make billions of paths, with or without changes. A second is enough
# for a million comparisons.
MOST_CHANGES, MOST_COMPARED = 300_000, 10_000_000
TOO_MANY = "its trees name each other so often that the places of its keys cannot be listed"

# Folders in each other below a name with a key. git, too, goes no deeper (core.maxTreeDepth).
DEEPEST = 2048

# Bytes of a path, and of all that are told of: folders in each other can be as many as there are objects.
LONGEST_PATH, MOST_OF_PATHS = 1 << 14, 64 << 20
TOO_LONG = "its folders lie so deep in each other that the places of its keys cannot be listed"


class ReadPast:
    """A past that was read.

    `tips` are the commits that refs and reflogs are at, `borders` those whose parents a shallow clone cuts off.
    """

    def __init__(self, git: Git, kinship: Kinship, tips: Collection[str], borders: Collection[str]) -> None:
        self._git = git
        self._kinship = kinship
        cut_off = kinship.catalogue.named(list(map(bytes.fromhex, borders)))
        self._commits = kinship.commits(cut_off)
        self._is_border: Flags = np.isin(self._commits.number, cut_off)
        self._reached = self._commits.parents.reached(self._commits.places(tips).values())
        self._looked_for: tuple[set[str], set[Named]] = set(), set()
        self._trees: Trees = {}
        self._compared = 0

    @cached_property
    def graph(self) -> ReadLineage:
        return ReadLineage(self._commits, self._reached)

    @cached_property
    def stray(self) -> ReadLineage:
        return ReadLineage(self._commits, ~self._reached)

    @cached_property
    def refs(self) -> list[Ref]:
        return refs(self._git, self._commits.places)

    def changes(self, blobs: set[str], named: set[Named], *, stray: bool = False) -> list[Changed]:
        if not (blobs <= self._looked_for[0] and named <= self._looked_for[1]):
            self._trees = _marked(self._kinship, blobs, named)
            self._looked_for = blobs, named
        steps = self._steps(self.stray if stray else self.graph)
        found: list[Changed] = []
        left = MOST_OF_PATHS
        self._compared = 0
        for change in (change for step in steps for change in self._between(*step)):
            found.append(change)
            left -= len(change.path)
            if len(found) == MOST_CHANGES or left < 0:
                raise GitError(TOO_MANY)
        return about(found, blobs, {name for name, _ in named})

    def held(self, questions: Sequence[tuple[str, str]]) -> list[str | None]:
        places = self._commits.places({commit for commit, _ in questions})
        trees = dict(zip(places, self._commits.trees(np.array([*places.values()], np.int64)), strict=True))
        return [self._held(trees.get(commit, NO_TREE), os.fsencode(path).split(b"/")) for commit, path in questions]

    def roots(self) -> Numbers:
        """The numbers of the trees that the commits of `graph` record."""
        return self._commits.tree[self._reached]

    def standing(self) -> Numbers:
        """The numbers of the commits of `graph` that need all that they name."""
        return self._commits.number[self._reached & ~self._is_border]

    def cutting(self) -> Numbers:
        """The numbers of the borders of which nothing but parents can be absent."""
        return self._commits.number[self._is_border & self._commits.whole]

    def _steps(self, lineage: ReadLineage) -> Iterator[tuple[str, bytes, bytes]]:
        """Every commit of `lineage` in which a marked tree may differ, once with each tree before, and with its own."""
        commits = self._commits
        marked = np.isin(commits.tree, self._kinship.catalogue.named(self._trees))
        # Where a tree is absent, nobody knows that its commit took anything.
        concerned = (marked | commits.parents.leading_to(marked)) & commits.whole & lineage.which
        places = lineage.in_order(np.flatnonzero(concerned))
        count, parents = commits.parents.of(places)
        before = iter(commits.trees(parents))
        for oid, tree, number in zip(commits.oids(places), commits.trees(places), count.tolist(), strict=True):
            yield from ((oid, other, tree) for other in list(islice(before, number)) or [NO_TREE])

    def _between(self, commit: str, before: bytes, after: bytes) -> Iterator[Changed]:
        """The changes from one tree, or nothing, to another."""
        waiting = [(before, after, b"")]
        while waiting:
            self._compared += 1
            if self._compared > MOST_COMPARED:
                raise GitError(TOO_MANY)
            before, after, folder = waiting.pop()
            if len(folder) > LONGEST_PATH:
                raise GitError(TOO_LONG)
            left, right = self._trees.get(before, NOTHING), self._trees.get(after, NOTHING)
            for name in left.keys() | right.keys() if left is not right else ():
                old, new = left.get(name, NO_TREE), right.get(name, NO_TREE)
                if old == new or (old in self._trees and not new and self._is_absent(after, name)):
                    # Of what is absent nobody knows that it took anything.
                    continue
                old_blob, new_blob = self._blob(old), self._blob(new)
                if old_blob or new_blob:
                    yield Changed(commit, os.fsdecode(folder + name), old_blob, new_blob)
                if old in self._trees or new in self._trees:
                    waiting.append((old, new, folder + name + b"/"))

    def _is_absent(self, tree: bytes, name: bytes) -> bool:
        """Whether a tree has an entry of this name for what is not stored."""
        if tree == NO_TREE:
            return False
        numbers = self._kinship.catalogue.named([tree])
        if numbers[0] not in self._with_gaps:
            return False
        named = self._kinship.trees(numbers).get(tree, NOTHING).get(name)
        return named is not None and self._kinship.catalogue.named([named])[0] == ABSENT

    @cached_property
    def _with_gaps(self) -> set[int]:
        """The numbers of what names something absent; none where that is too much to be told."""
        return set().union(*(self._kinship.absent(MOST_ABSENT) or {}).values())

    def _blob(self, oid: bytes) -> str | None:
        return oid.hex() if oid and oid not in self._trees else None

    def _held(self, tree: bytes, path: Sequence[bytes]) -> str | None:
        at: bytes | None = tree
        for name in path:
            at = self._trees.get(at or NO_TREE, NOTHING).get(name)
        return at.hex() if at else None


def _marked(kinship: Kinship, blobs: Collection[str], named: Collection[Named]) -> Trees:
    """The trees that lead to one of `blobs` or to an entry in `named`, and all trees below the latter.

    Of each the entries that lead there. Raises GitError where these lie too deep in each other.
    """
    keyed = {(bytes.fromhex(tree), os.fsencode(name)) for name, tree in named}
    wanted = _stored(kinship, {*map(bytes.fromhex, blobs), *(tree for tree, _ in keyed)})
    above = kinship.above(wanted)
    trees = kinship.trees(above, np.union1d(above, wanted))
    below: set[bytes] = set()
    whole: set[bytes] = set()
    for tree, entries in kinship.trees(_stored(kinship, {tree for tree, _ in keyed})).items():
        chosen = {name: oid for name, oid in entries.items() if (tree, name) in keyed}
        trees[tree] = {**trees.get(tree, NOTHING), **chosen}
        below |= set(chosen.values())
    for _ in range(DEEPEST):
        if not below:
            return trees
        more = kinship.trees(_stored(kinship, below))
        trees |= more
        # What led to another key was read before, but not whole.
        whole |= more.keys()
        below = {oid for entries in more.values() for oid in entries.values()} - whole
    raise GitError(TOO_LONG)


def _stored(kinship: Kinship, oids: Collection[bytes]) -> Numbers:
    """The numbers of those of the objects with these raw ids that are stored."""
    numbers = kinship.catalogue.named(oids)
    stored: Numbers = numbers[numbers != ABSENT]
    return stored
