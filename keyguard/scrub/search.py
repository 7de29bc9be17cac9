"""The keys of one repository, with each of their places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keyguard.engine import Engine
from keyguard.errors import GitError, KeyguardError
from keyguard.git.odb.store import Store, modules
from keyguard.model import Examined, Match, ScanResult, Stored, Unread
from keyguard.pipeline import scan
from keyguard.policy import Policy
from keyguard.redaction import Redaction
from keyguard.source import Attribution
from keyguard.source.files import location
from keyguard.source.repository import Narrowing, RepositoryAudit


@dataclass(frozen=True, slots=True)
class Searcher:
    """What is looked for, and with how many processes."""

    engine: Engine
    policy: Policy
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Search:
    """What a repository holds: the report, and every match of the keys that are reported."""

    result: ScanResult
    matches: tuple[Match, ...] = field(repr=False)
    unread: tuple[Unread, ...] = field(repr=False, default=())

    @property
    def fingerprints(self) -> frozenset[str]:
        return frozenset(finding.secret.fingerprint for finding in self.result.findings)

    def unread_besides(self, oids: Collection[str | None]) -> list[Unread]:
        """What could not be read and is not accepted, apart from these objects. No key is in what it is called."""
        redaction = self.redaction()
        gone: Counter[tuple[str, str]] = Counter()
        for entry in self.unread:
            if isinstance(entry.origin, Stored) and entry.origin.oid and entry.origin.oid in oids:
                shown = redaction.unread(entry)
                gone[shown.what, shown.reason] += shown.count
        return [entry for entry in self.result.unread if entry.count > gone[entry.what, entry.reason]]

    def redaction(self) -> Redaction:
        """What keeps the keys out of all that is said of them."""
        redaction = Redaction()
        for match in self.matches:
            redaction.learn(match.secret)
        return redaction

    def oids(self, *kinds: str) -> set[str]:
        """The objects that hold a key in a place of one of these kinds."""
        return {oid for match in self.matches if (oid := stored(match).oid) and stored(match).kind in kinds}

    def paths(self, *kinds: str, in_objects: bool) -> set[str]:
        """The names or paths that matches of these kinds bear, in objects or beside them."""
        found = (stored(match) for match in self.matches)
        return {one.path for one in found if one.path and one.kind in kinds and bool(one.oid) == in_objects}


def search(path: Path, searcher: Searcher) -> Search:
    """Look through everything that a repository stores, its submodules' repositories left out.

    Raises KeyguardError where that cannot begin.
    """
    source = Own(path, searcher.jobs)
    result = scan(source, searcher.engine, searcher.policy)
    reported = {finding.secret.fingerprint for finding in result.findings}
    matches = tuple(match for match in source.matches if match.secret.fingerprint in reported)
    return Search(result, matches, tuple(source.unread))


def stored(match: Match) -> Stored:
    """Where in a repository a match stands."""
    return match.origin if isinstance(match.origin, Stored) else Stored("blob")


class Own:
    """The source of one repository's keys, which keeps every match."""

    kind = "history"

    def __init__(self, path: Path, jobs: int) -> None:
        self._audit = RepositoryAudit(path, jobs, Narrowing())
        self.matches: list[Match] = []
        self.unread: list[Unread] = []
        self.target = str(path)
        self.notes: tuple[str, ...] = ()

    @property
    def examined(self) -> Examined:
        return self._audit.examined

    def search(self, engine: Engine) -> Iterator[Match | Unread]:
        for item in self._audit.search(engine, lambda _step: None):
            if isinstance(item, Match):
                self.matches.append(item)
            else:
                self.unread.append(item)
            yield item

    def attribute(self, keys: Mapping[str, Sequence[Match]]) -> Mapping[str, Attribution]:
        try:
            return self._audit.attribute(keys)
        except GitError:
            return {key: Attribution(tuple(map(location, matches))) for key, matches in keys.items()}


@dataclass(frozen=True, slots=True)
class Submodule:
    """The repository of a submodule: how many keys it holds, and whether all of it could be looked at."""

    path: Path
    keys: int
    complete: bool


def submodules(store: Store, searcher: Searcher) -> tuple[Submodule, ...]:
    """The repositories of submodules that lie inside this one: each is scrubbed by itself."""
    return tuple(_submodule(module, searcher) for module in modules(store) if isinstance(module, Path))


def _submodule(path: Path, searcher: Searcher) -> Submodule:
    try:
        result = search(path, searcher).result
    except KeyguardError:
        return Submodule(path, 0, complete=False)
    return Submodule(path, len(result.findings), result.complete)
