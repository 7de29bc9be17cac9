"""zip with other members: what is not changed keeps its bytes, its order and its gaps (PKWARE, APPNOTE.TXT 6.3.10)."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from keyguard.archive.bounds import Budget
from keyguard.archive.stream import At
from keyguard.archive.zip import directory, entries, unlisted
from keyguard.archive.zip_entry import (
    BZIP2,
    DEFLATE,
    ENCRYPTED,
    LZMA,
    STORED,
    WBITS,
    WITH_END_MARK,
    XZ,
    Entry,
    unpacked,
)
from keyguard.archive_shape import LOCAL, MOST_COMMENT, zip_end
from keyguard.deflate import crc32
from keyguard.errors import ArchiveError
from keyguard.repack.edit import Edit
from keyguard.repack.extra import BIG, with_numbers, with_texts
from keyguard.repack.record import Change, amended, is_record
from keyguard.repack.signed import is_signed

LOCAL_HEADER = struct.Struct("<10s4sLLLHH")  # 4.3.7: up to the method, time, checksum, sizes, lengths
CENTRAL_HEADER = struct.Struct("<12s4sLLLHHH8sL")  # 4.3.12: the same, lengths, disk and attributes, offset
END = struct.Struct("<4s8sLLH")  # 4.3.16: disks and numbers of entries, the directory's size and offset, a comment
END64 = struct.Struct("<4sQ28sQQ")  # 4.3.14
LOCATOR = struct.Struct("<4sLQL")  # 4.3.15

DESCRIBED = 8
"""The flag of a member whose checksum and sizes stand behind its content (4.4.4, bit 3)."""

DESCRIPTORS = ("<4sLLL", "<4sLQQ", "<LLL", "<LQQ")
"""The forms in which they do: the magic is no part of the first specification, and zip64 has longer sizes (4.3.9)."""
DESCRIPTOR = b"PK\7\x08"

LEVELS = {0: 6, 1: 9, 2: 2, 3: 1}
"""zlib's level by the flags of a deflated member (4.4.4, bits 1 and 2)."""


@dataclass(frozen=True, slots=True)
class _Sizes:
    """Checksum, packed and full size of a content."""

    checksum: int
    packed: int
    full: int


@dataclass(slots=True)
class _Member:
    """A member and what becomes of it: `content` is the new one, None where it stays. `start` is its new place."""

    entry: Entry = field(repr=False)
    begins: int
    ends: int
    content: bytes | None = field(default=None, repr=False)
    packed: bytes = field(default=b"", repr=False)
    start: int = 0

    @property
    def sizes(self) -> _Sizes:
        if self.content is None:
            return _Sizes(self.entry.checksum, self.entry.packed, self.entry.size)
        return _Sizes(crc32(self.content), len(self.packed), len(self.content))


def repacked(data: bytes, edit: Edit, budget: Budget) -> bytes:
    """A zip as `edit` wants it. Raises ArchiveError, BoundError."""
    return _Zip(data).edited(edit, budget)


