"""What a repository's names stand for: refs, heads of all worktrees, stashes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keyguard.git.command import Git
from keyguard.git.odb.store import Store, find_store

STASH = "refs/stash"
NOTES = "refs/notes/"


@dataclass(frozen=True, slots=True)
class Worktree:
    """A checkout. `git_dir` holds its HEAD and its index, `path` its files; None for a bare repository.

    `branch` is what HEAD names, `head` the commit it is at; a branch may not be born yet.
    """

    git_dir: Path
    path: Path | None
    branch: str | None
    head: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All names of a repository at one moment. `symbolic` are refs that name others."""

    store: Store
    refs: dict[str, str]
    symbolic: dict[str, str]
    worktrees: tuple[Worktree, ...]
    stash: tuple[bytes, ...]

    @property
    def git(self) -> Git:
        """git in the repository itself, of no worktree."""
        return Git(self.store.common_dir)

    def stashes(self) -> list[str]:
        """The commits of the stash, the oldest first."""
        return [line.split(b" ", 2)[1].decode() for line in self.stash]

    def roots(self, *, notes: bool = False) -> list[str]:
        """The objects that names lead to: those of notes, or all others."""
        found = [oid for name, oid in self.refs.items() if name.startswith(NOTES) == notes]
        if not notes:
            found += (tree.head for tree in self.worktrees if tree.head)
            found += self.stashes()
        return list(dict.fromkeys(found))


def snapshot(git: Git) -> Snapshot:
    """The names of the repository that `git` is in. Raises GitError."""
    store = find_store(git)
    inside = Git(store.common_dir)
    refs, symbolic = _refs(inside)
    log = store.common_dir / "logs" / "refs" / "stash"
    lines = tuple(log.read_bytes().splitlines(keepends=True)) if log.is_file() else ()
    return Snapshot(store, refs, symbolic, tuple(_worktrees(inside, store)), lines)


def _refs(git: Git) -> tuple[dict[str, str], dict[str, str]]:
    refs, symbolic = {}, {}
    printed = git.run("for-each-ref", "--format=%(objectname) %(refname)%00%(symref)")
    for line in printed.decode("utf-8", "surrogateescape").splitlines():
        named, _, target = line.partition("\0")
        oid, _, name = named.partition(" ")
        if target:
            symbolic[name] = target
        else:
            refs[name] = oid
    return refs, symbolic


def _worktrees(git: Git, store: Store) -> Iterator[Worktree]:
    printed = git.run("worktree", "list", "--porcelain", "-z").decode("utf-8", "surrogateescape")
    linked = {_checkout(folder): folder for folder in _linked(store.common_dir)}
    for number, record in enumerate(filter(None, printed.split("\0\0"))):
        said = dict(line.partition(" ")[::2] for line in record.split("\0") if line)
        path = Path(said["worktree"])
        git_dir = store.common_dir if number == 0 else linked.get(os.path.realpath(path))
        if git_dir is None:
            continue
        head = said.get("HEAD", "")
        yield Worktree(
            git_dir,
            None if "bare" in said or not path.is_dir() else path,
            said.get("branch") or _branch(git_dir),
            head if head.strip("0") else None,
        )


def _linked(common_dir: Path) -> list[Path]:
    folder = common_dir / "worktrees"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _checkout(git_dir: Path) -> str:
    """The folder of a linked worktree (gitrepository-layout(5), worktrees/<id>/gitdir)."""
    try:
        return os.path.realpath(os.path.dirname((git_dir / "gitdir").read_text().strip()))
    except OSError:
        return ""


def _branch(git_dir: Path) -> str | None:
    """What a HEAD names; None for a detached one."""
    try:
        text = (git_dir / "HEAD").read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    return text.removeprefix("ref: ") if text.startswith("ref: ") else None
