"""What a delta changes, held against what it gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard.errors import DamagedError
from keyguard.git.odb.delta import apply_delta
from keyguard.git.odb.difference import SHORT, difference
from tests.git import packs

BASE = bytes(range(256)) * 2

Step = bytes | tuple[int, int]


def delta_of(base: bytes, steps: list[Step]) -> bytes:
    """A delta that copies parts of `base`, as start and length, and inserts what is given as it is."""
    size = sum(len(step) if isinstance(step, bytes) else step[1] for step in steps)
    return packs.number(len(base)) + packs.number(size) + b"".join(map(_instructions, steps))


def _instructions(step: Step) -> bytes:
    if isinstance(step, bytes):
        return b"".join(packs.insert(step[at : at + 127]) for at in range(0, len(step), 127))
    return packs.copy(*step)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(0, 512)], []),
        ([(0, 200), b"new", (200, 312)], [(200, 200, 200, 203)]),
        ([(0, 200), b"new", (203, 309)], [(200, 203, 200, 203)]),
        ([(0, 200), (300, 212)], [(200, 300, 200, 200)]),
        ([(0, 200), (200, 312)], []),
        ([b"new", (0, 512)], [(0, 0, 0, 3)]),
        ([(0, 512), b"new"], [(512, 512, 512, 515)]),
        ([(0, 400)], [(400, 512, 400, 400)]),
        ([(100, 412)], [(0, 100, 0, 0)]),
        ([b"nothing of it"], [(0, 512, 0, 13)]),
        # What is put before something that begins as it does.
        ([(0, 210), b"new", (200, 312)], [(200, 200, 200, 213)]),
        # Alike by chance.
        ([(0, 200), (400, SHORT - 1), (200, 312)], [(200, 200, 200, 200 + SHORT - 1)]),
        ([(0, 300), (100, 412)], [(100, 100, 100, 300)]),
    ],
)
def test_what_differs(steps: list[Step], expected: list[tuple[int, int, int, int]]) -> None:
    assert difference(delta_of(BASE, steps), len(BASE)) == (expected, False)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(300, 212), (0, 300)], [(0, 0), (212, 212), (512, 512)]),
        ([(0, 100), b"new", (110, 100), (0, 200)], [(100, 103), (203, 203), (403, 403)]),
    ],
)
def test_what_was_moved(steps: list[Step], expected: list[tuple[int, int]]) -> None:
    changed, moved = difference(delta_of(BASE, steps), len(BASE))

    assert moved
    assert [(begin, end) for _, _, begin, end in changed] == expected


parts = st.integers(0, len(BASE) - 1).flatmap(
    lambda start: st.integers(1, len(BASE) - start).map(lambda length: (start, length))
)


@given(st.lists(st.binary(min_size=1, max_size=100) | parts, max_size=8))
def test_all_but_the_gaps_is_alike(steps: list[Step]) -> None:
    delta = delta_of(BASE, steps)
    result = apply_delta(BASE, delta)

    changed, moved = difference(delta, len(BASE))

    at = 0
    for begin, end in [*(gap[2:] for gap in changed), (len(result), len(result))]:
        assert at <= begin <= end
        assert result[at:begin] in BASE
        at = end
    if moved:
        return
    base_at = at = 0
    for base_begin, base_end, begin, end in [*changed, (len(BASE), len(BASE), len(result), len(result))]:
        assert base_at <= base_begin <= base_end
        assert at <= begin <= end
        assert BASE[base_at:base_begin] == result[at:begin]
        base_at, at = base_end, end


WHOLE = delta_of(BASE, [(0, 512), b"new"])


@pytest.mark.parametrize(
    "delta",
    [
        packs.number(512) + packs.number(512) + packs.copy(0, 512) + packs.copy(1500, 100),
        packs.number(512) + packs.number(612) + packs.copy(0, 512) + packs.copy(500, 100),
        packs.number(511) + packs.number(511) + packs.copy(0, 511),
        packs.number(512) + packs.number(511) + packs.copy(0, 512),
        packs.number(512) + packs.number(512) + packs.copy(0, 512) + b"\0",
        packs.number(512) + packs.number(515) + packs.copy(0, 512) + b"\x03ne",
        packs.number(512) + packs.number(1000) + packs.copy(0, 512)[:-1],
        b"\x80",
        b"",
    ],
)
def test_what_git_would_not_apply_is_damaged(delta: bytes) -> None:
    for read in (lambda: apply_delta(BASE, delta), lambda: difference(delta, len(BASE))):
        with pytest.raises(DamagedError):
            read()


@given(at=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255), length=st.integers(0, len(WHOLE)))
def test_damage_is_seen_where_git_would_see_it(at: int, byte: int, length: int) -> None:
    delta = (WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :])[:length]
    try:
        apply_delta(BASE, delta)
    except DamagedError:
        with pytest.raises(DamagedError):
            difference(delta, len(BASE))
    else:
        difference(delta, len(BASE))
