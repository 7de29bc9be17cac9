"""A pattern library, made ready: which keys stand in some bytes. Holds no state, and runs in worker processes."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

import regex

from keyguard.archive.bounds import BOUNDS, Bounds
from keyguard.decode import BROKEN, Decoder, traces
from keyguard.examination import Examination
from keyguard.judge import Judged, judge, resolve
from keyguard.judge.context import Heard, Words
from keyguard.match import TIMEOUT_S, MatchTimeoutError, candidates, union
from keyguard.model import Blob, Confidence, Match, Span, Unread
from keyguard.patterns import Library, Pattern
from keyguard.position import Positions, beginning
from keyguard.prefilter import Anchor, Prefilter
from keyguard.utf16_shape import low_byte

MANY = 64
"""From this many places on, one search for all patterns of an anchor is worth its making."""


def anchors(library: Iterable[Pattern]) -> tuple[Anchor, ...]:
    """What the prefilter looks for: the patterns' anchors, and the traces of those that may be disguised.

    Where two patterns share an anchor, the weaker of their conditions holds.
    """
    merged: dict[bytes, tuple[bool, int, int]] = {}
    for pattern in library:
        for text in map(str.encode, pattern.anchors):
            boundary, gap, shortest = merged.get(text, (True, 0, 256))
            merged[text] = (
                boundary and pattern.boundary,
                max(gap, pattern.gap),
                min(shortest, pattern.shortest),
            )
            merged.update((trace, (False, 0, 0)) for trace in traces(text, pattern.disguised))
    return tuple((text, *condition) for text, condition in merged.items())


class Engine:
    """A pattern library, made ready to search blobs."""

    def __init__(self, library: Library, *, fast: bool = True, bounds: Bounds | None = BOUNDS) -> None:
        """`bounds` say how much of an archive is unpacked; with None archives are searched as any other bytes."""
        self.bounds = bounds
        self.library = library
        self.prefilter = Prefilter(anchors(library), fast=fast)
        self._patterns: dict[bytes, list[Pattern]] = defaultdict(list)
        self._decoders: dict[bytes, Decoder] = {}
        for pattern in library:
            for text in map(str.encode, pattern.anchors):
                self._patterns[text].append(pattern)
                self._decoders.update(traces(text, pattern.disguised))
        self._keywords = {
            text.encode() for pattern in library if pattern.disguised == "any" for text in pattern.anchors
        }
        self._unions: dict[bytes, regex.Pattern[bytes]] = {}
        self._order = {pattern.id: place for place, pattern in enumerate(library)}

    def admits(self, data: bytes) -> bool:
        """Whether `examine` could find anything: the prefilter alone."""
        return low_byte(data) is not None or self.prefilter.admits(data)

    def examine(self, blob: Blob, *, admitted: bool = False) -> list[Match | Unread]:
        """The keys in a content that is one blob, in the order of their places, and what in it could not be read.

        `admitted` says that the prefilter has been asked already.
        """
        order = low_byte(blob.data)
        if not admitted and order is None and not self.prefilter.admits(blob.data):
            return []
        positions = Positions(blob.data, beginning(blob.data, order))
        return Examination(self.keys, blob, order, positions).results()[0]

    def reach(self, anchor: int) -> tuple[int, int] | None:
        """How many bytes before and after an anchor's start decide whether a pattern matches there.

        None for an anchor that other readings may begin at, since what they lead to can lie anywhere, and for one
        of a pattern that may look anywhere itself.
        """
        text = self.prefilter.anchors[anchor][0]
        patterns = self._patterns[text]
        if text in self._decoders or text in self._keywords or not all(pattern.is_local for pattern in patterns):
            return None
        return 1 + max(pattern.before for pattern in patterns), max(pattern.after for pattern in patterns)

    def matches_at(self, anchor: int, data: bytes, place: int) -> bool:
        """Whether a pattern matches around an anchor at `place`, whoever may judge the match."""
        patterns = self._patterns[self.prefilter.anchors[anchor][0]]
        try:
            return any(next(candidates(pattern, data, [place]), None) for pattern in patterns)
        except MatchTimeoutError:
            return True

    def keys(
        self, data: bytes, heard: Heard | None = None
    ) -> tuple[list[Judged], list[tuple[Decoder, int]], list[str]]:
        """The keys that stand in `data` as it is, where another reading is worth a try, and what ran over its time.

        A pattern that does so hides nothing that the others find. With what was `heard` in its content, `data` is the
        text of a window, and a key of it may await a word.
        """
        places: dict[str, list[int]] = defaultdict(list)
        patterns: dict[str, Pattern] = {}
        disguised: list[tuple[Decoder, int]] = []
        bare: list[int] = []
        for text, starts in self._anchored(data).items():
            for pattern in self._patterns.get(text, ()):
                patterns[pattern.id] = pattern
                places[pattern.id].extend(starts)
            if text in self._decoders:
                disguised.extend((self._decoders[text], start) for start in starts)
            if text in self._keywords:
                bare.extend(starts)
        ordered = sorted(patterns.values(), key=lambda pattern: self._order[pattern.id])
        late: list[str] = []
        work = [(pattern, sorted(places[pattern.id])) for pattern in ordered]
        found = self._judged(data, Words(data, heard), work, late)
        # Where nothing sure stands around the keyword, what does may be a part of a key.
        sure = (one for one in found if one.confidence is Confidence.HIGH and not one.awaits)
        broken = _outside(bare, [one.candidate.span for one in sure])
        return found, disguised + [(decoder, place) for place in broken for decoder in BROKEN], late

    def _anchored(self, data: bytes) -> dict[bytes, list[int]]:
        """Where each anchor stands. Of one that stands in very many places those are left at which a match begins."""
        found: dict[bytes, list[int]] = defaultdict(list)
        for index, start in self.prefilter.hits(data):
            found[self.prefilter.anchors[index][0]].append(start)
        for text, starts in found.items():
            if len(starts) > MANY and text not in self._decoders and all(not p.before for p in self._patterns[text]):
                found[text] = self._thinned(text, data, starts)
        return found

    def _thinned(self, text: bytes, data: bytes, starts: list[int]) -> list[int]:
        """The places at which any of an anchor's patterns matches, by one expression for all of them."""
        if text not in self._unions:
            self._unions[text] = union(self._patterns[text])
        matches = self._unions[text].match
        reach = max(pattern.after for pattern in self._patterns[text])
        try:
            return [start for start in starts if matches(data, start, start + reach, timeout=TIMEOUT_S)]
        except TimeoutError:
            # Which of the patterns it was is told when each is tried.
            return starts

    def _judged(
        self, data: bytes, words: Words, work: Iterable[tuple[Pattern, list[int]]], late: list[str]
    ) -> list[Judged]:
        judged: list[Judged] = []
        for pattern, places in work:
            try:
                judged += filter(None, (judge(one, words) for one in candidates(pattern, data, places)))
            except MatchTimeoutError as error:
                late.append(str(error))
        return [one for one in resolve(judged) if not self.library.is_published(one.candidate.text)]


def _outside(places: list[int], spans: list[Span]) -> list[int]:
    """The places that lie in none of the spans, which are in order and do not overlap."""
    starts = [span.start for span in spans]
    before = ((place, bisect_right(starts, place) - 1) for place in places)
    return [place for place, index in before if index < 0 or place >= spans[index].end]
