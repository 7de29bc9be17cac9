"""What a range of commits brings: everything that its heads reach and its bases do not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from keyguard.git.command import Git

ASKED_AT_ONCE = 200
"""How many objects one `diff-tree` looks for: each stands on its command line."""


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


def bringers(git: Git, commits: Sequence[str], oids: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
    """Which of the commits put each object where: (object, commit, path).

    A merge counts for what no other commit brought.
    """
    left = set(oids)
    for options in ((), ("-m",)):
        asked = sorted(left)
        for begin in range(0, len(asked), ASKED_AT_ONCE):
            looked_for = [f"--find-object={oid}" for oid in asked[begin : begin + ASKED_AT_ONCE]]
            for commit, oid, path in _changes(git, commits, *options, *looked_for):
                if oid in asked:
                    left.discard(oid)
                    yield oid, commit, path


def adders(git: Git, commits: Sequence[str], path: bytes) -> Iterator[str]:
    """The commits that added something at or below a path."""
    for options in ((), ("-m",)):
        found = [commit for commit, _, _ in _changes(git, commits, *options, "--diff-filter=A", "--", path)]
        yield from found
        if found:
            return


def _changes(git: Git, commits: Sequence[str], *options: str | bytes) -> Iterator[tuple[str, str, bytes]]:
    """(commit, the new object's id, path) for each change that `diff-tree` shows."""
    arguments = (
        "diff-tree", "--stdin", "-r", "--root", "--raw", "-z", "--no-abbrev", "--no-renames",
        "--no-ext-diff", "--no-textconv", "--ignore-submodules=none",
    )  # fmt: skip
    raw = git.run(*arguments, *options, given="".join(f"{oid}\n" for oid in commits).encode("ascii"))
    fields = iter(raw.split(b"\0"))
    commit = ""
    for entry in fields:
        if entry.startswith(b":"):
            yield commit, entry.split()[3].decode("ascii"), next(fields)
        elif entry:
            commit = entry.decode("ascii")


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


def names(data: bytes, width: int) -> Iterator[bytes]:
    """The names in a tree object. `width` is the length of its ids, in bytes."""
    place = 0
    while place < len(data):
        end = data.index(b"\0", place)
        yield data[data.index(b" ", place) + 1 : end]
        place = end + 1 + width
