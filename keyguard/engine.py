"""The middle stages joined: from one blob to the keys in it. Holds no state, and runs in worker processes."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

from keyguard.archive.bounds import BOUNDS, Bounds
from keyguard.decode import BROKEN, DEPTH, OF_PAIRS, Decoder, Reading, traces, utf16
from keyguard.judge import Judged, judge, resolve
from keyguard.judge.allow import remark
from keyguard.judge.context import Heard, Words
from keyguard.match import TIMEOUT_S, Candidate, MatchTimeoutError, candidates, union
from keyguard.model import Blob, Confidence, Match, Origin, Secret, Span, Unread
from keyguard.patterns import Context, Library, Pattern
from keyguard.position import Marks, Positions, beginning
from keyguard.prefilter import Anchor, Prefilter
from keyguard.utf16_shape import low_byte

READ_BYTES = 1 << 20
READ_TIMES = 16
"""The other readings of a blob may come to this many bytes and this many times its size; the rest is unread."""

SEAM = 1024
"""How far from the end of what a decoder looked at a trace must stand for its key to lie within: more than a key."""

MANY = 64
"""From this many places on, one search for all patterns of an anchor is worth its making."""


MOST_AWAITING = 10_000
"""Of so many keys of a content is remembered that they wait for a word which tells that they are keys."""


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
        positions = Positions(blob.data, _beginning(blob.data, order))
        return _Examination(self, blob, order, positions).results()[0]

    def examine_all(self, blobs: Iterable[Blob]) -> Iterator[Match | Unread]:
        """The same of a content that comes as one blob, or in windows."""
        passage = Passage(self)
        for blob in blobs:
            yield from passage.examine(blob)

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


@dataclass(frozen=True, slots=True)
class _Awaiting:
    """A match that counts if a word of each of the contexts turns up in a later window."""

    match: Match
    contexts: tuple[Context, ...]
    heard: Heard

    @property
    def is_settled(self) -> bool:
        return all(context in self.heard for context in self.contexts)


class Passage:
    """A content under examination that passes by in windows, each of which follows the one before.

    What has passed tells of what is to come whether it is UTF-16, where in which line it begins, and which words stand
    before it. What is to come may hold a word that tells that something which has passed is a key.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._order: int | None = None
        self._marks: Marks = {}
        self._heard: list[Heard] = []
        self._awaiting: list[_Awaiting] = []
        self._forgotten = 0

    def examine(self, blob: Blob) -> list[Match | Unread]:
        """The keys that the next window owns, those that had to wait for it, and what in it could not be read."""
        if blob.owned is None:
            return self._engine.examine(blob)
        if not blob.owned.start:
            self._order = low_byte(blob.data)
            self._marks = _beginning(blob.data, self._order)
            contexts = [context for pattern in self._engine.library for context in pattern.context]
            # In the bytes as they are, and in what they are as UTF-16.
            self._heard = [Heard(contexts), Heard(contexts)]
        positions = Positions(blob.data, self._marks, blob.offset)
        found: list[Match | Unread] = []
        if self._order is not None or self._engine.prefilter.admits(blob.data):
            examination = _Examination(self._engine, blob, self._order, positions, self._heard)
            found, awaiting = examination.results()
            self._keep(awaiting)
        else:
            self._heard[0].listen(blob.data)
        if blob.owned.end < len(blob.data):
            self._marks = positions.marks(blob.owned.end)
        return [*self._settled(blob.origin), *found]

    def _keep(self, awaiting: Iterable[_Awaiting]) -> None:
        for one in awaiting:
            if len(self._awaiting) < MOST_AWAITING:
                self._awaiting.append(one)
            else:
                self._forgotten += 1

    def _settled(self, origin: Origin) -> Iterator[Match | Unread]:
        """What has waited for a word that was heard now."""
        waiting, self._awaiting = self._awaiting, []
        for one in waiting:
            if one.is_settled:
                yield one.match
            else:
                self._awaiting.append(one)
        if self._forgotten and len(self._awaiting) < len(waiting):
            reason = "a word that tells what they are stands too far behind some possible keys"
            yield Unread(name_of(origin), reason, self._forgotten, origin)
            self._forgotten = 0


