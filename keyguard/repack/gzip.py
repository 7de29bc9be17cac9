"""gzip with another content or another name in its header (RFC 1952)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from keyguard.archive.bounds import Budget
from keyguard.archive.gzip import CHECKED, COMMENT, EXTRA, FIXED, MAGIC, NAME, RAW, WBITS
from keyguard.archive.inflate import Deflated, Inflater
from keyguard.deflate import INFLATE_ERRORS, crc32
from keyguard.errors import ArchiveError
from keyguard.repack import streams
from keyguard.repack.edit import Edit

LEVELS = {2: 9, 4: 1}
"""zlib's level by the header's extra flags (2.3.1, XFL)."""

# What a header tells of its stream's length: bgzip (SAM specification, 4.1) and dictzip.
COUNTED = (b"BC", b"RA")


def repacked(data: bytes, edit: Edit, budget: Budget) -> bytes:
    """A gzip as `edit` wants it. Raises ArchiveError, BoundError."""
    return streams.repacked(data, _Gzip(), edit, budget)


class _Gzip:
    magic = MAGIC
    errors: tuple[type[Exception], ...] = INFLATE_ERRORS

    def inflater(self) -> Inflater:
        return Deflated(WBITS)

    def header(self, raw: bytes, edit: Edit) -> bytes:
        old = _Header.of(raw)
        name, comment = edit.name(old.name), edit.text(old.comment)
        if (name, comment) == (old.name, old.comment):
            return raw
        return _Header(old.fixed, old.extra, name, comment).dumped() + raw[len(old.dumped()) :]

    def compressed(self, raw: bytes, content: bytes) -> bytes:
        header = _Header.of(raw)
        if header.extra[2:4] in COUNTED:
            raise ArchiveError("its headers tell the lengths of its blocks (bgzip, dictzip)")
        compressor = zlib.compressobj(LEVELS.get(header.fixed[8], 6), zlib.DEFLATED, RAW)
        packed = compressor.compress(content) + compressor.flush()
        return header.dumped() + packed + struct.pack("<LL", crc32(content), len(content) & 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class _Header:
    """A header's parts; `extra` with its length, the texts without the NUL at their end."""

    fixed: bytes
    extra: bytes = field(repr=False)
    name: bytes = field(repr=False)
    comment: bytes = field(repr=False)

    @classmethod
    def of(cls, raw: bytes) -> _Header:
        flags, place = raw[3], FIXED
        extra = b""
        if flags & EXTRA:
            extra = raw[place : place + 2 + int.from_bytes(raw[place : place + 2], "little")]
            place += len(extra)
        texts = []
        for flag in (NAME, COMMENT):
            end = raw.index(b"\0", place) if flags & flag else place
            texts.append(raw[place:end])
            place = end + bool(flags & flag)
        return cls(raw[:FIXED], extra, *texts)

    def dumped(self) -> bytes:
        """The header, with its own checksum where it has one (2.3.1, FHCRC)."""
        flags = self.fixed[3]
        texts = ((NAME, self.name), (COMMENT, self.comment))
        header = self.fixed + self.extra + b"".join(text + b"\0" for flag, text in texts if flags & flag)
        return header + struct.pack("<H", crc32(header) & 0xFFFF) if flags & CHECKED else header
