"""What stands around anchors where no pattern matches. The versions of a file mostly repeat each other's."""

from __future__ import annotations

from collections.abc import Iterable

from keyguard.engine import Engine
from keyguard.prefilter import Hit

# Bytes of the places that are remembered, and of one of them.
MOST_KNOWN, WIDEST = 4 << 20, 1 << 12

# Places tried one by one in a content. Where there are more, an examination of the whole costs less.
MOST_TRIED = 64

# An anchor, and what of the same content stands before and after its start.
_Place = tuple[int, bytes, bytes]


class DullPlaces:
    """Places of anchors in which no pattern matches, whatever else is in the content.

    Only of patterns that look at nothing but what is near to the anchor. Where it stands in that counts, and so does
    whether the content ends there.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        reaches = map(engine.reach, range(len(engine.prefilter.anchors)))
        self._reaches = [reach if reach and sum(reach) <= WIDEST else None for reach in reaches]
        self._known: set[_Place] = set()
        self._size = 0

    def hold(self, content: bytes, hits: Iterable[Hit]) -> bool:
        """Whether no pattern matches at any of the hits in a whole content. Where that is hard to tell it is no."""
        tried = 0
        for anchor, start in hits:
            reach = self._reaches[anchor]
            if reach is None:
                return False
            before, after = reach
            place = anchor, content[max(0, start - before) : start], content[start : start + after]
            if place in self._known:
                continue
            tried += 1
            if tried > MOST_TRIED or self._engine.matches_at(anchor, content, start):
                return False
            self._remember(place, sum(reach))
        return True

    def _remember(self, place: _Place, size: int) -> None:
        self._size += size
        if self._size > MOST_KNOWN:
            self._known.clear()
            self._size = size
        self._known.add(place)