class _Zip:
    """A zip that is held, with the places of its parts."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._directory, size, self._shift = directory(self._at, len(data))
        self._directory_end = self._directory + size
        found = [self._placed(entry) for entry in entries(self._at, self._directory, size)]
        self._listed = found
        self._members = sorted(found, key=lambda member: member.begins)
        self._end = zip_end(data, len(data))
        self._check_order()

    @property
    def _at(self) -> At:
        return lambda place, count: self._data[place : place + count]

    def _placed(self, entry: Entry) -> _Member:
        if entry.flags & ENCRYPTED:
            raise ArchiveError("it is encrypted")
        begins = entry.start + self._shift
        header = self._data[begins : begins + LOCAL_HEADER.size] if begins >= 0 else b""
        if header[:4] != LOCAL or len(header) < LOCAL_HEADER.size:
            raise ArchiveError("it is damaged, or split over several files")
        *_, name, extra = LOCAL_HEADER.unpack(header)
        return _Member(entry, begins, begins + LOCAL_HEADER.size + name + extra + entry.packed)

    def _check_order(self) -> None:
        """Raises ArchiveError where parts overlap, or where something else stands between directory and end."""
        last = 0
        for member in self._members:
            if member.begins < last:
                raise ArchiveError("members in it share their bytes")
            last = member.ends
        if last > self._directory:
            raise ArchiveError("members in it share their bytes")
        taken = [place for member in self._members for place in (member.begins, member.ends)]
        if next(unlisted(self._at, taken, self._directory), None):
            raise ArchiveError("members stand in it that its directory does not list")
        if self._tail and self._tail[:4] != b"PK\6\6":
            raise ArchiveError("something that keyguard does not know stands behind its directory")

    @property
    def _tail(self) -> bytes:
        """What stands between the directory and its end: nothing, or the record of 64-bit numbers and its locator."""
        return self._data[self._directory_end : self._end]

    def edited(self, edit: Edit, budget: Budget) -> bytes:
        self._edit_contents(edit, budget)
        changed = [member for member in self._members if self._is_changed(member, edit)]
        before = self._data[: self._directory]
        if changed and is_signed((member.entry.name for member in self._members), before):
            raise ArchiveError("it is signed, and without the key its signature would not hold")
        made = bytearray()
        place = 0
        for member in self._members:
            made += self._data[place : member.begins]
            member.start = len(made)
            place = self._write(made, member, edit)
        made += self._data[place : self._directory]
        begins = len(made)
        for member in self._listed:
            made += self._central(member, edit)
        self._write_end(made, begins, edit)
        return bytes(made)

    def _edit_contents(self, edit: Edit, budget: Budget) -> None:
        changes: dict[bytes, Change] = {}
        lists: list[tuple[_Member, bytes]] = []
        for member in self._members:
            budget.member()
            content = b"".join(unpacked(self._at, member.entry, self._shift, budget))
            if is_record(member.entry.name):
                lists.append((member, content))
                continue
            member.content = _if_other(edit.content(content), content)
            if self._is_changed(member, edit):
                new = content if member.content is None else member.content
                changes[member.entry.name] = Change(edit.name(member.entry.name), new)
        for member, content in lists:
            member.content = _if_other(edit.content(amended(content, changes)), content)
        for member in self._members:
            if member.content is not None:
                member.packed = _packed(member.entry, member.content)

    def _is_changed(self, member: _Member, edit: Edit) -> bool:
        return member.content is not None or edit.name(member.entry.name) != member.entry.name

    def _write(self, made: bytearray, member: _Member, edit: Edit) -> int:
        """Write a member with its header and with what describes it behind its content: up to where that is read."""
        head, time, checksum, packed, full, name_size, extra_size = LOCAL_HEADER.unpack_from(self._data, member.begins)
        place = member.begins + LOCAL_HEADER.size
        after_name, begins = place + name_size, place + name_size + extra_size
        name, extra, content = (
            self._data[one:other] for one, other in ((place, after_name), (after_name, begins), (begins, member.ends))
        )
        new_name = edit.name(name)
        extra = with_texts(extra, (name, new_name), (b"", b""))
        end = member.ends
        descriptor = b""
        if member.content is not None:
            content = member.packed
            form, descriptor, end = self._descriptor(member)
            checksum = _renewed(checksum, member.entry.checksum, member.sizes.checksum, blank=bool(form))
            extra, (full, packed) = _local_sizes(extra, (full, packed), member, blank=bool(form))
        made += LOCAL_HEADER.pack(head, time, checksum, packed, full, len(new_name), len(extra))
        made += new_name + extra + content + descriptor
        return end

    def _descriptor(self, member: _Member) -> tuple[str, bytes, int]:
        """Form and new bytes of what describes a content behind it, and where the old ones end."""
        if not member.entry.flags & DESCRIBED:
            return "", b"", member.ends
        old, new = _Sizes(member.entry.checksum, member.entry.packed, member.entry.size), member.sizes
        for form in DESCRIPTORS:
            magic = (DESCRIPTOR,) if "4s" in form else ()
            there = struct.pack(form, *magic, old.checksum, old.packed, old.full)
            if self._data.startswith(there, member.ends):
                made = struct.pack(form, *magic, new.checksum, new.packed, new.full)
                return form, made, member.ends + len(there)
        raise ArchiveError("what describes a member of it is damaged")

    def _central(self, member: _Member, edit: Edit) -> bytes:
        """A member's record in the directory."""
        place = member.entry.place
        record = self._data[place : place + member.entry.length]
        head, time, _old, packed, full, name_size, extra_size, _, rest, start = CENTRAL_HEADER.unpack_from(record)
        texts = record[CENTRAL_HEADER.size :]
        name, extra = texts[:name_size], texts[name_size : name_size + extra_size]
        comment = texts[name_size + extra_size :]
        new_name, new_comment = edit.name(name), edit.text(comment)
        sizes = member.sizes
        extra, (full, packed, start) = with_numbers(
            extra, (full, packed, start), (sizes.full, sizes.packed, member.start - self._shift)
        )
        extra = with_texts(extra, (name, new_name), (comment, new_comment))
        lengths = len(new_name), len(extra), len(new_comment)
        header = CENTRAL_HEADER.pack(head, time, sizes.checksum, packed, full, *lengths, rest, start)
        return header + new_name + extra + new_comment

    def _write_end(self, made: bytearray, begins: int, edit: Edit) -> None:
        """Write what stands behind the directory that begins at `begins`."""
        size, start = len(made) - begins, begins - self._shift
        made += self._in_64_bits(len(made), size, start)
        magic, counts, told_size, told_start, length = END.unpack_from(self._data, self._end)
        place = self._end + END.size
        comment = edit.text(self._data[place : place + length])
        if len(comment) > MOST_COMMENT:
            raise ArchiveError("its comment would be too long")
        size, start = (BIG if told == BIG else now for told, now in ((told_size, size), (told_start, start)))
        made += END.pack(magic, counts, size, start, len(comment)) + comment + self._data[place + length :]

    def _in_64_bits(self, place: int, size: int, start: int) -> bytes:
        """The record of 64-bit numbers at its new place and the locator that names it, where there are such."""
        tail = self._tail
        if not tail:
            return b""
        if len(tail) < END64.size + LOCATOR.size:
            raise ArchiveError("the record of its 64-bit numbers is damaged")
        magic, length, counts, *_ = END64.unpack_from(tail)
        rest, locator = tail[END64.size : -LOCATOR.size], tail[-LOCATOR.size :]
        name, disk, told, disks = LOCATOR.unpack(locator)
        if name != b"PK\6\7" or length + 12 != END64.size + len(rest):
            raise ArchiveError("the record of its 64-bit numbers is damaged")
        moved = told + place - self._directory_end
        return END64.pack(magic, length, counts, size, start) + rest + LOCATOR.pack(name, disk, moved, disks)


