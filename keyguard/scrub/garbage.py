"""What git has left in a repository's folder that nothing uses any more, and that may hold keys all the same."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from keyguard.git.command import Git
from keyguard.scrub.snapshot import Snapshot, Worktree

CUT_OFF = ("tmp_*", "??/tmp_*", "pack/tmp_*", "pack/.tmp-*", "incoming-*")
"""How objects, packs and folders of both are called, below the folder of objects, while a git writes them.

Sources: object-file.c (tmp_obj_), pack-write.c (tmp_pack_), repack.c (.tmp-), tmp-objdir.c (tmp_objdir-, incoming-).
"""

SHARED = "sharedindex."
"""How the names begin of what split indexes stand on (gitrepository-layout(5))."""


def discard(snapshot: Snapshot) -> None:
    """Remove what was cut off and shared indexes that no index stands on. `git prune` removes a part of it.

    Raises OSError where something cannot be removed, GitError.
    """
    for pattern in CUT_OFF:
        for path in sorted(snapshot.store.objects[0].glob(pattern)):
            _remove(path)
    for tree in snapshot.worktrees:
        _discard_shared(tree)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _discard_shared(tree: Worktree) -> None:
    shared = set(tree.git_dir.glob(f"{SHARED}*"))
    if _used([tree.git_dir / "index"], shared):
        # It may name entries that are gone: the index gets one of those alone that are there.
        Git(tree.git_dir).run("--work-tree=.", "update-index", "--split-index")
        shared = set(tree.git_dir.glob(f"{SHARED}*"))
    # Beside a worktree's own index there may be others, called anything.
    for path in shared - _used(tree.git_dir.iterdir() if shared else (), shared):
        _remove(path)


def _used(indexes: Iterable[Path], shared: Collection[Path]) -> set[Path]:
    """Those of the `shared` indexes that one of the files, where it is an index, stands on.

    Source: gitformat-index(5), "Split index": the signature `link`, a size of 32 bits, the shared index's id.
    """
    found: set[Path] = set()
    for data in map(_index, indexes):
        found.update(path for path in shared if re.search(b"link.{4}" + re.escape(_raw(path)), data, re.DOTALL))
    return found


def _raw(shared: Path) -> bytes:
    try:
        return bytes.fromhex(shared.name.removeprefix(SHARED))
    except ValueError:
        # Such a name no index can give.
        return shared.name.encode("utf-8", "surrogateescape")


def _index(path: Path) -> bytes:
    """The content of an index; of any other file, and of none, nothing."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        start = file.read(4)
        return start + file.read() if start == b"DIRC" else b""
