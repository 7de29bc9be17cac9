"""Where and since when: the commits, paths and refs of the keys that were found, in one pass for all of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from keyguard.git.changes import Changed
from keyguard.git.command import Git
from keyguard.git.index import entries
from keyguard.git.past import Lineage, Named, Past
from keyguard.git.refs import Ref, heads
from keyguard.model import Location, Match, Stored

NOTES = "refs/notes/"
OF_COMMITS = ("commit-message", "author")


@dataclass(frozen=True, slots=True)
class Standing:
    """A change after which a key stands in a path: in its content, or in its name."""

    change: Changed
    match: Match


@dataclass(slots=True)
class Traces:
    """What history says of one key.

    `standing` are the changes that left the key in a path, `taken` those that took it out of one; merges that do
    not have it where a parent of theirs has it are `without`. `texts` are its matches in the text of commits, with
    the commit. `apart` are those that no commit accounts for.
    """

    blobs: frozenset[str]
    standing: list[Standing] = field(default_factory=list)
    taken: list[Changed] = field(default_factory=list)
    without: list[Changed] = field(default_factory=list)
    texts: list[tuple[str, Match]] = field(default_factory=list)
    apart: list[Match] = field(default_factory=list)

    def brought(self) -> Iterator[str]:
        """The commits that brought the key to where it was not."""
        for standing in self.standing:
            if standing.change.before not in self.blobs:
                yield standing.change.commit
        yield from (commit for commit, _ in self.texts)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the repository.

    `graph` are the commits that refs and reflogs reach. Of the commits that matter, others among them, there are the
    `parents`, and the `ages`: the higher the older, and a stray's is higher than all others. `head` is the commit that
    HEAD is at, `indexed` the paths by the blobs of the index, `notes` are those that only notes lead to.
    """

    graph: Lineage
    parents: Mapping[str, tuple[str, ...]]
    ages: Mapping[str, int]
    refs: tuple[Ref, ...]
    head: str | None
    indexed: Mapping[str, Sequence[str]]
    notes: frozenset[str]


def traces(git: Git, past: Past, keys: Mapping[str, Sequence[Match]]) -> tuple[Known, dict[str, Traces]]:
    """What history says of each of `keys`, by fingerprint.

    Raises GitError where git cannot say.
    """
    matches = [match for of_key in keys.values() for match in of_key]
    named = {
        (name, oid) for match in matches if kind_of(match) == "path" and (name := _name(match)) and (oid := _oid(match))
    }
    blobs = {oid for match in matches if kind_of(match) == "blob" and (oid := _oid(match))}
    texts = {oid for match in matches if kind_of(match) in OF_COMMITS and (oid := _oid(match))}
    found = _changes(past, blobs, named)
    known = _known(git, past, texts | {change.commit for change in found})
    sorter = _Sorter(found, known)
    return known, {key: sorter.traces(of_key) for key, of_key in keys.items()}


def paths_of(past: Past, blobs: set[str]) -> dict[str, list[str]]:
    """The paths that each of the blobs had in any commit; none where no commit accounts for one.

    Raises GitError where git cannot say.
    """
    found = past.paths(blobs)
    # Commits of no ref seldom matter.
    others = blobs - found.keys()
    return found | past.paths(others, stray=True) if others else found


def _changes(past: Past, blobs: set[str], named: set[Named]) -> list[Changed]:
    """All changes that bring or take one of `blobs` or a path with one of the names.

    Commits of no ref seldom matter: they are asked for only what nothing else accounts for.
    """
    if not blobs and not named:
        return []
    found = past.changes(blobs, named)
    blobs = blobs - {change.after for change in found}
    parts = {part for change in found for part in change.path.split("/")} if named else set()
    named = {(name, tree) for name, tree in named if name not in parts}
    if not blobs and not named:
        return found
    return found + past.changes(blobs, named, stray=True)