def _if_other(new: bytes, old: bytes) -> bytes | None:
    return None if new == old else new


def _renewed(told: int, old: int, new: int, *, blank: bool) -> int:
    """A number of a local header: one that was left `blank`, since it stands behind the content, stays so."""
    if told == old:
        return new
    if told == 0 and blank:
        return 0
    raise ArchiveError("the two headers of a member of it differ")


def _local_sizes(extra: bytes, told: Sequence[int], member: _Member, *, blank: bool) -> tuple[bytes, list[int]]:
    """Extra fields and the full and packed size of a local header."""
    old, new = (member.entry.size, member.entry.packed), (member.sizes.full, member.sizes.packed)
    if BIG not in told:
        return extra, [_renewed(*three, blank=blank) for three in zip(told, old, new, strict=True)]
    # Where they are left blank in 64 bits, writers differ: zeros stay right, and so do the new ones.
    return with_numbers(extra, told, new)


def _packed(entry: Entry, content: bytes) -> bytes:
    if entry.method not in _METHODS:
        raise ArchiveError(f"a member of it is compressed by method {entry.method}, which keyguard does not write")
    return b"".join(_METHODS[entry.method](entry, content))


def _deflated(entry: Entry, content: bytes) -> Iterator[bytes]:
    compressor = zlib.compressobj(LEVELS[entry.flags >> 1 & 3], zlib.DEFLATED, WBITS)
    yield compressor.compress(content)
    yield compressor.flush()


def _lzma(entry: Entry, content: bytes) -> Iterator[bytes]:
    """LZMA as 5.8.8 has it: a version, the properties with their length, then the stream."""
    if not entry.flags & WITH_END_MARK:
        raise ArchiveError("a member of it is LZMA without a mark at its end, which keyguard does not write")
    alone = lzma.compress(content, lzma.FORMAT_ALONE)
    properties, stream = alone[:5], alone[13:]
    yield struct.pack("<BBH", 9, 4, len(properties)) + properties
    yield stream


_METHODS: dict[int, Callable[[Entry, bytes], Iterator[bytes]]] = {
    STORED: lambda _entry, content: iter((content,)),
    DEFLATE: _deflated,
    BZIP2: lambda _entry, content: iter((bz2.compress(content),)),
    LZMA: _lzma,
    XZ: lambda _entry, content: iter((lzma.compress(content),)),
}
