"""Which commits a scrub changes: those that hold a key, and all that stand on them. No other keeps its id for less."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from keyguard.git.changes import changes
from keyguard.git.command import Git
from keyguard.git.graph import Graph


@dataclass(frozen=True, slots=True)
class Scope:
    """`commits` are to be rewritten, parents before children; `roots` are those that stand on none of them.

    `border` are the commits that these stand on and that stay as they are; `tips` those that names lead to.
    """

    commits: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    border: tuple[str, ...] = ()
    tips: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.commits)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a commit is rewritten for: objects in its tree, parts of its paths, its own text, notes by their paths."""

    blobs: Collection[str]
    names: Collection[str]
    texts: Collection[str]
    noted: Mapping[str, str]

    @property
    def by_path(self) -> bool:
        return bool(self.names or self.noted)

    def takes(self, path: str, after: str | None) -> bool:
        if after in self.blobs:
            return True
        if self.names and not set(self.names).isdisjoint(path.split("/")):
            return True
        return bool(self.noted) and path.replace("/", "") in self.noted


def scope(git: Git, tips: Collection[str], wanted: Wanted, jobs: int) -> Scope:
    """The commits to rewrite among those that `tips`, which are commits, lead to. Raises GitError."""
    if not tips:
        return Scope()
    graph = _graph(git, tips)
    every = None if wanted.by_path else set(wanted.blobs)
    found = changes(git, list(graph.parents), every, jobs, merges=True)
    starts = {change.commit for change in found if change.after and wanted.takes(change.path, change.after)}
    starts |= {commit for commit in wanted.texts if commit in graph}
    changed = graph.reached(dict.fromkeys(starts, 1))
    return Scope(
        commits=tuple(changed),
        roots=tuple(commit for commit in changed if not any(parent in changed for parent in graph.parents[commit])),
        border=tuple(
            dict.fromkeys(parent for commit in changed for parent in graph.parents[commit] if parent not in changed)
        ),
        tips=tuple(tip for tip in tips if tip in changed),
    )


def sharing(git: Git, tips: Collection[str], others: Collection[str]) -> set[str]:
    """Those of the `tips` that have a part of their history in common with `others`. Raises GitError."""
    if not tips:
        return set()
    graph = _graph(git, tips)
    common = graph.reached(dict.fromkeys(_graph(git, others).parents, 1))
    return {tip for tip in tips if tip in common}


def _graph(git: Git, tips: Collection[str]) -> Graph:
    given = "".join(f"{tip}\n" for tip in tips).encode()
    printed = git.run("rev-list", "--date-order", "--parents", "--stdin", given=given).decode()
    lines = (line.split() for line in printed.splitlines())
    return Graph({commit: tuple(parents) for commit, *parents in lines})
