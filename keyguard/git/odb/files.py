"""Opening files of a repository: a hostile one may have a pipe in place of a file, which would never end."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

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
