"""Walking the families of a pack: each object inflated once, rebuilt, and shown to the examiner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple

import numpy as np
import numpy.typing as npt

from keyguard.errors import DamagedError
from keyguard.git.odb.delta import DELTA_ERRORS, HELD_LIMIT, SUSPECT, check_size, rebuild
from keyguard.git.odb.family import Order, in_order, reasons
from keyguard.git.odb.idx import Index
from keyguard.git.odb.inflate import INFLATE_ERRORS, at_once, crc32, inflated, longest, parts, pieces
from keyguard.git.odb.keyed import KeyedNames
from keyguard.git.odb.kinds import BLOB, Kind
from keyguard.git.odb.memory import Pages
from keyguard.git.odb.objects import STREAM_LIMIT, Examiner, Found, Harvest, Lost, Value, Witness
from keyguard.git.odb.pack import REF_DELTA, Entries, Integers, complaint, opened, read_entries
from keyguard.git.odb.streams import PIECE
from keyguard.git.odb.unpack import Rows, unpacker

NO_BASE = "a base of its delta cannot be read"

# Entries of which rows are made at a time: those of a whole share would take too much.
ROWS = 1 << 11

# After bytes so many it is looked at how much of the pack is in memory. Each entry counts for this much more: it brings
# what lies around it along, how much is the system's choice.
STEP, AROUND = 1 << 20, 1 << 16

# Parts of a long stream after which the pages of the pack are given back.
PARTS_KEPT = 8

# Gives kind and content of an object, by its raw id, from outside this pack. Raises DamagedError.
Elsewhere = Callable[[bytes], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack whose entries are known and put in order.

    `complaint` is how it contradicts its index. `twice` says, by the index's rows, which objects another
    pack is read for.
    """

    path: Path
    index: Index
    entries: Entries
    order: Order
    complaint: str | None
    twice: npt.NDArray[np.bool_]

    def oid(self, place: int) -> str:
        """The id of the object at a place of the order, in hex."""
        return self.index.oid(int(self.entries.row[self.order.position[place]]))

    def unreachable(self) -> Iterator[Lost]:
        """What no walk comes by, since it stands on nothing that can be read."""
        for position, reason, ring in reasons(self.entries, self.order.unreachable):
            # git, asked for an object whose deltas stand on each other, would look for their end for ever.
            yield Lost(self.index.oid(int(self.entries.row[position])), reason, final=ring)


def read_pack(path: Path, index: Index) -> Pack:
    """The pack at `path`, ready for the walk. Raises DamagedError where it is no pack at all."""
    mapped = opened(path)
    entries = read_entries(mapped, index)
    twice = np.zeros(len(index.oids), np.bool_)
    return Pack(path, index, entries, in_order(entries), complaint(mapped, index), twice)


class Entry(NamedTuple):
    """An entry of a pack, as the walk comes by it: a row of numbers, as native/unpack.c knows it too.

    It is at a `place` of the order, and at an `offset` of the pack, where after a header its stream of `size` bytes
    lies at `begin`..`after`. `stored` is how it is stored, a kind or a delta, `check` its checksum or -1. The others
    are those of the Order. `odd` says what is out of the ordinary: bits of LONG and TWICE.
    """

    place: int
    begin: int
    after: int
    size: int
    stored: int
    depth: int
    last: int
    following: int
    odd: int
    offset: int
    check: int


# Its stream has to be inflated with bounds; another pack is read for it.
LONG, TWICE = 1, 2


