"""One repository, audited: everything that it stores, read and searched, and what of it was not to be had."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from keyguard.engine import Engine
from keyguard.errors import GitError
from keyguard.git.command import Git
from keyguard.git.graph import EVERYTHING, read_graph
from keyguard.git.odb.objects import Found, Lost
from keyguard.git.odb.reader import Reading, read
from keyguard.git.odb.store import Store, find_store
from keyguard.model import Examined, Exposure, Match, Stored, Unread
from keyguard.source import Attribution
from keyguard.source.attribution import locations, paths_of, traces
from keyguard.source.completeness import Connectivity, borders, is_partial
from keyguard.source.exposure import commits_named, exposures
from keyguard.source.objects import Maker, Results
from keyguard.source.stored import search_files, search_index, search_refs, worktrees


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of a repository's history counts: `refs` names revisions, `since` is a date that git understands."""

    refs: tuple[str, ...] = ()
    since: str | None = None
    reachable: bool = False

    def __bool__(self) -> bool:
        return bool(self.refs or self.since or self.reachable)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a reading has come. `total` is how many objects there are, `volume` counts bytes."""

    done: int
    total: int
    volume: int


class RepositoryAudit:
    """The audit of one repository.

    Raises NotARepositoryError where `path` is in none, and GitError where git refuses it or does not know a
    revision that it is narrowed to.
    """

    def __init__(self, path: str | os.PathLike[str], jobs: int, narrowing: Narrowing) -> None:
        self.path = os.fspath(path)
        self.git = Git(self.path)
        self.store: Store = find_store(self.git)
        for ref in narrowing.refs:
            # Said at once, and not only where something is found.
            self.git.run("rev-list", "--max-count=1", "--end-of-options", ref)
        self.way = ""
        self._jobs = jobs
        self._narrowing = narrowing
        self._objects = self._volume = 0
        self._circular = False
        self._unread: list[Unread] = []

    @property
    def examined(self) -> Examined:
        return Examined(self._objects, self._volume)

    def search(self, engine: Engine, progress: Callable[[Step], None]) -> Iterator[Match | Unread]:
        """Every key, and whatever could not be read."""
        found = self._everything(engine, progress)
        if not self._narrowing:
            yield from found
            return
        matches: dict[str, list[Match]] = defaultdict(list)
        for item in found:
            if isinstance(item, Unread):
                yield item
            else:
                matches[item.secret.fingerprint].append(item)
        yield from self._narrowed(matches)

    def attribute(self, keys: Mapping[str, Sequence[Match]]) -> dict[str, Attribution]:
        """Places and exposure of the keys, by fingerprint.

        Raises GitError where git cannot say.
        """
        if self._circular:
            raise GitError("git would never answer, since a damaged object leads it in circles")
        known, found = traces(self.git, keys, self._jobs)
        exposed: Mapping[str, Exposure] = exposures(self.git, known, found)
        placed = {key: tuple(locations(found[key], known)) for key in keys}
        named = commits_named(self.git, placed)
        return {key: Attribution(placed[key], exposed[key], named[key]) for key in keys}

    def _everything(self, engine: Engine, progress: Callable[[Step], None]) -> Iterator[Match | Unread]:
        yield from self.store.unread
        yield from borders(self.store)
        question = Connectivity(self.git)
        try:
            reading = read(self.git, self.store, Maker(engine, self.store.oid_size), self._jobs)
            self.way = reading.way
            lost: list[Lost] = []
            yield from self._read(reading, lost, progress)
            yield from (Unread("objects", loss.reason) for loss in lost)
            yield from self._beside(engine)
            # Where deltas stand on each other, git goes round in circles and never answers.
            self._circular = any(loss.final for loss in lost)
            yield from self._unread if self._circular else self._placed(self._unread)
            if self._circular:
                yield Unread("what refs need", "git was not asked, since a damaged object would keep it for ever")
            else:
                yield from question.answer({loss.oid for loss in lost}, partial=is_partial(self.git, self.store))
        finally:
            question.close()

    def _read(
        self, reading: Reading[Results], lost: list[Lost], progress: Callable[[Step], None]
    ) -> Iterator[Match | Unread]:
        yield from reading.unread
        done = 0
        for harvest in reading.harvests:
            done += harvest.objects
            self._objects += harvest.objects
            self._volume += harvest.volume
            lost += harvest.lost
            for found in harvest.found:
                for item in _named(found):
                    if isinstance(item, Unread):
                        self._unread.append(item)
                    else:
                        yield item
            progress(Step(done, reading.objects, self._volume))

    def _placed(self, unread: Sequence[Unread]) -> Iterator[Unread]:
        """What of the objects was not read, each once for every path of its blob: allows go by paths."""
        blobs = {entry.origin.oid for entry in unread if isinstance(entry.origin, Stored) and entry.origin.oid}
        try:
            paths = paths_of(self.git, blobs, self._jobs) if blobs else {}
        except GitError:
            paths = {}
        for entry in unread:
            known = paths.get(entry.origin.oid or "") if isinstance(entry.origin, Stored) else None
            yield from (replace(entry, what=path, origin=Stored("blob", path=path)) for path in known or ())
            if not known:
                yield entry

    def _beside(self, engine: Engine) -> Iterator[Match | Unread]:
        """The keys in what is no object."""
        yield from search_refs(engine, self.git)
        for git_dir in worktrees(self.store):
            yield from search_index(engine, self.git, git_dir)
        yield from search_files(engine, self.store)

    def _narrowed(self, matches: Mapping[str, Sequence[Match]]) -> Iterator[Match]:
        """Those of the matches that the wanted commits account for."""
        if not matches:
            return
        commits = self._wanted_commits()
        _, found = traces(self.git, matches, self._jobs)
        for key, of_key in found.items():
            kept = [standing.match for standing in of_key.standing if standing.change.commit in commits]
            kept += [match for commit, match in of_key.texts if commit in commits]
            identities = {id(match) for match in kept}
            yield from (match for match in matches[key] if id(match) in identities)

    def _wanted_commits(self) -> set[str]:
        narrowing = self._narrowing
        since = [f"--since={narrowing.since}"] if narrowing.since else []
        everything = ("--all",) if narrowing.reachable else EVERYTHING
        which = (*since, "--end-of-options", *narrowing.refs) if narrowing.refs else (*since, *everything)
        return set(read_graph(self.git, *which).parents)


def _named(found: Found[Results]) -> Iterator[Match | Unread]:
    """What was found in an object, with the object's name."""
    for item in found.value:
        if isinstance(item.origin, Stored):
            item = replace(item, origin=replace(item.origin, oid=found.oid))
        yield replace(item, what=f"{found.kind.word} {found.oid}") if isinstance(item, Unread) else item
