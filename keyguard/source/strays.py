"""What lies among a repository's objects, or among the repositories of its submodules, and is none itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from keyguard.engine import Engine
from keyguard.errors import DamagedError
from keyguard.git.odb import files
from keyguard.git.odb.store import Store, is_repository
from keyguard.model import Match, Unread
from keyguard.source.stored import below, search_file

# Files of an objects folder that hold no text: objects, and what is known of them.
_OF_OBJECTS = re.compile(
    r"[0-9a-f]{2}/(?:[0-9a-f]{38}|[0-9a-f]{62})"
    r"|pack/(?:pack-[^/]*\.(?:pack|idx|rev|bitmap|mtimes)|multi-pack-index[^/]*(?:/.*)?)"
    r"|info/commit-graph(?:s/.*)?"
)

# Folders of objects. That one cannot be listed is said by who looks for objects there.
_FOLDER = re.compile(r"[0-9a-f]{2}|pack")

# What git calls files and folders while it writes them (odb_mkstemp, tmp_objdir_create, git-repack).
_UNFINISHED = re.compile(r"(?:.*/)?(?:tmp_|\.tmp-|incoming-)")
UNFINISHED = "git was interrupted and left objects that are not read: delete them once no git is at work here"


def search_strays(engine: Engine, store: Store) -> Iterator[Match | Unread]:
    """The keys in such files. What git began to write and did not finish is not read, and said so."""
    for folder in store.objects:
        unfinished = 0
        for path in _files(folder):
            if isinstance(path, Unread):
                yield path
                continue
            name = path.relative_to(folder).as_posix()
            if _UNFINISHED.match(name):
                unfinished += 1
            elif not _OF_OBJECTS.fullmatch(name):
                yield from search_file(engine, path, _shown(path, store), store)
        if unfinished:
            yield Unread(f"unfinished files in {_shown(folder, store)}", UNFINISHED, unfinished)
    for path in _outside(store.common_dir / "modules"):
        yield from search_file(engine, path, _shown(path, store), store)


def _files(objects: Path) -> Iterator[Path | Unread]:
    for path in below(objects):
        if not isinstance(path, Unread) or not _FOLDER.fullmatch(Path(path.what).name):
            yield path


def _outside(folder: Path) -> Iterator[Path]:
    """The files below a folder of submodules' repositories that are in none of these."""
    try:
        entries = files.entries(folder)
    except DamagedError:
        # That is said by who looks for the repositories.
        return
    for name, kind in entries:
        if kind != "folder":
            yield from () if kind == "other" else (folder / name,)
        elif not is_repository(folder / name):
            yield from _outside(folder / name)


def _shown(path: Path, store: Store) -> str:
    if path.is_relative_to(store.common_dir):
        return f".git/{path.relative_to(store.common_dir).as_posix()}"
    return os.fspath(path)
