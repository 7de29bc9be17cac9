"""What a format gives: the members of an archive, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from keyguard.archive.bounds import Budget
from keyguard.archive.stream import Content, Stream


@dataclass(frozen=True, slots=True)
class Member:
    """Something packed in an archive. `stream` is its content, to be read before the next member is asked for.

    `name` is as the archive writes it, and empty where it has none. `size` is in bytes, as the archive tells it. A
    `layer` is all that the archive holds, compressed: what is packed in it is named as if there were no layer.
    """

    name: bytes
    stream: Stream
    size: int | None = None
    layer: bool = False


class Format(Protocol):
    """What the module of each format is."""

    def members(self, content: Content, budget: Budget) -> Iterator[Member]:
        """The members in the order of the archive.

        What of a single member cannot be read (damaged, encrypted, compressed by an unknown method) is its stream's
        `problem`. Raises ArchiveError where no further member can be found, BoundError where the budget is spent;
        and whatever `content` raises.
        """
        ...
