"""Content too large to be held at once, cut into windows that overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from keyguard.model import Blob, Origin, Span

WINDOW = 8 << 20
"""How much new content a window brings, in bytes."""

BEFORE = 128 << 10
"""How much of what came before a window repeats: more than any pattern or decoder looks back, also in UTF-16.

Both are even, so that a window of UTF-16 begins with a character.
"""

AFTER = 128 << 10
"""How much a window sees beyond what it owns: more than the longest key and what a decoder looks at behind it."""


def fits(size: int) -> bool:
    """Whether a content of so many bytes is examined in one piece, by whichever command."""
    return size <= WINDOW


def windows(read: Callable[[int], bytes], origin: Origin, size: int | None = None) -> Iterator[Blob]:
    """The content that `read(count)` gives (fewer bytes only at its end), as blobs, to be examined in this order.

    Content that fits is one blob. A key belongs to the one window that owns its first byte.
    """
    first = WINDOW if size is None else min(WINDOW, size)
    data = read(first + AFTER)
    if len(data) < first + AFTER and fits(len(data)):
        yield Blob(data, origin)
        return
    # More than was told: a file that grows, or one of /proc.
    data += read(WINDOW - first) if first < WINDOW else b""
    offset, before = 0, 0
    while True:
        end = before + WINDOW
        last = len(data) <= end
        yield Blob(data, origin, offset, Span(before, len(data) if last else end))
        if last:
            return
        start = end - BEFORE
        offset += start
        data = data[start:] + read(WINDOW)
        before = BEFORE
