"""A content and all that is packed in it, searched: what the sources call.

What is found in an archive has the `member` that it stands in: its name there, those of archives in archives joined
by `!/` (`inner.zip!/a/b.txt`). A name is shown without the keys in it.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import BinaryIO

from keyguard.archive import format_of
from keyguard.archive.bounds import Bounds, Budget
from keyguard.archive.member import Member
from keyguard.archive.stream import At, Content, Kept, Stream, held
from keyguard.archive.stream import Read as Read
from keyguard.archive_shape import ZIP, is_zip, kind, may_be_archive, streamed
from keyguard.engine import Engine
from keyguard.errors import ArchiveError, BoundError
from keyguard.examination import name_of
from keyguard.model import Blob, Match, Origin, Unread
from keyguard.passage import Passage, examined
from keyguard.windows import fits, windows

JOINT = "!/"

TOLD = 10
"""How many of the members that cannot be read are named. The others are counted."""

Results = Iterator[Match | Unread]


def search(engine: Engine, read: Read, origin: Origin, size: int | None = None, at: At | None = None) -> Results:
    """The keys in the content that `read` gives and in what is packed in it, and what could not be read.

    `read` gives fewer bytes than asked for only at the end. `at` reads anywhere; without it a zip larger than a
    window is held, as far as the engine's bounds allow.
    """
    blobs = windows(read, origin, size)
    if engine.bounds is None:
        return examined(engine, blobs)
    return _Search(engine, engine.bounds, origin, size).results(blobs, at)


def search_whole(engine: Engine, data: bytes, origin: Origin, *, admitted: bool = False) -> list[Match | Unread]:
    """The same of a content that is held. `admitted` says that the prefilter has been asked already.

    One that does not fit is searched in windows like any other, so that all commands find the same.
    """
    if not fits(len(data)):
        return list(search(engine, io.BytesIO(data).read, origin, len(data), _slices(data)))
    blob = Blob(data, origin)
    if engine.bounds is None or not may_be_archive(data) or kind(data) is None:
        return engine.examine(blob, admitted=admitted)
    return list(_Search(engine, engine.bounds, origin, len(data)).results(iter((blob,)), None))


def _slices(data: bytes) -> At:
    return lambda offset, count: data[offset : offset + count]


def anywhere(file: BinaryIO) -> At:
    """Reads at any place of a file that can be sought. What is read from its front on must have been read by then."""

    def at(offset: int, count: int) -> bytes:
        file.seek(offset)
        return file.read(count)

    return at


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a content lies: what a report calls it, and below what it names the members that are packed in it.

    `stream` gives the content, where that is a member's.
    """

    member: str | None = None
    below: str | None = None
    depth: int = 0
    stream: Stream | None = None

    def within(self, member: Member, name: str) -> _Place:
        """The place of a member of the archive that is here."""
        named = name if self.below is None else f"{self.below}{JOINT}{name}"
        return _Place(named, self.below if member.layer else named, self.depth + 1, member.stream)

    @property
    def is_broken(self) -> bool:
        """Whether the content broke off here: what of it cannot be read any more follows from that."""
        return self.stream is not None and self.stream.problem is not None


