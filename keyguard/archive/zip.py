"""zip, as also jar, apk, whl, docx, xlsx, pptx, odt and epub are (PKWARE, APPNOTE.TXT 6.3.10).

Not `zipfile`: that makes an object of a kilobyte of each entry of the directory before any can be read, and of what it
raises for damage only a part is its own.
"""

from __future__ import annotations

import bz2
import lzma
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from keyguard.archive.bounds import Budget
from keyguard.archive.bzip2 import ERRORS as BZIP2_ERRORS
from keyguard.archive.inflate import DAMAGED, Deflated, Inflater, inflated
from keyguard.archive.member import Member
from keyguard.archive.stream import CUT_OFF, At, Content, Read, Stream, joined, portion
from keyguard.archive.xz import MOST_MEMORY
from keyguard.archive_shape import END_SIZE, LOCAL, MOST_COMMENT, zip_end
from keyguard.deflate import INFLATE_ERRORS, crc32
from keyguard.errors import ArchiveError

STORED, DEFLATE, BZIP2, LZMA, XZ = 0, 8, 12, 14, 95
ENCRYPTED, WITH_END_MARK = 1, 2

ENTRY = struct.Struct("<4s4xHH4xLLLHHH8xL")  # 4.3.12, central directory header
END64 = struct.Struct("<4s36xQQ")  # 4.3.14, zip64 end of central directory record: size and offset of the directory
LOCATOR = struct.Struct("<4s4xQ4x")  # 4.3.15, zip64 end of central directory locator
LOCAL_SIZE = 30

# The largest window, without a header or checksum.
WBITS = -15

BIG, ZIP64 = 0xFFFFFFFF, 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What the directory says of a member. `start` is where its local header is, before all offsets are shifted.

    The record that says so has `length` bytes from `place` on.
    """

    name: bytes
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    start: int
    place: int
    length: int


def members(content: Content, budget: Budget) -> Iterator[Member]:
    """The members that the directory lists."""
    assert content.at is not None and content.size is not None  # noqa: S101 - a zip is read from its end
    start, size, shift = directory(content.at, content.size)
    for entry in entries(content.at, start, size):
        yield Member(entry.name, Stream(unpacked(content.at, entry, shift, budget)), entry.size)


def directory(at: At, size: int) -> tuple[int, int, int]:
    """Where the directory begins, its length, and by how much all offsets are too small for what stands before."""
    tail = at(max(0, size - END_SIZE - MOST_COMMENT), END_SIZE + MOST_COMMENT)
    found = zip_end(tail, size)
    if found < 0:
        raise ArchiveError("it is cut off: the directory at its end is missing")
    place = size - len(tail) + found
    listed, start = struct.unpack("<LL", tail[found + 12 : found + 20])
    locator = at(max(0, place - LOCATOR.size), LOCATOR.size)
    if locator[:4] == b"PK\6\7":
        listed, start, place = _in_64_bits(at, LOCATOR.unpack(locator)[1], place)
    begins = place - listed
    if begins < 0:
        raise ArchiveError(DAMAGED)
    return begins, listed, begins - start


def _in_64_bits(at: At, told: int, end: int) -> tuple[int, int, int]:
    """Length and offset of the directory, and where it ends, by the record of 64-bit numbers before the locator."""
    for place in (told, end - LOCATOR.size - END64.size):
        record = at(max(0, place), END64.size)
        if record[:4] == b"PK\6\6" and len(record) == END64.size:
            _, listed, start = END64.unpack(record)
            return listed, start, place
    raise ArchiveError(DAMAGED)


def entries(at: At, start: int, size: int) -> Iterator[Entry]:
    """What a directory of `size` bytes from `start` on lists, in its order. Raises ArchiveError where it is damaged."""
    listed = Stream(portion(_reader(at, start), size))
    place = start
    while fixed := listed.read(ENTRY.size):
        if len(fixed) < ENTRY.size:
            raise ArchiveError(CUT_OFF)
        magic, flags, method, checksum, packed, full, name, extra, comment, begins = ENTRY.unpack(fixed)
        if magic != b"PK\1\2":
            raise ArchiveError("the directory at its end is damaged")
        text = listed.read(name)
        full, packed, begins = _wide(listed.read(extra), full, packed, begins)
        listed.read(comment)
        length = ENTRY.size + name + extra + comment
        yield Entry(text, flags, method, checksum, packed, full, begins, place, length)
        place += length
    if listed.problem:
        raise listed.problem


def _wide(extra: bytes, *numbers: int) -> tuple[int, ...]:
    """The numbers, those that need 64 bits from the field that has them (4.5.3)."""
    if BIG not in numbers:
        return numbers
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == ZIP64:
            field = extra[place + 4 : place + 4 + length]
            wide = iter(int.from_bytes(field[i : i + 8], "little") for i in range(0, len(field) - 7, 8))
            return tuple(next(wide, number) if number == BIG else number for number in numbers)
        place += 4 + length
    return numbers


def unpacked(at: At, entry: Entry, shift: int, budget: Budget) -> Iterator[bytes]:
    """A member's content as it comes. Raises ArchiveError, also at its end where it is not what was packed."""
    checksum = length = 0
    for piece in _content(at, entry, shift, budget):
        checksum = crc32(piece, checksum)
        length += len(piece)
        yield piece
    if (checksum, length) != (entry.checksum, entry.size):
        raise ArchiveError(DAMAGED)


