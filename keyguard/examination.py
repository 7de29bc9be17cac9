"""One blob under examination: the keys in it as it is, and in the other readings of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from keyguard.decode import BROKEN, DEPTH, OF_PAIRS, Decoder, Reading, utf16
from keyguard.judge import Judged
from keyguard.judge.allow import remark
from keyguard.judge.context import Heard
from keyguard.match import Candidate
from keyguard.model import Blob, Confidence, Match, Origin, Secret, Span, Unread
from keyguard.patterns import Context
from keyguard.position import Positions
from keyguard.utf16_shape import low_byte

READ_BYTES = 1 << 20
READ_TIMES = 16
"""The other readings of a blob may come to this many bytes and this many times its size; the rest is unread."""

SEAM = 1024
"""How far from the end of what a decoder looked at a trace must stand for its key to lie within: more than a key."""

Find = Callable[[bytes, Heard | None], tuple[list[Judged], list[tuple[Decoder, int]], list[str]]]
"""What an engine's `keys` is."""


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A match that counts if a word of each of the contexts turns up in a later window."""

    match: Match
    contexts: tuple[Context, ...]
    heard: Heard

    @property
    def is_settled(self) -> bool:
        return all(context in self.heard for context in self.contexts)


class Examination:
    """One blob under examination.

    `order` is that of its content, if all of that is UTF-16. Of a window `heard` are the words of its content: those
    in its bytes, and those in the text that they are as UTF-16.
    """

    def __init__(
        self, find: Find, blob: Blob, order: int | None, positions: Positions, heard: Sequence[Heard] = ()
    ) -> None:
        self._find = find
        self._blob = blob
        self._order = order
        self._positions = positions
        self._heard = heard
        self._awaiting: list[Awaiting] = []
        self._seen: set[tuple[Span, str]] = set()
        self._budget = READ_BYTES + READ_TIMES * len(blob.data)
        self._unread: list[Unread] = []

    def results(self) -> tuple[list[Match | Unread], list[Awaiting]]:
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
        judged, further, late = self._find(data, own)
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
            self._awaiting.append(Awaiting(match, judged.awaits, heard))
            return None
        self._seen.add((span, candidate.text))
        return match

    def _allowed(self, candidate: Candidate, span: Span, way: list[Reading]) -> str | None:
        outside = remark(self._blob.data, span.start, span.end)
        if outside or not way or way[0].encoding != utf16.ENCODING:
            return outside
        # Of text in UTF-16 the remark is in UTF-16 too.
        return remark(candidate.data, candidate.span.start, candidate.span.end)


def _read_until(reading: Reading, decoder: Decoder, place: int) -> int:
    """Up to where further traces need no reading of their own: this one holds their keys whole."""
    end = reading.back(Span(0, len(reading.data))).end if reading.data else 0
    return end if end < place + decoder.REACH - SEAM else end - SEAM


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
