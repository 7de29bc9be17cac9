"""Everything that repositories store, reachable or not."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from keyguard.engine import Engine
from keyguard.errors import GitError
from keyguard.git.odb.reader import QUICK
from keyguard.git.odb.store import modules
from keyguard.model import Examined, Exposure, Location, Match, Unread
from keyguard.source import Attribution
from keyguard.source.files import location
from keyguard.source.repository import Narrowing, RepositoryAudit, Step


class History:
    """Repositories, and those of their submodules, with all that they store.

    An interrupt ends the reading: what was found so far is reported as incomplete.
    """

    kind = "history"

    def __init__(
        self,
        paths: Sequence[str],
        *,
        jobs: int = 1,
        narrowing: Narrowing | None = None,
        progress: Callable[[Step], None] | None = None,
    ) -> None:
        self._unread: list[Unread] = []
        self._audits = [
            audit
            for path in paths or ["."]
            for audit in _with_modules(path, jobs, narrowing or Narrowing(), self._unread)
        ]
        self._progress = progress or (lambda _step: None)
        self._found: dict[int, RepositoryAudit] = {}
        self._unplaced: dict[str, None] = {}
        self._interrupted = False
        self.target = ", ".join(paths or ["."])

    @property
    def examined(self) -> Examined:
        counts = [audit.examined for audit in self._audits]
        return Examined(sum(count.blobs for count in counts), sum(count.bytes for count in counts))

    @property
    def notes(self) -> tuple[str, ...]:
        slow = sorted({audit.way for audit in self._audits} - {"", QUICK})
        notes = [f"Read by {way}: slower, and as complete." for way in slow]
        notes += [f"Which commits and refs hold the keys is not known: {reason}." for reason in self._unplaced]
        if not self.examined.blobs and not self._interrupted:
            notes.append("The repository holds no objects: nothing was examined.")
        return tuple(notes)

    def search(self, engine: Engine) -> Iterator[Match | Unread]:
        yield from self._unread
        try:
            for audit in self._audits:
                for item in audit.search(engine, self._progress):
                    if isinstance(item, Match):
                        self._found[id(item)] = audit
                    yield self._told(audit, item)
        except KeyboardInterrupt:
            self._interrupted = True
            yield Unread("what was left to read", "the scan was interrupted")

    def attribute(self, keys: Mapping[str, Sequence[Match]]) -> Mapping[str, Attribution]:
        by_audit: dict[RepositoryAudit, dict[str, list[Match]]] = defaultdict(lambda: defaultdict(list))
        for key, matches in keys.items():
            for match in matches:
                by_audit[self._found[id(match)]][key].append(match)
        parts: dict[str, list[Attribution]] = defaultdict(list)
        for audit, of_audit in by_audit.items():
            for key, attribution in self._attributed(audit, of_audit).items():
                parts[key].append(attribution)
        return {key: _together(attributions) for key, attributions in parts.items()}

    def _attributed(self, audit: RepositoryAudit, keys: Mapping[str, Sequence[Match]]) -> dict[str, Attribution]:
        try:
            found = audit.attribute(keys)
        except (GitError, KeyboardInterrupt) as error:
            # Damage may keep git from walking the history, or somebody's patience: the keys are there all the same.
            self._unplaced[str(error) or "the scan was interrupted"] = None
            found = {key: Attribution(tuple(map(location, matches))) for key, matches in keys.items()}
        if len(self._audits) == 1:
            return found
        return {key: _below(audit.path, attribution) for key, attribution in found.items()}

    def _told(self, audit: RepositoryAudit, item: Match | Unread) -> Match | Unread:
        if isinstance(item, Unread) and len(self._audits) > 1:
            return replace(item, what=f"{audit.path}: {item.what}")
        return item


def _with_modules(path: str, jobs: int, narrowing: Narrowing, unread: list[Unread]) -> Iterator[RepositoryAudit]:
    """The audits of a repository and of those inside it. `unread` receives what of these cannot be opened."""
    audit = RepositoryAudit(path, jobs, narrowing)
    yield audit
    # A ref that was named is one of the repository that was named.
    for module in () if narrowing.refs else modules(audit.store):
        if isinstance(module, Unread):
            unread.append(module)
            continue
        try:
            yield RepositoryAudit(module, jobs, narrowing)
        except GitError as error:
            unread.append(Unread(f"repository {module}", str(error)))


def _below(folder: str, attribution: Attribution) -> Attribution:
    def moved(place: Location) -> Location:
        return replace(place, path=os.path.join(folder, place.path) if place.path else folder)

    return replace(attribution, locations=tuple(map(moved, attribution.locations)))


def _together(attributions: Sequence[Attribution]) -> Attribution:
    """What several repositories say of one key, as one: the earliest beginning, no end while one is open."""
    if len(attributions) == 1:
        return attributions[0]
    places = tuple(place for attribution in attributions for place in attribution.locations)
    exposed = [attribution.exposure for attribution in attributions if attribution.exposure]
    commits = dict.fromkeys(commit for attribution in attributions for commit in attribution.commits)
    return Attribution(places, _merged(exposed) if exposed else None, tuple(commits))


def _merged(exposed: Sequence[Exposure]) -> Exposure:
    began = [exposure.introduced for exposure in exposed if exposure.introduced]
    ended = [exposure.removed for exposure in exposed if exposure.removed]
    return Exposure(
        introduced=min(began, key=lambda commit: datetime.fromisoformat(commit.date), default=None),
        removed=max(ended, key=lambda c: datetime.fromisoformat(c.date)) if len(ended) == len(exposed) else None,
        days=max((exposure.days for exposure in exposed if exposure.days is not None), default=None),
        reachable=any(exposure.reachable for exposure in exposed),
        refs=tuple(sorted({ref for exposure in exposed for ref in exposure.refs})),
        in_head=any(exposure.in_head for exposure in exposed),
        pushed=any(exposure.pushed for exposure in exposed),
    )
