"""What a zip's directory says of a member, and the member's content by that."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Iterator
from dataclasses import dataclass

from keyguard.archive.bounds import Budget
from keyguard.archive.bzip2 import ERRORS as BZIP2_ERRORS
from keyguard.archive.inflate import DAMAGED, Deflated, Form, inflated
from keyguard.archive.stream import At, Read, Stream, joined, portion, reader
from keyguard.archive.xz import MOST_MEMORY
from keyguard.archive_shape import LOCAL
from keyguard.deflate import INFLATE_ERRORS, crc32, decompressobj
from keyguard.errors import ArchiveError
from keyguard.windows import WINDOW

STORED, DEFLATE, BZIP2, LZMA, XZ = 0, 8, 12, 14, 95
ENCRYPTED, WITH_END_MARK, DESCRIBED = 1, 2, 8

LOCAL_SIZE = 30

# The largest window, without a header or checksum.
WBITS = -15


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


def unpacked(at: At, entry: Entry, shift: int, budget: Budget) -> Iterator[bytes]:
    """A member's content as it comes. Raises ArchiveError, also at its end where it is not what was packed."""
    if entry.flags & ENCRYPTED:
        raise ArchiveError("it is encrypted")
    begins = _begins(at, entry, shift)
    if budget.spares(entry.size) and (content := _at_once(at, entry, begins)):
        budget.spend(len(content))
        yield content
        return
    checksum = length = 0
    for piece in _pieces(at, entry, begins, budget):
        checksum = crc32(piece, checksum)
        length += len(piece)
        yield piece
    if (checksum, length) != (entry.checksum, entry.size):
        raise ArchiveError(DAMAGED)


def unpacked_unlisted(at: At, entry: Entry, end: int, budget: Budget) -> Iterator[bytes]:
    """The content of a member of which only its own header is known, and which ends before `end` at the latest."""
    if not entry.flags & DESCRIBED:
        yield from unpacked(at, entry, 0, budget)
    elif entry.flags & ENCRYPTED or entry.method != DEFLATE:
        # Its length and its checksum stand behind it, and only deflate's end is told by itself.
        raise ArchiveError("the directory does not list it, and its header does not tell its length")
    else:
        begins = _begins(at, entry, 0)
        yield from inflated(Stream(portion(reader(at, begins), end - begins)).read, FORMS[DEFLATE], budget)


def _begins(at: At, entry: Entry, shift: int) -> int:
    """Where a member's packed bytes begin, behind its local header. Raises ArchiveError where there is none."""
    place = entry.start + shift
    header = at(place, LOCAL_SIZE) if place >= 0 else b""
    if header[:4] != LOCAL or len(header) < LOCAL_SIZE:
        raise ArchiveError(DAMAGED)
    # Lengths of the name and of the extra field (4.3.7).
    return place + LOCAL_SIZE + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")


def _at_once(at: At, entry: Entry, begins: int) -> bytes | None:
    """A deflated member's content where it is small and as the directory tells it; any other is read in pieces.

    To join pieces takes a tenth of the time that inflating them does.
    """
    if entry.method != DEFLATE or max(entry.packed, entry.size) > WINDOW:
        return None
    inflater = decompressobj(WBITS)
    try:
        content = inflater.decompress(at(begins, entry.packed), entry.size + 1)
    except INFLATE_ERRORS:
        return None
    whole = inflater.eof and len(content) == entry.size and crc32(content) == entry.checksum
    return content if whole else None


def _pieces(at: At, entry: Entry, begins: int, budget: Budget) -> Iterator[bytes]:
    packed = Stream(portion(reader(at, begins), entry.packed))
    if entry.method == STORED:
        yield from _spent(packed, budget)
    elif entry.method == LZMA:
        yield from _lzma(packed.read, entry, budget)
    elif entry.method in FORMS:
        yield from inflated(packed.read, FORMS[entry.method], budget)
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
    yield from inflated(whole.read, FORMS[LZMA], budget)


FORMS = {
    DEFLATE: Form(lambda: Deflated(WBITS), INFLATE_ERRORS),
    BZIP2: Form(bz2.BZ2Decompressor, BZIP2_ERRORS),
    LZMA: Form(lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, MOST_MEMORY), (lzma.LZMAError,)),
    XZ: Form(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, MOST_MEMORY), (lzma.LZMAError,)),
}
