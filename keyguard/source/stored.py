"""What a repository stores beside its objects: refs, reflogs, messages in the making, settings, LFS files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from keyguard.engine import Engine
from keyguard.errors import DamagedError, GitError
from keyguard.git import reftable
from keyguard.git.command import Git
from keyguard.git.odb import files
from keyguard.git.odb.store import Store, linked_worktrees
from keyguard.model import Blob, Match, Stored, Unread
from keyguard.search import anywhere, search

# Below a repository's folder these are read as what they are: objects, and other repositories.
READ_OTHERWISE = ("objects", "modules")

STAGING = "keyguard-staging-"
"""How the folders' names begin in which a scrub works: what is in one is read by nobody."""

MESSAGES = ("_MSG", "_EDITMSG", "message")


def search_indexes(engine: Engine, git: Git, store: Store) -> Iterator[Match | Unread]:
    """The keys in the paths of the index of every worktree. What stands there are objects."""
    yield from _search_index(engine, git, store.common_dir)
    try:
        for worktree in linked_worktrees(store):
            yield from _search_index(engine, git, worktree)
    except DamagedError as error:
        yield Unread("the indexes of linked worktrees", str(error))


def _search_index(engine: Engine, git: Git, git_dir: Path) -> Iterator[Match | Unread]:
    if files.absent(git_dir / "index"):
        return
    try:
        paths = git.at(git_dir).run("ls-files", "--cached", "-z").split(b"\0")
    except GitError as error:
        yield Unread(f"the index of {git_dir}", str(error))
        return
    if engine.admits(b"\n".join(paths)):
        for path in paths:
            yield from engine.examine(Blob(path, Stored("path", path=os.fsdecode(path))))


def search_files(engine: Engine, store: Store) -> Iterator[Match | Unread]:
    """The keys in the files of the repository's folder that hold no objects, and in the names of refs."""
    refs: set[bytes] = set()
    for path in _below(store.common_dir, READ_OTHERWISE):
        if isinstance(path, Unread):
            yield path
            continue
        name = os.fspath(path)[len(os.fspath(store.common_dir)) + 1 :]
        refs.add(_ref(name))
        try:
            yield from _search_file(engine, path, name, store, refs)
        except DamagedError as error:
            yield Unread(f".git/{name}", str(error))
        except OSError:
            yield Unread(f".git/{name}", "it cannot be read")
    yield from _search_refs(engine, refs)


def _search_refs(engine: Engine, names: set[bytes]) -> Iterator[Match | Unread]:
    if engine.admits(b"\n".join(names)):
        for name in sorted(names):
            yield from engine.examine(Blob(name, Stored("ref-name", path=os.fsdecode(name))))


def _ref(name: str) -> bytes:
    """The ref whose value, or whose log, stands in this file of the repository's folder; nothing for other files."""
    _, begin, rest = f"/{name.replace(os.sep, '/')}".partition("/refs/")
    return os.fsencode(begin[1:] + rest)


def _search_file(engine: Engine, path: Path, name: str, store: Store, refs: set[bytes]) -> Iterator[Match | Unread]:
    """The keys in what is text in a file. `refs` receives the names of refs that stand in it."""
    origin = Stored(_kind(name), path=f".git/{name}")
    if path.is_symlink():
        yield from engine.examine(Blob(os.fsencode(path.readlink()), origin))
        if not _is_shared(path):
            return
    if path.parent.name == "reftable" and path.suffix in (".ref", ".log"):
        for record in reftable.records(files.content(path), store.oid_size):
            refs.add(record.ref)
            yield from engine.examine(Blob(record.text, origin))
        return
    with files.opened(path) as file:
        if name == "packed-refs":
            # A line is an id and a name. One that holds neither may follow: what a tag there stands for.
            refs.update(line.rstrip(b"\n").partition(b" ")[2] for line in file)
            return
        size = os.fstat(file.fileno()).st_size
        yield from search(engine, file.read, origin, size, anywhere(file))


def _kind(name: str) -> str:
    """What a report calls a place in this file."""
    parts = Path(name).parts
    if parts[:2] == ("lfs", "objects"):
        return "blob"
    if name.endswith(MESSAGES) or "logs" in parts or "reftable" in parts:
        return "commit-message"
    return "worktree"


def _below(folder: Path, left_out: tuple[str, ...] = ()) -> Iterator[Path | Unread]:
    try:
        entries = files.entries(folder)
    except DamagedError as error:
        yield Unread(f"folder {folder}", str(error))
        return
    for name, kind in entries:
        path = folder / name
        if left_out and name.startswith(STAGING):
            yield Unread(f".git/{name}", "a scrub that was killed has left it; `keyguard scrub --apply` removes it")
        elif kind == "folder" or (kind == "link" and path.is_dir() and _is_shared(path)):
            yield from () if name in left_out else _below(path)
        # The paths of an index are asked of git. A pipe or a socket stores nothing.
        elif kind != "other" and name != "index" and not name.startswith("sharedindex."):
            yield path


def _is_shared(link: Path) -> bool:
    """Whether a link leads to the same part of another repository, as `repo` and git-new-workdir lay them."""
    target = Path(os.path.realpath(link))
    return target.name == link.name and not any(files.absent(target.parent / name) for name in ("HEAD", "objects"))
