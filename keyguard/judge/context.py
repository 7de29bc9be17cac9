"""What stands around a key: the words that an unmarked kind needs near it."""

from __future__ import annotations

from keyguard.match import Candidate
from keyguard.patterns import Context

_DROPPED = b"_-. \t"


def distance(candidate: Candidate) -> int | None:
    """How far the farthest of the needed words is from the key, in bytes (0: none is needed); None: one is missing."""
    farthest = 0
    for context in candidate.pattern.context:
        near = _nearest(candidate, context)
        if near is None:
            return None
        farthest = max(farthest, near)
    return farthest


def _nearest(candidate: Candidate, context: Context) -> int | None:
    """The distance to the nearest of the words, 0 for one that may stand anywhere."""
    start, end = candidate.span.start, candidate.span.end
    if not context.within:
        folded = _folded(candidate.data)
        return 0 if any(_folded(word.encode()) in folded for word in context.words) else None
    before = _folded(candidate.data[max(0, start - context.within) : start])
    after = _folded(candidate.data[end : end + context.within])
    distances = []
    for word in (_folded(word.encode()) for word in context.words):
        if (place := before.rfind(word)) >= 0:
            distances.append(len(before) - place - len(word))
        if (place := after.find(word)) >= 0:
            # Of two words at the same distance the one before the key names it.
            distances.append(place + 1)
    return min(distances, default=None)


def _folded(data: bytes) -> bytes:
    return data.translate(None, _DROPPED).lower()
