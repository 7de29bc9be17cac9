"""What a repository's names stand for: refs, heads of all worktrees, stashes."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from keyguard.git.command import Git
from keyguard.git.odb.store import Store, find_store
from keyguard.git.refs import lines_of, own_ref_names

STASH = "refs/stash"
NOTES = "refs/notes/"

_PSEUDO_REF = re.compile("[A-Z][A-Z0-9_]*")
_ID_LINE = re.compile(rb"^([0-9a-f]{40}|[0-9a-f]{64})(?=\s|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Worktree:
    """A checkout. `git_dir` holds its HEAD and its index, `path` its files; None for a bare repository.

    `branch` is what HEAD names, `head` the commit it is at; a branch may not be born yet. `refs` are those that no
    other worktree sees, of a linked one; `pseudo` are files such as ORIG_HEAD, with the objects that they name.
    """

    git_dir: Path
    path: Path | None
    branch: str | None
    head: str | None
    refs: Mapping[str, str]
    pseudo: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All names of a repository at one moment. `symbolic` are refs that name others, also such as are not there.

    `around` are the checkouts that it is a submodule in, the innermost first.
    """

    store: Store
    refs: dict[str, str]
    symbolic: dict[str, str]
    worktrees: tuple[Worktree, ...]
    stash: tuple[bytes, ...]
    around: tuple[Path, ...]

    @property
    def git(self) -> Git:
        """git in the repository itself, of no worktree."""
        return Git(self.store.common_dir)

    def all_refs(self) -> dict[str, str]:
        """All refs, those of linked worktrees as `worktrees/<id>/<name>`."""
        return together(self.refs, {tree.git_dir.name: tree.refs for tree in self.worktrees})

    def stashes(self) -> list[str]:
        """The commits of the stash, the oldest first."""
        return [line.split(b" ", 2)[1].decode() for line in self.stash]

    def roots(self, *, notes: bool = False) -> list[str]:
        """The objects that names lead to: those of notes, or all others."""
        found = [oid for name, oid in self.refs.items() if name.startswith(NOTES) == notes]
        if not notes:
            found += (tree.head for tree in self.worktrees if tree.head)
            found += (oid for tree in self.worktrees for oid in tree.refs.values())
            found += self.stashes()
        return list(dict.fromkeys(found))


def snapshot(git: Git) -> Snapshot:
    """The names of the repository that `git` is in. Raises GitError."""
    store = find_store(git)
    inside = Git(store.common_dir)
    refs, symbolic = _refs(inside)
    symbolic |= _dangling(store.common_dir, {*refs, *symbolic})
    log = store.common_dir / "logs" / "refs" / "stash"
    lines = tuple(log.read_bytes().splitlines(keepends=True)) if log.is_file() else ()
    trees = tuple(_worktrees(git, inside, store))
    return Snapshot(store, refs, symbolic, trees, lines, tuple(_superprojects(store, trees[0].path)))


