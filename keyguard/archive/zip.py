"""zip, as also jar, apk, whl, docx, xlsx, pptx, odt and epub are (PKWARE, APPNOTE.TXT 6.3.10).

Not `zipfile`: that makes an object of a kilobyte of each entry of the directory before any can be read, and of what it
raises for damage only a part is its own.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain

from keyguard.archive.bounds import Budget
from keyguard.archive.inflate import DAMAGED
from keyguard.archive.member import Member
from keyguard.archive.stream import CUT_OFF, READ, At, Content, Stream, portion, reader
from keyguard.archive.zip_entry import LOCAL_SIZE, Entry, unpacked, unpacked_unlisted
from keyguard.archive_shape import END_SIZE, LOCAL, MOST_COMMENT, begins_zip, zip_end
from keyguard.errors import ArchiveError

ENTRY = struct.Struct("<4s4xHH4xLLLHHH8xL")  # 4.3.12, central directory header
END64 = struct.Struct("<4s36xQQ")  # 4.3.14, zip64 end of central directory record: size and offset of the directory
HEADER = struct.Struct("<6xHH4xLLLHH")  # 4.3.7, local file header
LOCATOR = struct.Struct("<4s4xQ4x")  # 4.3.15, zip64 end of central directory locator
LONGEST_NAME = 4096  # with extra fields
BIG, ZIP64 = 0xFFFFFFFF, 1


def members(content: Content, budget: Budget) -> Iterator[Member]:
    """The members that the directory lists, then those that it does not: of an archive before it, or taken out."""
    assert content.at is not None and content.size is not None  # noqa: S101 - a zip is read from its end
    start, size, shift = directory(content.at, content.size)
    taken = array("Q")
    for entry in entries(content.at, start, size):
        taken.append(max(0, entry.start + shift))
        taken.append(max(0, entry.start + shift) + LOCAL_SIZE + len(entry.name) + entry.packed)
        yield Member(entry.name, Stream(unpacked(content.at, entry, shift, budget)), entry.size)
    for entry, end in unlisted(content.at, taken, start):
        yield Member(entry.name, Stream(unpacked_unlisted(content.at, entry, end, budget)))


def unlisted(at: At, taken: Sequence[int], end: int) -> Iterator[tuple[Entry, int]]:
    """The members before `end` that lie in none of the pieces that are `taken` (begin, end, begin, ...).

    They are told by their own headers, each with where the room that it has ends.
    """
    place = 0
    order = sorted(range(0, len(taken), 2), key=taken.__getitem__)
    for begins, ends in chain(((taken[one], taken[one + 1]) for one in order), ((end, end),)):
        if begins - place >= LOCAL_SIZE:
            yield from _headers(at, place, min(begins, end))
        place = max(place, ends)


def _headers(at: At, place: int, end: int) -> Iterator[tuple[Entry, int]]:
    """The members whose headers stand from `place` to `end`."""
    while end - place >= LOCAL_SIZE:
        piece = at(place, min(end - place, READ))
        found = piece.find(LOCAL)
        if found < 0:
            place += max(1, len(piece) - len(LOCAL) + 1)
            continue
        place += found
        head = at(place, min(end - place, LOCAL_SIZE + LONGEST_NAME))
        if not begins_zip(head) or head[5]:
            place += len(LOCAL)
            continue
        entry = _by_header(head, place)
        yield entry, end
        told = place + LOCAL_SIZE + len(entry.name) + entry.packed
        place = told if told <= end else place + len(LOCAL)


def _by_header(head: bytes, place: int) -> Entry:
    """What a member's own header says of it (4.3.7)."""
    flags, method, checksum, packed, full, name, extra = HEADER.unpack_from(head)
    begins = LOCAL_SIZE + name
    full, packed = _wide(head[begins : begins + extra], full, packed)
    return Entry(head[LOCAL_SIZE:begins], flags, method, checksum, packed, full, place, place, begins + extra)


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
    listed = Stream(portion(reader(at, start), size))
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
