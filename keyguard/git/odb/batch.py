"""Objects of one kind that are looked at together, which costs much less than one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

# Bytes that are looked at together: they fit in the processor's cache.
TOGETHER = 1 << 18

# In place of the number of an object's base. WHOLE: the object's text is all of it. APART: it has none, and is to be
# looked at by itself. NEWS: its text is what is new in it, and its base was silent.
WHOLE, APART, NEWS = -1, -2, -3

# How many of the first and the last bytes of an object are looked through for a NUL.
BEGINNING, ENDING = 1024, 4096


class Batch:
    """Objects of one `kind`, and the `text` that is searched for all of them.

    The part of each ends at one of `ends`, and a line end follows it: that is part of no anchor, nor of the run that
    has to follow one. More line ends may be in each part and behind the last. Such a part is all of an object unless
    `bases` says otherwise: where that is the number of another object, the part has only what is new in comparison.
    """

    __slots__ = ("bases", "ends", "kind", "text")

    def __init__(self, kind: int, text: bytes, ends: Sequence[int], bases: Sequence[int] | None = None) -> None:
        self.kind = kind
        self.text = text
        self.ends = ends
        self.bases = [WHOLE] * len(ends) if bases is None else bases

    @classmethod
    def of(cls, kind: int, contents: Sequence[bytes]) -> Batch:
        """The batch of some contents."""
        ends = []
        end = -1
        for content in contents:
            end += 1 + len(content)
            ends.append(end)
        return cls(kind, b"\n".join(contents), ends)

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def volume(self) -> int:
        """How many bytes all contents have."""
        return self.ends[-1] + 1 - len(self.ends) if self.ends else 0

    def content(self, number: int) -> bytes:
        """One of the contents."""
        return self.text[self.ends[number - 1] + 1 if number else 0 : self.ends[number]]

    def contents(self) -> Iterator[bytes]:
        """All contents."""
        return map(self.content, range(len(self)))

    def peeks(self) -> Iterator[tuple[bytes, bool]]:
        """The first two bytes of each content, and whether a NUL is in its beginning or its ending."""
        text = self.text
        has_nul = b"\0" in text
        for before, end in pairwise((-1, *self.ends)):
            start = before + 1
            yield (
                text[start : min(start + 2, end)],
                has_nul
                and (
                    text.find(b"\0", start, min(start + BEGINNING, end)) >= 0
                    or text.find(b"\0", max(start, end - ENDING), end) >= 0
                ),
            )
