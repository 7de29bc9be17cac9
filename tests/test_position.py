"""Lines and columns, told one after the other, are what counting anew for each place gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keyguard.position import LINE_END_OF_PAIRS, Positions, beginning

# By where the low byte of a character stands.
NAMES = ("utf-16-le", "utf-16-be")

PIECES = st.sampled_from([b"\n", b"a", b"bc", "ü".encode(), "語".encode(), "🔑".encode(), b"\xff", b"\x80", b"\r\n"])


def plainly(data: bytes, place: int) -> tuple[int, int]:
    before = data[:place].split(b"\n")
    try:
        return len(before), 1 + len(before[-1].decode())
    except UnicodeDecodeError:
        return len(before), 1 + len(before[-1])


@given(st.lists(PIECES, max_size=40), st.data())
def test_of_bytes(pieces: list[bytes], data: st.DataObject) -> None:
    # A key begins with a character of its own.
    starts = [len(b"".join(pieces[:number])) for number in range(len(pieces) + 1)]
    content = b"".join(pieces)
    positions = Positions(content, beginning(content, None))

    for place in data.draw(st.lists(st.sampled_from(starts), max_size=8)):
        assert positions.of(place) == plainly(content, place)


def in_windows(content: bytes, order: int | None, cuts: list[int]) -> Positions:
    """What tells the positions behind the last of the cuts, where the content came in windows that overlap a bit."""
    positions, offset = Positions(content, beginning(content, order)), 0
    for cut in sorted(cuts):
        marks = positions.marks(cut - offset)
        offset = max(0, cut - 4)
        positions = Positions(content[offset:], marks, offset)
    return positions


@given(st.lists(PIECES, min_size=1, max_size=40), st.data())
def test_of_bytes_in_windows(pieces: list[bytes], data: st.DataObject) -> None:
    starts = [len(b"".join(pieces[:number])) for number in range(len(pieces) + 1)]
    content = b"".join(pieces)
    cuts = data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4))
    positions = in_windows(content, None, cuts)

    for place in (start for start in starts if start >= max(cuts)):
        assert positions.of(place - max(0, max(cuts) - 4)) == plainly(content, place)


@given(st.text("ab\n語\u0a0a\u010a\u0a01", max_size=40), st.sampled_from([0, 1]), st.booleans(), st.data())
def test_of_utf_16(text: str, order: int, marked: bool, data: st.DataObject) -> None:
    mark = "\ufeff" if marked else ""
    content = (mark + text).encode(NAMES[order])
    positions = Positions(content, beginning(content, order))

    for number in data.draw(st.lists(st.integers(0, len(text)), max_size=8)):
        lines = text[:number].split("\n")
        place = 2 * (len(mark) + number)
        assert positions.of(place, LINE_END_OF_PAIRS[order]) == (len(lines), 1 + len(lines[-1]))


@given(st.text("ab\n語\u0a0a\u010a\u0a01", min_size=1, max_size=40), st.sampled_from([0, 1]), st.data())
def test_of_utf_16_in_windows(text: str, order: int, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=4))
    positions = in_windows(text.encode(NAMES[order]), order, [2 * cut for cut in cuts])

    for number in range(max(cuts), len(text) + 1):
        lines = text[:number].split("\n")
        place = 2 * number - max(0, 2 * max(cuts) - 4)
        assert positions.of(place, LINE_END_OF_PAIRS[order]) == (len(lines), 1 + len(lines[-1]))
