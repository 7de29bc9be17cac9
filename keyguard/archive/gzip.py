"""gzip: one deflate stream or several, one after another, which are one content (RFC 1952)."""

from __future__ import annotations

from collections.abc import Iterator

from keyguard.archive.bounds import Budget
from keyguard.archive.inflate import Deflated, inflated
from keyguard.archive.member import Member
from keyguard.archive.stream import READ, Content, Stream, joined
from keyguard.deflate import INFLATE_ERRORS
from keyguard.errors import BoundError

MAGIC = b"\x1f\x8b\x08"
# The largest window, and a header and checksums of gzip's.
WBITS = 31

EXTRA, NAME = 4, 8
LONGEST_NAME = 4096


def members(content: Content, budget: Budget) -> Iterator[Member]:
    """The content, by the name that its first header tells; nothing where it is no gzip after all."""
    head = content.read(READ)
    packed = Stream(joined(head, content.read))
    stream = Stream(inflated(packed.read, _inflater, INFLATE_ERRORS, budget, MAGIC))
    # Three bytes are soon met by chance: what gives nothing at all only looks like gzip.
    if not stream.is_none or isinstance(stream.problem, BoundError):
        yield Member(_name(head), stream, layer=True)


def _inflater() -> Deflated:
    return Deflated(WBITS)


def _name(head: bytes) -> bytes:
    """The file's name (RFC 1952, 2.3.1), empty where there is none."""
    flags, place = head[3], 10
    if flags & EXTRA:
        place += 2 + int.from_bytes(head[place : place + 2], "little")
    if not flags & NAME:
        return b""
    end = head.find(b"\0", place, place + LONGEST_NAME)
    return head[place:end] if end >= 0 else b""
