"""Objects of one kind, side by side, to be looked at together: that costs much less than one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

# Bytes that are looked at together: they fit in the processor's cache.
TOGETHER = 1 << 18


class Batch(NamedTuple):
    """Contents of objects of one kind, in `data`, with a line end between each two, and perhaps some at the end.

    `ends` is where each content ends. A line end is part of no anchor, nor of the run that has to follow one.
    """

    kind: int
    data: bytes
    ends: Sequence[int]

    @classmethod
    def of(cls, kind: int, contents: Sequence[bytes]) -> Batch:
        """The batch of some contents."""
        ends = []
        end = -1
        for content in contents:
            end += 1 + len(content)
            ends.append(end)
        return cls(kind, b"\n".join(contents), ends)

    @property
    def volume(self) -> int:
        """How many bytes all contents have."""
        return self.ends[-1] + 1 - len(self.ends) if self.ends else 0

    def begin(self, number: int) -> int:
        """Where a content begins."""
        return self.ends[number - 1] + 1 if number else 0

    def content(self, number: int) -> bytes:
        """One of the contents."""
        return self.data[self.begin(number) : self.ends[number]]

    def contents(self) -> Iterator[bytes]:
        """All contents."""
        begin = 0
        for end in self.ends:
            yield self.data[begin:end]
            begin = end + 1
