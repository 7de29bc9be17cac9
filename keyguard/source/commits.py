"""What commits add: blobs, messages, authors, tags and names that were not there before."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from keyguard.engine import Engine
from keyguard.errors import RangeError
from keyguard.git.blobs import Content, contents
from keyguard.git.brought import Brought, Entry, adders, bringers, brought, shallow_ends, tree
from keyguard.git.command import Git
from keyguard.git.odb.kinds import entries_of
from keyguard.model import Blob, Examined, Location, Match, Stored, Unread
from keyguard.search import search
from keyguard.source import Attribution
from keyguard.source.exposure import commits_named
from keyguard.source.files import names_with_keys
from keyguard.source.ranges import CommitRange, Empty, annotated_tags, mend, object_id

PathAllow = Callable[[str | None], str | None]

ABSENT = "it is missing from this repository; clone it without a filter"
# Where in an object's header or message a key stands says little, and its line there is no line of a file.
_MESSAGES = {"commit": "commit-message", "tag": "tag-message"}


@dataclass(slots=True)
class Known:
    """The keys that the base's tree holds: in `held` places that count, or in ones that a remark allows."""

    held: set[str] = field(default_factory=set)
    remarked: set[str] = field(default_factory=set)


class Commits:
    """Everything that a range of commits newly makes reachable, less the keys that its base's tree holds.

    A key does not count as held where the base allows it by a remark or by its path (`accepts_path`): such an
    allow is for that place alone.
    """

    kind = "commits"

    def __init__(self, git: Git, commits: CommitRange, accepts_path: PathAllow = lambda path: None) -> None:
        self._git = git
        self._range = commits
        self._accepts_path = accepts_path
        self._brought = Brought()
        self._tree: dict[str, bytes] = {}
        self._remarks: dict[str, None] = {}
        self._blobs = self._bytes = self._tags = 0

    @property
    def target(self) -> str:
        return f"{self._range.why} ({self._counts()})"

    @property
    def examined(self) -> Examined:
        return Examined(self._blobs, self._bytes)

    @property
    def notes(self) -> tuple[str, ...]:
        remarks = f"These commits bring remarks that allow keys: {', '.join(self._remarks)}."
        return *self._range.notes, *((remarks,) if self._remarks else ())

    def search(self, engine: Engine) -> Iterator[Match | Unread]:
        if not self._range.heads:
            return
        self._walk()
        found = list(self._search(engine))
        matches = [item for item in found if isinstance(item, Match)]
        known = self._known(engine, matches) if matches else Known()
        yield from (item for item in found if isinstance(item, Unread))
        for match in matches:
            if match.secret.fingerprint not in known.held:
                if match.allowed and match.secret.fingerprint not in known.remarked:
                    self._remarks[_told(match)] = None
                yield match

    def attribute(self, keys: Mapping[str, Sequence[Match]]) -> Mapping[str, Attribution]:
        origins = {match.origin for matches in keys.values() for match in matches}
        blobs = {
            origin.oid for origin in origins if isinstance(origin, Stored) and origin.kind == "blob" and origin.oid
        }
        places: dict[str, list[tuple[str, str]]] = {}
        for change in bringers(self._git, self._brought.commits, blobs) if blobs else ():
            places.setdefault(change.after or "", []).append((change.commit, change.path))
        placed = {
            key: tuple(place for match in matches for place in self._places(match, places))
            for key, matches in keys.items()
        }
        named = commits_named(self._git, placed)
        return {key: Attribution(placed[key], commits=named[key]) for key in keys}

    def _walk(self) -> None:
        self._brought = brought(self._git, self._range.heads, self._range.bases)
        if self._range.tags and self._brought.commits:
            self._brought.objects.update(self._tags_within(set(self._brought.commits)))
        if self._brought.commits:
            return
        if self._range.empty is Empty.WRONG:
            raise RangeError(
                f"{self._range.why}: there are no commits to examine, since the base has all of them already: "
                "name another range, or look at the files with `keyguard scan`"
            )
        if self._range.empty is Empty.TREE:
            self._tree = self._new_in_the_tree()

    def _tags_within(self, reached: set[str]) -> dict[str, bytes]:
        """The annotated tags that point at a commit of the range, or at a tag that does."""
        tags = annotated_tags(self._git)
        found: dict[str, bytes] = {}
        while more := [tag for tag, (target, _) in tags.items() if target in reached and tag not in reached]:
            reached.update(more)
            found.update((tag, tags[tag][1]) for tag in more)
        return found

    def _new_in_the_tree(self) -> dict[str, bytes]:
        """The blobs of the head's tree that are not in the base's."""
        heads = [oid for head in self._range.heads if (oid := object_id(self._git, f"{head}^{{tree}}"))]
        known = {entry.oid for base in self._range.trees for entry in tree(self._git, base)}
        return {entry.oid: entry.path for head in heads for entry in tree(self._git, head) if entry.oid not in known}

    def _counts(self) -> str:
        counts = [
            (len(self._brought.commits), "commit"),
            (self._blobs, "blob"),
            *([(self._tags, "tag")] if self._tags else []),
        ]
        return ", ".join(f"{number:,} {thing}{'' if number == 1 else 's'}" for number, thing in counts)

    def _search(self, engine: Engine) -> Iterator[Match | Unread]:
        for end in sorted(shallow_ends(self._git) & set(self._brought.commits)):
            remedy = mend(self._git, "", self._range.whole)
            yield Unread(f"what came before commit {end[:12]}", f"this clone is shallow: {remedy}")
        yield from (Unread(f"object {oid}", ABSENT) for oid in self._brought.missing)
        for content in contents(self._git, [*self._brought.commits, *self._brought.objects, *self._tree]):
            yield from self._examined(engine, content)

    def _examined(self, engine: Engine, content: Content) -> Iterator[Match | Unread]:
        if content.absent:
            yield Unread(f"object {content.oid}", ABSENT)
        elif content.kind == "blob":
            self._blobs += 1
            self._bytes += content.size
            path = self._brought.objects.get(content.oid) or self._tree.get(content.oid)
            origin = Stored("blob", content.oid, os.fsdecode(path) if path else None)
            yield from search(engine, content.read, origin, content.size)
        elif content.kind == "tree":
            yield from self._names(engine, content)
        else:
            self._tags += content.kind == "tag"
            self._bytes += content.size
            yield from said(engine, content.kind, content.oid, content.read())

    def _names(self, engine: Engine, content: Content) -> Iterator[Match | Unread]:
        data = content.read()
        if engine.prefilter.admits(data):
            folder = self._brought.objects[content.oid]
            paths = (folder + b"/" + name if folder else name for name, _ in entries_of(data, len(content.oid) // 2)[0])
            yield from names_with_keys(engine, map(os.fsdecode, paths))

    def _known(self, engine: Engine, matches: Sequence[Match]) -> Known:
        """Which of the keys the base's tree holds. It is read only as far as there are keys to look for."""
        wanted = {match.secret.fingerprint for match in matches}
        commits = dict.fromkeys((*self._range.trees, *(self._brought.boundary if self._range.boundary else ())))
        entries = [entry for commit in commits for entry in tree(self._git, commit)]
        likely = {
            os.fsencode(match.origin.path)
            for match in matches
            if isinstance(match.origin, Stored) and match.origin.path
        }
        known = Known()
        for match in self._in_the_base(engine, sorted(entries, key=lambda entry: entry.path not in likely)):
            (known.remarked if match.allowed else known.held).add(match.secret.fingerprint)
            if wanted <= known.held:
                break
        return known

    def _in_the_base(self, engine: Engine, entries: Sequence[Entry]) -> Iterator[Match]:
        counting = [entry for entry in entries if not self._accepts_path(os.fsdecode(entry.path))]
        names = (os.fsdecode(entry.path) for entry in counting)
        yield from (item for item in names_with_keys(engine, names) if isinstance(item, Match))
        for content in contents(self._git, dict.fromkeys(entry.oid for entry in counting)):
            if not content.absent:
                found = search(engine, content.read, Stored("blob", content.oid), content.size)
                yield from (item for item in found if isinstance(item, Match))

    def _places(self, match: Match, places: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[Location]:
        """Where a match stands: each commit and path that brought its object."""
        origin = match.origin
        assert isinstance(origin, Stored)  # noqa: S101 - this source makes no other
        if origin.kind == "blob":
            for commit, path in places.get(origin.oid or "") or ((None, origin.path),):
                yield Location("blob", path, match.line, match.column, commit, origin.oid, match.member)
        elif origin.kind == "path":
            for commit in adders(self._git, self._brought.commits, origin.path or "") or (None,):
                yield Location("path", origin.path, match.line, match.column, commit)
        elif origin.kind == "tag-message":
            yield Location(origin.kind, origin.path, match.line, match.column, blob=origin.oid)
        else:
            line, column = (None, None) if origin.kind == "author" else (match.line, match.column)
            yield Location(origin.kind, None, line, column, commit=origin.oid)


def said(engine: Engine, kind: str, oid: str | None, data: bytes) -> Iterator[Match | Unread]:
    """The keys in what people wrote into a commit or tag: its message, their names and addresses."""
    if not engine.admits(data):
        return
    header, _, message = data.partition(b"\n\n")
    people = b"\n".join(line for line in header.split(b"\n") if not line.startswith((b"tree ", b"parent ", b"object ")))
    yield from engine.examine(Blob(people, Stored("author", oid)))
    yield from engine.examine(Blob(message, Stored(_MESSAGES[kind], oid)))


def _told(match: Match) -> str:
    path = match.origin.path if isinstance(match.origin, Stored) else None
    within = f" in {match.member}" if match.member is not None else ""
    return f"{path or 'a message'}:{match.line}{within}"
