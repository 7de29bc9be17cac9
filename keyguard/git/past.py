"""What a repository's commits changed, and what they hold: as git tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from keyguard.git.changes import Changed, changes
from keyguard.git.command import Git
from keyguard.git.graph import EVERYTHING, Graph, read_graph, unreachable_commits
from keyguard.git.refs import Ref, checked, refs

# A name, and the id of the tree that has an entry of it.
Named = tuple[str, str]


class Lineage(Protocol):
    """Commits and what they stand on, children before parents and otherwise the newest first.

    It is told only of the commits that it is asked for, where these are among its own.
    """

    def __len__(self) -> int:
        """How many commits these are."""
        ...

    def parents_of(self, commits: Collection[str]) -> dict[str, tuple[str, ...]]:
        """The parents of each of `commits`."""
        ...

    def ages(self, commits: Collection[str]) -> dict[str, int]:
        """How many commits come before each of `commits`."""
        ...

    def reaching(self, own: Mapping[str, int], ends: Collection[str]) -> dict[str, int]:
        """For each of `ends` the bits of `own` that it, or a commit that it stands on, has.

        Those without any are left out. One pass for any number of bits.
        """
        ...

    def beneath(self, tips: Collection[str], among: Collection[str]) -> set[str]:
        """Those of `among` that are `tips`, or that these stand on."""
        ...


class Past(Protocol):
    """What commits changed."""

    @property
    def graph(self) -> Lineage:
        """The commits that refs and reflogs lead to."""
        ...

    @property
    def stray(self) -> Lineage:
        """The commits that are stored and not in `graph`."""
        ...

    @property
    def refs(self) -> list[Ref]:
        """Every ref, with the object that it stands for."""
        ...

    def changes(self, blobs: set[str], named: set[Named], *, stray: bool = False) -> list[Changed]:
        """All changes that bring or take one of `blobs`, or a path with one of the names `named` in it.

        Those of the commits of `graph`, or else of `stray`, in their order; of a merge against each of its parents.
        """
        ...

    def paths(self, blobs: set[str], *, stray: bool = False) -> dict[str, list[str]]:
        """The paths, in order, that each of `blobs` has in a commit of `graph`; those without any are left out.

        Or else in one of `stray`, of blobs that are in none of `graph`.
        """
        ...

    def held(self, questions: Sequence[tuple[str, str]]) -> list[str | None]:
        """The blob that a commit of `graph` holds at a path; None where it holds none or none that was asked for."""
        ...


class AskedPast:
    """A past that is asked of git. Everything here raises GitError where git cannot say."""

    def __init__(self, git: Git, jobs: int) -> None:
        self._git = git
        self._jobs = jobs
        self.graph = read_graph(git, *EVERYTHING)
        self.refs = refs(git)

    @cached_property
    def stray(self) -> Graph:
        return unreachable_commits(self._git, self.graph)

    def changes(self, blobs: set[str], named: set[Named], *, stray: bool = False) -> list[Changed]:
        commits = list((self.stray if stray else self.graph).parents)
        # A name can be part of any path: all changes are looked through.
        wanted = None if named else blobs
        found = changes(self._git, commits, wanted, self._jobs, merges=True)
        # That a file becomes executable changes nothing of what stands where.
        moved = (change for change in found if change.before != change.after)
        return about(moved, blobs, {name for name, _ in named})

    def paths(self, blobs: set[str], *, stray: bool = False) -> dict[str, list[str]]:
        # A blob is in no commit but by a change.
        found: dict[str, set[str]] = defaultdict(set)
        for change in self.changes(blobs, set(), stray=stray):
            if change.after in blobs:
                found[change.after].add(change.path)
        return {blob: sorted(paths) for blob, paths in found.items()}

    def held(self, questions: Sequence[tuple[str, str]]) -> list[str | None]:
        return checked(self._git, [f"{commit}:{path}" for commit, path in questions])


def about(found: Iterable[Changed], blobs: set[str], names: set[str]) -> list[Changed]:
    """Those of the changes that are about one of `blobs` or have one of `names` in their path."""
    return [c for c in found if c.before in blobs or c.after in blobs or not names.isdisjoint(c.path.split("/"))]
