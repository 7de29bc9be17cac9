"""Content too large to be held at once, read as windows that overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from keyguard.model import Blob, Origin, Span

WINDOW = 8 << 20
"""How much new content a window brings, in bytes."""

BEFORE = 16 << 10
"""How much of what came before a window repeats: more than any pattern's context."""

AFTER = 96 << 10
"""How much a window sees beyond what it owns: more than the longest key, also in base64."""


def windows(read: Callable[[int], bytes], origin: Origin, size: int | None = None) -> Iterator[Blob]:
    """The content that `read(count)` gives (fewer bytes only at its end), as blobs.

    Content that fits is one blob. A key belongs to the one window that owns its first byte.
    """
    fits = WINDOW if size is None else min(WINDOW, size)
    data = read(fits + AFTER)
    if len(data) < fits + AFTER and len(data) <= WINDOW:
        yield Blob(data, origin)
        return
    # More than was told: a file that grows, or one of /proc.
    data += read(WINDOW - fits) if fits < WINDOW else b""
    offset, line, column, before = 0, 1, 1, 0
    while True:
        end = before + WINDOW
        last = len(data) <= end
        yield Blob(data, origin, offset, line, column, Span(before, len(data) if last else end))
        if last:
            return
        start = end - BEFORE
        line, column = position_after(data[:start], line, column)
        offset += start
        data = data[start:] + read(WINDOW)
        before = BEFORE


def position_after(data: bytes, line: int, column: int) -> tuple[int, int]:
    """Line and column behind `data` that begins at the given ones. Columns count UTF-8 characters."""
    newlines = data.count(b"\n")
    if newlines:
        line, column, data = line + newlines, 1, data[data.rfind(b"\n") + 1 :]
    # The continuation bytes of UTF-8 are no characters of their own.
    return line, column + len(data.translate(None, _CONTINUATION))


_CONTINUATION = bytes(range(0x80, 0xC0))
