"""What the next commit adds: the index against HEAD."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from keyguard.engine import Engine
from keyguard.errors import GitError, UsageError
from keyguard.git.blobs import Content, contents
from keyguard.git.command import Git
from keyguard.git.index import UNMERGED, Change, added_lines, entries, renamed, staged_changes
from keyguard.model import Examined, Match, Staged, Unread
from keyguard.search import search
from keyguard.source import Attribution
from keyguard.source.files import Files, location, names_with_keys


class StagedChanges:
    """Added lines of what is staged.

    A line counts as added where git's own diff of the two blobs says so; a renamed file is compared with what
    it was renamed from. What is packed in an archive has no such lines: there a key counts that was not in it before.
    """

    kind = "staged"
    target = "the index against HEAD"

    def __init__(self, git: Git) -> None:
        self._git = git
        self._blobs = self._bytes = 0
        self._renamed: dict[bytes, str] | None = None

    @property
    def examined(self) -> Examined:
        return Examined(self._blobs, self._bytes)

    @property
    def notes(self) -> tuple[str, ...]:
        return () if self._blobs else ("Nothing is staged: nothing was examined.",)

    def search(self, engine: Engine) -> Iterator[Match | Unread]:
        changes = staged_changes(self._git)
        for change, items in self._examined(engine, changes):
            matches = [item for item in items if isinstance(item, Match)]
            yield from (item for item in items if isinstance(item, Unread))
            packed = [match for match in matches if match.member is not None]
            lines = [match for match in matches if match.member is None]
            yield from self._added(change, lines) if lines else ()
            yield from self._newly_packed(engine, change, packed) if packed else ()
        yield from names_with_keys(engine, (os.fsdecode(c.path) for c in changes if c.status != "M"))

    def attribute(self, keys: Mapping[str, Sequence[Match]]) -> Mapping[str, Attribution]:
        return {key: Attribution(tuple(map(location, matches))) for key, matches in keys.items()}

    def _examined(self, engine: Engine, changes: Sequence[Change]) -> Iterator[tuple[Change, list[Match | Unread]]]:
        readable = [change for change in changes if change.status != UNMERGED]
        for change in changes:
            if change.status == UNMERGED:
                yield change, [Unread(os.fsdecode(change.path), "it has an unresolved conflict")]
        for change, content in zip(readable, contents(self._git, [c.oid for c in readable]), strict=True):
            yield change, list(self._content(engine, change, content))

    def _content(self, engine: Engine, change: Change, content: Content) -> Iterator[Match | Unread]:
        path = os.fsdecode(change.path)
        if content.absent:
            yield Unread(path, f"its staged object {change.oid} is missing")
            return
        self._blobs += 1
        self._bytes += content.size
        yield from search(engine, content.read, Staged(path, change.oid), content.size)

    def _added(self, change: Change, matches: Sequence[Match]) -> Iterator[Match]:
        """Those of the matches that stand, in part at least, in an added line."""
        before = change.before or self._renamed_from(change.path)
        if before is None:
            yield from matches
            return
        if before == change.oid:
            return
        try:
            added = added_lines(self._git, before, change.oid)
        except GitError:
            # What HEAD has is not here (a partial clone) or cannot be compared: then every line may be new.
            yield from matches
            return
        starts = self._line_numbers(change.oid, [place for m in matches for place in (m.span.start, m.span.end)])
        for match in matches:
            first, last = starts[match.span.start], starts[match.span.end]
            if any(lines.start <= last and first < lines.stop for lines in added):
                yield match

    def _newly_packed(self, engine: Engine, change: Change, matches: Sequence[Match]) -> Iterator[Match]:
        """Those of the matches in an archive whose keys no member of what was there before holds."""
        before = change.before or self._renamed_from(change.path)
        known = set()
        for content in contents(self._git, [before] if before else []):
            if not content.absent:
                items = search(engine, content.read, Staged("", content.oid), content.size)
                known = {item.secret for item in items if isinstance(item, Match) and item.member is not None}
        yield from (match for match in matches if match.secret not in known)

    def _renamed_from(self, path: bytes) -> str | None:
        if self._renamed is None:
            self._renamed = renamed(self._git)
        return self._renamed.get(path)

    def _line_numbers(self, oid: str, places: Sequence[int]) -> dict[int, int]:
        """The line (from 1, by its newline bytes, as git counts) of each place in a blob."""
        numbers: dict[int, int] = {}
        line, offset = 1, 0
        waiting = sorted(set(places), reverse=True)
        for content in contents(self._git, [oid]):
            while waiting:
                block = content.read(1 << 20)
                while waiting and waiting[-1] <= offset + len(block):
                    place = waiting.pop()
                    numbers[place] = line + block.count(b"\n", 0, place - offset)
                line += block.count(b"\n")
                offset += len(block)
        return numbers


class StagedFiles(StagedChanges):
    """Named files as they stand in the index, whole; one that is not in the index as it is on disk."""

    def __init__(self, git: Git, paths: Sequence[str]) -> None:
        super().__init__(git)
        self._paths = list(paths)
        self.target = f"{len(self._paths)} named {'file' if len(self._paths) == 1 else 'files'} in the index"

    @property
    def notes(self) -> tuple[str, ...]:
        return () if self._blobs else ("None of the named files has content in the index: nothing was examined.",)

    def search(self, engine: Engine) -> Iterator[Match | Unread]:
        found = entries(self._git, self._paths)
        yield from self._not_staged(engine, {os.fsdecode(entry.path) for entry in found})
        for _, items in self._examined(engine, found):
            yield from items
        yield from names_with_keys(engine, (os.fsdecode(entry.path) for entry in found))

    def _not_staged(self, engine: Engine, staged: set[str]) -> Iterator[Match | Unread]:
        absent = [path for path in self._paths if not entries(self._git, [path])] if self._absent(staged) else []
        for path in absent:
            if not os.path.lexists(os.path.join(self._git.where, path)):
                raise UsageError(f"{path}: is neither in the index nor on disk")
        if absent:
            files = Files([os.path.normpath(os.path.join(self._git.where, path)) for path in absent])
            yield from files.search(engine)
            self._blobs += files.examined.blobs
            self._bytes += files.examined.bytes

    def _absent(self, staged: set[str]) -> bool:
        return any(os.path.normpath(path) not in staged for path in self._paths)
