"""Archives without their keys: member by member, down to the depth to which a search goes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from keyguard.archive.bounds import Bounds, Budget
from keyguard.archive.recognized import recognized
from keyguard.errors import ArchiveError
from keyguard.repack import repacked


class Words(Protocol):
    """What takes keys out of bytes that are no archive."""

    def plain(self, data: bytes) -> bytes: ...

    def rigid(self, data: bytes) -> bytes: ...

    def name(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Unpacking:
    """Takes keys out of archives and of what is packed in them: an edit of `keyguard.repack`."""

    words: Words = field(repr=False)
    bounds: Bounds
    budget: Budget = field(repr=False)
    depth: int = 0

    def content(self, data: bytes) -> bytes:
        """A content without keys. Raises ArchiveError where it is an archive that cannot be rewritten exactly."""
        found = recognized(data)
        if found is None:
            return self.words.plain(data)
        if self.depth >= self.bounds.depth:
            raise ArchiveError(f"archives lie more than {self.bounds.depth} deep in one another")
        return repacked(found, data, replace(self, depth=self.depth + 1), self.budget)

    def name(self, data: bytes) -> bytes:
        return self.words.name(data)

    def text(self, data: bytes) -> bytes:
        return self.words.plain(data)

    def fixed(self, data: bytes) -> bytes:
        return self.words.rigid(data)
