"""One search for the anchors of all patterns in all their disguises. Almost every blob ends here.

This module stands on the way of a clean commit and imports nothing but `ahocorasick_rs`, where that is
installed (half a millisecond). Without it the anchors are looked for one by one: slower, and the same hits.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

try:
    import ahocorasick_rs
except ImportError:
    ahocorasick_rs = None  # type: ignore[assignment]

Anchor = tuple[bytes, bool, int, int]
"""An anchor's text; whether no letter or digit may stand before it; and `gap` and `shortest`: within `gap`
bytes after it a run of `shortest` token characters begins (see `keyguard.patterns.Pattern`)."""

Hit = tuple[int, int]
"""Which anchor (its index), and where in the data it starts."""

WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
TOKEN = WORD | frozenset(b"+/=_-.")
_TOKENS = bytes(0x78 if byte in TOKEN else 0x20 for byte in range(256))
_RUN = b"x" * 256

SHORT = 4
"""A shorter anchor is looked for by itself."""

BLOCK = 1 << 20
"""Data is searched in blocks of this many bytes, so that text made of nothing but anchors costs no memory."""


class Prefilter:
    """The anchors, made ready to be looked for."""

    def __init__(self, anchors: Iterable[Anchor], *, fast: bool = True) -> None:
        """`fast=False` searches without the extra, for tests that hold the two equal.

        `margin` is within how many bytes of a hit's start all lies that decides on it.
        """
        self.anchors = tuple(anchors)
        texts = tuple(anchor[0] for anchor in self.anchors)
        self._longest = max(map(len, texts), default=1)
        self.margin = max((1 + len(text) + gap + shortest for text, _, gap, shortest in self.anchors), default=1)
        group = _Together if fast and ahocorasick_rs is not None else _OneByOne
        self._groups = [group(texts, indexes) for indexes in _grouped(texts)]

    def hits(self, data: bytes) -> list[Hit]:
        """Where an anchor stands that what surrounds it does not rule out, in the order of their starts."""
        if len(data) <= BLOCK:
            found = [hit for group in self._groups for hit in group.find(data) if self._may_be(data, hit)]
        else:
            found = [hit for begin in range(0, len(data), BLOCK) for hit in self._block(data, begin)]
        return sorted(found, key=_start) if found else found

    def admits(self, data: bytes) -> bool:
        """Whether the data may hold a key."""
        return bool(self.hits(data))

    def _block(self, data: bytes, begin: int) -> Iterator[Hit]:
        block = data[begin : begin + BLOCK + self._longest - 1]
        for group in self._groups:
            for index, start in group.find(block):
                hit = index, begin + start
                if start < BLOCK and self._may_be(data, hit):
                    yield hit

    def _may_be(self, data: bytes, hit: Hit) -> bool:
        index, start = hit
        text, boundary, gap, shortest = self.anchors[index]
        if boundary and start and data[start - 1] in WORD:
            return False
        if not shortest:
            return True
        end = start + len(text)
        after = data[end : end + gap + shortest].translate(_TOKENS)
        return _RUN[:shortest] in after if gap else after == _RUN[:shortest]


class _Together:
    """A group of anchors, looked for in one go."""

    def __init__(self, texts: tuple[bytes, ...], group: list[int]) -> None:
        # The order decides which texts share a bucket of the SIMD search. By their ends it is up to twice as
        # fast as by their beginnings or by pattern, on each of three repositories.
        self._group = sorted(group, key=lambda index: texts[index][::-1])
        self._members = tuple(texts[index] for index in self._group)
        # LeftmostFirst is what lets the library search with SIMD; the default kind is twenty times slower.
        automaton = ahocorasick_rs.BytesAhoCorasick(self._members, matchkind=ahocorasick_rs.MatchKind.LeftmostFirst)
        self._search = automaton.find_matches_as_indexes
        self._hidden: list[list[tuple[int, int]]] = []

    def find(self, data: bytes) -> Sequence[Hit]:
        found = self._search(data)
        if not found:
            return ()
        # Made when first needed: it takes thirty times as long as the automaton.
        self._hidden = self._hidden or _hidden_by(self._members)
        group, hidden = self._group, self._hidden
        hits = [(group[member], start) for member, start, _ in found]
        for member, start, _ in found:
            for shift, other in hidden[member]:
                if data.startswith(self._members[other], start + shift):
                    hits.append((group[other], start + shift))
        return hits


class _OneByOne:
    """A group of anchors, looked for one after another."""

    def __init__(self, texts: tuple[bytes, ...], group: list[int]) -> None:
        self._group = [(index, texts[index]) for index in group]

    def find(self, data: bytes) -> Sequence[Hit]:
        return [(index, start) for index, text in self._group for start in _occurrences(data, text)]


def _occurrences(data: bytes, text: bytes) -> Iterator[int]:
    start = data.find(text)
    while start >= 0:
        yield start
        start = data.find(text, start + 1)


def _grouped(texts: tuple[bytes, ...]) -> list[list[int]]:
    """Which anchors are looked for together.

    A text of three bytes among the others makes the search for all of them three times slower, and a search
    for it alone runs at 15 GB/s.
    """
    alone = [[index] for index, text in enumerate(texts) if len(text) < SHORT]
    together = [index for index, text in enumerate(texts) if len(text) >= SHORT]
    return [*alone, together] if together else alone


def _start(hit: Hit) -> tuple[int, int]:
    return hit[1], hit[0]


def _hidden_by(texts: tuple[bytes, ...]) -> list[list[tuple[int, int]]]:
    """For each anchor those that can begin within it, as (shift, index).

    A search for leftmost matches goes on behind a match, and so passes over what overlaps it.
    """
    whole: dict[bytes, list[int]] = {}
    beginning: dict[bytes, list[int]] = {}
    for index, text in enumerate(texts):
        whole.setdefault(text, []).append(index)
        for length in range(1, len(text) + 1):
            beginning.setdefault(text[:length], []).append(index)
    hidden: list[list[tuple[int, int]]] = []
    for index, text in enumerate(texts):
        within = []
        for shift in range(len(text)):
            rest = text[shift:]
            shorter = (rest[:length] for length in range(1, len(rest)))
            within += [(shift, other) for part in shorter for other in whole.get(part, ())]
            within += [(shift, other) for other in beginning.get(rest, ()) if (shift, other) != (0, index)]
        hidden.append(within)
    return hidden
