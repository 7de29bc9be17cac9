"""What leads to what, on graphs of all shapes, against plain ways to tell it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keyguard.git.kin.arcs import Arcs, arcs
from keyguard.git.kin.runs import FEW, Runs
from keyguard.git.odb.catalogue import ABSENT
from keyguard.git.odb.links import Links

# By number, those that it leads to.
Plain = dict[int, list[int]]


@st.composite
def graphs(draw: st.DrawFn) -> Plain:
    """Graphs in which nothing leads to itself, their numbers in any order. One may lead to another twice."""
    numbers = draw(st.permutations(range(draw(st.integers(0, 12)))))
    return {
        number: draw(st.lists(st.sampled_from(numbers[at + 1 :]), max_size=3)) if numbers[at + 1 :] else []
        for at, number in enumerate(numbers)
    }


def of(plain: Plain) -> Arcs:
    pairs = [(number, other) for number, others in plain.items() for other in others]
    behind, ahead = np.array(pairs, np.int64).reshape(-1, 2).T
    return arcs(len(plain), behind, ahead)


def plainly_reached(plain: Plain, starts: set[int]) -> set[int]:
    found: set[int] = set()
    while starts:
        found |= starts
        starts = {other for number in starts for other in plain[number]} - found
    return found


def plainly_ordered(plain: Plain) -> list[int]:
    found: list[int] = []
    while len(found) < len(plain):
        left = plain.keys() - found
        found.append(min(left - {other for number in left for other in plain[number]}))
    return found


def some_of(data: st.DataObject, plain: Plain) -> list[int]:
    return data.draw(st.lists(st.sampled_from(sorted(plain)))) if plain else []


@given(graphs(), st.data())
def test_what_is_reached_is_all_that_steps_lead_to(plain: Plain, data: st.DataObject) -> None:
    starts = some_of(data, plain)

    assert set(np.flatnonzero(of(plain).reached(starts)).tolist()) == plainly_reached(plain, set(starts))


@given(graphs())
def test_in_order_the_lowest_comes_first_that_nothing_left_leads_to(plain: Plain) -> None:
    assert of(plain).in_order() == plainly_ordered(plain)


def test_what_leads_to_itself_comes_last() -> None:
    assert of({0: [1], 1: [0, 3], 2: [], 3: []}).in_order() == [2, 0, 1, 3]


@given(graphs(), st.data())
def test_arcs_between_some_numbers_go_by_their_places(plain: Plain, data: st.DataObject) -> None:
    chosen = list(dict.fromkeys(some_of(data, plain)))

    count, ahead = of(plain).only(np.array(chosen, np.int64)).of(np.arange(len(chosen)))

    expected = [[chosen.index(other) for other in plain[number] if other in chosen] for number in chosen]
    assert count.tolist() == list(map(len, expected))
    assert ahead.tolist() == [place for places in expected for place in places]


@given(graphs(), st.data())
def test_numbers_that_lead_to_some(plain: Plain, data: st.DataObject) -> None:
    wanted = some_of(data, plain)
    flags = np.isin(np.arange(len(plain)), wanted)

    assert np.flatnonzero(of(plain).leading_to(flags)).tolist() == [
        number for number in sorted(plain) if set(plain[number]) & set(wanted)
    ]


def test_what_is_absent_is_led_to_by_nothing() -> None:
    found = arcs(3, np.array([0, 0, 2]), np.array([1, ABSENT, ABSENT]))

    assert found.of(np.arange(3))[0].tolist() == [1, 0, 0]


RUNS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 8)), max_size=12)


def links(runs: list[tuple[int, int, int]]) -> Links:
    child, one, other = np.array(runs, np.int32).reshape(-1, 3).T
    none, no_oids = np.empty(0, np.int64), np.empty((0, 20), np.uint8)
    small = np.empty(0, np.int32)
    first, last = np.minimum(one, other), np.maximum(one, other)
    name = np.arange(len(runs), dtype=np.uint8)
    return Links(child, first, last, name, b"", none, none, none, none, none, no_oids, small, small, False)


@given(RUNS, st.sets(st.integers(0, 5)))
def test_runs_are_found_alike_often_and_seldom(runs: list[tuple[int, int, int]], wanted: set[int]) -> None:
    found, numbers = Runs(links(runs), 6), np.array(sorted(wanted), np.int64)

    asked = [sorted(found.naming(numbers).tolist()) for _ in range(FEW + 2)]

    assert asked == [[at for at, (child, _, _) in enumerate(runs) if child in wanted]] * (FEW + 2)


@given(RUNS)
def test_holders_of_runs_are_those_of_their_entries(runs: list[tuple[int, int, int]]) -> None:
    found, every = Runs(links(runs), 6), np.arange(len(runs))

    holder, child, name = found.entries(every)

    expected = [
        (between, number, at)
        for at, (number, one, other) in enumerate(runs)
        for between in range(min(one, other), max(one, other) + 1)
    ]
    assert list(zip(holder.tolist(), child.tolist(), name.tolist(), strict=True)) == expected
    assert found.width(every) == len(expected)
    assert set(found.holders(every).tolist()) == set(holder.tolist())
