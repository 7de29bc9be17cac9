"""One repository, audited: everything that it stores, read and searched, and what of it was not to be had."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from keyguard.engine import Engine
from keyguard.errors import GitError, RangeError
from keyguard.git.command import Git
from keyguard.git.graph import EVERYTHING, read_graph
from keyguard.git.odb.objects import Found, Lost
from keyguard.git.odb.pipes import endless_files
from keyguard.git.odb.reader import read
from keyguard.git.odb.store import Store, find_store
from keyguard.git.past import AskedPast, Past
from keyguard.git.silent import SilentGit
from keyguard.model import Examined, Exposure, Match, Stored, Unread
from keyguard.source import Attribution
from keyguard.source.completeness import Completeness, borders
from keyguard.source.objects import Maker, Results
from keyguard.source.since import moment
from keyguard.source.stored import search_files, search_indexes
from keyguard.source.strays import search_strays

if TYPE_CHECKING:
    from keyguard.git.odb.linked import Linked


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of a repository's history counts: `refs` names refs or commits, `since` is a date.

    Raises UsageError where the date cannot be understood.
    """

    refs: tuple[str, ...] = ()
    since: str | None = None
    reachable: bool = False

    def __post_init__(self) -> None:
        if self.since is not None:
            moment(self.since)

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

    Raises NotARepositoryError where `path` is in none, GitError where git refuses it, and RangeError where it has
    not what it is narrowed to.
    """

    def __init__(self, path: str | os.PathLike[str], jobs: int, narrowing: Narrowing) -> None:
        self.path = os.fspath(path)
        self.git = Git(self.path)
        self.store: Store = find_store(self.git)
        if endless := next(endless_files(self.store), None):
            self._silence(f"{endless} has no end")
        for ref in narrowing.refs:
            # Said at once, and not only where something is found.
            _check_ref(self.git, ref)
        self.way = ""
        self._jobs = jobs
        self._narrowing = narrowing
        self._objects = self._volume = 0
        self._unread: list[Unread] = []
        self._links: Linked | None = None
        # Asked of git, until the objects were read and tell it themselves.
        self._past: Callable[[], Past] = lambda: AskedPast(self.git, jobs)

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
        try:
            for item in found:
                if isinstance(item, Unread):
                    yield item
                else:
                    matches[item.secret.fingerprint].append(item)
            yield from self._narrowed(matches)
        except (GitError, KeyboardInterrupt) as error:
            reason = str(error) or "the scan was interrupted"
            yield Unread("which commits hold the keys, so that all that were found are reported", reason)
            yield from chain.from_iterable(matches.values())

    def attribute(self, keys: Mapping[str, Sequence[Match]]) -> dict[str, Attribution]:
        """Places and exposure of the keys, by fingerprint.

        Raises GitError where git cannot say.
        """
        # What places keys is imported only where there are any.
        from keyguard.source.attribution import locations, traces
        from keyguard.source.exposure import commits_named, exposures

        past = self._past()
        known, found = traces(self.git, past, keys)
        exposed: Mapping[str, Exposure] = exposures(self.git, past, known, found)
        # A merge may bring a key to a path where its parents had different things.
        placed = {key: tuple(dict.fromkeys(locations(found[key], known))) for key in keys}
        named = commits_named(self.git, placed)
        return {key: Attribution(placed[key], exposed[key], named[key]) for key in keys}

    def _everything(self, engine: Engine, progress: Callable[[Step], None]) -> Iterator[Match | Unread]:
        yield from self.store.unread
        yield from borders(self.store)
        lost: list[Lost] = []
        with ExitStack() as asked:
            completeness = None if self.silent else Completeness(self.git, self.store, self._jobs)
            if completeness:
                asked.callback(completeness.close)
            yield from self._read(engine, lost, progress)
            yield from self._beside(engine)
            if any(loss.final for loss in lost):
                # Where deltas stand on each other, git goes round in circles.
                self._silence("a damaged object leads it in circles")
            if completeness and not self.silent:
                self._past, missing = completeness.answer(self._links, {loss.oid for loss in lost})
                yield from missing
        yield from self._placed()
        if self.silent:
            yield Unread("what refs need", self.silent)

    @property
    def silent(self) -> str:
        """Why nothing more is asked of git, if that is so."""
        return self.git.reason if isinstance(self.git, SilentGit) else ""

    def _silence(self, why: str) -> None:
        self.git = SilentGit(self.path, f"git was not asked, since {why}: it would never answer")

    def _read(self, engine: Engine, lost: list[Lost], progress: Callable[[Step], None]) -> Iterator[Match | Unread]:
        try:
            reading = read(self.git, self.store, Maker(engine, self.store.oid_size), self._jobs)
        except GitError as error:
            yield Unread("objects", str(error))
            return
        self.way = reading.way
        self._links = reading.links
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
        yield from (Unread("objects", loss.reason) for loss in lost)

    def _placed(self) -> Iterator[Unread]:
        """What of the objects was not read, each once for every path of its blob: allows go by paths."""
        from keyguard.source.attribution import paths_of

        blobs = {entry.origin.oid for entry in self._unread if isinstance(entry.origin, Stored) and entry.origin.oid}
        try:
            paths = paths_of(self._past(), blobs) if blobs else {}
        except GitError:
            paths = {}
        for entry in self._unread:
            oid = entry.origin.oid if isinstance(entry.origin, Stored) else None
            known = paths.get(oid or "")
            yield from (replace(entry, what=path, origin=Stored("blob", oid, path)) for path in known or ())
            if not known:
                yield entry

    def _beside(self, engine: Engine) -> Iterator[Match | Unread]:
        """The keys in what is no object."""
        yield from search_indexes(engine, self.git, self.store)
        yield from search_files(engine, self.store)
        yield from search_strays(engine, self.store)

    def _narrowed(self, matches: Mapping[str, Sequence[Match]]) -> Iterator[Match]:
        """Those of the matches that the wanted commits account for.

        Raises GitError, before the first of them, where git cannot say.
        """
        if not matches:
            return
        from keyguard.source.attribution import traces

        commits = self._wanted_commits()
        _, found = traces(self.git, self._past(), matches)
        for key, of_key in found.items():
            kept = [standing.match for standing in of_key.standing if standing.change.commit in commits]
            kept += [match for commit, match in of_key.texts if commit in commits]
            identities = {id(match) for match in kept}
            yield from (match for match in matches[key] if id(match) in identities)

    def _wanted_commits(self) -> set[str]:
        narrowing = self._narrowing
        since = [f"--max-age={moment(narrowing.since)}"] if narrowing.since else []
        everything = ("--all",) if narrowing.reachable else EVERYTHING
        which = (*since, "--end-of-options", *narrowing.refs) if narrowing.refs else (*since, *everything)
        return set(read_graph(self.git, *which).parents)


def _check_ref(git: Git, ref: str) -> None:
    """Raises RangeError where a name stands for no commit, or for more than one."""
    code, printed, _ = git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", ref)
    if not code and not printed.startswith(b"^"):
        code, _, _ = git.attempt("rev-list", "--max-count=1", "--end-of-options", ref)
        if not code:
            return
    raise RangeError(
        f"{ref!r} is not the name of one commit in {git.where}: --ref wants a ref or a commit, and no range, which is "
        "for `keyguard commits`"
    )


def _named(found: Found[Results]) -> Iterator[Match | Unread]:
    """What was found in an object, with the object's name."""
    for item in found.value:
        if isinstance(item.origin, Stored):
            item = replace(item, origin=replace(item.origin, oid=found.oid))
        yield replace(item, what=f"{found.kind.word} {found.oid}") if isinstance(item, Unread) else item