class _Examination:
    """One blob under examination.

    `order` is that of its content, if all of that is UTF-16. Of a window `heard` are the words of its content: those
    in its bytes, and those in the text that they are as UTF-16.
    """

    def __init__(
        self, engine: Engine, blob: Blob, order: int | None, positions: Positions, heard: Sequence[Heard] = ()
    ) -> None:
        self._engine = engine
        self._blob = blob
        self._order = order
        self._positions = positions
        self._heard = heard
        self._awaiting: list[_Awaiting] = []
        self._seen: set[tuple[Span, str]] = set()
        self._budget = READ_BYTES + READ_TIMES * len(blob.data)
        self._unread: list[Unread] = []

    def results(self) -> tuple[list[Match | Unread], list[_Awaiting]]:
        """The keys, in the order of their places, and what could not be read; and what may turn out to be a key."""
        found = self._read(self._blob.data, self._order, [], self._heard)
        # What shows a key to be a part of another may be owned by the window before.
        is_whole = _no_part_of(found)
        known = {(match.span, match.secret) for match in found}
        keys = sorted(filter(self._is_owned, filter(is_whole, found)), key=_place)
        awaiting = [one for one in self._awaiting if self._is_owned(one.match) and is_whole(one.match)]
        return [*keys, *self._unread], [one for one in awaiting if (one.match.span, one.match.secret) not in known]

    def _is_owned(self, match: Match) -> bool:
        owned = self._blob.owned
        return owned is None or owned.start <= match.span.start - self._blob.offset < owned.end

    def _read(self, data: bytes, order: int | None, way: list[Reading], heard: Sequence[Heard] = ()) -> list[Match]:
        """The keys in a reading and in the readings of it. `way` leads to it, from the outside in.

        `order` is where the low byte of its first character stands, if it is UTF-16. The first of `heard` hears its
        words, the next those of that text.
        """
        own = heard[0] if heard else None
        if own:
            own.listen(data)
        judged, further, late = self._engine.keys(data, own)
        self._unread.extend(Unread(name_of(self._blob.origin), reason, origin=self._blob.origin) for reason in late)
        found = [match for one in judged if (match := self._match(one, way, own))]
        if len(way) < DEPTH and order is not None:
            whole = utf16.whole(data, order)
            found.extend(self._read(whole.data, None, [*way, whole], heard[1:]))
        if len(way) < DEPTH:
            for reading in self._readings(data, order, further):
                found.extend(self._read(reading.data, low_byte(reading.data), [*way, reading]))
        return found

    def _readings(self, data: bytes, order: int | None, further: list[tuple[Decoder, int]]) -> Iterator[Reading]:
        read: dict[tuple[str, int], int] = {}
        if order is not None:
            # The whole holds all that has a trace at the places of its low bytes.
            read[utf16.ENCODING, order] = len(data)
        for decoder, place in sorted(further, key=lambda one: one[1]):
            way = decoder.ENCODING, place % 2 if decoder in OF_PAIRS else 0
            if place < read.get(way, 0):
                continue
            if decoder in BROKEN:
                # These look at all that is within their reach, and mostly find nothing to mend.
                read[way] = place + decoder.REACH - SEAM
            for reading in decoder.readings(data, place):
                if self._budget < len(reading.data):
                    self._give_up()
                    return
                self._budget -= len(reading.data)
                read[way] = max(read.get(way, 0), _read_until(reading, decoder, place))
                yield reading

    def _give_up(self) -> None:
        reason = "it holds more disguised text than keyguard reads"
        excess = Unread(name_of(self._blob.origin), reason, origin=self._blob.origin)
        if excess not in self._unread:
            self._unread.append(excess)

    def _match(self, judged: Judged, way: list[Reading], heard: Heard | None) -> Match | None:
        candidate = judged.candidate
        span = candidate.span
        for reading in reversed(way):
            span = reading.back(span)
        if (span, candidate.text) in self._seen:
            return None
        line, column = self._positions.of(span.start, way[0].newline if way else b"\n")
        pattern = candidate.pattern
        backwards = ("reversed",) if "reversed" in pattern.required else ()
        match = Match(
            rule=pattern.rule,
            kind=pattern.kind_of(candidate.kind),
            secret=Secret(candidate.text, candidate.prefix),
            origin=self._blob.origin,
            span=Span(self._blob.offset + span.start, self._blob.offset + span.end),
            line=line,
            column=column,
            confidence=judged.confidence,
            evidence=judged.evidence,
            encoding=(*(reading.encoding for reading in way), *backwards),
            allowed=self._allowed(candidate, span, way),
        )
        if heard and judged.awaits:
            self._awaiting.append(_Awaiting(match, judged.awaits, heard))
            return None
        self._seen.add((span, candidate.text))
        return match

    def _allowed(self, candidate: Candidate, span: Span, way: list[Reading]) -> str | None:
        outside = remark(self._blob.data, span.start, span.end)
        if outside or not way or way[0].encoding != utf16.ENCODING:
            return outside
        # Of text in UTF-16 the remark is in UTF-16 too.
        return remark(candidate.data, candidate.span.start, candidate.span.end)


def _beginning(data: bytes, order: int | None) -> Marks:
    return beginning(data, None if order is None else utf16.NEWLINES[order])


def _read_until(reading: Reading, decoder: Decoder, place: int) -> int:
    """Up to where further traces need no reading of their own: this one holds their keys whole."""
    end = reading.back(Span(0, len(reading.data))).end if reading.data else 0
    return end if end < place + decoder.REACH - SEAM else end - SEAM


def _outside(places: list[int], spans: list[Span]) -> list[int]:
    """The places that lie in none of the spans, which are in order and do not overlap."""
    starts = [span.start for span in spans]
    before = ((place, bisect_right(starts, place) - 1) for place in places)
    return [place for place, index in before if index < 0 or place >= spans[index].end]


def _no_part_of(found: list[Match]) -> Callable[[Match], bool]:
    """Tells a key from what another reading shows to be a part of one: a body in one literal, its prefix in another."""
    sure = sorted((m.span.start, m.span.end) for m in found if m.confidence is Confidence.HIGH)
    starts = [start for start, _ in sure]

    def is_whole(match: Match) -> bool:
        before = bisect_right(starts, match.span.start)
        return match.confidence is Confidence.HIGH or not before or match.span.end > sure[before - 1][1]

    return is_whole


def _place(match: Match) -> tuple[int, int]:
    return match.span.start, match.span.end


def name_of(origin: Origin) -> str:
    """What is said of a content that could not be read."""
    return getattr(origin, "path", None) or getattr(origin, "oid", None) or "standard input"
