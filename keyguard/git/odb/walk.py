"""Walking the families of a pack: each object inflated once, rebuilt, and shown to the examiner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Generic

import numpy as np
import numpy.typing as npt

from keyguard.errors import DamagedError
from keyguard.git.odb.delta import DELTA_ERRORS, HELD_LIMIT, SUSPECT, check_size, chunks
from keyguard.git.odb.family import Order, in_order, reasons
from keyguard.git.odb.idx import Index
from keyguard.git.odb.inflate import INFLATE_ERRORS, crc32, decompress, inflated, parts, pieces
from keyguard.git.odb.kinds import BLOB, Kind
from keyguard.git.odb.large import LargeObjects
from keyguard.git.odb.memory import Pages
from keyguard.git.odb.objects import STREAM_LIMIT, TOGETHER, Examiner, Found, Harvest, Lost, Value, Witness
from keyguard.git.odb.pack import REF_DELTA, Entries, Integers, complaint, opened, read_entries
from keyguard.git.odb.streams import PIECE
from keyguard.git.odb.versions import Member

# A stream of so few bytes cannot inflate to more than 66 MB (deflate gives at most 1032 for 1): it needs no
# bound. Longer ones are inflated with one, which costs a copy.
SHORT = 1 << 16

NO_BASE = "a base of its delta cannot be read"
WRONG_SIZE = "it has another length than it announces"

# Entries turned into rows of Python's own numbers at a time: a whole share would take too much.
ROWS = 1 << 9

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


# Place, kind and content of an object that waits to be examined with others, which costs much less than one by one.
_Object = tuple[int, int, bytes]


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
        self._pages = Pages(self.mapped)

    def share(self, start: int, end: int) -> Harvest[Value]:
        """Examine the places `start`..`end` of the pack's order, which are whole families."""
        return self._walk(np.arange(start, end), whole=True)

    def places(self, places: Integers) -> Harvest[Value]:
        """Examine some places of the pack's order, ascending, with each of which all that it stands on is given."""
        return self._walk(places, whole=False)

    def _walk(self, places: Integers, *, whole: bool) -> Harvest[Value]:
        # The one loop that runs for every object of a repository. It holds what it calls in local names, and
        # leaves all that is out of the ordinary to methods.
        harvest: Harvest[Value] = Harvest()
        view = memoryview(self.mapped)
        deepest = int(self.pack.order.depth[places].max(initial=0))
        contents = [b""] * (deepest + 1)
        large = LargeObjects(self._oid, self.examiner, self.witness, deepest, whole)
        size_of_large = large.limit(0)
        silent = large.silent
        intact = len(contents)
        broken, kind, nearest = intact, 0, -1
        waiting: list[_Object] = []
        held = 0
        for place, begin, after, size, stored, depth, last, following, odd, twice, offset, check in self._rows(places):
            if depth > broken:
                harvest.lost.append(Lost(self.pack.oid(place), NO_BASE))
                continue
            broken = intact
            changed = None
            try:
                if not odd:
                    data = decompress(view[begin:after], 15, size)
                    if len(data) != size:
                        raise DamagedError(WRONG_SIZE)
                elif following == 1 and not depth and size > STREAM_LIMIT and stored != REF_DELTA:
                    if not twice:
                        self._pass_over(stored)
                        content = pieces(self._parts(view[begin:after]), PIECE)
                        harvest.take_stream(self.pack.oid(place), stored, size, content, self.examiner)
                    continue
                else:
                    data = bounded(view[begin:after], size)
                if check >= 0 and crc32(view[offset:after]) != check:
                    raise DamagedError("its entry has another checksum")
                if depth:
                    base = contents[depth - 1]
                    if last:
                        contents[depth - 1] = b""
                    if len(base) * len(data) > SUSPECT:
                        check_size(data)
                    delta, data = data, b"".join(chunks(base, data))
                    if len(data) > size_of_large:
                        changed = large.changes(kind, depth, delta, len(base), len(data))
                else:
                    root = stored
                    if stored == REF_DELTA:
                        root, data = self._on_foreign(place, data)
                    if root != kind:
                        kind = root
                        size_of_large = large.limit(kind)
            except DAMAGE as error:
                harvest.lost.append(Lost(self.pack.oid(place), str(error)))
                broken = depth
                if depth <= nearest:
                    large.lose(self._member(place, depth, following, last))
                    nearest = large.nearest
                continue
            if following > 1:
                contents[depth] = data
                silent[depth] = False
            if len(data) > size_of_large or depth <= nearest:
                member = self._member(place, depth, following, last)
                large.take(member, kind, data, changed, bool(twice), harvest)
                nearest = large.nearest
                continue
            if twice:
                continue
            waiting.append((place, kind, data))
            held += len(data)
            if held > TOGETHER:
                self._examine(waiting, harvest)
                waiting, held = [], 0
        if waiting:
            self._examine(waiting, harvest)
        return harvest

    def _oid(self, holder: int) -> str:
        return self.pack.oid(holder - self.first_holder)

    def _member(self, place: int, depth: int, following: int, last: int) -> Member:
        return Member(self.first_holder + place, depth, following, bool(last))

    def _examine(self, objects: list[_Object], harvest: Harvest[Value]) -> None:
        places: Sequence[int]
        kinds: Sequence[int]
        contents: Sequence[bytes]
        places, kinds, contents = zip(*objects, strict=True)
        for number, value in self.examiner.several(kinds, contents):
            harvest.found.append(Found(self.pack.oid(places[number]), Kind(kinds[number]), value))
        blobs = kinds.count(BLOB)
        harvest.count(len(kinds), blobs, sum(map(len, contents)))
        # Blobs name nothing, and are most of what is read.
        if self.witness and blobs < len(kinds):
            self.witness.add([self.first_holder + place for place in places], kinds, contents)

    def _pass_over(self, kind: int) -> None:
        if self.witness:
            self.witness.pass_over(kind)

    def _rows(self, places: Integers) -> Iterator[tuple[int, ...]]:
        """Place, begin, end, size, kind, depth, last, following, odd, twice, offset and checksum of each place."""
        return chain.from_iterable(self._groups_of_rows(places))

    def _groups_of_rows(self, places: Integers) -> Iterator[Iterator[tuple[int, ...]]]:
        for first in range(0, len(places), ROWS):
            group = places[first : first + ROWS]
            rows = self._some_rows(group)
            for count in self._steps(group):
                yield islice(rows, count)
                self._pages.settle()

    def _steps(self, places: Integers) -> list[int]:
        """How many of the places to go at a time, for which few enough bytes of the pack come to memory."""
        touched = np.cumsum(self.pack.entries.packed(self.pack.order.position[places]) + AROUND)
        in_step = np.bincount(touched // STEP)
        counts: list[int] = in_step[in_step > 0].tolist()
        return counts

    def _some_rows(self, places: Integers) -> Iterator[tuple[int, ...]]:
        entries, order = self.pack.entries, self.pack.order
        at = order.position[places]
        offset, after, size = entries.offset[at], entries.offset[at + 1], entries.size[at]
        begin = offset + entries.header[at]
        row = entries.row[at]
        sums = self.pack.index.checks
        checks = np.full(len(at), -1) if sums is None else sums[row].astype(np.int64)
        odd = (size > STREAM_LIMIT) | (after - begin > SHORT)
        columns = (
            places, begin, after, size, entries.kind[at],
            order.depth[places], order.last[places], order.following[places], odd,
            self.pack.twice[row], offset, checks,
        )  # fmt: skip
        return zip(*(column.tolist() for column in columns), strict=True)

    def _parts(self, packed: memoryview) -> Iterator[memoryview]:
        """A long stream in parts, of which no more stays in memory than the next few."""
        for number, part in enumerate(parts(packed)):
            yield part
            if number % PARTS_KEPT == 0:
                self._pages.give_back()

    def _on_foreign(self, place: int, delta: bytes) -> tuple[int, bytes]:
        """Kind and content of a delta whose base is not in this pack."""
        kind, base = self.elsewhere(self.pack.entries.foreign[int(self.pack.order.position[place])])
        check_size(delta)
        return kind, b"".join(chunks(base, delta))


DAMAGE: tuple[type[Exception], ...] = (DamagedError, *INFLATE_ERRORS, *DELTA_ERRORS)


def bounded(packed: memoryview, size: int) -> bytes:
    """What `packed` inflates to, `size` bytes, where that is not more than can be held."""
    if size > HELD_LIMIT:
        raise DamagedError(f"it has {size >> 20} MB, over the limit of {HELD_LIMIT >> 20} MB for a delta")
    return inflated(packed, size)
