"""The texts in a table of refs: names, what symbolic ones point to, and who wrote what into their logs.

Read is all that a table holds, also what a later table of the same stack replaces or deletes: it is stored until git
compacts the stack. Which refs there are is git's to say.

Source: git's Documentation/technical/reftable.adoc.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from keyguard.errors import DamagedError

MAGIC = b"REFT"
# Bytes of the header, and of the footer that begins with a copy of it, by version.
HEADER, FOOTER = {1: 24, 2: 28}, {1: 68, 2: 72}

BLOCK_HEADER = 4
REFS, LOG, OBJECTS, INDEX, PADDING = b"r", b"g", b"o", b"i", b"\0"

# What stands in the lowest three bits beside the length of a name.
DELETED, ONE_ID, TWO_IDS, SYMBOLIC = range(4)
LOGGED = 1


@dataclass(frozen=True, slots=True)
class Record:
    """A ref, or an entry of its log.

    `text` is what a symbolic ref points to, or the entry as a line of a log file has it: `name <email>`, a tab and
    the message. Of other refs it is empty.
    """

    ref: bytes
    text: bytes = field(repr=False, default=b"")


def records(table: bytes, oid_size: int) -> Iterator[Record]:
    """Every record of a table of a repository whose raw object ids have `oid_size` bytes.

    Raises DamagedError where the table breaks off or contradicts itself, after what stands before that.
    """
    start, end, aligned = _bounds(table)
    at = start
    while at < end:
        kind = table[at : at + 1]
        if kind == PADDING and aligned:
            at = min(at - at % aligned + aligned, end)
            continue
        # The first block's length counts the header of the file too, and so do its offsets.
        begin = 0 if at == start else at
        length = int.from_bytes(table[at + 1 : at + BLOCK_HEADER], "big")
        if kind == LOG:
            block, at = _inflated(table, at, length - (at - begin))
            yield from _log_entries(_Cursor(block, BLOCK_HEADER), oid_size)
            continue
        if length <= at - begin + BLOCK_HEADER or begin + length > end:
            raise DamagedError("a block of the table is cut off")
        if kind == REFS:
            yield from _refs(_Cursor(table[begin : begin + length], at - begin + BLOCK_HEADER), oid_size)
        elif kind not in (OBJECTS, INDEX):
            raise DamagedError("the table has a block of an unknown kind")
        at = begin + length


def _bounds(table: bytes) -> tuple[int, int, int]:
    """Where the blocks begin and end, and the size that they are padded to, 0 where they are not."""
    version = table[4] if len(table) > 4 and table[:4] == MAGIC else 0
    if version not in HEADER:
        raise DamagedError("it is no table of refs that keyguard knows")
    start, end = HEADER[version], len(table) - FOOTER[version]
    if end < start or table[end : end + start] != table[:start]:
        raise DamagedError("the table is cut off")
    return start, end, int.from_bytes(table[5:8], "big")


def _inflated(table: bytes, at: int, length: int) -> tuple[bytes, int]:
    """A log block with its four bytes of header, and where the next block begins."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(memoryview(table)[at + BLOCK_HEADER :], max(length - BLOCK_HEADER, 0) + 1)
    except zlib.error as error:
        raise DamagedError(f"the log in the table is damaged: {error}") from error
    if not inflater.eof or len(content) != length - BLOCK_HEADER:
        raise DamagedError("the log in the table has another length than it announces")
    return table[at : at + BLOCK_HEADER] + content, len(table) - len(inflater.unused_data)


class _Cursor:
    """Reads the records of a block, which end where its table of restarts begins."""

    def __init__(self, block: bytes, at: int) -> None:
        restarts = int.from_bytes(block[-2:], "big")
        self._block = block
        self._at = at
        self._end = len(block) - 2 - 3 * restarts
        if self._end < at:
            raise DamagedError("a block of the table is shorter than its table of restarts")

    def records(self) -> Iterator[tuple[bytes, int]]:
        """Key and kind of each record, whose reader has to pass over the rest of it."""
        key = b""
        while self._at < self._end:
            shared = self.number()
            length = self.number()
            if shared > len(key):
                raise DamagedError("a name in the table goes on from one that is not there")
            key = key[:shared] + self.take(length >> 3)
            yield key, length & 7
        if self._at != self._end:
            raise DamagedError("a record of the table is cut off")

    def take(self, count: int) -> bytes:
        taken = self._block[self._at : self._at + count]
        self._at += count
        if self._at > self._end:
            raise DamagedError("a record of the table is cut off")
        return taken

    def text(self) -> bytes:
        return self.take(self.number())

    def number(self) -> int:
        """A number in pack files' "offset encoding": seven bits a byte, and each byte after the first adds 1."""
        byte = self.take(1)[0]
        number = byte & 0x7F
        while byte & 0x80:
            byte = self.take(1)[0]
            number = (number + 1) << 7 | byte & 0x7F
        return number


def _refs(cursor: _Cursor, oid_size: int) -> Iterator[Record]:
    for name, kind in cursor.records():
        cursor.number()  # when it was updated
        if kind > SYMBOLIC:
            raise DamagedError("the table has a ref of an unknown kind")
        text = cursor.text() if kind == SYMBOLIC else b""
        cursor.take({ONE_ID: oid_size, TWO_IDS: 2 * oid_size}.get(kind, 0))
        yield Record(name, text)


def _log_entries(cursor: _Cursor, oid_size: int) -> Iterator[Record]:
    for key, kind in cursor.records():
        # A NUL and the number of the update, of eight bytes, follow the name.
        name = key[:-9]
        if kind > LOGGED or key[-9:-8] != b"\0":
            raise DamagedError("the table has a log entry of an unknown kind")
        yield Record(name, _log_text(cursor, oid_size) if kind == LOGGED else b"")


def _log_text(cursor: _Cursor, oid_size: int) -> bytes:
    cursor.take(2 * oid_size)
    name, email = cursor.text(), cursor.text()
    cursor.number()  # when: the seconds
    cursor.take(2)  # and the time zone
    return b"%s <%s>\t%s" % (name, email, cursor.text())
