"""What a decoder gives: another reading of some bytes, and how its places map back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from keyguard.model import Span

REACH = 1 << 15
"""How far a decoder looks to either side of a trace, in bytes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Other bytes for a part of the data. `places` says where each of them comes from.

    `newline` is how a line ends in the data that this is a reading of.
    """

    data: bytes = field(repr=False)
    encoding: str
    places: Places
    newline: bytes = b"\n"

    def back(self, span: Span) -> Span:
        """Where a span of the reading stands in the data that it was read from."""
        last = max(span.start, span.end - 1)
        return Span(self.places.at(span.start), self.places.after(last))


class Places(Protocol):
    """A mapping of places in a reading to places in the data."""

    def at(self, place: int) -> int:
        """Where the byte comes from."""
        ...

    def after(self, place: int) -> int:
        """Where what the byte comes from ends."""
        ...


@dataclass(frozen=True, slots=True)
class Stride:
    """Every byte of the reading stands for `width` bytes of the data, from `start` on."""

    start: int
    width: int

    def at(self, place: int) -> int:
        return self.start + place * self.width

    def after(self, place: int) -> int:
        return self.at(place + 1)


@dataclass(frozen=True, slots=True)
class Digits:
    """Bytes are made of `bits` bits from each digit; `digits` are the digits' places in the data."""

    digits: Sequence[int]
    bits: int

    def at(self, place: int) -> int:
        return self.digits[min(place * 8 // self.bits, len(self.digits) - 1)]

    def after(self, place: int) -> int:
        return self.digits[min((place * 8 + 7) // self.bits, len(self.digits) - 1)] + 1


@dataclass(frozen=True, slots=True)
class Pieces:
    """The reading is made of pieces; the piece that begins at `starts[i]` comes from `origins[i]`.

    Pieces of `plain[i]` are copied as they are; of the others every byte comes from the whole of the origin.
    """

    starts: Sequence[int]
    origins: Sequence[Span]
    plain: Sequence[bool]

    def at(self, place: int) -> int:
        piece = self._piece(place)
        return self.origins[piece].start + (place - self.starts[piece]) * self.plain[piece]

    def after(self, place: int) -> int:
        piece = self._piece(place)
        return self.at(place) + 1 if self.plain[piece] else self.origins[piece].end

    def _piece(self, place: int) -> int:
        return max(0, bisect_right(self.starts, place) - 1)


def pieced(pieces: Iterable[tuple[bytes, Span, bool]], encoding: str) -> Reading:
    """A reading put together from pieces: the bytes, where they come from, and whether copied as they are."""
    texts, starts, origins, plain = [], [], [], []
    length = 0
    for text, origin, copied in pieces:
        texts.append(text)
        starts.append(length)
        origins.append(origin)
        plain.append(copied)
        length += len(text)
    return Reading(b"".join(texts), encoding, Pieces(starts, origins, plain))


def grown(data: bytes, at: int, allowed: frozenset[int], reach: int) -> Span:
    """The run of allowed bytes around a place, at most `reach` to either side."""
    start = at
    while start > 0 and at - start < reach and data[start - 1] in allowed:
        start -= 1
    end = at
    while end < len(data) and end - at < reach and data[end] in allowed:
        end += 1
    return Span(start, end)


class Decoder(Protocol):
    """What each module of this folder is."""

    ENCODING: str
    REACH: int

    def disguises(self, keyword: bytes) -> Iterable[bytes]:
        """What `keyword` looks like in this encoding: traces for the prefilter."""
        ...

    def readings(self, data: bytes, at: int) -> Iterator[Reading]:
        """The readings of what stands around a trace that begins at `at`."""
        ...
