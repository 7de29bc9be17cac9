"""What stands around a key: the words that an unmarked kind needs near it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from keyguard.match import Candidate
from keyguard.patterns import Context
from keyguard.prefilter import Prefilter

_DROPPED = b"_-. \t"

BLOCK, APART = 1 << 16, 256
"""How much is looked through at once for words of other windows, and how long such a one may be, blanks and all."""

# A word in a name of several: `Azure`, `Open` and `AI` in `AzureOpenAI`.
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


class Heard:
    """Hears which words stand in the windows of a content that pass by, of those that may stand anywhere in it.

    No more is looked for than is still missing, and no closer than the longest part of a word turns up, in one of the
    usual spellings: most windows hold none.
    """

    def __init__(self, contexts: Iterable[Context]) -> None:
        self._contexts = [context for context in contexts if not context.within]
        self.words: set[str] = set()
        parts = {max(_PART.findall(word), key=len, default=word) for one in self._contexts for word in one.words}
        spelled = {text.encode() for part in parts for text in (part.lower(), part.upper(), part.capitalize())}
        self._parts = Prefilter((text, False, 0, 0) for text in sorted(spelled))

    def __contains__(self, context: Context) -> bool:
        """Whether one of a context's words has been heard."""
        return not self.words.isdisjoint(context.words)

    def listen(self, data: bytes) -> None:
        """Hear what stands in a window."""
        missing = [word for context in self._contexts if context not in self for word in context.words]
        for begin in range(0, len(data), BLOCK) if missing else ():
            block = data[begin : begin + BLOCK + APART]
            if self._parts.admits(block):
                words = Words(block)
                self.words.update(word for word in missing if word in words)


class Words:
    """Tells which words stand anywhere in some data. It is looked through once for each of them.

    Of a window the words of others count, as far as they were `heard`; those that were not may yet come.
    """

    def __init__(self, data: bytes, heard: Heard | None = None) -> None:
        self._data = data
        self._folded: bytes | None = None
        self._known = dict.fromkeys(heard.words, True) if heard else {}
        self.may_come = heard is not None

    def __contains__(self, word: str) -> bool:
        if word not in self._known:
            if self._folded is None:
                self._folded = _folded(self._data)
            self._known[word] = _folded(word.encode()) in self._folded
        return self._known[word]


def distance(candidate: Candidate, anywhere: Words) -> tuple[int, tuple[Context, ...]] | None:
    """How far the farthest of the needed words is from the key, in bytes (0: none is needed), and what may yet come.

    None where a word is missing.
    """
    farthest = 0
    awaited: list[Context] = []
    for context in candidate.pattern.context:
        near = _nearest(candidate, context, anywhere)
        if near is not None:
            farthest = max(farthest, near)
        elif anywhere.may_come and not context.within:
            awaited.append(context)
        else:
            return None
    return farthest, tuple(awaited)


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
