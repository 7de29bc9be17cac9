"""Memory, given back to the system: what was let go, and what of a mapped pack lies there."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import weakref
from contextlib import suppress

# Bytes of files that may come to memory in a process before those of the pack are given back: less costs time, for
# pages that are needed again, and there is one such process a core.
MOST = 24 << 20

# Calls that are let go by before the system is asked again, at the most: to ask costs a third of reading an object.
CALM = 8

# Source: proc_pid_statm(5). Of its numbers, in pages, the third is what is in memory and belongs to files.
_STATM, _OF_FILES = "/proc/self/statm", 2


class Pages:
    """What of one mapped pack is in memory."""

    def __init__(self, mapped: mmap.mmap) -> None:
        self._mapped = mapped
        self._statm = _Statm()
        # What was in memory when the last were given back, and when the system was asked last.
        self._before: int | None = None
        self._last = 0
        # After how many more calls it is asked again, and how many there were to be since.
        self._calm = self._waited = 1
        self._begin()

    def settle(self) -> None:
        """Give them back if they have become many, or if the system does not say how many they are.

        To be called often. How many come cannot be reckoned: for one byte the system may bring along 4 kB or 2 MB, as
        the file lies in its own memory. It is asked the more often the faster they do.
        """
        self._calm -= 1
        if self._calm > 0:
            return
        now = self._statm.of_files()
        if now is None or self._before is None or now - self._before > MOST:
            self.give_back()
            return
        brought = max(now - self._last, 1) // self._waited
        room = MOST - (now - self._before)
        self._last = now
        self._calm = self._waited = max(1, min(CALM, room // (2 * brought + 1)))

    def give_back(self) -> None:
        """Give them back. The system still has them at hand."""
        release(self._mapped)
        self._begin()

    def _begin(self) -> None:
        self._before = self._statm.of_files()
        self._last = self._before or 0
        self._calm = self._waited = CALM if self._before is None else 1


def give_back() -> None:
    """Give back what was let go. glibc would keep it, half a hundred bytes an object, in each process."""
    if sys.platform == "linux":
        # Other libraries of C do not have it.
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)


def release(mapped: mmap.mmap) -> None:
    """Give back what of the mapped file is in memory; the system still has it at hand."""
    if hasattr(mmap, "MADV_DONTNEED") and os.name == "posix":
        mapped.madvise(mmap.MADV_DONTNEED)


class _Statm:
    """The system's own count of this process's memory, kept open: opening it takes three times as long as reading."""

    def __init__(self) -> None:
        self._file: int | None = None
        with suppress(OSError):
            self._file = os.open(_STATM, os.O_RDONLY)
            weakref.finalize(self, os.close, self._file)

    def of_files(self) -> int | None:
        """How many bytes of files this process has in memory; None where that cannot be told."""
        if self._file is None:
            return None
        return int(os.pread(self._file, 256, 0).split()[_OF_FILES]) * mmap.PAGESIZE
