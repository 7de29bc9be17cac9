"""Opening files of a repository: a hostile one may have a pipe in place of a file, which would never end."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from keyguard.errors import DamagedError

BLOCK = 1 << 18
IRREGULAR = "it is no regular file"


def opened(path: Path) -> BinaryIO:
    """The regular file at `path`, for reading. Raises DamagedError where there is none that may be read."""
    # Without O_NONBLOCK a pipe would be waited for here already.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise DamagedError(f"it cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DamagedError(IRREGULAR)
    return open(descriptor, "rb")


def content(path: Path) -> bytes:
    """All bytes of the regular file at `path`. Raises DamagedError where there is none that may be read."""
    with opened(path) as file:
        try:
            return file.read()
        except OSError as error:
            raise DamagedError(f"it cannot be read: {error.strerror}") from error


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """What is left of an open file, block by block. Raises DamagedError."""
    try:
        while block := file.read(BLOCK):
            yield block
    except OSError as error:
        raise DamagedError(f"it cannot be read: {error.strerror}") from error


def listed(folder: Path) -> list[str]:
    """The names in a folder, sorted; none where there is no such folder. Raises DamagedError."""
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DamagedError(f"it cannot be read: {error.strerror}") from error


def entries(folder: Path) -> list[Entry]:
    """What is in a folder, sorted by name; nothing where there is no such folder. Raises DamagedError.

    What an entry is mostly stands in the folder itself: that is known also where it may be listed and not entered.
    """
    try:
        with os.scandir(folder) as found:
            return sorted(Entry(one.name, _kind(one)) for one in found)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DamagedError(f"it cannot be read: {error.strerror}") from error


class Entry(NamedTuple):
    """Something in a folder. `kind` is "file", "folder", "link", or "other" for a pipe, a socket or a device."""

    name: str
    kind: str


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


def absent(path: Path) -> bool:
    """Whether there is nothing at `path`. What cannot be looked at may be there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def endless(path: Path) -> bool:
    """Whether reading from `path` may never come to an end: of a pipe that nobody writes to, of a device."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or (stat.S_ISCHR(mode) and not path.samefile(os.devnull))
