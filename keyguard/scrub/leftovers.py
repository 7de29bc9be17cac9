"""What a scrub that was killed has left: its temporary folders, and a backup that it did not come to the end of.

Both may hold keys.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from keyguard.git.command import Git
from keyguard.git.odb.store import find_store
from keyguard.scrub.journal import PART as JOURNAL_PART
from keyguard.scrub.journal import is_way_back
from keyguard.scrub.replace import ScrubError
from keyguard.source.stored import STAGING

if sys.platform != "win32":
    import fcntl

BACKUP = "backup"
"""The file in a temporary folder that holds the path of the backup."""

PART = ".part"
"""The end of a backup's name while it is written."""


def hold(folder: Path) -> int:
    """Mark a folder as that of a living process, as long as the descriptor is open that is given back; -1 for none.

    Raises BlockingIOError where it is marked already.
    """
    if sys.platform == "win32":
        return -1
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    except OSError:
        # The file system has no locks: then nobody can tell.
        return descriptor
    return descriptor


def let_go(descriptor: int) -> None:
    """Undo `hold`."""
    if descriptor >= 0:
        os.close(descriptor)


def clear(where: Path) -> list[str]:
    """Remove what dead scrubs have left in and beside the repository, and say what that was.

    Raises NotARepositoryError.
    """
    common_dir = find_store(Git(where)).common_dir
    return [line for folder in _folders(common_dir) if not _is_held(folder) for line in _cleared(common_dir, folder)]


def check_alone(common_dir: Path) -> None:
    """Raises ScrubError where another scrub is under way."""
    if any(map(_is_held, _folders(common_dir))):
        raise ScrubError("another scrub is at work in this repository: wait for it")


def _folders(common_dir: Path) -> list[Path]:
    return [path for path in sorted(common_dir.glob(f"{STAGING}*")) if path.is_dir() and not path.is_symlink()]


def _is_held(folder: Path) -> bool:
    try:
        let_go(hold(folder))
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _cleared(common_dir: Path, folder: Path) -> Iterator[str]:
    note = folder / BACKUP
    backup = Path(os.fsdecode(note.read_bytes())) if note.is_file() else None
    shutil.rmtree(folder, ignore_errors=True)
    (common_dir / JOURNAL_PART).unlink(missing_ok=True)
    yield f"{folder}: left by a scrub that was killed, " + ("cannot be removed" if folder.exists() else "removed")
    if backup is None:
        return
    part = backup.with_name(backup.name + PART)
    if _is_ours(part):
        part.unlink()
        yield f"{part}: a backup that was not finished, removed"
    if not backup.is_file():
        return
    if is_way_back(common_dir, backup):
        yield f"{backup}: the way back from that scrub; it holds keys: delete it when all is well"
    else:
        yield f"{backup}: the backup of a scrub that changed nothing; it holds keys: delete it"


def _is_ours(path: Path) -> bool:
    """Whether a file is a bundle, as far as it goes, of this user: what named it may be anybody's."""
    try:
        found = path.lstat()
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        return False
    own = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    return own and stat.S_ISREG(found.st_mode) and b"# v2 git bundle\n".startswith(start[:3])
