"""Large trees, taken one by one: of a version that differs little from the one before, only that is taken apart."""

from __future__ import annotations

from keyguard.git.odb.difference import Difference, difference
from keyguard.git.odb.kinds import TREE
from keyguard.git.odb.objects import STREAM_LIMIT
from keyguard.git.odb.trees import LARGEST
from keyguard.git.odb.versions import Member, Versions

# More bytes than this make a tree a large one.
LARGE = 12 << 10

# A look at what its delta changes is worth its cost where a tree is so many times longer than that.
WORTH = 16


class LargeTrees:
    """The large trees of a share, in the order of the reading, shown to `versions`: to nobody where there is none.

    More bytes than `limit` make a tree a large one. `nearest` is down to which depth each object of a family has to be
    shown, whatever its size.
    """

    def __init__(self, versions: Versions | None) -> None:
        self._versions = versions
        self.limit = STREAM_LIMIT if versions is None else LARGE
        self.nearest = -1

    def want(self, kind: int, size: int) -> bool:
        """Whether an object of this kind and size is a large tree."""
        return kind == TREE and size > self.limit

    def changes(self, delta: bytes, base_size: int, size: int) -> Difference | None:
        """What a delta changes, of which a tree of `size` bytes came; None where that is of no use.

        Raises DamagedError.
        """
        return difference(delta, base_size) if len(delta) * WORTH < size else None

    def lose(self, member: Member) -> None:
        """Hear of an object that cannot be read."""
        if self._versions:
            self._versions.pass_over(member)
            self.nearest = self._versions.nearest

    def show(self, member: Member, kind: int, data: bytes, changed: Difference | None) -> bool:
        """See an object, of which is known what it has `changed` against the one it stands on.

        Whether what it names is known then.
        """
        if not self._versions:
            return False
        told = False
        if kind == TREE and len(data) <= LARGEST:
            told = self._versions.show(member, data, changed.gaps if changed and not changed.moved else None)
        else:
            self._versions.pass_over(member)
        self.nearest = self._versions.nearest
        return told
