"""What stands around a key: the words that an unmarked kind needs near it."""

from __future__ import annotations

from keyguard.match import Candidate
from keyguard.patterns import Context

_DROPPED = b"_-. \t"


class Words:
    """Tells which words stand anywhere in some data. It is looked through once for each of them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._folded: bytes | None = None
        self._known: dict[str, bool] = {}

    def __contains__(self, word: str) -> bool:
        if word not in self._known:
            if self._folded is None:
                self._folded = _folded(self._data)
            self._known[word] = _folded(word.encode()) in self._folded
        return self._known[word]


def distance(candidate: Candidate, anywhere: Words) -> int | None:
    """How far the farthest of the needed words is from the key, in bytes (0: none is needed); None: one is missing."""
    farthest = 0
    for context in candidate.pattern.context:
        near = _nearest(candidate, context, anywhere)
        if near is None:
            return None
        farthest = max(farthest, near)
    return farthest


def _nearest(candidate: Candidate, context: Context, anywhere: Words) -> int | None:
    """The distance to the nearest of the words, 0 for one that may stand anywhere."""
    start, end = candidate.span.start, candidate.span.end
    if not context.within:
        return 0 if any(word in anywhere for word in context.words) else None
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