class _Search:
    """One outermost content under search."""

    def __init__(self, engine: Engine, bounds: Bounds, origin: Origin, size: int | None) -> None:
        self._engine = engine
        self._bounds = bounds
        self._budget = Budget(bounds, size)
        self._origin = origin
        self._size = size
        self._held = 0
        self._ended = False
        self._told = 0
        self._further: Counter[str] = Counter()

    def results(self, blobs: Iterator[Blob], at: At | None) -> Results:
        yield from self._content(blobs, _Place(), self._size, at)
        for reason, count in self._further.items():
            yield Unread(name_of(self._origin), f"further members: {reason}", count, self._origin)

    def _content(self, blobs: Iterator[Blob], place: _Place, size: int | None, at: At | None = None) -> Results:
        """What stands in a content, and in what is packed in it."""
        first = next(blobs)
        if first.owned is not None:
            yield from self._large(first, blobs, place, size, at)
            return
        own = _located(self._engine.examine(first), place)
        found = kind(first.data)
        packed = self._members(found, held(first.data), place) if found else ()
        yield from _without_copies(own, packed)

    def _large(self, first: Blob, blobs: Iterator[Blob], place: _Place, size: int | None, at: At | None) -> Results:
        """The same of a content in windows, which are searched as they pass by, on the way to what is packed in it."""
        own: list[Match | Unread] = []
        passage = Passage(self._engine)

        def passing() -> Iterator[bytes]:
            for blob in chain((first,), blobs):
                own.extend(_located(passage.examine(blob), place))
                yield blob.data[blob.owned.start : blob.owned.end] if blob.owned else blob.data

        pieces = passing()
        found = streamed(first.data)
        if found:
            packed = self._members(found, Content(Stream(pieces).read, size), place)
        else:
            packed = self._zip(first.data, pieces, place, size, at)
        # What an archive has no use for is passed all the same.
        yield from _without_copies(own, chain(packed, _drained(pieces)))

    def _zip(self, head: bytes, pieces: Iterator[bytes], place: _Place, size: int | None, at: At | None) -> Results:
        """The members of a content that begins with `head` and comes in pieces, if it is a zip."""
        room = self._bounds.held - self._held
        # Whether it is worth holding is seen at its end: a script may stand before a zip.
        kept = Kept(room if at is None and (size is None or size <= room) else 0)
        for piece in pieces:
            kept.add(piece)
        if not is_zip(head, kept.tail, kept.size):
            return
        if at is not None:
            yield from self._members(ZIP, Content(_at_its_end, kept.size, at), place)
        elif (data := kept.whole()) is not None:
            self._held += len(data)
            yield from self._members(ZIP, held(data), place)
            self._held -= len(data)
        elif not place.is_broken:
            reason = f"a zip of {kept.size >> 20:,} MB is more than keyguard holds here, which is {room >> 20:,} MB"
            yield from self._unread(place, reason)

    def _members(self, found: str, content: Content, place: _Place) -> Results:
        """The members of an archive, each searched as a content of its own."""
        if place.depth >= self._bounds.depth:
            yield from self._unread(place, f"archives lie more than {self._bounds.depth} deep in one another")
            return
        try:
            for member in format_of(found).members(content, self._budget):
                self._budget.member()
                yield from self._member(member, found, place)
                if self._ended:
                    return
        except ArchiveError as error:
            if not place.is_broken:
                yield from self._given_up(error, place)

    def _member(self, member: Member, found: str, archive: _Place) -> Results:
        name, keys = self._name(member.name or self._unnamed(found, archive))
        place = archive.within(member, name)
        yield from (replace(key, member=place.member) for key in keys)
        yield from self._content(windows(member.stream.read, self._origin, member.size), place, member.size)
        if member.stream.problem and not archive.is_broken:
            yield from self._given_up(member.stream.problem, place)

    def _given_up(self, error: ArchiveError, place: _Place) -> Results:
        """Say why no more is read here; of a bound that is passed only once."""
        if not self._ended:
            self._ended = isinstance(error, BoundError)
            yield from self._unread(place, str(error))

    def _unread(self, place: _Place, reason: str) -> Results:
        self._told += 1
        if self._told > TOLD:
            self._further[reason] += 1
        else:
            reason = reason if place.member is None else f"{place.member}: {reason}"
            yield Unread(name_of(self._origin), reason, origin=self._origin)

    def _name(self, name: bytes) -> tuple[str, list[Match]]:
        """A member's name as it is shown, and the keys that stand in it."""
        found = self._engine.examine(Blob(name, self._origin))
        keys = [item for item in found if isinstance(item, Match)]
        for key in reversed(keys):
            name = name[: key.span.start] + key.secret.redacted.encode() + name[key.span.end :]
        return name.decode("utf-8", "surrogateescape"), keys

    def _unnamed(self, found: str, archive: _Place) -> bytes:
        """What a compressed stream without a name of its own is called: as its file, without the ending."""
        path = archive.member or getattr(self._origin, "path", None) or ""
        base, ending = os.path.splitext(path.rpartition("/")[2])
        return os.fsencode(base + _ENDINGS[ending]) if base and ending in _ENDINGS else found.encode()


_ENDINGS = {".gz": "", ".bz2": "", ".xz": "", ".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}


def _located(found: list[Match | Unread], place: _Place) -> list[Match | Unread]:
    """What was found in a content's own bytes, with the member that it is."""
    if place.member is None or not found:
        return found
    return [replace(item, member=place.member) if isinstance(item, Match) else item for item in found]


def _without_copies(own: list[Match | Unread], packed: Iterable[Match | Unread]) -> Results:
    """What is packed in an archive, then what stands in its own bytes, where that is not the same key stored.

    The name in a member's header may be cut short.
    """
    texts = set()
    for item in packed:
        if isinstance(item, Match):
            texts.add(item.secret.reveal())
        yield item
    # One search for each that is not among them, however many there are. No key has a NUL.
    joined = "\0".join(texts)
    for item in own:
        if not isinstance(item, Match) or ((text := item.secret.reveal()) not in texts and text not in joined):
            yield item


def _drained(pieces: Iterator[bytes]) -> Results:
    for _ in pieces:
        pass
    yield from ()


def _at_its_end(_count: int) -> bytes:
    return b""
