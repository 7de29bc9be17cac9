"""tar with other members (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from keyguard.archive.bounds import Budget
from keyguard.archive.stream import CUT_OFF
from keyguard.archive.tar import (
    GNU_LINK,
    GNU_NAME,
    GNU_SPARSE,
    LINKS,
    PAX,
    PAX_GLOBAL,
    WITHOUT_CONTENT,
    Header,
    completed,
    header_of,
    records,
    text_of,
    told_by,
)
from keyguard.archive_shape import BLOCK, is_header
from keyguard.errors import ArchiveError
from keyguard.repack.edit import Edit

NAME, LINK, PREFIX = (0, 100), (157, 100), (345, 155)
SIZE, CHECKSUM = (124, 12), (148, 8)
OWNERS = ((265, 32), (297, 32))
"""Places and lengths of fields in a header."""

RECORD = 20 * BLOCK
"""Archives are mostly filled up to a multiple of this (GNU tar, "The Blocking Factor of an Archive")."""

PAX_NAMES = (b"path", b"linkpath", b"uname", b"gname", b"GNU.sparse.name")
PAX_LINK = b"linkpath"
PAX_FOLDER = b"PaxHeaders/"


@dataclass(slots=True)
class _Part:
    """A header, the further blocks that belong to it, and what it is followed by, without what fills that up."""

    block: bytes = field(repr=False)
    header: Header = field(repr=False)
    more: bytes = field(repr=False)
    body: bytes = field(repr=False)

    def written(self, block: bytes, body: bytes) -> bytes:
        """The part with another header and body. A header that does not count its body's bytes stays silent."""
        if len(body) != len(self.body) and self.header.size == len(self.body):
            block = _sized(block, len(body))
        if block != self.block:
            block = _summed(block)
        return block + self.more + body + bytes(-len(body) % BLOCK)


def repacked(data: bytes, edit: Edit, budget: Budget) -> bytes:
    """A tar as `edit` wants it. Raises ArchiveError, BoundError."""
    made = bytearray()
    extended: list[_Part] = []
    told: dict[bytes, bytes] = {}
    place, zeros = 0, 0
    while block := data[place : place + BLOCK]:
        if not block.strip(b"\0"):
            made += block
            place, zeros = place + len(block), zeros + len(block)
            continue
        if not is_header(block):
            if zeros:
                if any(is_header(data[at : at + BLOCK]) for at in range(place, len(data), BLOCK)):
                    raise ArchiveError("something else stands between the archives in it")
                # Something else stands behind the end.
                return bytes(made + data[place:])
            raise ArchiveError("a header in it is damaged" if len(block) == BLOCK else CUT_OFF)
        zeros = 0
        budget.member()
        header = header_of(block)
        if header.kind in (PAX, PAX_GLOBAL, GNU_NAME, GNU_LINK):
            part, place = _part(data, place, header, header.size)
            extended.append(part)
            told.update(told_by(header, part.body))
            continue
        size = 0 if header.kind in LINKS + WITHOUT_CONTENT else completed(header_of(block), told).size
        part, place = _part(data, place, header, size)
        budget.spend(size)
        made += _group(extended, part, told, edit)
        extended, told = [], {}
    return _filled(bytes(made), zeros) if len(data) % RECORD == 0 else bytes(made)


def _part(data: bytes, place: int, header: Header, size: int) -> tuple[_Part, int]:
    """A header with what belongs to it, and where the next one is."""
    end = place + BLOCK
    while header.kind == GNU_SPARSE and data[end - (8 if end > place + BLOCK else 30)]:
        # Further blocks say where a sparse file's holes are (GNU tar, "Storing Sparse Files").
        end += BLOCK
        if end > len(data):
            raise ArchiveError(CUT_OFF)
    body = data[end : end + size]
    if len(body) < size:
        raise ArchiveError(CUT_OFF)
    part = _Part(data[place : place + BLOCK], header, data[place + BLOCK : end], body)
    return part, end + size + -size % BLOCK