class Walk(Generic[Value]):
    """Walks through shares of one pack, in one process.

    All objects are shown to `witness` too, to which the one at a place is `first_holder` + place.
    """

    def __init__(
        self,
        pack: Pack,
        examiner: Examiner[Value],
        elsewhere: Elsewhere,
        witness: Witness | None = None,
        first_holder: int = 0,
    ) -> None:
        self.pack = pack
        self.examiner = examiner
        self.elsewhere = elsewhere
        self.witness = witness
        self.first_holder = first_holder
        self.mapped = opened(pack.path)
        self.pages = Pages(self.mapped)

    def share(self, start: int, end: int) -> Harvest[Value]:
        """Examine the places `start`..`end` of the pack's order, which are whole families."""
        places = np.arange(start, end)
        course = _Course(self, int(self.pack.order.depth[start:end].max(initial=0)))
        for rows, steps in self._rows_in_steps(places):
            begin = 0
            for count in steps:
                course.go(rows, begin, begin + count)
                begin += count
                self.pages.settle()
        return course.end()

    def _rows_in_steps(self, places: Integers) -> Iterator[tuple[Rows, list[int]]]:
        """The entries at some places, many at a time, and how many of these to go by at a time.

        Between two such steps few enough bytes of the pack come to memory.
        """
        for first in range(0, len(places), ROWS):
            group = places[first : first + ROWS]
            yield self._rows(group), self._steps(group)

    def _rows(self, places: Integers) -> Rows:
        entries, order = self.pack.entries, self.pack.order
        at = order.position[places]
        offset, after, size = entries.offset[at], entries.offset[at + 1], entries.size[at]
        begin = offset + entries.header[at]
        row = entries.row[at]
        sums = self.pack.index.checks
        long = (size > STREAM_LIMIT) | (after - begin > longest())
        columns = {
            "place": places, "begin": begin, "after": after, "size": size, "stored": entries.kind[at],
            "depth": order.depth[places], "last": order.last[places], "following": order.following[places],
            "odd": LONG * long + TWICE * self.pack.twice[row],
            "offset": offset, "check": -1 if sums is None else sums[row],
        }  # fmt: skip
        rows = np.empty((len(places), len(Entry._fields)), np.int64)
        for number, name in enumerate(Entry._fields):
            rows[:, number] = columns[name]
        return rows

    def _steps(self, places: Integers) -> list[int]:
        touched = np.cumsum(self.pack.entries.packed(self.pack.order.position[places]) + AROUND)
        in_step = np.bincount(touched // STEP)
        counts: list[int] = in_step[in_step > 0].tolist()
        return counts


class _Course(Generic[Value]):
    """One way through places of a pack. What is ordinary the unpacker reads by itself; what it leaves is read here."""

    def __init__(self, walk: Walk[Value], deepest: int) -> None:
        self._walk = walk
        self._view = memoryview(walk.mapped)
        self._harvest: Harvest[Value] = Harvest()
        self._unpacker = unpacker(self._view, deepest + 1, STREAM_LIMIT, walk.examiner.margins)
        self._keyed = KeyedNames(walk.examiner, walk.pack.index.oids.shape[1])
        # The depth of an object that was lost, while the way leads through what stands on it.
        self._lost: int | None = None

    def go(self, rows: Rows, at: int, end: int) -> None:
        """Read the entries `at`..`end` of some rows."""
        while at < end:
            if self._lost is not None:
                at = self._lose_above(self._lost, rows, at, end)
                continue
            at = self._unpacker.run(rows, at, end)
            if self._unpacker.full:
                self._examine(self._unpacker.full)
            elif at < end:
                self._read(Entry(*rows[at].tolist()))
                at += 1

    def end(self) -> Harvest[Value]:
        """What came of it."""
        for kind in Kind:
            self._examine(kind)
        return self._harvest

    def _lose_above(self, depth: int, rows: Rows, at: int, end: int) -> int:
        """Pass over what stands on the object that was lost at `depth`; gives where the way goes on."""
        while at < end:
            entry = Entry(*rows[at].tolist())
            if entry.depth <= depth:
                self._lost = None
                break
            self._harvest.lost.append(Lost(self._walk.pack.oid(entry.place), NO_BASE))
            at += 1
        return at

    def _read(self, entry: Entry) -> None:
        try:
            if entry.size > STREAM_LIMIT and entry.following == 1 and not entry.depth and entry.stored != REF_DELTA:
                self._stream(entry)
                return
            data = self._content(entry)
        except DAMAGE as error:
            self._harvest.lost.append(Lost(self._walk.pack.oid(entry.place), str(error)))
            self._lost = entry.depth
            return
        self._take(entry, data)

    def _stream(self, entry: Entry) -> None:
        """Read an object that nothing stands on and that need not be held."""
        if entry.odd & TWICE:
            return
        if self._walk.witness:
            self._walk.witness.pass_over(entry.stored)
        content = pieces(self._parts(self._view[entry.begin : entry.after]), PIECE)
        oid = self._walk.pack.oid(entry.place)
        self._harvest.take_stream(oid, entry.stored, entry.size, content, self._walk.examiner)

    def _parts(self, packed: memoryview) -> Iterator[memoryview]:
        """A long stream in parts, of which no more stays in memory than the next few."""
        for number, part in enumerate(parts(packed)):
            yield part
            if number % PARTS_KEPT == 0:
                self._walk.pages.give_back()

    def _content(self, entry: Entry) -> bytes:
        data = self._unpacker.inflated(entry.place)
        if data is None:
            data = self._inflated(entry)
        if entry.depth:
            return self._on_base(entry, data)
        kind = entry.stored
        if kind == REF_DELTA:
            kind, data = self._on_foreign(entry.place, data)
        self._unpacker.kind = kind
        return data

    def _inflated(self, entry: Entry) -> bytes:
        packed = self._view[entry.begin : entry.after]
        data = bounded(packed, entry.size) if entry.odd & LONG else at_once(packed, entry.size)
        if entry.check >= 0 and crc32(self._view[entry.offset : entry.after]) != entry.check:
            raise DamagedError("its entry has another checksum")
        return data

    def _on_base(self, entry: Entry, delta: bytes) -> bytes:
        base = self._unpacker.content(entry.depth - 1)
        if entry.last:
            self._unpacker.hold(entry.depth - 1, b"")
        if len(base) * len(delta) > SUSPECT:
            check_size(delta)
        return rebuild(base, delta)

    def _on_foreign(self, place: int, delta: bytes) -> tuple[int, bytes]:
        """Kind and content of a delta whose base is not in this pack."""
        pack = self._walk.pack
        kind, base = self._walk.elsewhere(pack.entries.foreign[int(pack.order.position[place])])
        check_size(delta)
        return kind, rebuild(base, delta)

    def _take(self, entry: Entry, data: bytes) -> None:
        """Examine an object, or let it wait for others."""
        depth = entry.depth if entry.following > 1 else -1
        if entry.odd & TWICE or len(data) > STREAM_LIMIT:
            if depth >= 0:
                self._unpacker.hold(depth, data)
            if not entry.odd & TWICE:
                self._take_alone(entry, data)
        elif not self._unpacker.put(entry.place, depth, data):
            self._examine(self._unpacker.kind)
            self._unpacker.put(entry.place, depth, data)

    def _take_alone(self, entry: Entry, data: bytes) -> None:
        if self._walk.witness:
            self._walk.witness.pass_over(self._unpacker.kind)
        oid = self._walk.pack.oid(entry.place)
        self._harvest.take(oid, self._unpacker.kind, data, self._walk.examiner)

    def _examine(self, kind: int) -> None:
        """Examine the objects of a kind that wait."""
        places, batch = self._unpacker.waiting(kind)
        if not len(batch):
            return

        def oid(number: int) -> str:
            return self._walk.pack.oid(int(places[number]))

        witness, new = self._walk.witness, None
        loud: set[int] = set()
        # Blobs name nothing, and are most of what is read.
        if witness and kind != BLOB:
            new = witness.add(self._walk.first_holder + places, batch)
        if witness and new is not None and self._walk.examiner.by_names:
            self._keyed.look_at(new)
            self._harvest.count(len(batch), 0, batch.volume)
            keyed = self._keyed.found
            for number, place in witness.named(batch, keyed) if keyed else ():
                self._harvest.found.append(Found(oid(number), Kind.TREE, keyed[place]))
        else:
            loud = self._harvest.examine(batch, oid, self._walk.examiner)
        self._unpacker.settle(kind, loud)


DAMAGE: tuple[type[Exception], ...] = (DamagedError, *INFLATE_ERRORS, *DELTA_ERRORS)


def bounded(packed: memoryview, size: int) -> bytes:
    """What `packed` inflates to, `size` bytes, where that is not more than can be held."""
    if size > HELD_LIMIT:
        raise DamagedError(f"it has {size >> 20} MB, over the limit of {HELD_LIMIT >> 20} MB for a delta")
    return inflated(packed, size)