def _content(at: At, entry: Entry, shift: int, budget: Budget) -> Iterator[bytes]:
    if entry.flags & ENCRYPTED:
        raise ArchiveError("it is encrypted")
    begins = entry.start + shift
    header = at(begins, LOCAL_SIZE) if begins >= 0 else b""
    if header[:4] != LOCAL or len(header) < LOCAL_SIZE:
        raise ArchiveError(DAMAGED)
    name, extra = struct.unpack_from("<HH", header, 26)
    packed = Stream(portion(_reader(at, begins + LOCAL_SIZE + name + extra), entry.packed))
    if entry.method == STORED:
        yield from _spent(packed, budget)
    elif entry.method == LZMA:
        yield from _lzma(packed.read, entry, budget)
    elif entry.method in _METHODS:
        made, errors = _METHODS[entry.method]
        yield from inflated(packed.read, made, errors, budget)
    else:
        raise ArchiveError(f"it is compressed by method {entry.method}, which keyguard does not read")


def _spent(stored: Stream, budget: Budget) -> Iterator[bytes]:
    while piece := stored.read(1 << 18):
        # Members may share their bytes.
        budget.spend(len(piece))
        yield piece


def _lzma(read: Read, entry: Entry, budget: Budget) -> Iterator[bytes]:
    """The content of a member in LZMA: properties of a told length, then the stream (5.8.8)."""
    head = read(4)
    length = int.from_bytes(head[2:], "little")
    if len(head) < 4 or length != 5:
        raise ArchiveError(DAMAGED)
    # The header of an .lzma file: the properties, and the size or, where the stream has a mark at its end, all ones.
    size = b"\xff" * 8 if entry.flags & WITH_END_MARK else entry.size.to_bytes(8, "little")
    whole = Stream(joined(read(5) + size, read))
    made = _METHODS[LZMA][0]
    yield from inflated(whole.read, made, (lzma.LZMAError,), budget)


def _reader(at: At, place: int) -> Read:
    def read(count: int) -> bytes:
        nonlocal place
        data = at(place, count)
        place += len(data)
        return data

    return read


_METHODS: dict[int, tuple[Callable[[], Inflater], tuple[type[Exception], ...]]] = {
    DEFLATE: (lambda: Deflated(WBITS), INFLATE_ERRORS),
    BZIP2: (bz2.BZ2Decompressor, BZIP2_ERRORS),
    LZMA: (lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, MOST_MEMORY), (lzma.LZMAError,)),
    XZ: (lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, MOST_MEMORY), (lzma.LZMAError,)),
}