def _group(extended: list[_Part], member: _Part, told: dict[bytes, bytes], edit: Edit) -> bytes:
    """A member with the extended headers before it."""
    content = edit.content(member.body) if member.body else b""
    is_sparse = member.header.kind == GNU_SPARSE or any(keyword.startswith(b"GNU.sparse.") for keyword in told)
    if is_sparse and len(content) != len(member.body):
        raise ArchiveError("a sparse file in it holds a key")
    block = _renamed(member.block, edit)
    if _is_edited(told.get(b"path"), edit):
        # The header holds as much of the name as it has room for: a part of a key, perhaps.
        block = _put(_put(block, NAME, edit.name(told[b"path"])[: NAME[1]]), PREFIX, b"")
    if _is_edited(told.get(PAX_LINK), edit):
        block = _put(block, LINK, edit.name(told[PAX_LINK])[: LINK[1]])
    before = b"".join(_extended(part, told, len(content), edit) for part in extended)
    return before + member.written(block, content)


def _is_edited(name: bytes | None, edit: Edit) -> bool:
    return name is not None and edit.name(name) != name


def _renamed(block: bytes, edit: Edit) -> bytes:
    """A header with other names in it."""
    # GNU's own header has other fields where ustar has the prefix.
    for place, length in (NAME, LINK, *OWNERS, *([PREFIX] if block[257:263] == b"ustar\0" else [])):
        old = text_of(block[place : place + length])
        if (new := edit.name(old)) != old:
            block = _put(block, (place, length), new)
    return block


def _extended(part: _Part, told: dict[bytes, bytes], size: int, edit: Edit) -> bytes:
    """An extended header of a member whose content has `size` bytes now."""
    block = _renamed(part.block, edit)
    if part.header.kind in (GNU_NAME, GNU_LINK):
        name = text_of(part.body)
        body = edit.name(name) + part.body[len(name) :]
    else:
        body = b"".join(_record(keyword, value, size, edit) for keyword, value in records(part.body))
    if part.header.kind == PAX and _is_edited(told.get(b"path"), edit):
        # It is called by a part of the member's name.
        block = _put(block, NAME, (PAX_FOLDER + edit.name(told[b"path"]))[: NAME[1]])
    return part.written(block, body)


def _record(keyword: bytes, value: bytes, size: int, edit: Edit) -> bytes:
    """A record of a pax header, whose length counts its own digits."""
    edited: Callable[[bytes], bytes] = edit.name if keyword in PAX_NAMES else edit.text
    new = b"%d" % size if keyword == b"size" else edited(value)
    rest = b" %b=%b\n" % (keyword, new)
    length = len(rest)
    while len(b"%d" % length) + len(rest) != length:
        length = len(b"%d" % length) + len(rest)
    return b"%d%b" % (length, rest)


def _put(block: bytes, field: tuple[int, int], text: bytes) -> bytes:
    """A header with another text in a field. Raises ArchiveError where that is too long."""
    place, length = field
    if len(text) > length:
        raise ArchiveError("a name in it would be too long")
    return block[:place] + text.ljust(length, b"\0") + block[place + length :]


def _sized(block: bytes, size: int) -> bytes:
    place, length = SIZE
    if block[place] & 0x80:
        # In binary (GNU tar, "Extensions to the tar Archive Format").
        return _put(block, SIZE, (size | 1 << 8 * length - 1).to_bytes(length, "big"))
    return _put(block, SIZE, _octal(block[place : place + length], size))


def _summed(block: bytes) -> bytes:
    """A header with its checksum, which is taken as if it were blank itself."""
    place, length = CHECKSUM
    total = sum(block[:place]) + 0x20 * length + sum(block[place + length :])
    return _put(block, CHECKSUM, _octal(block[place : place + length], total))


def _octal(field: bytes, value: int) -> bytes:
    """A number in octal digits, filled up and ended as the field was."""
    digits = field.rstrip(b" \0")
    fill = b" " if digits.startswith(b" ") else b"0"
    new = (b"%o" % value).rjust(len(digits), fill)
    if len(new) >= len(field):
        raise ArchiveError("a size in it would be too large")
    return new + field[len(new) :]


def _filled(made: bytes, zeros: int) -> bytes:
    """An archive whose end, `zeros` bytes of zeros, fills it up to whole records."""
    least = min(zeros, 2 * BLOCK)
    bare = len(made) - zeros + least
    return made[: len(made) - zeros] + bytes(least + -bare % RECORD)
