"""A content that passes by in windows: what one of them tells of the others is kept from each to the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from keyguard.engine import Engine
from keyguard.examination import Awaiting, Examination, name_of
from keyguard.judge.context import Heard
from keyguard.model import Blob, Match, Origin, Unread
from keyguard.position import Marks, Positions, beginning
from keyguard.utf16_shape import low_byte

MOST_AWAITING = 10_000
"""Of so many keys of a content is remembered that they wait for a word which tells that they are keys."""


def examined(engine: Engine, blobs: Iterable[Blob]) -> Iterator[Match | Unread]:
    """The keys in a content that comes as one blob, or in windows, and what in it could not be read."""
    passage = Passage(engine)
    for blob in blobs:
        yield from passage.examine(blob)


class Passage:
    """A content under examination that passes by in windows, each of which follows the one before.

    What has passed tells of what is to come whether it is UTF-16, where in which line it begins, and which words stand
    before it. What is to come may hold a word that tells that something which has passed is a key.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._order: int | None = None
        self._marks: Marks = {}
        self._heard: list[Heard] = []
        self._awaiting: list[Awaiting] = []
        self._forgotten = 0

    def examine(self, blob: Blob) -> list[Match | Unread]:
        """The keys that the next window owns, those that had to wait for it, and what in it could not be read."""
        if blob.owned is None:
            return self._engine.examine(blob)
        if not blob.owned.start:
            self._order = low_byte(blob.data)
            self._marks = beginning(blob.data, self._order)
            contexts = [context for pattern in self._engine.library for context in pattern.context]
            # In the bytes as they are, and in what they are as UTF-16.
            self._heard = [Heard(contexts), Heard(contexts)]
        positions = Positions(blob.data, self._marks, blob.offset)
        found: list[Match | Unread] = []
        if self._order is not None or self._engine.prefilter.admits(blob.data):
            examination = Examination(self._engine.keys, blob, self._order, positions, self._heard)
            found, awaiting = examination.results()
            self._keep(awaiting)
        else:
            self._heard[0].listen(blob.data)
        if blob.owned.end < len(blob.data):
            self._marks = positions.marks(blob.owned.end)
        return [*self._settled(blob.origin), *found]

    def _keep(self, awaiting: Iterable[Awaiting]) -> None:
        for one in awaiting:
            if len(self._awaiting) < MOST_AWAITING:
                self._awaiting.append(one)
            else:
                self._forgotten += 1

    def _settled(self, origin: Origin) -> Iterator[Match | Unread]:
        """What has waited for a word that was heard now."""
        waiting, self._awaiting = self._awaiting, []
        for one in waiting:
            if one.is_settled:
                yield one.match
            else:
                self._awaiting.append(one)
        if self._forgotten and len(self._awaiting) < len(waiting):
            reason = "a word that tells what they are stands too far behind some possible keys"
            yield Unread(name_of(origin), reason, self._forgotten, origin)
            self._forgotten = 0