def together(refs: Mapping[str, str], own: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Refs with those that linked worktrees have for themselves, by the names that git gives them (gitglossary(7))."""
    linked = {f"worktrees/{tree}/{name}": oid for tree, of_tree in own.items() for name, oid in of_tree.items()}
    return {**refs, **linked}


def _refs(git: Git) -> tuple[dict[str, str], dict[str, str]]:
    refs, symbolic = {}, {}
    printed = git.run("for-each-ref", "--format=%(objectname) %(refname)%00%(symref)")
    for line in lines_of(printed):
        named, _, target = line.partition("\0")
        oid, _, name = named.partition(" ")
        if target:
            symbolic[name] = target
        else:
            refs[name] = oid
    return refs, symbolic


def _dangling(common_dir: Path, known: Container[str]) -> dict[str, str]:
    """The refs beside the `known` ones that name what is not there: git lists none of them."""
    found = {}
    for folder, _, names in os.walk(common_dir / "refs"):
        for path in (Path(folder, name) for name in names if not name.endswith(".lock")):
            name = path.relative_to(common_dir).as_posix()
            target = None if name in known or not path.is_file() else _target(path)
            if target:
                found[name] = target
    return found


def _worktrees(git: Git, inside: Git, store: Store) -> Iterator[Worktree]:
    printed = inside.run("worktree", "list", "--porcelain", "-z").decode("utf-8", "surrogateescape")
    linked = {_checkout(folder): folder for folder in _linked(store.common_dir)}
    for number, record in enumerate(filter(None, printed.split("\0\0"))):
        said = dict(line.partition(" ")[::2] for line in record.split("\0") if line)
        path = Path(said["worktree"]) if number else _main_checkout(git, store, Path(said["worktree"]))
        git_dir = store.common_dir if number == 0 else linked.get(os.path.realpath(path))
        if git_dir is None:
            continue
        head = said.get("HEAD", "")
        yield Worktree(
            git_dir,
            None if "bare" in said or not path.is_dir() or path == store.common_dir else path,
            said.get("branch") or _target(git_dir / "HEAD"),
            head if head.strip("0") else None,
            {} if number == 0 else dict(own_ref_names(Git(git_dir))),
            dict(_pseudo_refs(git_dir)),
        )


def _main_checkout(git: Git, store: Store, said: Path) -> Path:
    """Where the repository's own files are.

    git worktree takes that from the name of the repository's folder alone: of one that lies elsewhere (a submodule's,
    or of `git init --separate-git-dir`) it names that folder.
    """
    code, printed, _ = git.attempt("rev-parse", "--show-toplevel")
    if code == 0 and store.git_dir == store.common_dir:
        return Path(os.fsdecode(printed.removesuffix(b"\n")))
    code, printed, _ = Git(store.common_dir).attempt("config", "--get", "core.worktree")
    return Path(os.path.normpath(store.common_dir / os.fsdecode(printed.removesuffix(b"\n")))) if code == 0 else said


def _superprojects(store: Store, path: Path | None) -> Iterator[Path]:
    if path is None:
        path = _owner(store.common_dir)
        yield from [path] if path else []
    while path:
        printed = Git(path).attempt("rev-parse", "--show-superproject-working-tree")[1].removesuffix(b"\n")
        path = Path(os.fsdecode(printed)) if printed else None
        if path:
            yield path


def _owner(common_dir: Path) -> Path | None:
    """The checkout whose repository keeps that of a submodule which is not checked out."""
    for folder in common_dir.parents:
        if folder.name == "modules" and (folder.parent / "HEAD").is_file():
            printed = Git(folder.parent).run("worktree", "list", "--porcelain", "-z")
            return Path(os.fsdecode(printed.split(b"\0", 1)[0].removeprefix(b"worktree ")))
    return None


def _pseudo_refs(git_dir: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The files of a worktree beside HEAD whose lines begin with ids (gitglossary(7), pseudoref)."""
    for path in sorted(git_dir.iterdir()):
        if _PSEUDO_REF.fullmatch(path.name) and path.name != "HEAD" and path.is_file() and not path.is_symlink():
            oids = tuple(oid.decode() for oid in _ID_LINE.findall(path.read_bytes()))
            if oids:
                yield path.name, oids


def _linked(common_dir: Path) -> list[Path]:
    folder = common_dir / "worktrees"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _checkout(git_dir: Path) -> str:
    """The folder of a linked worktree (gitrepository-layout(5), worktrees/<id>/gitdir)."""
    try:
        return os.path.realpath(os.path.dirname((git_dir / "gitdir").read_text().strip()))
    except OSError:
        return ""


def _target(path: Path) -> str | None:
    """The ref that a HEAD or another file of a ref names; None for one that holds an id."""
    try:
        text = os.fsdecode(path.read_bytes())
    except OSError:
        return None
    return text.removeprefix("ref:").strip() if text.startswith("ref:") else None
