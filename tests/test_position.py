"""Lines and columns, told one after the other, are what counting anew for each place gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keyguard.model import Blob, StandardInput
from keyguard.position import Positions

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
    positions = Positions(Blob(content, StandardInput()))

    for place in data.draw(st.lists(st.sampled_from(starts), max_size=8)):
        assert positions.of(place) == plainly(content, place)


@given(st.text("ab\n語\u0a0a\u010a\u0a01", max_size=40), st.sampled_from(["le", "be"]), st.booleans(), st.data())
def test_of_utf_16(text: str, order: str, marked: bool, data: st.DataObject) -> None:
    mark = "\ufeff" if marked else ""
    positions = Positions(Blob((mark + text).encode(f"utf-16-{order}"), StandardInput()))

    for number in data.draw(st.lists(st.integers(0, len(text)), max_size=8)):
        lines = text[:number].split("\n")
        place = 2 * (len(mark) + number)
        assert positions.of(place, "\n".encode(f"utf-16-{order}")) == (len(lines), 1 + len(lines[-1]))


def test_of_a_window() -> None:
    window = Blob("ü".encode()[1:] + b"ab\ncd", StandardInput(), offset=100, first_line=7, first_column=20)
    positions = Positions(window)

    assert [positions.of(place) for place in (1, 2, 4, 5)] == [(7, 20), (7, 21), (8, 1), (8, 2)]
