"""xz with another content (The .xz File Format, 1.2)."""

from __future__ import annotations

import lzma

from keyguard.archive.bounds import Budget
from keyguard.archive.inflate import Inflater
from keyguard.archive.xz import MAGIC, MOST_MEMORY
from keyguard.repack import streams
from keyguard.repack.edit import Edit


def repacked(data: bytes, edit: Edit, budget: Budget) -> bytes:
    """An xz as `edit` wants it. Raises ArchiveError, BoundError."""
    return streams.repacked(data, _Xz(), edit, budget)


class _Xz:
    magic = MAGIC
    errors: tuple[type[Exception], ...] = (lzma.LZMAError,)

    def inflater(self) -> Inflater:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, MOST_MEMORY)

    def header(self, raw: bytes, edit: Edit) -> bytes:
        del edit
        return raw

    def compressed(self, raw: bytes, content: bytes) -> bytes:
        # The second of the stream's flags is the kind of its checksum (2.1.1.2).
        return lzma.compress(content, lzma.FORMAT_XZ, check=raw[7] & 0x0F)
