"""Where the bytes come from: the first stage, a file a way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from keyguard.engine import Engine
from keyguard.model import Commit, Examined, Exposure, Location, Match, Unread


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where a key stands and, where history is known, since when. `commits` are those that its places name."""

    locations: tuple[Location, ...]
    exposure: Exposure | None = None
    commits: tuple[Commit, ...] = ()


class Source(Protocol):
    """Something that can be scanned.

    `search` gives every key and whatever could not be read; afterwards `examined` says how much was looked
    at, `notes` what else a reader of the report should know, and `attribute` places the keys that are to be
    reported, given by their fingerprints, all in one pass.
    """

    kind: str

    @property
    def target(self) -> str: ...

    @property
    def examined(self) -> Examined: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    def search(self, engine: Engine) -> Iterator[Match | Unread]: ...

    def attribute(self, keys: Mapping[str, Sequence[Match]]) -> Mapping[str, Attribution]: ...
