"""The commits of a repository and what stands on what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from keyguard.errors import GitError
from keyguard.git.command import Git
from keyguard.model import Commit

EVERYTHING = ("--all", "--reflog")


@dataclass(frozen=True)
class Graph:
    """Commits with their parents, children before parents and otherwise the newest first."""

    parents: dict[str, tuple[str, ...]]

    def __contains__(self, commit: str) -> bool:
        return commit in self.parents

    def merges(self) -> list[str]:
        return [commit for commit, parents in self.parents.items() if len(parents) > 1]

    def reached(self, own: Mapping[str, int]) -> dict[str, int]:
        """For each commit the bits of `own` that it, or a commit that it stands on, has.

        Commits without any are left out. One pass for any number of bits.
        """
        masks: dict[str, int] = {}
        for commit in reversed(self.parents):
            mask = own.get(commit, 0)
            for parent in self.parents[commit]:
                mask |= masks.get(parent, 0)
            if mask:
                masks[commit] = mask
        return masks

    def __len__(self) -> int:
        return len(self.parents)

    def parents_of(self, commits: Iterable[str]) -> dict[str, tuple[str, ...]]:
        return {commit: self.parents[commit] for commit in commits if commit in self}

    def ages(self, commits: Iterable[str]) -> dict[str, int]:
        return {commit: self._ages[commit] for commit in commits if commit in self}

    def reaching(self, own: Mapping[str, int], ends: Iterable[str]) -> dict[str, int]:
        masks = self.reached(own)
        return {end: masks[end] for end in ends if end in masks}

    def beneath(self, tips: Iterable[str], among: Iterable[str]) -> set[str]:
        known: set[str] = set()
        waiting = [tip for tip in tips if tip in self]
        while waiting:
            commit = waiting.pop()
            if commit not in known:
                known.add(commit)
                waiting += (parent for parent in self.parents[commit] if parent in self)
        return known.intersection(among)

    @cached_property
    def _ages(self) -> dict[str, int]:
        return {commit: age for age, commit in enumerate(self.parents)}


def read_graph(git: Git, *which: str) -> Graph:
    """The commits that `which` (revisions and options of git-rev-list) leads to. Raises GitError."""
    return Graph(_parsed(git.run("rev-list", "--date-order", "--parents", *which)))


def unreachable_commits(git: Git, graph: Graph) -> Graph:
    """The stored commits that are not in `graph`, the newest first.

    Raises GitError.
    """
    listed = git.run("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objecttype) %(objectname)")
    commits = [line[7:] for line in listed.decode().splitlines() if line.startswith("commit ")]
    given = "".join(f"{commit}\n" for commit in commits if commit not in graph)
    if not given:
        return Graph({})
    # Each by itself: what one stands on may be missing.
    printed = git.run("rev-list", "--no-walk", "--parents", "--ignore-missing", "--stdin", given=given.encode())
    return Graph(_parsed(printed))


def _parsed(printed: bytes) -> dict[str, tuple[str, ...]]:
    lines = (line.split() for line in printed.decode().splitlines())
    return {commit: tuple(parents) for commit, *parents in lines}


FORMAT = "--format=%H%x00%an%x00%ae%x00%aI%x00"


def details(git: Git, commits: Sequence[str]) -> dict[str, Commit]:
    """Author and date of each of `commits`. Raises GitError."""
    if not commits:
        return {}
    printed = git.run(
        "log", "--no-walk=unsorted", "--encoding=UTF-8", "--no-show-signature", "--no-notes", "--no-mailmap",
        "--no-patch", FORMAT, "--stdin", given="".join(f"{commit}\n" for commit in commits).encode(),
    ).decode("utf-8", "replace")  # fmt: skip
    return {commit.oid: commit for commit in _commits(printed)}


def _commits(printed: str) -> Iterator[Commit]:
    fields = printed.split("\0")
    if len(fields) % 4 != 1:
        raise GitError("git log gave another list of commits than it was asked for")
    for at in range(0, len(fields) - 1, 4):
        yield Commit(fields[at].strip(), *fields[at + 1 : at + 4])
