"""One search for all anchors, with the extra or without: the same hits, and none that context rules out."""

from __future__ import annotations

import string
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyguard import prefilter
from keyguard.engine import anchors
from keyguard.patterns import bundled
from keyguard.prefilter import Anchor, Prefilter
from tests.keys import UNMARKED, Keys

ANCHORS = anchors(bundled())
FAST = Prefilter(ANCHORS)
PLAIN = Prefilter(ANCHORS, fast=False)

bits = st.lists(
    st.one_of(st.sampled_from([anchor[0] for anchor in ANCHORS]), st.binary(max_size=6), st.just(b"x" * 40)),
    max_size=30,
)


def test_the_extra_is_what_the_fast_one_uses() -> None:
    assert prefilter.ahocorasick_rs is not None


@given(bits)
def test_fast_and_plain_give_the_same_hits(parts: list[bytes]) -> None:
    data = b"".join(parts)

    assert FAST.hits(data) == PLAIN.hits(data)


small = st.binary(min_size=1, max_size=5).map(lambda data: bytes(b"ab-"[byte % 3] for byte in data))
small_anchors = st.lists(st.tuples(small, st.booleans(), st.integers(0, 3), st.integers(0, 3)), max_size=8)


@given(small_anchors, st.binary(max_size=60).map(lambda data: bytes(b"ab- "[byte % 4] for byte in data)))
def test_fast_and_plain_agree_where_anchors_overlap(made: list[Anchor], data: bytes) -> None:
    unique = list({anchor[0]: anchor for anchor in made}.values())

    assert Prefilter(unique).hits(data) == Prefilter(unique, fast=False).hits(data)


@given(small_anchors, st.binary(max_size=60).map(lambda data: bytes(b"ab- "[byte % 4] for byte in data)))
def test_hits_are_all_occurrences_that_are_not_ruled_out(made: list[Anchor], data: bytes) -> None:
    unique = list({anchor[0]: anchor for anchor in made}.values())
    expected = [
        (index, start)
        for start in range(len(data))
        for index, anchor in enumerate(unique)
        if data.startswith(anchor[0], start) and _may_be(anchor, data, start)
    ]

    assert Prefilter(unique, fast=False).hits(data) == expected


def _may_be(anchor: Anchor, data: bytes, start: int) -> bool:
    """The conditions, as simply as they can be written."""
    text, boundary, gap, shortest = anchor
    if boundary and start and chr(data[start - 1]) in string.ascii_letters + string.digits:
        return False
    tokens = (string.ascii_letters + string.digits + "+/=_-.").encode()
    begins = range(start + len(text), start + len(text) + gap + 1)
    return any(
        len(data[at : at + shortest]) == shortest and all(b in tokens for b in data[at : at + shortest])
        for at in begins
    )


@settings(max_examples=40)
@given(st.integers(0, 400), st.sampled_from([anchor[0] for anchor in ANCHORS]))
def test_hits_do_not_depend_on_the_block_they_stand_in(shift: int, anchor: bytes) -> None:
    whole = prefilter.BLOCK
    data = b" " * (whole - 200 + shift) + anchor + b"y" * 256 + b" " * 300

    assert (
        FAST.hits(data)
        == PLAIN.hits(data)
        == [(index, start + whole - 200 + shift) for index, start in PLAIN.hits(anchor + b"y" * 256)]
    )


@pytest.mark.parametrize("name", UNMARKED)
def test_every_unmarked_key_is_let_through(keys: Keys, name: str) -> None:
    turned_away = [n for n in range(50) if not FAST.admits(keys.in_context(name, n)[1].encode())]

    assert turned_away == []


@pytest.mark.parametrize(
    "word", ["task-runner", "disk-space-left-on-device", "sk-test", "risk-none", "sess-1", "api_key"]
)
def test_words_are_turned_away(word: str) -> None:
    assert not FAST.admits(f"the {word} of it\n".encode())


def test_text_made_of_anchors_alone_is_searched(keys: Keys) -> None:
    data = b"sk-" * 400_000

    assert FAST.hits(data) == PLAIN.hits(data)


def test_no_anchor_at_all_finds_nothing() -> None:
    assert Prefilter([]).hits(b"anything") == []


def test_random_bytes_are_turned_away() -> None:
    assert not FAST.admits(Random(1).randbytes(4 << 20))


def test_the_bundled_anchors_are_few_enough_for_the_fast_search() -> None:
    """With more than 64 texts the library leaves its SIMD search, and the prefilter is six times as slow."""
    long = [anchor for anchor in ANCHORS if len(anchor[0]) >= prefilter.SHORT]

    assert len(long) <= 64
