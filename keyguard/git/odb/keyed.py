"""Names in trees in which something was found.

The versions of a folder mostly have the same names: each is looked at once, and not where it occurs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from keyguard.git.odb.batch import Batch
from keyguard.git.odb.kinds import TREE
from keyguard.git.odb.objects import Examiner, Value

# A tree of one entry, for a name and an id.
ENTRY = b"100644 %s\0%s"


class KeyedNames(Generic[Value]):
    """What was found in the names of a share, by their places, which count from 1."""

    def __init__(self, examiner: Examiner[Value], oid_size: int) -> None:
        self._examiner = examiner
        self._oid = bytes(oid_size)
        self._seen = 1
        self.found: dict[int, Value] = {}

    def look_at(self, names: Sequence[bytes]) -> None:
        """Look at the names that have the next places."""
        # Nearly always there is nothing in any.
        if self._in([b"".join(ENTRY % (name, self._oid) for name in names)]):
            found = self._in([ENTRY % (name, self._oid) for name in names])
            self.found |= {self._seen + number: value for number, value in found}
        self._seen += len(names)

    def _in(self, trees: Sequence[bytes]) -> Sequence[tuple[int, Value]]:
        found, _ = self._examiner.several(Batch.of(TREE, trees))
        return found
