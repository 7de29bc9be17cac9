"""What a range of commits brings: everything that its heads reach and its bases do not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from keyguard.git.changes import Changed, changes
from keyguard.git.command import Git


@dataclass(slots=True)
class Brought:
    """What a range brings, in git's order.

    `boundary` are the commits just outside that the range stands on. `objects` are trees, blobs and tags, each
    with the first path that git met it under. `missing` should be here and are not.
    """

    commits: list[str] = field(default_factory=list)
    boundary: list[str] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def brought(git: Git, heads: Iterable[str], bases: Iterable[str]) -> Brought:
    """Walk from the heads to the bases.

    Left out is what the boundary's trees hold. What only an older commit of the bases held counts as brought.

    Raises GitError where the walk breaks off.
    """
    found = Brought()
    arguments = ("rev-list", "--objects", "--boundary", "--missing=print", "--stdin")
    for line in git.run(*arguments, given=_revisions(heads, bases)).split(b"\n"):
        name, space, path = line.partition(b" ")
        oid = name.decode("ascii")
        if space:
            found.objects[oid] = path
        elif oid.startswith("-"):
            found.boundary.append(oid[1:])
        elif oid.startswith("?"):
            found.missing.append(oid[1:])
        elif oid:
            found.commits.append(oid)
    return found


def number_of_commits(git: Git, heads: Iterable[str], bases: Iterable[str]) -> int:
    return int(git.run("rev-list", "--count", "--stdin", given=_revisions(heads, bases)))


def _revisions(heads: Iterable[str], bases: Iterable[str]) -> bytes:
    return "".join([*(f"{oid}\n" for oid in heads), *(f"^{oid}\n" for oid in bases)]).encode("ascii")


def shallow_ends(git: Git) -> set[str]:
    """The commits whose parents a shallow clone has left out."""
    path = os.path.join(git.where, os.fsdecode(git.run("rev-parse", "--git-path", "shallow").rstrip(b"\n")))
    try:
        with open(path, encoding="ascii") as file:
            return set(file.read().split())
    except FileNotFoundError:
        return set()


def bringers(git: Git, commits: Sequence[str], oids: Iterable[str]) -> Iterator[Changed]:
    """Where which of the commits put each of the objects. A merge counts for what no other commit brought."""
    left = set(oids)
    for merges in (False, True):
        asked = frozenset(left)
        for change in changes(git, commits, asked, merges=merges):
            if change.after in asked:
                left.discard(change.after)
                yield change


def adders(git: Git, commits: Sequence[str], path: str) -> list[str]:
    """The commits that added something at or below a path."""
    for merges in (False, True):
        found = [
            change.commit
            for change in changes(git, commits, None, merges=merges)
            if change.before is None and (change.path == path or change.path.startswith(f"{path}/"))
        ]
        if found:
            return list(dict.fromkeys(found))
    return []


@dataclass(frozen=True, slots=True)
class Entry:
    """A blob in a commit's tree, by its path from the top."""

    oid: str
    path: bytes


def tree(git: Git, commit: str) -> list[Entry]:
    """The blobs of a commit's tree, submodules left out."""
    raw = git.run("ls-tree", "-r", "-z", "--full-tree", commit)
    entries = []
    for line in filter(None, raw.split(b"\0")):
        head, _, path = line.partition(b"\t")
        _, kind, oid = head.split()
        if kind == b"blob":
            entries.append(Entry(oid.decode("ascii"), path))
    return entries
