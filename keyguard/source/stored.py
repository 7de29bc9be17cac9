"""What a repository stores beside its objects: ref names, reflogs, messages in the making, settings, LFS files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from keyguard.engine import Engine
from keyguard.errors import DamagedError, GitError
from keyguard.git.command import Git
from keyguard.git.odb import files
from keyguard.git.odb.store import Store
from keyguard.git.refs import ref_names
from keyguard.model import Blob, Match, Stored, Unread
from keyguard.search import anywhere, search

# Below a repository's folder these are read as what they are: objects, names of refs, other repositories.
READ_OTHERWISE = ("objects", "refs", "packed-refs", "modules", "reftable")

MESSAGES = ("_MSG", "_EDITMSG", "message")


def search_refs(engine: Engine, git: Git) -> Iterator[Match | Unread]:
    """The keys in the names of refs."""
    try:
        names = [name for name, _ in ref_names(git)]
    except GitError as error:
        yield Unread("the names of refs", str(error))
        return
    if engine.admits("\n".join(names).encode("utf-8", "surrogateescape")):
        for name in names:
            data = name.encode("utf-8", "surrogateescape")
            yield from engine.examine(Blob(data, Stored("ref-name", path=name)))


def search_index(engine: Engine, git: Git, git_dir: Path) -> Iterator[Match | Unread]:
    """The keys in the paths of an index. Its contents are objects."""
    if not (git_dir / "index").exists():
        return
    try:
        paths = Git(git_dir, as_hook=git.as_hook).run("ls-files", "--cached", "-z").split(b"\0")
    except GitError as error:
        yield Unread(f"the index of {git_dir}", str(error))
        return
    if engine.admits(b"\n".join(paths)):
        for path in paths:
            yield from engine.examine(Blob(path, Stored("path", path=os.fsdecode(path))))


def worktrees(store: Store) -> Iterator[Path]:
    """The folders in which a worktree of the repository keeps its index: its own, then the linked ones'."""
    yield store.common_dir
    try:
        for name in files.listed(store.common_dir / "worktrees"):
            yield store.common_dir / "worktrees" / name
    except DamagedError:
        return


def search_files(engine: Engine, store: Store) -> Iterator[Match | Unread]:
    """The keys in the files of the repository's folder that hold neither objects nor refs."""
    for path in _below(store.common_dir, READ_OTHERWISE):
        if isinstance(path, Unread):
            yield path
            continue
        name = os.path.relpath(path, store.common_dir)
        try:
            with files.opened(path) as file:
                size = os.fstat(file.fileno()).st_size
                yield from search(engine, file.read, Stored(_kind(name), path=f".git/{name}"), size, anywhere(file))
        except (DamagedError, OSError) as error:
            yield Unread(f".git/{name}", str(error) if isinstance(error, DamagedError) else "it cannot be read")


def _kind(name: str) -> str:
    """What a report calls a place in this file."""
    parts = Path(name).parts
    if parts[:2] == ("lfs", "objects"):
        return "blob"
    if name.endswith(MESSAGES) or "logs" in parts:
        return "commit-message"
    return "worktree"


def _below(folder: Path, left_out: tuple[str, ...] = ()) -> Iterator[Path | Unread]:
    try:
        names = files.listed(folder)
    except DamagedError as error:
        yield Unread(str(folder), str(error))
        return
    for name in names:
        path = folder / name
        if name in left_out or path.is_symlink():
            continue
        if path.is_dir():
            yield from _below(path)
        # The paths of an index are asked of git.
        elif path.is_file() and name != "index" and not name.startswith("sharedindex."):
            yield path
