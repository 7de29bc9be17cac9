"""Looking for keys in git's objects: what in each kind of them is text, and what a key in it is called."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator

from keyguard.archive.bounds import Bounds
from keyguard.archive_shape import HEADS, kind
from keyguard.engine import Engine
from keyguard.git.odb.batch import APART, Batch
from keyguard.git.odb.kinds import BLOB, COMMIT, TAG, TREE, entries_of
from keyguard.model import Blob, Match, Stored, Unread
from keyguard.patterns import Library
from keyguard.search import search, search_whole
from keyguard.source.dull import DullPlaces
from keyguard.utf16_shape import is_whole

Results = list[Match | Unread]

# Kinds of places, as a report names them.
MESSAGES = {COMMIT: "commit-message", TAG: "tag-message"}

# How a content may begin that is UTF-16 or an archive. Any other has a NUL in its beginning or its ending.
OPAQUE = frozenset((b"\xff\xfe", b"\xfe\xff")) | HEADS


# Bytes before and after the start of an anchor that may decide on whether a pattern matches there: where more do, a
# content with such an anchor is loud. For most anchors fewer do.
NEAR_BEFORE, NEAR_AFTER = 16, 256


class ObjectExaminer:
    """Examines objects with an engine. Origins have no id yet: whoever knows it puts it in."""

    def __init__(self, engine: Engine, oid_size: int) -> None:
        self._engine = engine
        self._oid_size = oid_size
        self._dull = DullPlaces(engine)
        # Anchors of which the surroundings decide, and no more of them than this.
        reaches = enumerate(map(engine.reach, range(len(engine.prefilter.anchors))))
        self._near = {
            anchor for anchor, reach in reaches if reach and reach[0] <= NEAR_BEFORE and reach[1] <= NEAR_AFTER
        }

    by_names = True

    @property
    def margins(self) -> tuple[int, int]:
        """How far from something new an anchor may begin that was none before, or that a pattern did not match at."""
        decisive = self._engine.prefilter.margin
        return max(decisive, NEAR_AFTER), decisive + NEAR_BEFORE

    def several(self, batch: Batch) -> tuple[list[tuple[int, Results]], set[int]]:
        """The keys in some objects, by the number of each that has any, and the numbers of those that are loud."""
        found: list[tuple[int, Results]] = []
        loud: set[int] = set()
        prefilter = self._engine.prefilter
        anchored = {bisect_right(batch.ends, start) for _, start in prefilter.hits(batch.text)}
        opaque = set(_opaque(batch)) if batch.kind == BLOB else set()
        for number in _suspects(batch, anchored | opaque, loud):
            content = batch.content(number)
            hits = prefilter.hits(content)
            dull = self._dull.hold(content, hits)
            if not dull or not all(anchor in self._near for anchor, _ in hits):
                loud.add(number)
            if (number in opaque or not dull) and (results := self._examined(batch.kind, content)):
                found.append((number, results))
        return found, loud

    def stream(self, kind: int, size: int, read: Callable[[int], bytes]) -> Results | None:
        """The keys in an object that is not held whole."""
        origin = Stored("blob" if kind == BLOB else MESSAGES.get(kind, "path"))
        return list(search(self._engine, read, origin, size)) or None

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


def _suspects(batch: Batch, known: set[int], loud: set[int]) -> Iterator[int]:
    """The objects to be looked at, in their order: those `known`, and what stands on one that turns out to be loud.

    Of any other what is new has no anchor, nor what it has of its base.
    """
    bases = batch.bases
    if not known and APART not in bases:
        return
    for number, base in enumerate(bases):
        if number in known or base == APART or base in loud:
            yield number


def _opaque(blobs: Batch) -> Iterator[int]:
    """The numbers of the blobs that look like UTF-16 or an archive, in which no anchor is found as it stands."""
    for number, (beginning, has_nul) in enumerate(blobs.peeks()):
        # Nearly all text is done with these two.
        if has_nul or beginning in OPAQUE:
            content = blobs.content(number)
            if is_whole(content) or kind(content) is not None:
                yield number


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
