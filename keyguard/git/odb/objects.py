"""The words of a reading: what examines an object, what was found, what was not to be had."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from keyguard.git.odb.batch import Batch
from keyguard.git.odb.kinds import BLOB, Kind
from keyguard.git.odb.streams import Stream, sliced

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from keyguard.git.odb.links import Links

Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)

# An object of more bytes is not held whole but streamed, unless a delta needs it.
STREAM_LIMIT = 64 << 20


class Examiner(Protocol[Value_co]):
    """Looks at objects, in whatever order. Kinds are given as their numbers."""

    @property
    def margins(self) -> tuple[int, int]:
        """Within how many bytes before something new, and behind it, there may be something that was not before."""
        ...

    @property
    def by_names(self) -> bool:
        """Whether in a tree there is what is in trees of one of its names each, and nothing else."""
        ...

    def several(self, batch: Batch) -> tuple[Sequence[tuple[int, Value_co]], set[int]]:
        """Look at some contents together.

        Gives for those that have something in them their number and it, and the numbers of those that are loud: in a
        copy of any other there is nothing but what begins in the margins of something new.
        """
        ...

    def stream(self, kind: int, size: int, read: Callable[[int], bytes]) -> Value_co | None:
        """Look at an object of `size` bytes, too big to be held; None where nothing is in it.

        `read(count)` gives fewer bytes only at its end.
        """
        ...


class Witness(Protocol):
    """Is shown all objects that are read, beside the examiner, by whatever names the reading has for them."""

    def add(self, holders: Sequence[int] | npt.NDArray[np.int64], batch: Batch) -> list[bytes] | None:
        """See some objects together, which ascend by holder.

        Of trees that can be told by their names it gives those names that were in none before. Each has a place from
        then on, which count from 1 in each share.
        """
        ...

    def named(self, batch: Batch, places: Collection[int]) -> Iterator[tuple[int, int]]:
        """Which of some trees, by their numbers, have names at some places."""
        ...

    def pass_over(self, kind: int) -> None:
        """Hear of an object of this kind that was too large to be held."""
        ...


@dataclass(frozen=True, slots=True)
class Found(Generic[Value]):
    """What an examiner made of an object."""

    oid: str
    kind: Kind
    value: Value = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lost:
    """An object that one way of reading did not get. Another may, unless this is `final`."""

    oid: str
    reason: str
    final: bool = False


@dataclass(slots=True)
class Harvest(Generic[Value]):
    """What one share of the reading gave: `objects` and `blobs` examined, `volume` the bytes of them.

    `links` are what the objects name, where that was asked for.
    """

    objects: int = 0
    blobs: int = 0
    volume: int = 0
    found: list[Found[Value]] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    links: Links | None = None

    def take(self, oid: str, kind: int, data: bytes, examiner: Examiner[Value]) -> None:
        """Examine an object that is held whole."""
        if len(data) > STREAM_LIMIT:
            self.take_stream(oid, kind, len(data), sliced(data), examiner)
            return
        self.examine(Batch.of(kind, [data]), [oid].__getitem__, examiner)

    def examine(self, batch: Batch, oid: Callable[[int], str], examiner: Examiner[Value]) -> set[int]:
        """Examine the objects of a batch; gives the numbers of the loud ones. `oid` gives the id of each by its own."""
        found, loud = examiner.several(batch)
        self.found += (Found(oid(number), Kind(batch.kind), value) for number, value in found)
        self.count(len(batch), len(batch) if batch.kind == BLOB else 0, batch.volume)
        return loud

    def take_stream(self, oid: str, kind: int, size: int, pieces: Iterable[bytes], examiner: Examiner[Value]) -> None:
        """Examine an object that comes in pieces.

        Raises DamagedError where they are not `size` bytes together, and what `pieces` raises.
        """
        stream = Stream(pieces, size)
        value = examiner.stream(kind, size, stream.read)
        stream.finish()
        if value is not None:
            self.found.append(Found(oid, Kind(kind), value))
        self.count(1, kind == BLOB, size)

    def count(self, objects: int, blobs: int, volume: int) -> None:
        """Count objects, those that are blobs among them, and their bytes."""
        self.objects += objects
        self.blobs += blobs
        self.volume += volume

    def add(self, other: Harvest[Value]) -> None:
        """Take in another share's harvest."""
        self.count(other.objects, other.blobs, other.volume)
        self.found += other.found
        self.lost += other.lost
