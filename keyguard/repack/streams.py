"""Compressed streams with another content: those of several that hold nothing of what changes keep their bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from keyguard.archive.bounds import Budget
from keyguard.archive.inflate import DAMAGED, PIECE, Inflater
from keyguard.archive.stream import CUT_OFF, READ
from keyguard.errors import ArchiveError
from keyguard.repack.edit import Edit

_ZEROS = re.compile(rb"\0*")


class Codec(Protocol):
    """What a format of compressed streams is."""

    magic: bytes
    errors: tuple[type[Exception], ...]

    def inflater(self) -> Inflater: ...

    def header(self, raw: bytes, edit: Edit) -> bytes:
        """A stream with its header as `edit` wants it."""
        ...

    def compressed(self, raw: bytes, content: bytes) -> bytes:
        """A stream like `raw` that has another content."""
        ...


@dataclass(frozen=True, slots=True)
class _Part:
    """A stream, its content, and the zeros between it and the next stream."""

    raw: bytes = field(repr=False)
    content: bytes = field(repr=False)
    padding: bytes = b""


def repacked(data: bytes, codec: Codec, edit: Edit, budget: Budget) -> bytes:
    """One stream or several, which are one content, as `edit` wants them. What else follows them stays.

    Raises ArchiveError, BoundError.
    """
    parts = list(_parts(data, codec, budget))
    old = b"".join(part.content for part in parts)
    new = edit.content(old)
    made = parts if new == old else list(_spread(parts, new, codec))
    rest = data[sum(len(part.raw) + len(part.padding) for part in parts) :]
    return b"".join(codec.header(part.raw, edit) + part.padding for part in made) + rest


def _parts(data: bytes, codec: Codec, budget: Budget) -> Iterator[_Part]:
    place = 0
    while place == 0 or data.startswith(codec.magic, place):
        begins, inflater = place, codec.inflater()
        pieces: list[bytes] = []
        while not inflater.eof:
            piece = data[place : place + READ] if inflater.needs_input else b""
            if inflater.needs_input and not piece:
                raise ArchiveError(CUT_OFF)
            place += len(piece)
            try:
                pieces.append(inflater.decompress(piece, PIECE))
            except codec.errors as error:
                raise ArchiveError(DAMAGED) from error
            budget.spend(len(pieces[-1]))
        place -= len(inflater.unused_data)
        raw, padding = data[begins:place], _ZEROS.match(data, place)
        if padding and data.startswith(codec.magic, padding.end()):
            place = padding.end()
        budget.member()
        yield _Part(raw, b"".join(pieces), data[begins + len(raw) : place])


def _spread(parts: Sequence[_Part], new: bytes, codec: Codec) -> Iterator[_Part]:
    """A new content over as many streams: those at the front and at the end that hold the same stay as they are."""
    first = start = 0
    while first < len(parts) - 1 and new.startswith(parts[first].content, start):
        start += len(parts[first].content)
        first += 1
    last, end = len(parts), len(new)
    while last > first + 1 and end - start >= (size := len(parts[last - 1].content)):
        if new[end - size : end] != parts[last - 1].content:
            break
        end -= size
        last -= 1
    yield from parts[:first]
    for part in parts[first : last - 1]:
        content = new[start : min(end, start + len(part.content))]
        start += len(content)
        yield _Part(codec.compressed(part.raw, content), content, part.padding)
    part, content = parts[last - 1], new[start:end]
    yield _Part(codec.compressed(part.raw, content), content, part.padding)
    yield from parts[last:]
