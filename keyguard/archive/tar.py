"""tar: ustar, and what GNU and pax add to it (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header").

Not `tarfile`: that takes a damaged header for the end, without a word, and reads a header of any size into memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from keyguard.archive.bounds import Budget
from keyguard.archive.member import Member
from keyguard.archive.stream import CUT_OFF, Content, Read, Stream, cut, portion
from keyguard.archive_shape import BLOCK, is_header
from keyguard.errors import ArchiveError

# An extended header holds names and numbers: this is more than any tool writes.
LONGEST_HEADER = 1 << 20

DAMAGED_HEADER = "a header in it is damaged"

LINKS, WITHOUT_CONTENT = b"12", b"3456"
PAX, PAX_GLOBAL, GNU_NAME, GNU_LINK, GNU_SPARSE = b"x", b"g", b"L", b"K", b"S"
SPARSE_NAME = b"GNU.sparse.name"


@dataclass(slots=True)
class Header:
    """What is known of a member before its content: its own header, and those before it that add to it."""

    kind: bytes
    name: bytes
    link: bytes
    size: int


def members(content: Content, budget: Budget) -> Iterator[Member]:
    """The members: links have their target as content, folders and devices none.

    The content of a sparse file is what is stored of it. Archives that follow one another are one, also with
    something else between them. What stands behind a damaged header is read from the next one on.
    """
    read = content.read
    told: dict[bytes, bytes] = {}
    ended = damaged = False
    while block := read(BLOCK):
        if not block.strip(b"\0"):
            ended = True
            continue
        if not is_header(block):
            # Behind the end may stand anything.
            if not ended and len(block) < BLOCK and not damaged:
                raise ArchiveError(CUT_OFF)
            damaged = damaged or not ended
            told = {}
            continue
        header = header_of(block)
        ended = False
        if header.kind in (PAX, PAX_GLOBAL, GNU_NAME, GNU_LINK):
            budget.member()
            told.update(told_by(header, _extended(read, header.size)))
            continue
        if header.kind == GNU_SPARSE:
            _skip_map(read, block)
        yield from _member(read, completed(header, told))
        told = {}
    if damaged:
        raise ArchiveError(DAMAGED_HEADER)


def _member(read: Read, header: Header) -> Iterator[Member]:
    if header.kind in LINKS:
        yield Member(header.name, Stream(cut(header.link)), len(header.link))
        return
    if header.kind in WITHOUT_CONTENT:
        yield Member(header.name, Stream(()), 0)
        return
    stream = Stream(portion(read, header.size))
    yield Member(header.name, stream, header.size)
    stream.skip()
    if not stream.problem:
        # Contents are filled up to whole blocks.
        read(-header.size % BLOCK)


def header_of(block: bytes) -> Header:
    """What a header tells by itself. Raises ArchiveError for a number that is none."""
    name, prefix = text_of(block[:100]), text_of(block[345:500])
    # GNU's own header has other fields where ustar has the prefix.
    if prefix and block[257:263] == b"ustar\0":
        name = prefix + b"/" + name
    return Header(block[156:157], name, text_of(block[157:257]), number(block[124:136]))


def completed(header: Header, told: dict[bytes, bytes]) -> Header:
    """A header with what those before it told of it."""
    header.name = told.get(SPARSE_NAME) or told.get(b"path") or header.name
    header.link = told.get(b"linkpath") or header.link
    if size := told.get(b"size"):
        if not size.isdigit() or len(size) > 20:
            raise ArchiveError(DAMAGED_HEADER)
        header.size = int(size)
    return header


def told_by(header: Header, text: bytes) -> dict[bytes, bytes]:
    """What an extended header, whose content is `text`, tells of the member after it. Raises ArchiveError."""
    if header.kind == GNU_NAME:
        return {b"path": text_of(text)}
    if header.kind == GNU_LINK:
        return {b"linkpath": text_of(text)}
    # What is told of all members is never their names or sizes.
    return dict(records(text)) if header.kind == PAX else {}


def records(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The records of a pax header: `LENGTH KEYWORD=VALUE\\n`, the length being that of the record."""
    place = 0
    while place < len(text):
        digits, space, _ = text[place : place + 20].partition(b" ")
        length = int(digits) if digits.isdigit() else 0
        record = text[place + len(digits) + 1 : place + length]
        keyword, equals, value = record.partition(b"=")
        if not space or not equals or not record.endswith(b"\n"):
            raise ArchiveError("an extended header in it is damaged")
        yield keyword, value[:-1]
        place += length


def _extended(read: Read, size: int) -> bytes:
    if size > LONGEST_HEADER:
        raise ArchiveError(f"an extended header in it has more than {LONGEST_HEADER >> 20} MB")
    text = b"".join(portion(read, size))
    read(-size % BLOCK)
    return text


def _skip_map(read: Read, block: bytes) -> None:
    """Pass over the further blocks that say where a sparse file's holes are (GNU tar, "Storing Sparse Files")."""
    more = block[482]
    while more:
        block = read(BLOCK)
        if len(block) < BLOCK:
            raise ArchiveError(CUT_OFF)
        more = block[504]


def text_of(field: bytes) -> bytes:
    """What a field of fixed length holds, without what fills it up."""
    return field.partition(b"\0")[0]


def number(field: bytes) -> int:
    """A number in octal digits or, where the first bit says so, in binary ones (GNU)."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & (1 << 8 * len(field) - 1) - 1
        if field[0] & 0x40:
            raise ArchiveError(DAMAGED_HEADER)
        return value
    digits = field.strip(b" \0")
    try:
        return int(digits or b"0", 8)
    except ValueError as error:
        raise ArchiveError(DAMAGED_HEADER) from error
