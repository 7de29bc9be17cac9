"""How much of an archive is unpacked, so that a small one cannot cost much."""

from __future__ import annotations

from dataclasses import dataclass

from keyguard.errors import BoundError


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one outermost archive, with all that is packed in it.

    `depth` counts archives within each other, a compressed stream being one of its own: `a.tar.gz` has two. Its
    members may come to `least` bytes and `ratio` times its own size, but to no more than `most`; stored ones count
    as much as inflated ones. `held` is how many bytes may be held at once of zips that lie in other archives or come
    in a stream: a zip is read from its end.
    """

    depth: int = 10
    members: int = 100_000
    least: int = 64 << 20
    ratio: int = 100
    most: int = 2 << 30
    held: int = 64 << 20


BOUNDS = Bounds()


class Budget:
    """What is left of the bounds while an archive of `size` bytes (None: not known) is read."""

    def __init__(self, bounds: Bounds, size: int | None) -> None:
        self.bounds = bounds
        self._bytes = bounds.most if size is None else min(bounds.most, bounds.least + bounds.ratio * size)
        self._members = bounds.members
        self._told = f"it unpacks to more than {_told(self._bytes)}"

    def spares(self, count: int) -> bool:
        """Whether so many bytes more may be unpacked."""
        return count <= self._bytes

    def spend(self, count: int) -> None:
        """Take note of unpacked bytes. Raises BoundError where there are too many."""
        self._bytes -= count
        if self._bytes < 0:
            raise BoundError(f"{self._told}, where keyguard stops")

    def member(self) -> None:
        """Take note of a member. Raises BoundError where there are too many."""
        self._members -= 1
        if self._members < 0:
            raise BoundError(f"it has more than {self.bounds.members:,} members, where keyguard stops")


def _told(size: int) -> str:
    return f"{size >> 20:,} MB" if size >= 1 << 20 else f"{size:,} bytes"
