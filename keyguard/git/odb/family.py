"""The delta families of a pack, in the order in which each entry is inflated once and little is held.

A family is an entry that is stored whole and all that is built on it. Families are walked depth-first. Among
the entries built on one base the one with the largest following comes last, and the base is let go before it
is walked into: so never more than log2(entries) contents are held, however deep the family is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keyguard.git.odb import compiled
from keyguard.git.odb.pack import ELSEWHERE, NOWHERE, WHOLE, Entries, Integers
from keyguard.git.odb.ranges import ranges

# git makes chains of 50, of 250 when asked to be aggressive, and reads what a hostile hand has made deeper.
DEEPEST = 10_000

# What an entry costs, in seconds on one core: itself, a byte of its stream, a byte of what it gives. The last
# is guessed from the family's first content. Only the ratio between them matters.
PER_ENTRY, PER_PACKED, PER_BYTE = 4e-6, 12e-9, 0.15e-9


@dataclass(frozen=True, slots=True)
class Order:
    """The entries of a pack in the order of the walk, a column a property.

    `position` is the entry's place among the Entries, `depth` the number of deltas it stands on, `last` says
    that nothing later stands on its base, `following` how many stand on it, which come next, and it. `starts` are
    the places in this order where families begin, with one more at the end; `cost` is each family's, in seconds.
    `unreachable` are the positions, in the Entries, of what stands on nothing.
    """

    position: Integers
    depth: npt.NDArray[np.int16]
    last: npt.NDArray[np.bool_]
    following: npt.NDArray[np.int32]
    starts: Integers
    cost: npt.NDArray[np.float32]
    unreachable: Integers

    def shares(self, most: float, least: float = 0.0, parts: int = 1) -> Iterator[tuple[int, int]]:
        """Runs of whole families, as `start, end` in this order, of about `most` seconds each.

        Towards the end they have a `parts`th of what is left, but about `least` seconds: whoever works on the last has
        few to wait for.
        """
        total = np.cumsum(self.cost, dtype=np.float64)
        first = 0
        while first < len(self.cost):
            before = total[first - 1] if first else 0.0
            cost = min(most, max(least, (total[-1] - before) / parts))
            after = max(int(np.searchsorted(total, before + cost, side="right")), first + 1)
            yield int(self.starts[first]), int(self.starts[after])
            first = after


def in_order(entries: Entries) -> Order:
    """The order in which to walk `entries`."""
    position, depth, last, following = _in_one_go(entries) if compiled.native else _level_by_level(entries)
    starts = np.append(np.flatnonzero(depth == 0), len(position))
    reached = np.zeros(len(entries.base), np.bool_)
    reached[position] = True
    return Order(
        position, depth, last, following, starts.astype(np.int32), _costs(entries, position, starts),
        np.flatnonzero(~reached),
    )  # fmt: skip


_Columns = tuple[npt.NDArray[np.int32], npt.NDArray[np.int16], npt.NDArray[np.bool_], npt.NDArray[np.int32]]


def _in_one_go(entries: Entries) -> _Columns:
    """The first four columns of the order, by C."""
    position, depth, last, following = compiled.native.in_order(entries.kind, entries.base, DEEPEST)
    return (
        np.frombuffer(position, np.int32), np.frombuffer(depth, np.int16),
        np.frombuffer(last, np.bool_), np.frombuffer(following, np.int32),
    )  # fmt: skip


def _level_by_level(entries: Entries) -> _Columns:
    """The first four columns of the order, by what stands equally deep."""
    levels = _levels(entries)
    count = len(entries.base)
    following = np.ones(count, np.int64)
    for level in reversed(levels[1:]):
        starts, parents = _siblings(entries.base[level])
        following[parents] += np.add.reduceat(following[level], starts)
    place = np.full(count, -1, np.int64)
    depth = np.zeros(count, np.int16)
    last = np.ones(count, np.bool_)
    roots = levels[0]
    starts = np.append(0, np.cumsum(following[roots]))
    place[roots] = starts[:-1]
    for deep, level in enumerate(levels[1:], 1):
        depth[level] = deep
        place[level], last[level] = _places(level, entries.base, following, place)
    walked = np.nonzero(place >= 0)[0]
    position = np.empty(len(walked), np.int64)
    position[place[walked]] = walked
    return position.astype(np.int32), depth[position], last[position], following[position].astype(np.int32)


def reasons(entries: Entries, unreachable: Integers) -> Iterator[tuple[int, str, bool]]:
    """Why each of the positions `unreachable` cannot be read, and whether its deltas stand on each other."""
    kind, base = entries.kind, entries.base
    standing = _on_a_ring(base, unreachable)
    for at, ring in zip(unreachable.tolist(), standing.tolist(), strict=True):
        if ring:
            yield at, "its deltas stand on each other", True
        elif kind[at] == 0:
            yield at, "its entry in the pack is damaged", False
        elif base[at] == NOWHERE:
            yield at, "its delta has no base", False
        else:
            yield at, "a base of its delta cannot be read", False


def _on_a_ring(base: Integers, positions: Integers) -> npt.NDArray[np.bool_]:
    """Which of `positions` come to no end when one goes from base to base."""
    ahead = np.append(base, WHOLE)
    ahead[ahead < 0] = len(base)
    # Each round doubles how far `ahead` looks.
    for _ in range(len(base).bit_length() if len(positions) else 0):
        ahead = ahead[ahead]
    return ahead[positions] < len(base)


def _levels(entries: Entries) -> list[Integers]:
    """The positions by depth: first those that stand on nothing in this pack, then what stands on them."""
    deltas = np.nonzero((entries.base >= 0) & (entries.kind > 0))[0]
    deltas = deltas[np.argsort(entries.base[deltas], kind="stable")]
    count = np.bincount(entries.base[deltas], minlength=len(entries.base))
    first = np.cumsum(count) - count
    level = np.nonzero((entries.kind > 0) & ((entries.base == WHOLE) | (entries.base == ELSEWHERE)))[0]
    levels = [level]
    while len(levels) <= DEEPEST:
        level = deltas[ranges(first[level], count[level])]
        if not len(level):
            break
        levels.append(level)
    return levels


def _siblings(parents: Integers) -> tuple[Integers, Integers]:
    """Where each run of equal parents starts, and which parent it is."""
    starts = np.append(0, np.nonzero(np.diff(parents))[0] + 1)
    return starts, parents[starts]


def _places(
    level: Integers, base: Integers, following: Integers, place: Integers
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """The places of a level's entries in the order, and which of them are the last on their base."""
    parents = base[level]
    starts, _ = _siblings(parents)
    if len(starts) == len(level):
        return place[parents] + 1, np.ones(len(level), np.bool_)
    family = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(level))))
    by_size = np.lexsort((following[level], family))
    sizes = following[level[by_size]]
    before = np.cumsum(sizes) - sizes
    before -= before[starts][family]
    ends = np.zeros(len(level), np.bool_)
    ends[np.append(starts[1:], len(level)) - 1] = True
    places = np.empty(len(level), np.int64)
    last = np.empty(len(level), np.bool_)
    places[by_size] = place[parents] + 1 + before
    last[by_size] = ends
    return places, last


def _costs(entries: Entries, position: Integers, starts: Integers) -> npt.NDArray[np.float32]:
    if not len(position):
        return np.empty(0, np.float32)
    packed = np.add.reduceat(entries.packed(position), starts[:-1])
    members = np.diff(starts)
    size = entries.size[position[starts[:-1]]]
    cost: npt.NDArray[np.float32] = (members * (PER_ENTRY + PER_BYTE * size) + packed * PER_PACKED).astype(np.float32)
    return cost
