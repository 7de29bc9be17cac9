"""What a repository's commits changed, and what they hold: as read from its objects. Only of refs git is asked."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property, partial

import numpy as np

from keyguard.errors import GitError
from keyguard.git.changes import Changed
from keyguard.git.command import Git
from keyguard.git.kin.arcs import Flags, distinct
from keyguard.git.kin.differences import Differences
from keyguard.git.kin.folders import TOO_LONG, paths
from keyguard.git.kin.kinship import Kinship
from keyguard.git.kin.lineage import ReadLineage
from keyguard.git.kin.ways import Ways
from keyguard.git.odb.catalogue import ABSENT, Numbers
from keyguard.git.odb.links import MOST_ABSENT
from keyguard.git.past import Named, Past, about
from keyguard.git.refs import Ref, refs

# Folders in each other below a name with a key. git, too, goes no deeper (core.maxTreeDepth).
DEEPEST = 2048


class ReadPast:
    """A past that was read.

    `tips` are the commits that refs and reflogs are at, `borders` those whose parents a shallow clone cuts off. Where
    too much leads to what is looked for, it is `asked` of git.
    """

    def __init__(
        self, git: Git, kinship: Kinship, tips: Collection[str], borders: Collection[str], asked: Callable[[], Past]
    ) -> None:
        self._git = git
        self._ask = asked
        self._kinship = kinship
        cut_off = kinship.catalogue.named(list(map(bytes.fromhex, borders)))
        self._commits = kinship.commits(cut_off)
        self._is_border: Flags = np.isin(self._commits.number, cut_off)
        self._reached = self._commits.parents.reached(self._commits.places(tips).values())
        self._looked_for: tuple[set[str], set[Named]] = set(), set()
        self._ways: Ways | None = Ways(kinship.catalogue)

    @cached_property
    def _asked(self) -> Past:
        return self._ask()

    @cached_property
    def graph(self) -> ReadLineage:
        return ReadLineage(self._commits, self._reached)

    @cached_property
    def stray(self) -> ReadLineage:
        return ReadLineage(self._commits, ~self._reached)

    @cached_property
    def refs(self) -> list[Ref]:
        return refs(self._git, self._stood_for)

    def _stood_for(self, oids: Collection[str]) -> dict[str, str]:
        """What some objects stand for: a commit for itself, a tag for what it names in the end.

        Not those of other kinds, and no tags of what is not stored.
        """
        known = self._kinship.catalogue
        found = {oid: oid for oid in self._commits.places(oids)}
        others = [oid for oid in oids if oid not in found]
        ends = known.ids(self._kinship.peeled(known.named(list(map(bytes.fromhex, others)))))
        return found | {oid: end.hex() for oid, end in zip(others, ends, strict=True) if end}

    def changes(self, blobs: set[str], named: set[Named], *, stray: bool = False) -> list[Changed]:
        ways = self._ways_to(blobs, named)
        if ways is None:
            return self._asked.changes(blobs, named, stray=stray)
        found = self._changed(ways, self.stray if stray else self.graph)
        return about(found, blobs, {name for name, _ in named})

    def paths(self, blobs: set[str], *, stray: bool = False) -> dict[str, list[str]]:
        ways = self._ways_to(blobs, set())
        if ways is None:
            return self._asked.paths(blobs, stray=stray)
        roots = self._commits.tree[(self.stray if stray else self.graph).which]
        numbers = self._kinship.catalogue.named(list(map(bytes.fromhex, blobs)))
        found: dict[str, list[str]] = defaultdict(list)
        for number, path in sorted(paths(ways, roots[ways.is_tree(roots)], numbers[numbers != ABSENT])):
            found[self._kinship.catalogue.oid(number)].append(os.fsdecode(path))
        return found

    def held(self, questions: Sequence[tuple[str, str]]) -> list[str | None]:
        ways = self._ways
        if ways is None:
            return self._asked.held(questions)
        places = self._commits.places({commit for commit, _ in questions})
        number = np.full(len(questions), ABSENT)
        known = np.array([at for at, (commit, _) in enumerate(questions) if commit in places], np.int64)
        number[known] = self._trees(np.array([places[questions[at][0]] for at in known.tolist()], np.int64))
        paths = [os.fsencode(path).split(b"/") for _, path in questions]
        depth, left = 0, np.arange(len(questions))
        while len(left):
            names = ways.places([paths[at][depth] for at in left.tolist()])
            number[left] = ways.children(number[left], names)
            depth += 1
            left = np.array([at for at in left.tolist() if len(paths[at]) > depth], np.int64)
        return [oid.hex() or None for oid in ways.oids(number)]

    def roots(self) -> Numbers:
        """The numbers of the trees that the commits of `graph` record."""
        return self._commits.tree[self._reached]

    def standing(self) -> Numbers:
        """The numbers of the commits of `graph` that need all that they name."""
        return self._commits.number[self._reached & ~self._is_border]

    def cutting(self) -> Numbers:
        """The numbers of the borders of which nothing but parents can be absent."""
        return self._commits.number[self._is_border & self._commits.whole]

    def _ways_to(self, blobs: set[str], named: set[Named]) -> Ways | None:
        if not (blobs <= self._looked_for[0] and named <= self._looked_for[1]):
            self._ways = _leading(self._kinship, blobs, named)
            self._looked_for = blobs, named
        return self._ways

    def _changed(self, ways: Ways, lineage: ReadLineage) -> Iterator[Changed]:
        """What differs between each commit of `lineage` and each of its parents, in their order."""
        commits = self._commits
        marked = ways.is_tree(commits.tree)
        # Where a tree is absent, nobody knows that its commit took anything.
        concerned = (marked | commits.parents.leading_to(marked)) & commits.whole & lineage.which
        places = lineage.in_order(np.flatnonzero(concerned))
        count, parents = commits.parents.of(places)
        # What has no parent is compared with nothing.
        which = np.repeat(np.arange(len(places)), np.maximum(count, 1))
        before = np.full(len(which), ABSENT)
        before[count[which] > 0] = self._trees(parents)
        oids = commits.oids(places)
        differences = Differences(ways, partial(self._is_hidden, ways))
        found = list(differences.between(before, self._trees(places)[which]))
        old = ways.oids(np.array([difference.before for difference in found], np.int64))
        new = ways.oids(np.array([difference.after for difference in found], np.int64))
        for difference, before_it, after_it in zip(found, old, new, strict=True):
            commit, path = oids[which[difference.pair]], os.fsdecode(difference.path)
            yield Changed(commit, path, before_it.hex() or None, after_it.hex() or None)

    def _trees(self, places: Numbers) -> Numbers:
        """The tree of each of some commits, ABSENT where that is not stored."""
        return np.maximum(self._commits.tree[places], ABSENT)

    def _is_hidden(self, ways: Ways, trees: Numbers, names: Numbers) -> Flags:
        """Whether each of some trees has an entry of the name beside it, a place in `ways`, for what is not stored."""
        hidden = ways.is_stored(trees)
        hidden[hidden] = self._with_gaps[trees[hidden]]
        if hidden.any():
            whole = Ways(self._kinship.catalogue)
            self._kinship.read(trees[hidden], whole)
            every = ways.names()
            children = whole.children(trees[hidden], whole.places([every[name] for name in names[hidden].tolist()]))
            hidden[hidden] = (children != ABSENT) & ~whole.is_stored(children)
        return hidden

    @cached_property
    def _with_gaps(self) -> Flags:
        """By number, what names something absent; nothing where that is too much to be told."""
        flags: Flags = np.zeros(len(self._kinship.catalogue), np.bool_)
        for holders in (self._kinship.absent(MOST_ABSENT) or {}).values():
            flags[list(holders)] = True
        return flags


def _leading(kinship: Kinship, blobs: Collection[str], named: Collection[Named]) -> Ways | None:
    """The ways to `blobs` and to the entries in `named`, and all that is below the latter.

    None where they are too many. Raises GitError where folders lie too deep in each other.
    """
    catalogue = kinship.catalogue
    trees = catalogue.named([bytes.fromhex(tree) for _, tree in named])
    wanted = distinct(np.concatenate([catalogue.named(list(map(bytes.fromhex, blobs))), trees]))
    wanted = wanted[wanted != ABSENT]
    ways = kinship.ways_to(wanted)
    if ways is None:
        return None
    below = _add_named(ways, kinship, trees, [os.fsencode(name) for name, _ in named])
    known: Flags = np.zeros(len(catalogue), np.bool_)
    for _ in range(DEEPEST):
        below = distinct(below[ways.is_stored(below)])
        below = below[~known[below]]
        if not len(below):
            return ways
        known[below] = True
        below = kinship.read(below, ways)
    raise GitError(TOO_LONG)


def _add_named(ways: Ways, kinship: Kinship, trees: Numbers, names: Sequence[bytes]) -> Numbers:
    """Add the entry of each of some trees that has the name beside it; gives what these entries name."""
    whole = Ways(kinship.catalogue)
    kinship.read(trees[trees != ABSENT], whole)
    children = whole.children(trees, whole.places(names))
    there = children != ABSENT
    named = ways.numbered(whole.oids(children[there]))
    ways.add(trees[there], ways.places(names)[there], named)
    return named
