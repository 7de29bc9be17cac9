"""What the tracked files of a checkout hold that is in no commit, so that writing them would lose it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from keyguard.git.command import Git
from keyguard.git.own import OwnGit
from keyguard.git.refs import checked

AT_ONCE = 500
"""Paths on one command line."""

SHOWN = ("--no-assume-unchanged", "--no-skip-worktree")

_DIFF = (
    "-c", "diff.autoRefreshIndex=true", "diff", "--name-only", "-z", "--no-relative", "--no-ext-diff", "--no-renames",
    "--ignore-submodules=all",
)  # fmt: skip


def hidden(path: Path) -> list[str]:
    """The files that git is told to take for unchanged (git-update-index(1)) and that are changed.

    What is not there, as in a sparse checkout, is none of them.
    """
    git = OwnGit(path)
    flagged = dict(_flagged(git))
    there = [name for name in flagged if os.path.lexists(path / name)]
    known = dict(zip(there, _identities(git, path, there), strict=True))
    return [name for name in there if flagged[name] not in known[name]]


def show(path: Path) -> None:
    """Have git look at those files again."""
    git = OwnGit(path)
    for name in hidden(path):
        # Of two such options git heeds one.
        for option in SHOWN:
            git.run("update-index", option, "--", name)


def own(path: Path, commits: Iterable[str]) -> list[str]:
    """The files that hold neither what one of `commits` has in their place, nor the beginning of it.

    A beginning is what git leaves that is killed while it writes.
    """
    git = OwnGit(path)
    trees = [tree for tree in checked(git, [f"{oid}^{{tree}}" for oid in commits]) if tree]
    differing = [set(_names(git.run(*_DIFF, tree, "--"))) for tree in dict.fromkeys(trees)]
    suspects = sorted({*(set.intersection(*differing) if differing else ()), *hidden(path)})
    return [
        name
        for name in suspects
        if os.path.lexists(path / name) and not any(_came_from(git, path, name, tree) for tree in trees)
    ]


def _flagged(git: Git) -> Iterator[tuple[str, str]]:
    """Name and id of the index's entries that are assumed to be unchanged, or left out of the checkout."""
    for line in _names(git.run("ls-files", "-v", "--stage", "-z")):
        said, _, name = line.partition("\t")
        flag, _, oid, _ = said.split(" ")
        if flag.islower() or flag == "S":
            yield name, oid


def _names(printed: bytes) -> list[str]:
    return [os.fsdecode(name) for name in printed.split(b"\0") if name]


def _came_from(git: Git, path: Path, name: str, tree: str) -> bool:
    (oid,) = checked(git, [f"{tree}:{name}"]) if "\n" not in name else [None]
    if oid is None:
        return False
    (found,) = _identities(git, path, [name])
    return oid in found or _begins(git, path / name, name, oid)


def _begins(git: Git, file: Path, name: str, oid: str) -> bool:
    """Whether a file holds the beginning of a blob, as it is stored or as it is checked out."""
    if file.is_symlink() or not file.is_file():
        return False
    held = file.read_bytes()
    forms = (("cat-file", "blob", oid), ("cat-file", "--filters", f"--path={name}", oid))
    return any(git.attempt(*form)[1].startswith(held) for form in forms)


def _identities(git: Git, path: Path, names: list[str]) -> Iterator[tuple[str, ...]]:
    """The ids that the content of each file has as it is, and as git would store it."""
    for start in range(0, len(names), AT_ONCE):
        yield from _some(git, path, names[start : start + AT_ONCE])


def _some(git: Git, path: Path, names: list[str]) -> Iterator[tuple[str, ...]]:
    files = [name for name in names if (path / name).is_file() and not (path / name).is_symlink()]
    ids = zip(_hashed(git, files, "--no-filters"), _hashed(git, files), strict=True)
    found: dict[str, tuple[str, ...]] = dict(zip(files, ids, strict=True))
    for name in names:
        target = os.readlink(path / name) if (path / name).is_symlink() else None
        yield found.get(name, ()) if target is None else (_link(git, target),)


def _hashed(git: Git, files: list[str], *options: str) -> list[str]:
    return git.run("hash-object", *options, "--", *files).decode().split() if files else []


def _link(git: Git, target: str) -> str:
    return git.run("hash-object", "--stdin", "--no-filters", given=os.fsencode(target)).decode().strip()
