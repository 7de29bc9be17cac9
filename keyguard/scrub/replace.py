"""Content without its keys: found again by the engine until it finds none."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Sequence

from keyguard.engine import Engine
from keyguard.errors import KeyguardError
from keyguard.model import Match, StandardInput
from keyguard.scrub.disguise import blunt, stand_in
from keyguard.scrub.wording import Wording
from keyguard.utf16_shape import is_whole
from keyguard.windows import windows

ROUNDS = 8
"""How often a content is looked at again: a key may hide another, or stand in two disguises at once."""


Write = Callable[[bytes, Match, Wording], bytes]
"""What writes something in place of a match's bytes."""

Replace = Callable[[bytes, Sequence[Match], bool], bytes]


class ScrubError(KeyguardError):
    """A scrub cannot begin, or cannot go on. The text names the way out."""


class Cleaner:
    """Takes keys, given by their fingerprints, out of bytes."""

    def __init__(self, engine: Engine, fingerprints: Collection[str], wording: Wording) -> None:
        self._engine = engine
        self.fingerprints = fingerprints
        self.wording = wording

    def clean(self, data: bytes) -> bytes:
        """A content without the keys; all other bytes are as before.

        Raises ScrubError where keys keep turning up.
        """
        return self._settled(data, self._replaced)

    def name(self, data: bytes) -> bytes:
        """A path, the name of a ref or a person without the keys."""
        return self._settled(data, self._renamed)

    def matches(self, data: bytes) -> list[Match]:
        """Where the keys stand in `data`."""
        found = [
            item
            for blob in windows(io.BytesIO(data).read, StandardInput(), len(data))
            for item in self._engine.examine(blob)
            if isinstance(item, Match) and item.secret.fingerprint in self.fingerprints
        ]
        return sorted(found, key=lambda match: (match.span.start, -match.span.end))

    def _settled(self, data: bytes, replaced: Replace) -> bytes:
        for turn in range(ROUNDS):
            found = self.matches(data)
            if not found:
                return data
            data = replaced(data, found, turn > ROUNDS // 2)
        if self.matches(data):
            raise ScrubError("a key keeps turning up in what it is replaced by: choose another --marker")
        return data

    def _replaced(self, data: bytes, found: Sequence[Match], crude: bool) -> bytes:
        rigid = crude or (b"\0" in data and not is_whole(data))
        write = blunt if crude else _stand_in(rigid)
        return _joined(data, ((match, write) for match in found), self.wording)

    def _renamed(self, data: bytes, found: Sequence[Match], crude: bool) -> bytes:
        del crude
        return _joined(data, ((match, _name) for match in found), self.wording)


def _joined(data: bytes, found: Iterable[tuple[Match, Write]], wording: Wording) -> bytes:
    pieces: list[bytes] = []
    place = 0
    for match, write in found:
        span = match.span
        if span.start >= place:
            pieces += (data[place : span.start], write(data[span.start : span.end], match, wording))
            place = span.end
    return b"".join((*pieces, data[place:]))


def _stand_in(rigid: bool) -> Write:
    return lambda chunk, match, wording: stand_in(chunk, match, wording, rigid=rigid)


def _name(_chunk: bytes, match: Match, wording: Wording) -> bytes:
    return wording.name(match.secret)
