"""Pipes and devices in place of files that git reads: it would wait for their end for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from keyguard.errors import DamagedError
from keyguard.git.odb import files
from keyguard.git.odb.store import Store

# Folders of a repository in which git reads no file by itself, or whose files are looked at one by one elsewhere.
NOT_READ = ("hooks", "lfs", "modules", "objects")


def endless_files(store: Store) -> Iterator[Path]:
    """The files of a repository that have no end, and that git would read when asked for an object."""
    yield from _below(store.common_dir, NOT_READ)
    for objects in store.objects:
        # git passes over a pack that is no regular file. Of its index it does not make sure.
        yield from (path for path in _below(objects / "pack") if path.suffix != ".pack")
        yield from _below(objects / "info")


def _below(folder: Path, left_out: tuple[str, ...] = ()) -> Iterator[Path]:
    try:
        entries = files.entries(folder)
    except DamagedError:
        # git may not read it either.
        return
    for name, kind in entries:
        path = folder / name
        if name in left_out or kind == "file":
            continue
        if kind == "folder":
            yield from _below(path)
        elif files.endless(path):
            yield path
