"""Where a repository keeps its objects: folders, alternates, packs and their indexes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from keyguard.errors import DamagedError
from keyguard.git.command import Git
from keyguard.git.odb import files
from keyguard.git.odb.watch import answer
from keyguard.model import Unread

# The worktree's own folder, the one that all worktrees share, that of the objects, and what ids are made by.
QUESTIONS = (("--absolute-git-dir",), ("--git-common-dir",), ("--git-path", "objects"), ("--show-object-format",))

# As deep as git follows alternates (object-file.c, link_alt_odb_entries).
DEEPEST_ALTERNATE = 5

ESCAPES = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


@dataclass(frozen=True, slots=True)
class Store:
    """A repository's object store.

    `git_dir` is the worktree's own, `common_dir` what all worktrees share. `objects` are the folders that
    hold objects, the repository's first, then its alternates'. A raw object id has `oid_size` bytes.
    """

    git_dir: Path
    common_dir: Path
    objects: tuple[Path, ...]
    oid_size: int
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class PackFiles:
    """A pack, and its index where it has one."""

    pack: Path
    index: Path | None


def find_store(git: Git) -> Store:
    """The object store of the repository that `git` is in.

    Raises NotARepositoryError, or GitError where git refuses the repository.
    """
    *answers, hashed = _answers(git, QUESTIONS)
    git_dir, common_dir, objects = (Path(git.where, os.fsdecode(path)).absolute() for path in answers)
    folders, unread = _with_alternates(objects, [Path(name).absolute() for name in git.alternates()])
    return Store(git_dir, common_dir, tuple(folders), 32 if hashed == b"sha256" else 20, tuple(unread))


def _answers(git: Git, questions: Sequence[Sequence[str]]) -> list[bytes]:
    """What rev-parse says to each of `questions`, each answer without its line end."""
    answers = answer(git, "rev-parse", *chain.from_iterable(questions)).split(b"\n")[:-1]
    if len(answers) == len(questions):
        return answers
    # A path may hold line ends itself.
    return [answer(git, "rev-parse", *question).removesuffix(b"\n") for question in questions]


def pack_files(objects: Path) -> Iterator[PackFiles]:
    """The packs in an `objects` folder, kept, promised and cruft ones among them.

    Raises DamagedError where the folder cannot be read.
    """
    folder = objects / "pack"
    names = files.listed(folder)
    there = set(names)
    for name in names:
        if name.startswith("pack-") and name.endswith(".pack"):
            index = name.removesuffix(".pack") + ".idx"
            yield PackFiles(folder / name, folder / index if index in there else None)


def modules(store: Store) -> Iterator[Path | Unread]:
    """The repositories of submodules that are kept inside this one, at any depth."""
    yield from _repositories(store.common_dir / "modules")
    # Where these may not be looked at, that is reported by who reads their indexes.
    with suppress(DamagedError):
        for worktree in linked_worktrees(store):
            yield from _repositories(worktree / "modules")


def linked_worktrees(store: Store) -> list[Path]:
    """The folders of linked worktrees within the repository's. Raises DamagedError where they cannot be listed."""
    folder = store.common_dir / "worktrees"
    return [folder / name for name in files.listed(folder)]


def _repositories(folder: Path) -> Iterator[Path | Unread]:
    # A submodule's name may hold slashes: its repository then lies as many folders deeper.
    try:
        folders = [folder / entry.name for entry in files.entries(folder) if entry.kind == "folder"]
    except DamagedError as error:
        yield Unread(f"folder {folder}", str(error))
        return
    for inner in folders:
        if is_repository(inner):
            yield inner
            yield from _repositories(inner / "modules")
        else:
            yield from _repositories(inner)


def is_repository(folder: Path) -> bool:
    """Whether a folder is laid out as a repository's own is."""
    return not files.absent(folder / "HEAD") and not files.absent(folder / "objects")


def _with_alternates(objects: Path, named: list[Path]) -> tuple[list[Path], list[Unread]]:
    """`objects`, the folders `named`, and what their files of alternates lead to; each once."""
    folders: list[Path] = []
    unread: list[Unread] = []
    known: set[str] = set()
    waiting = [(objects, 0), *((folder, 1) for folder in named)]
    while waiting:
        folder, depth = waiting.pop(0)
        real = os.path.realpath(folder)
        if real in known:
            continue
        known.add(real)
        if not os.path.isdir(folder):
            unread.append(Unread(f"alternate {folder}", "the folder is not there, or may not be looked at"))
            continue
        folders.append(folder)
        if depth > DEEPEST_ALTERNATE:
            continue
        try:
            waiting += ((alternate, depth + 1) for alternate in alternates(folder))
        except DamagedError as error:
            unread.append(Unread(f"alternates of {folder}", str(error)))
    return folders, unread


def alternates(objects: Path) -> list[Path]:
    """The folders that an `objects` folder's own file names.

    Source: gitrepository-layout(5), objects/info/alternates: one a line, relative ones to `objects`.
    """
    path = objects / "info" / "alternates"
    if files.absent(path):
        return []
    lines = files.content(path).split(b"\n")
    return [objects / os.fsdecode(unquoted(line)) for line in lines if line and not line.startswith(b"#")]


def unquoted(line: bytes) -> bytes:
    """A path, freed of the quotes that git puts around one with special characters (quote.c)."""
    if len(line) < 2 or line[:1] != b'"' or line[-1:] != b'"':
        return line
    return re.sub(rb"\\([0-3][0-7]{2}|.)", _unescaped, line[1:-1], flags=re.DOTALL)


def _unescaped(escape: re.Match[bytes]) -> bytes:
    sign = escape[1]
    return bytes([int(sign, 8)]) if len(sign) == 3 else ESCAPES.get(sign, sign)