def _known(git: Git, past: Past, commits: Collection[str]) -> Known:
    graph, listed = past.graph, past.refs
    parents, ages = _placed(past, commits)
    notes = graph.beneath({ref.peeled for ref in listed if ref.name.startswith(NOTES)}, commits)
    if notes:
        notes -= graph.beneath({ref.peeled for ref in listed if not ref.name.startswith(NOTES)}, notes)
    indexed: dict[str, list[str]] = defaultdict(list)
    for entry in entries(git, []):
        indexed[entry.oid].append(entry.path.decode("utf-8", "surrogateescape"))
    head = next(iter(heads(git).values()), None)
    return Known(graph, parents, ages, tuple(listed), head, indexed, frozenset(notes))


def _placed(past: Past, commits: Collection[str]) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
    """Parents and ages of those of `commits` that are stored."""
    parents, ages = past.graph.parents_of(commits), past.graph.ages(commits)
    others = [commit for commit in commits if commit not in parents]
    if others:
        older = len(past.graph)
        parents |= past.stray.parents_of(others)
        ages |= {commit: older + age for commit, age in past.stray.ages(others).items()}
    return parents, ages


class _Sorter:
    """All changes, sorted so that a key's are at hand."""

    def __init__(self, found: Sequence[Changed], known: Known) -> None:
        self._known = known
        self._after: dict[str | None, list[Changed]] = defaultdict(list)
        self._before: dict[str | None, list[Changed]] = defaultdict(list)
        self._part: dict[str | None, list[Changed]] = defaultdict(list)
        times = Counter((change.commit, change.path, change.after) for change in found)
        for change in dict.fromkeys(found):
            self._before[change.before].append(change)
            # What a merge has like one of its parents, it did not bring.
            if times[change.commit, change.path, change.after] >= len(known.parents[change.commit]):
                self._after[change.after].append(change)
                for part in change.path.split("/"):
                    self._part[part].append(change)

    def traces(self, matches: Sequence[Match]) -> Traces:
        blobs = frozenset(oid for match in matches if kind_of(match) == "blob" and (oid := _oid(match)))
        found = Traces(blobs)
        for match in matches:
            self._place(match, found)
        for change in (change for blob in blobs for change in self._before[blob] if change.after not in blobs):
            (found.without if len(self._known.parents[change.commit]) > 1 else found.taken).append(change)
        return found

    def _place(self, match: Match, found: Traces) -> None:
        kind, oid = kind_of(match), _oid(match)
        changed: list[Changed] = []
        if oid and kind == "blob":
            changed = self._after[oid]
        elif oid and kind == "path":
            changed = [change for change in self._part[_name(match)] if change.after]
        elif oid and kind in OF_COMMITS and oid in self._known.parents:
            found.texts.append((oid, match))
            return
        elif kind == "path" and self._committed(_name(match) or ""):
            # A path of the index, which a tree has already told of.
            return
        if changed:
            found.standing += (Standing(change, match) for change in changed)
        else:
            found.apart.append(match)

    def _committed(self, path: str) -> bool:
        return any(change.path == path and change.after for change in self._part[path.rpartition("/")[2]])


def locations(found: Traces, known: Known) -> Iterator[Location]:
    """Every place of a key, in the terms of a report."""
    for standing in found.standing:
        change, match = standing.change, standing.match
        kind = "note" if change.commit in known.notes else kind_of(match) or "blob"
        yield _location(match, kind, change.path, change.commit)
    for commit, match in found.texts:
        yield _location(match, kind_of(match) or "commit-message", None, commit)
    for match in found.apart:
        paths = known.indexed.get(_oid(match) or "", ())
        yield from (_location(match, "index", path, None) for path in paths)
        if not paths:
            yield _location(match, kind_of(match) or "blob", _name(match), None)


def _location(match: Match, kind: str, path: str | None, commit: str | None) -> Location:
    blob = _oid(match) if kind in ("blob", "note", "index") else None
    return Location(kind, path, match.line, match.column, commit, blob, match.member)


def _name(match: Match) -> str | None:
    return match.origin.path if isinstance(match.origin, Stored) else None


def kind_of(match: Match) -> str | None:
    """What a report calls a match's place, where that is something that a repository stores."""
    return match.origin.kind if isinstance(match.origin, Stored) else None


def _oid(match: Match) -> str | None:
    return match.origin.oid if isinstance(match.origin, Stored) else None
