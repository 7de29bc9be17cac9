"""What a repository stores beside its objects: refs, reflogs, messages in the making, settings, LFS files."""

from __future__ import annotations

import os
import re
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

# The index of a worktree, whose paths are asked of git.
_INDEX = re.compile(r"(?:worktrees/[^/]+/)?index")


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
    for path in below(store.common_dir, READ_OTHERWISE):
        if isinstance(path, Unread):
            yield path
            continue
        name = path.relative_to(store.common_dir).as_posix()
        if not _INDEX.fullmatch(name):
            refs.add(_ref(name))
            yield from search_file(engine, path, f".git/{name}", store, refs)
    yield from _search_refs(engine, refs)


def _search_refs(engine: Engine, names: set[bytes]) -> Iterator[Match | Unread]:
    if engine.admits(b"\n".join(names)):
        for name in sorted(names):
            yield from engine.examine(Blob(name, Stored("ref-name", path=os.fsdecode(name))))


def _ref(name: str) -> bytes:
    """The ref whose value, or whose log, stands in this file of the repository's folder; nothing for other files."""
    _, begin, rest = f"/{name}".partition("/refs/")
    return os.fsencode(begin[1:] + rest)


def search_file(
    engine: Engine, path: Path, shown: str, store: Store, refs: set[bytes] | None = None
) -> Iterator[Match | Unread]:
    """The keys in what is text in a file, which is `shown` by this name.

    `refs` receives the names of refs that stand in it.
    """
    try:
        yield from _read(engine, path, shown, store, set() if refs is None else refs)
    except DamagedError as error:
        yield Unread(shown, str(error))
    except OSError:
        yield Unread(shown, "it cannot be read")


def _read(engine: Engine, path: Path, shown: str, store: Store, refs: set[bytes]) -> Iterator[Match | Unread]:
    origin = Stored(_kind(shown), path=shown)
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
        if shown == ".git/packed-refs":
            # A line is an id and a name. One that holds neither may follow: what a tag there stands for.
            refs.update(line.rstrip(b"\n").partition(b" ")[2] for line in file)
            return
        size = os.fstat(file.fileno()).st_size
        yield from search(engine, file.read, origin, size, anywhere(file))


def _kind(shown: str) -> str:
    """What a report calls a place in this file."""
    parts = Path(shown).parts
    if parts[:3] == (".git", "lfs", "objects"):
        return "blob"
    if shown.endswith(MESSAGES) or "logs" in parts or "reftable" in parts:
        return "commit-message"
    return "worktree"


def below(folder: Path, left_out: tuple[str, ...] = ()) -> Iterator[Path | Unread]:
    """The files below a folder, but for what is `left_out` in it, and the folders that cannot be listed."""
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
            yield from () if name in left_out else below(path)
        # A pipe or a socket stores nothing.
        elif kind != "other":
            yield path


def _is_shared(link: Path) -> bool:
    """Whether a link leads to the same part of another repository, as `repo` and git-new-workdir lay them."""
    target = Path(os.path.realpath(link))
    return target.name == link.name and not any(files.absent(target.parent / name) for name in ("HEAD", "objects"))
