"""Lines and columns of places in a blob, which are asked for from the front to the back, more or less."""

from __future__ import annotations

from dataclasses import dataclass

from keyguard.model import Blob

_CONTINUATION = bytes(range(0x80, 0xC0))


@dataclass(slots=True)
class _Mark:
    """A place, how many lines end before it, where its own begins, and what of that is before it, in characters.

    `characters` is None where the line is no UTF-8.
    """

    place: int = 0
    lines: int = 0
    start: int = 0
    characters: int | None = 0


class Positions:
    """Tells positions in one blob. What lies before a place is looked at once for all the places behind it."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._marks: dict[tuple[bytes, int], _Mark] = {}

    def of(self, place: int, newline: bytes = b"\n") -> tuple[int, int]:
        """Line and column of a place, both from 1, the column in characters, where lines end with `newline`."""
        width = len(newline)
        parity = place % width
        mark = self._marks.get((newline, parity))
        if mark is None or place < mark.place:
            mark = self._marks[newline, parity] = _Mark(parity)
        if width == 1:
            self._move(mark, place, newline)
        else:
            self._move_by_pairs(mark, place, newline)
        blob = self._blob
        before = (place - mark.start) // width
        column = 1 + (before if width > 1 or mark.characters is None else mark.characters)
        if mark.lines == 0:
            column += (blob.first_column - 1) // width
        if mark.start == 0 and width > 1 and blob.data.startswith((b"\xff\xfe", b"\xfe\xff")):
            # The byte order mark is no character.
            column -= 1
        return blob.first_line + mark.lines, column

    def _move(self, mark: _Mark, place: int, newline: bytes) -> None:
        data = self._blob.data
        ended = data.count(newline, mark.place, place)
        begin = mark.place
        if ended:
            mark.lines += ended
            begin = mark.start = data.rfind(newline, mark.place, place) + 1
            mark.characters = 0
        part = data[begin:place]
        if begin == 0 and self._blob.offset:
            # A window may begin within a character, which the window before it has counted.
            whole = part.lstrip(_CONTINUATION)
            mark.start += len(part) - len(whole)
            part = whole
        mark.place = place
        if mark.characters is not None:
            try:
                mark.characters += len(part.decode("utf-8"))
            except UnicodeDecodeError:
                # It is taken for Latin-1.
                mark.characters = None

    def _move_by_pairs(self, mark: _Mark, place: int, newline: bytes) -> None:
        data = self._blob.data
        order = "utf-16-be" if newline.startswith(b"\0") else "utf-16-le"
        mark.lines += data[mark.place : place].decode(order, "replace").count("\n")
        # A line end stands whole characters before the place.
        found = data.rfind(newline, mark.place, place)
        while found >= 0 and (place - found) % 2:
            found = data.rfind(newline, mark.place, found + 1)
        if found >= 0:
            mark.start = found + 2
        mark.place = place
