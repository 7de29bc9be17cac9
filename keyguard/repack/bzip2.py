"""bzip2 with another content."""

from __future__ import annotations

import bz2

from keyguard.archive.bounds import Budget
from keyguard.archive.bzip2 import ERRORS
from keyguard.archive.inflate import Inflater
from keyguard.repack import streams
from keyguard.repack.edit import Edit


def repacked(data: bytes, edit: Edit, budget: Budget) -> bytes:
    """A bzip2 as `edit` wants it. Raises ArchiveError, BoundError."""
    return streams.repacked(data, _Bzip2(), edit, budget)


class _Bzip2:
    magic = b"BZh"
    errors: tuple[type[Exception], ...] = ERRORS

    def inflater(self) -> Inflater:
        return bz2.BZ2Decompressor()

    def header(self, raw: bytes, edit: Edit) -> bytes:
        del edit
        return raw

    def compressed(self, raw: bytes, content: bytes) -> bytes:
        # The header's fourth byte is the digit of the level.
        return bz2.compress(content, int(raw[3:4]))
