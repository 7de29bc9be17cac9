"""The extra fields of a zip's members (PKWARE, APPNOTE.TXT 6.3.10, 4.5)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from keyguard.deflate import crc32
from keyguard.errors import ArchiveError

ZIP64 = 0x0001
UNICODE_COMMENT, UNICODE_PATH = 0x6375, 0x7075
UNICODE = (UNICODE_COMMENT, UNICODE_PATH)

BIG = 0xFFFFFFFF
"""What stands in place of a number that needs 64 bits."""


@dataclass(frozen=True, slots=True)
class Field:
    """An extra field. One of kind -1 is what stands behind the last: fewer bytes than a field has, or a damaged one."""

    kind: int
    body: bytes = field(repr=False)

    @property
    def raw(self) -> bytes:
        return self.body if self.kind < 0 else struct.pack("<HH", self.kind, len(self.body)) + self.body


def fields(extra: bytes) -> Iterator[Field]:
    """The fields one after another; together they are `extra`."""
    place = 0
    while place < len(extra):
        kind, length = struct.unpack_from("<HH", extra, place) if place + 4 <= len(extra) else (-1, 0)
        end = place + 4 + length
        if kind < 0 or end > len(extra):
            # Tools that align members fill up with zeros.
            yield Field(-1, extra[place:])
            return
        yield Field(kind, extra[place + 4 : end])
        place = end


def with_numbers(extra: bytes, told: Sequence[int], new: Sequence[int]) -> tuple[bytes, list[int]]:
    """Extra fields and header numbers that tell `new`, in the form in which `told` has the old ones.

    A number that is `BIG` in `told` stands in the field of 64-bit numbers, in this order (4.5.3).

    Raises ArchiveError where a new number has no room.
    """
    wide = [number for number, old in zip(new, told, strict=True) if old == BIG]
    numbers = [BIG if old == BIG else number for number, old in zip(new, told, strict=True)]
    if any(number > BIG or (number == BIG and old != BIG) for number, old in zip(numbers, told, strict=True)):
        raise ArchiveError("a number in it would need 64 bits")
    if not wide:
        return extra, numbers
    found = list(fields(extra))
    for place, one in enumerate(found):
        if one.kind == ZIP64 and len(one.body) >= 8 * len(wide):
            body = struct.pack(f"<{len(wide)}Q", *wide) + one.body[8 * len(wide) :]
            found[place] = Field(ZIP64, body)
            return b"".join(one.raw for one in found), numbers
    raise ArchiveError("a number of 64 bits is missing in it")


def with_texts(extra: bytes, path: tuple[bytes, bytes], comment: tuple[bytes, bytes]) -> bytes:
    """Extra fields in which name and comment, each an old and a new text, also stand in UTF-8 (4.6.8 and 4.6.9).

    The checksum of what stands in the header tells whether such a field counts.
    """
    made = []
    for one in fields(extra):
        old, new = {UNICODE_PATH: path, UNICODE_COMMENT: comment}.get(one.kind, (b"", b""))
        if old == new or len(one.body) < 5:
            made.append(one.raw)
        elif one.body[5:] == old:
            made.append(Field(one.kind, one.body[:1] + struct.pack("<L", crc32(new)) + new).raw)
        else:
            raise ArchiveError("a name or a comment in it stands there in two ways")
    return b"".join(made)
