"""Looking for keys in git's objects: what in each kind of them is text, and what a key in it is called."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from keyguard.archive.bounds import Bounds
from keyguard.archive_shape import HEADS, kind, may_be_archive
from keyguard.engine import Engine
from keyguard.git.odb.batch import Batch
from keyguard.git.odb.difference import Gap, surroundings
from keyguard.git.odb.kinds import BLOB, COMMIT, TAG, TREE, entries_of
from keyguard.model import Blob, Match, Stored, Unread
from keyguard.patterns import Library
from keyguard.search import search, search_whole
from keyguard.source.dull import DullPlaces
from keyguard.utf16_shape import is_whole

Results = list[Match | Unread]

# Kinds of places, as a report names them.
MESSAGES = {COMMIT: "commit-message", TAG: "tag-message"}

MARKS = frozenset((b"\xff\xfe", b"\xfe\xff"))
OPAQUE_HEADS = MARKS | HEADS


class ObjectExaminer:
    """Examines objects with an engine. Origins have no id yet: whoever knows it puts it in."""

    def __init__(self, engine: Engine, oid_size: int) -> None:
        self._engine = engine
        self._oid_size = oid_size
        self._dull = DullPlaces(engine)

    def several(self, batch: Batch) -> Iterator[tuple[int, Results]]:
        """The keys in some objects, by the number of each that has any."""
        for number in sorted(self._admitted(batch)):
            if results := self._examined(batch.kind, batch.content(number)):
                yield number, results

    def one(self, kind: int, content: bytes, changed: Sequence[Gap] | None) -> tuple[Results | None, bool]:
        """The keys in an object, None where there are none, and whether there is no anchor in it either."""
        prefilter = self._engine.prefilter
        opaque = kind == BLOB and _is_opaque(content)
        if changed is not None and not opaque:
            # A line end is part of no anchor, nor of the run that has to follow one.
            around = b"\n".join(surroundings(content, changed, prefilter.margin))
            if not prefilter.hits(around):
                return None, True
        hits = prefilter.hits(content)
        if opaque or not self._dull.hold(content, hits):
            return self._examined(kind, content) or None, not hits
        return None, not hits

    def stream(self, kind: int, size: int, read: Callable[[int], bytes]) -> Results | None:
        """The keys in an object that is not held whole."""
        origin = Stored("blob" if kind == BLOB else MESSAGES.get(kind, "path"))
        return list(search(self._engine, read, origin, size)) or None

    def _admitted(self, batch: Batch) -> set[int]:
        """The numbers of the contents that may hold a key: one search for all of them."""
        admitted = set(_opaque(batch)) if batch.kind == BLOB else set()
        hits = self._engine.prefilter.hits(batch.data)
        for number, own in groupby(hits, lambda hit: bisect_right(batch.ends, hit[1])):
            begin = batch.begin(number)
            if number not in admitted and not self._dull.hold(
                batch.content(number), ((at, start - begin) for at, start in own)
            ):
                admitted.add(number)
        return admitted

    def _examined(self, kind: int, data: bytes) -> Results:
        if kind == BLOB:
            return search_whole(self._engine, data, Stored("blob"), admitted=True)
        if kind == TREE:
            return self._names(data)
        headers, _, message = data.partition(b"\n\n")
        return [
            *self._engine.examine(Blob(headers, Stored("author"))),
            *self._engine.examine(Blob(message, Stored(MESSAGES[kind]))),
        ]

    def _names(self, tree: bytes) -> Results:
        entries, rest = entries_of(tree, self._oid_size)
        names = [name for name, _ in entries if self._engine.admits(name)]
        # Of what is no entry nobody knows where a name ends.
        results: Results = [*self._engine.examine(Blob(rest, Stored("path")))]
        for name in names:
            results += self._engine.examine(Blob(name, Stored("path", path=name.decode("utf-8", "surrogateescape"))))
        return results


def _opaque(blobs: Batch) -> Iterator[int]:
    """The numbers of the blobs that look like UTF-16 or an archive, in which no anchor is found as it stands."""
    begin = 0
    nul = blobs.data.find(b"\0")
    for number, end in enumerate(blobs.ends):
        # What begins like none of these and has no NUL is neither, and so is nearly all text.
        if blobs.data[begin : begin + 2] in OPAQUE_HEADS or begin <= nul < end:
            if _is_opaque(blobs.data[begin:end]):
                yield number
            nul = blobs.data.find(b"\0", end)
        begin = end + 1


def _is_opaque(content: bytes) -> bool:
    """Whether a blob looks like UTF-16 or an archive."""
    # The first question is cheap, and most text is done with it.
    return (content[:2] in MARKS or may_be_archive(content)) and (is_whole(content) or kind(content) is not None)


class Maker:
    """Makes a process's examiner. Sent to another process it takes the patterns along, not what is made of them."""

    def __init__(self, engine: Engine, oid_size: int) -> None:
        self._engine = engine
        self._oid_size = oid_size

    def __call__(self) -> ObjectExaminer:
        return ObjectExaminer(self._engine, self._oid_size)

    def __reduce__(self) -> tuple[Callable[[Library, Bounds | None, int], Maker], tuple[Library, Bounds | None, int]]:
        return _made_again, (self._engine.library, self._engine.bounds, self._oid_size)


def _made_again(library: Library, bounds: Bounds | None, oid_size: int) -> Maker:
    return Maker(Engine(library, bounds=bounds), oid_size)
