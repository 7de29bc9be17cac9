"""The refs of a repository, asked of git, since they may be stored in several ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from keyguard.git.command import Git


class Ref(NamedTuple):
    """A ref: its whole name, the id it holds, and the id of what a tag there stands for in the end."""

    name: str
    oid: str
    peeled: str

    @property
    def remote(self) -> bool:
        """Whether it says what another repository has."""
        return self.name.startswith("refs/remotes/")


def ref_names(git: Git) -> list[tuple[str, str]]:
    """Name and id of every ref. Works where objects are missing. Raises GitError."""
    printed = git.run("for-each-ref", "--format=%(objectname) %(refname)")
    return [(name, oid) for oid, name in (line.split(" ", 1) for line in lines_of(printed))]


OWN = ("refs/worktree/", "refs/bisect/", "refs/rewritten/")
"""The refs that each worktree has for itself (gitrepository-layout(5), refs)."""


def own_ref_names(git: Git) -> list[tuple[str, str]]:
    """Name and id of the refs that only the worktree has that `git` is in. Raises GitError."""
    return [(name, oid) for name, oid in ref_names(git) if name.startswith(OWN)]


def refs(git: Git, told: Callable[[set[str]], Mapping[str, str]] = lambda _: {}) -> list[Ref]:
    """Every ref, with the object that it stands for. Raises GitError.

    `told` gives what some objects stand for, as far as that is known. Of the others git is asked.
    """
    named = ref_names(git)
    held = {oid for _, oid in named}
    known = told(held)
    others = sorted(held - known.keys())
    asked = checked(git, [f"{oid}^{{}}" for oid in others])
    ends = {**known, **{oid: end for oid, end in zip(others, asked, strict=True) if end}}
    return [Ref(name, oid, ends.get(oid, oid)) for name, oid in named]


def heads(git: Git) -> dict[str, str]:
    """The commits that HEAD is at, by worktree, the repository's own first. Raises GitError."""
    found: dict[str, str] = {}
    worktree = ""
    for line in lines_of(git.run("worktree", "list", "--porcelain")):
        word, _, value = line.partition(" ")
        if word == "worktree":
            worktree = value
        elif word == "HEAD" and value.strip("0"):
            found[worktree] = value
    return found


def checked(git: Git, names: Iterable[str]) -> list[str | None]:
    """The id of each of the objects that `names` name in any way, None for what is not there.

    A name must not hold a line end. Raises GitError.
    """
    given = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    if not given:
        return []
    printed = git.run("cat-file", "--batch-check=%(objectname)", "--buffer", given=given)
    # What is missing is told as `<name> missing`; a name may hold a space itself.
    return [None if " " in line else line for line in lines_of(printed)]


def lines_of(printed: bytes) -> list[str]:
    """The lines that git printed. A name in them may hold what Unicode takes for the end of a line."""
    return printed.decode("utf-8", "surrogateescape").split("\n")[:-1]
