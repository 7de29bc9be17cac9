"""Whether bytes look like an archive. Stands on the way of a clean commit: imports nothing."""

from __future__ import annotations

GZIP, BZIP2, XZ, TAR, ZIP = "gzip", "bzip2", "xz", "tar", "zip"

CLOSED = "closed"
"""Any of the formats that keyguard does not read."""

# How these begin: the ones that compress, of which nothing can be seen from outside.
CLOSED_HEADS = {
    "7z": b"7z\xbc\xaf\x27\x1c",
    "rar": b"Rar!\x1a\x07",
    "zstd": b"\x28\xb5\x2f\xfd",
    "lz4": b"\x04\x22\x4d\x18",
    "lzip": b"LZIP\x01",
    "cab": b"MSCF\0\0\0\0",
}

# In so few bytes nobody packs a key.
LEAST_CLOSED = 32

# With two bytes most content is told from what begins like one of these.
HEADS = frozenset((b"\x1f\x8b", b"BZ", b"\xfd7", b"PK", *(head[:2] for head in CLOSED_HEADS.values())))

# A zip ends with this record of 22 bytes, behind which only a comment of up to 65,535 stands (APPNOTE 4.3.16).
END, END_SIZE = b"PK\5\6", 22
MOST_COMMENT = 0xFFFF

LOCAL = b"PK\3\4"
METHODS = frozenset((*range(13), 14, 16, 18, 19, 20, *range(93, 100)))
"""The compression methods that are given out (APPNOTE 4.4.5)."""

BLOCK = 512
SAMPLE = 1024

ENDING = 4096
"""In so many bytes at the end of a zip is a NUL of the record there, unless a longer comment follows it."""


def may_be_archive(data: bytes) -> bool:
    """What costs next to nothing to ask: False where `kind` is None for sure."""
    return data[:2] in HEADS or data.find(b"\0", 0, SAMPLE) >= 0 or data.find(b"\0", -ENDING) >= 0


def kind(data: bytes) -> str | None:
    """Which kind of archive a whole content is, by its first bytes and, for a zip, its last; None for any other.

    A zip may have anything before it: a script that runs it, a program that unpacks itself.
    """
    if not may_be_archive(data):
        return None
    return streamed(data) or (ZIP if is_zip(data, data, len(data)) else None)


def streamed(head: bytes) -> str | None:
    """Which kind of archive that is read from its front on begins like this."""
    # Method 8 is the only one, the flags' upper bits are reserved (RFC 1952, 2.3).
    if head[:3] == b"\x1f\x8b\x08" and len(head) > 18 and head[3] < 0x20:
        return GZIP
    # A block's magic, or that of an end without blocks, follows the size of the blocks.
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90") and head[3:4] in b"123456789":
        return BZIP2
    if head[:6] == b"\xfd7zXZ\0" and len(head) >= 12:
        return XZ
    if head[257:262] == b"ustar" and (is_header(head[:BLOCK]) or _was_header(head[:BLOCK])):
        return TAR
    return CLOSED if closed(head) else None


def closed(head: bytes) -> str | None:
    """The name of the format that begins like this, where it is one that keyguard does not read."""
    if head[:2] not in HEADS or len(head) < LEAST_CLOSED:
        return None
    return next((name for name, begins in CLOSED_HEADS.items() if head.startswith(begins)), None)


def _was_header(block: bytes) -> bool:
    """Whether a block can only be the header of a tar that was damaged: magic and numbers are right, its sum is not."""
    numbers = (block[100:107], block[124:135], block[136:147], block[148:154])
    return block[257:265] in (b"ustar\x0000", b"ustar  \0") and all(n.strip(b" \0").isdigit() for n in numbers)


def is_header(block: bytes) -> bool:
    """Whether a block of a tar is a header: its checksum, taken as if it were blank itself, is right (POSIX, ustar)."""
    try:
        told = int(block[148:156].strip(b" \0"), 8)
    except ValueError:
        return False
    blank = 8 * 0x20
    return len(block) == BLOCK and told == sum(block[:148]) + blank + sum(block[156:])


def is_zip(head: bytes, tail: bytes, size: int) -> bool:
    """Whether a content of `size` bytes with these first and last ones ends as a zip does, or begins as one cut off.

    Of the first bytes and the last it wants `SAMPLE` and those of a record with the longest comment, if there are any.
    """
    if begins_zip(head):
        return True
    may_end = head.find(b"\0", 0, SAMPLE) >= 0 or tail.find(b"\0", -ENDING) >= 0
    return may_end and zip_end(tail, size) >= 0


def zip_end(tail: bytes, size: int) -> int:
    """Where in `tail`, the last bytes of a content of `size` bytes, a zip's end is recorded; -1 where it is not."""
    place = len(tail)
    while (place := tail.rfind(END, max(0, len(tail) - END_SIZE - MOST_COMMENT), place)) >= 0:
        if _is_end(tail[place : place + END_SIZE], len(tail) - place, size - len(tail) + place):
            return place
    return -1


def begins_zip(data: bytes) -> bool:
    """Whether the first bytes are the header of a zip's first member (APPNOTE 4.3.7)."""
    header = data[:30]
    if header[:4] != LOCAL or len(header) < 30:
        return False
    # Version 6.3 is the latest that a member asks for.
    version, method, length = header[4], int.from_bytes(header[8:10], "little"), int.from_bytes(header[26:28], "little")
    name = data[30 : 30 + length]
    return version <= 63 and method in METHODS and len(name) == length > 0 and b"\0" not in name


def _is_end(record: bytes, left: int, place: int) -> bool:
    """Whether a record's numbers can be true, `left` bytes before the content's end and at `place` in it."""
    if len(record) < END_SIZE:
        return False
    disk, first_disk, here, entries, listed, start, comment = (
        int.from_bytes(record[at:end], "little")
        for at, end in ((4, 6), (6, 8), (8, 10), (10, 12), (12, 16), (16, 20), (20, 22))
    )
    if 0xFFFFFFFF in (listed, start) or 0xFFFF in (disk, entries):
        # The numbers stand in a record of their own, with 64 bits.
        return END_SIZE + comment <= left
    return (
        disk == first_disk == 0
        and here == entries
        and END_SIZE + comment <= left
        and listed + start <= place
        and entries * 46 <= listed
    )
