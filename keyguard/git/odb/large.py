"""Large objects, taken one by one: of a version that differs little from the one before, only that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple

from keyguard.git.odb.batch import Batch
from keyguard.git.odb.delta import HELD_LIMIT
from keyguard.git.odb.difference import Difference, difference
from keyguard.git.odb.kinds import BLOB, TREE, Kind
from keyguard.git.odb.objects import STREAM_LIMIT, Examiner, Found, Harvest, Value, Witness
from keyguard.git.odb.trees import LARGEST as LARGEST_TREE
from keyguard.git.odb.versions import Member, Versions


class Limits(NamedTuple):
    """More bytes than `size` make an object a large one.

    A look at what its delta changes is worth its cost where it has more bytes than `compared`, and is more than `worth`
    times longer than its delta.
    """

    size: int
    compared: int
    worth: int


# What is large is not copied to be examined with others. Of a tree the entries cost more than the bytes.
LARGE = Limits(1 << 14, 1 << 14, 64)
LARGE_TREE = Limits(12 << 10, 12 << 10, 16)
TOO_LARGE = Limits(STREAM_LIMIT, HELD_LIMIT, 1)


class LargeObjects(Generic[Value]):
    """The large objects of a share, in the order of the reading.

    `nearest` is down to which depth each object of a family has to be given to this, whatever its size. `silent`
    says by depth, as 1 or 0, whether nothing stands in the object that was read last there, so that nothing does in a
    copy of it.
    """

    def __init__(
        self, oid: Callable[[int], str], examiner: Examiner[Value], witness: Witness | None, deepest: int, whole: bool
    ) -> None:
        """`oid` gives the id behind a holder. `whole` says that the share is of whole families.

        Of parts of families only what is too large to be held is large.
        """
        self._oid = oid
        self._examiner = examiner
        self._witness = witness
        self._whole = whole
        self._versions: Versions | None = witness.versions if witness and whole else None
        self.nearest = -1
        self.silent = bytearray(deepest + 1)

    def limit(self, kind: int) -> int:
        """More bytes than this make an object of this kind a large one, as long as the share lasts."""
        return self._limits(kind).size

    def changes(self, kind: int, depth: int, delta: bytes, base_size: int, size: int) -> Difference | None:
        """What a delta changes, of which an object of `size` bytes came; None where that is of no use.

        Raises DamagedError.
        """
        limits = self._limits(kind)
        worth = size > limits.compared and len(delta) * limits.worth < size
        return difference(delta, base_size) if worth and (kind == TREE or self.silent[depth - 1]) else None

    def lose(self, member: Member) -> None:
        """Hear of an object that cannot be read."""
        if self._versions:
            self._versions.pass_over(member)
            self.nearest = self._versions.nearest

    def take(
        self, member: Member, kind: int, data: bytes, changed: Difference | None, twice: bool, harvest: Harvest[Value]
    ) -> None:
        """Take an object, of which is known what is `changed` against the one it stands on.

        One that is there `twice` is examined elsewhere.
        """
        told = self._told(member, kind, data, changed)
        if twice:
            return
        if len(data) > STREAM_LIMIT:
            if self._witness:
                self._witness.pass_over(kind)
            harvest.take(self._oid(member.holder), kind, data, self._examiner)
            return
        on_silence = member.depth > 0 and self.silent[member.depth - 1]
        value, silent = self._examiner.one(kind, data, changed.gaps if changed and on_silence else None)
        self.silent[member.depth] = silent
        if value is not None:
            harvest.found.append(Found(self._oid(member.holder), Kind(kind), value))
        harvest.count(1, kind == BLOB, len(data))
        if self._witness and kind != BLOB and not told:
            self._witness.add([member.holder], Batch.of(kind, [data]))

    def _limits(self, kind: int) -> Limits:
        if not self._whole:
            return TOO_LARGE
        return LARGE_TREE if kind == TREE and self._versions else LARGE

    def _told(self, member: Member, kind: int, data: bytes, changed: Difference | None) -> bool:
        """Whether what the object names is known from the version before."""
        if not self._versions or (kind != TREE and member.depth > self.nearest):
            return False
        told = False
        if kind == TREE and len(data) <= LARGEST_TREE:
            told = self._versions.show(member, data, changed.gaps if changed and not changed.moved else None)
        else:
            self._versions.pass_over(member)
        self.nearest = self._versions.nearest
        return told
