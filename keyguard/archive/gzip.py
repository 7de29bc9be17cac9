"""gzip: one deflate stream or several, one after another, which are one content (RFC 1952)."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

from keyguard.archive.bounds import Budget
from keyguard.archive.inflate import Deflated, Form, inflated
from keyguard.archive.member import Member
from keyguard.archive.stream import READ, Content, Stream, joined
from keyguard.deflate import INFLATE_ERRORS, crc32
from keyguard.errors import BoundError

MAGIC = b"\x1f\x8b\x08"
# The largest window, with a header and checksums of gzip's, and without.
WBITS, RAW = 31, -15

CHECKED, EXTRA, NAME, COMMENT, RESERVED = 2, 4, 8, 16, 32
FIXED, TRAILER = 10, 8
LONGEST_NAME = 4096
LONGEST_HEADER = 1 << 20


# Without any flag that is reserved, as well as compressors and systems that are given out (2.3.1, XFL and OS).
HEADER = re.compile(rb"\x1f\x8b\x08[\0-\x1f].{4}[\0\2\4][\0-\x0d\xff](?!\0{5})", re.DOTALL)


def members(content: Content, budget: Budget) -> Iterator[Member]:
    """The content, by the name that its first header tells; nothing where it is no gzip after all."""
    head = content.read(READ)
    packed = Stream(joined(head, content.read))
    stream = Stream(inflated(packed.read, FORM, budget))
    # Three bytes are soon met by chance. What gives nothing at all needs a header as tools write it.
    if not stream.is_none or isinstance(stream.problem, BoundError) or HEADER.match(head):
        yield Member(_name(head), stream, layer=True)


class Gunzip:
    """An inflater of one gzip. It holds the content against the checksum and the length behind it by itself.

    isal does so only where all comes at once; and a content that comes before such damage is given.
    """

    def __init__(self) -> None:
        self._header: bytes | None = b""
        self._inflater = Deflated(RAW)
        self._checksum = self._length = 0
        self._trailer = b""
        self.eof = False

    @property
    def needs_input(self) -> bool:
        return len(self._trailer) < TRAILER if self._inflater.eof else self._inflater.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._trailer[TRAILER:]

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        if self._header is not None:
            self._header += data
            if (end := _end(self._header)) < 0:
                return b""
            data, self._header = self._header[end:], None
        piece = b""
        if not self._inflater.eof:
            piece = self._inflater.decompress(data, max_length)
            self._checksum = crc32(piece, self._checksum)
            self._length += len(piece)
            data = self._inflater.unused_data
        if self._inflater.eof:
            self._trailer += data
            self._end(piece)
        return piece

    def _end(self, piece: bytes) -> None:
        """Check the content, but not before its last piece has been given."""
        if piece or len(self._trailer) < TRAILER:
            return
        if struct.unpack_from("<LL", self._trailer) != (self._checksum, self._length & 0xFFFFFFFF):
            raise zlib.error("another checksum or length")
        self.eof = True


FORM = Form(Gunzip, INFLATE_ERRORS, MAGIC, HEADER)


def _end(head: bytes) -> int:
    """Where the header ends (RFC 1952, 2.3.1), -1 where more is needed to tell. Its own checksum is not looked at."""
    if len(head) < FIXED:
        return -1
    flags, place = head[3], FIXED
    if head[:3] != MAGIC or flags >= RESERVED:
        raise zlib.error("no header")
    if flags & EXTRA:
        if len(head) < place + 2:
            return -1
        place += 2 + int.from_bytes(head[place : place + 2], "little")
    for flag in (NAME, COMMENT):
        if flags & flag:
            if (end := head.find(b"\0", place)) < 0:
                if len(head) > LONGEST_HEADER:
                    raise zlib.error("a header without an end")
                return -1
            place = end + 1
    place += 2 if flags & CHECKED else 0
    return place if len(head) >= place else -1


def _name(head: bytes) -> bytes:
    """The file's name (RFC 1952, 2.3.1), empty where there is none."""
    flags, place = head[3], FIXED
    if flags & EXTRA:
        place += 2 + int.from_bytes(head[place : place + 2], "little")
    if not flags & NAME:
        return b""
    end = head.find(b"\0", place, place + LONGEST_NAME)
    return head[place:end] if end >= 0 else b""
