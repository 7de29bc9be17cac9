"""Content without its keys, archives included: found again by the engine until it finds none."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Sequence

from keyguard.archive.bounds import BOUNDS, Budget
from keyguard.engine import Engine
from keyguard.errors import ArchiveError, KeyguardError
from keyguard.model import Match, StandardInput
from keyguard.passage import examined
from keyguard.scrub.disguise import blunt, stand_in
from keyguard.scrub.packed import Unpacking
from keyguard.scrub.wording import Wording
from keyguard.search import search_whole
from keyguard.utf16_shape import is_whole
from keyguard.windows import windows

ROUNDS = 8
"""How often a content is looked at again: a key may hide another, or stand in two disguises at once."""


Write = Callable[[bytes, Match, Wording], bytes]
"""What writes something in place of a match's bytes."""

Replace = Callable[[bytes, Sequence[Match], bool], bytes]

NOTE = b"An archive lay here that held keys. It could not be rewritten without them, so it was taken out of history:\n"
"""How the text begins that stands in the place of an archive."""


class ScrubError(KeyguardError):
    """A scrub cannot begin, or cannot go on. The text names the way out."""


class Cleaner:
    """Takes keys, given by their fingerprints, out of bytes.

    `drops` says that a note takes the place of an archive that cannot be rewritten exactly.
    """

    def __init__(self, engine: Engine, fingerprints: Collection[str], wording: Wording, *, drops: bool = False) -> None:
        self._engine = engine
        self.fingerprints = fingerprints
        self.wording = wording
        self.drops = drops

    def clean(self, data: bytes) -> bytes:
        """A content without the keys; all other bytes are as before, in an archive those of all other members.

        Raises ScrubError where keys keep turning up, and for an archive that cannot be rewritten exactly.
        """
        try:
            return self.unpacking(len(data)).content(data) if self._engine.bounds else self.plain(data)
        except ArchiveError as error:
            if self.drops:
                return self.note(data)
            raise ScrubError(f"an archive cannot be rewritten exactly: {error}") from error

    def problem(self, data: bytes) -> str:
        """Why an archive cannot be rewritten exactly; empty where it can."""
        try:
            if self._engine.bounds:
                self.unpacking(len(data)).content(data)
        except ArchiveError as error:
            return str(error)
        return ""

    def unpacking(self, size: int) -> Unpacking:
        """What rewrites an archive of `size` bytes."""
        bounds = self._engine.bounds or BOUNDS
        return Unpacking(self, bounds, Budget(bounds, size))

    def note(self, data: bytes) -> bytes:
        """What stands in the place of an archive: which keys it held."""
        found = search_whole(self._engine, data, StandardInput())
        secrets = {item.secret.fingerprint: item.secret for item in found if isinstance(item, Match)}
        gone = [self.wording.text(secrets[key]) + b"\n" for key in secrets if key in self.fingerprints]
        return NOTE + b"".join(gone)

    def plain(self, data: bytes) -> bytes:
        """The same of a content that counts as no archive."""
        return self._settled(data, self._replaced)

    def rigid(self, data: bytes) -> bytes:
        """The same, but with as many bytes as there were."""
        return self._settled(data, self._overwritten)

    def name(self, data: bytes) -> bytes:
        """A path, the name of a ref or a person without the keys."""
        return self._settled(data, self._renamed)

    def matches(self, data: bytes) -> list[Match]:
        """Where the keys stand in `data`."""
        blobs = windows(io.BytesIO(data).read, StandardInput(), len(data))
        found = [
            item
            for item in examined(self._engine, blobs)
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
        write = blunt if crude else _stand_in(b"\0" in data and not is_whole(data))
        return _joined(data, ((match, write) for match in found), self.wording)

    def _overwritten(self, data: bytes, found: Sequence[Match], crude: bool) -> bytes:
        write = blunt if crude else _stand_in(True)
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
