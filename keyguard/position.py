"""Lines and columns of places in a content, which are asked for from the front to the back, more or less."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LINE_END = b"\n"

LINE_END_OF_PAIRS = (b"\n\0", b"\0\n")
"""How a line of UTF-16 ends, by where the low byte of a character stands: first or second."""

LONGEST = 4
"""Bytes of the longest character of UTF-8. All but the first of them are continuation bytes."""

_CONTINUATION = frozenset(range(0x80, 0xC0))


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a content, how many lines end before it, and what of its own line is before it.

    That is counted in bytes, or in pairs of them, and in characters: None where the line is no UTF-8. `nuls` of
    them are NUL.
    """

    place: int = 0
    lines: int = 0
    units: int = 0
    characters: int | None = 0
    nuls: int = 0

    @property
    def line(self) -> int:
        return 1 + self.lines

    @property
    def column(self) -> int:
        return 1 + (self.units if self.characters is None else self.characters)


Marks = Mapping[bytes, Mark]
"""A mark for each way in which lines end: with `\\n`, and where the content is UTF-16 also with a pair of bytes."""


def beginning(data: bytes, order: int | None) -> Marks:
    """Where a content begins with `data`. If that is UTF-16, `order` is where a character's low byte stands, 0 or 1."""
    if order is None:
        return {LINE_END: Mark()}
    # The byte order mark is no character.
    first = 2 if data.startswith((b"\xff\xfe", b"\xfe\xff")) else 0
    return {LINE_END: Mark(), LINE_END_OF_PAIRS[order]: Mark(first, characters=None)}


class Positions:
    """Tells positions in a content, or in a window of it from which on they are asked for.

    What lies before a place is looked at once for all the places behind it.
    """

    def __init__(self, data: bytes, first: Marks, offset: int = 0) -> None:
        """`data` begins at `offset` in the content, and the asking at `first`, which lies in it."""
        self._data = data
        self._offset = offset
        self._first = first
        self._last = dict(first)

    def of(self, place: int, newline: bytes = LINE_END) -> tuple[int, int]:
        """Line and column of a place in the data, both from 1, the column in characters.

        `newline` is how lines end around it. UTF-16 within other content stands in the lines of that.
        """
        if newline in self._first:
            mark = self._mark(self._offset + place, newline)
            return mark.line, mark.column
        mark = self._mark(self._offset + place, LINE_END)
        # Half of it are NULs, which are no characters of their own.
        return mark.line, mark.column - mark.nuls

    def marks(self, place: int) -> Marks:
        """The marks at a place in the data, for what goes on from there. One within a character is moved before it."""
        start, least = place, max(0, place - LONGEST + 1)
        while start > least and self._data[start] in _CONTINUATION:
            start -= 1
        places = {newline: start if newline == LINE_END else place for newline in self._first}
        return {newline: self._mark(self._offset + at, newline) for newline, at in places.items()}

    def _mark(self, place: int, newline: bytes) -> Mark:
        mark = self._last[newline]
        if place < mark.place:
            mark = self._first[newline]
        # What lies before the first mark belongs to a window before, which says where it stands.
        if place > mark.place:
            part = self._data[mark.place - self._offset : place - self._offset]
            mark = self._last[newline] = _moved(mark, part) if newline == LINE_END else _by_pairs(mark, part, newline)
        return mark


def _moved(mark: Mark, part: bytes) -> Mark:
    """The mark behind `part`, which follows it."""
    if ended := part.count(LINE_END):
        begin = part.rfind(LINE_END) + 1
        mark = Mark(mark.place + begin, mark.lines + ended)
        part = part[begin:]
    characters = mark.characters
    if characters is not None:
        try:
            characters += len(part.decode("utf-8"))
        except UnicodeDecodeError:
            # It is taken for Latin-1.
            characters = None
    nuls = mark.nuls + part.count(0)
    return Mark(mark.place + len(part), mark.lines, mark.units + len(part), characters, nuls)


def _by_pairs(mark: Mark, part: bytes, newline: bytes) -> Mark:
    """The same of text in UTF-16."""
    units, begin = mark.units, 0
    ended = part.decode("utf-16-be" if newline.startswith(b"\0") else "utf-16-le", "replace").count("\n")
    if ended:
        found = part.rfind(newline)
        # A line end stands whole characters behind the mark.
        while found % 2:
            found = part.rfind(newline, 0, found + 1)
        units, begin = 0, found + 2
    return Mark(mark.place + len(part), mark.lines + ended, units + (len(part) - begin) // 2, None)
