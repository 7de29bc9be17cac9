"""Since when, until when and to whom keys were open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from keyguard.git.command import Git
from keyguard.git.graph import details
from keyguard.git.past import Past
from keyguard.git.refs import Ref
from keyguard.model import Commit, Exposure, Location, Match, Stored
from keyguard.source.attribution import Known, Traces

# Questions of the kind "does this branch hold this path still?". Beyond these only HEAD is asked.
MOST_QUESTIONS = 50_000

BRANCHES = ("refs/heads/", "refs/remotes/")


def exposures(git: Git, past: Past, known: Known, found: Mapping[str, Traces]) -> dict[str, Exposure]:
    """The exposure of each key, by fingerprint.

    Raises GitError where git cannot say.
    """
    reaching = _reaching(known, found)
    present = _present(past, known, found, reaching)
    ages = known.ages
    brought = {key: max(traces.brought(), key=ages.__getitem__, default=None) for key, traces in found.items()}
    removed = {key: _removed(traces, known) for key, traces in found.items() if not present[key]}
    commits = details(git, sorted({c for c in (*brought.values(), *removed.values()) if c}))
    return {
        key: _exposure(
            commits.get(brought[key] or ""),
            commits.get(removed.get(key) or ""),
            reaching[key],
            present[key],
            known.head,
        )
        for key in found
    }


def commits_named(git: Git, placed: Mapping[str, Sequence[Location]]) -> dict[str, tuple[Commit, ...]]:
    """Who wrote the commits that the places of each key name, and when.

    Raises GitError where git cannot say.
    """
    named = {key: dict.fromkeys(place.commit for place in places if place.commit) for key, places in placed.items()}
    known = details(git, sorted({commit for commits in named.values() for commit in commits}))
    return {key: tuple(known[commit] for commit in commits if commit in known) for key, commits in named.items()}


def _exposure(
    introduced: Commit | None, removed: Commit | None, reaching: list[Ref], present: set[str], head: str | None
) -> Exposure:
    return Exposure(
        introduced=introduced,
        removed=removed,
        days=_days(introduced, removed),
        reachable=bool(reaching),
        refs=tuple(sorted(ref.name for ref in reaching if ref.name != "HEAD")),
        in_head=head in present,
        pushed=any(ref.remote for ref in reaching),
    )


def _reaching(known: Known, found: Mapping[str, Traces]) -> dict[str, list[Ref]]:
    """The refs, HEAD among them, that lead to each key."""
    own: dict[str, int] = defaultdict(int)
    for number, traces in enumerate(found.values()):
        for commit in (*traces.brought(), *(standing.change.commit for standing in traces.standing)):
            own[commit] |= 1 << number
    detached = [Ref("HEAD", known.head, known.head)] if known.head else []
    reached = known.graph.reaching(own, {ref.peeled for ref in (*known.refs, *detached)})
    reaching: dict[str, list[Ref]] = {key: [] for key in found}
    keys = list(found)
    for ref in (*known.refs, *detached):
        for number in _bits(reached.get(ref.peeled, 0)):
            reaching[keys[number]].append(ref)
    for key, traces in found.items():
        reaching[key] += _directly(known.refs, traces.apart)
    return reaching


def _directly(refs: Iterable[Ref], apart: Iterable[Match]) -> Iterator[Ref]:
    """The refs that hold one of these matches themselves: in their name, in a tag, as a blob that they point to."""
    oids = {match.origin.oid for match in apart if isinstance(match.origin, Stored) and match.origin.oid}
    names = {
        match.origin.path for match in apart if isinstance(match.origin, Stored) and match.origin.kind == "ref-name"
    }
    for ref in refs:
        if ref.oid in oids or ref.peeled in oids or ref.name in names:
            yield ref


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _present(
    past: Past, known: Known, found: Mapping[str, Traces], reaching: Mapping[str, list[Ref]]
) -> dict[str, set[str]]:
    """The tips of branches, and HEAD, in which each key still stands."""
    present: dict[str, set[str]] = {key: set() for key in found}
    asked: list[tuple[str, str, str]] = []
    for key, traces in found.items():
        tips = {ref.peeled for ref in reaching[key] if ref.name == "HEAD" or ref.name.startswith(BRANCHES)}
        if traces.texts:
            # What a commit's own text holds, every branch has that has the commit.
            present[key] |= tips
        # A line end cannot be part of a question.
        paths = {standing.change.path for standing in traces.standing if "\n" not in standing.change.path}
        if len(asked) + len(tips) * len(paths) > MOST_QUESTIONS:
            tips &= {known.head or ""}
        asked += ((key, tip, path) for tip in tips for path in paths)
    answers = past.held([(tip, path) for _, tip, path in asked])
    for (key, tip, path), oid in zip(asked, answers, strict=True):
        if oid and _holds(found[key], oid, path):
            present[key].add(tip)
    return present


def _holds(traces: Traces, oid: str, path: str) -> bool:
    """Whether the blob `oid` at `path` has the key in it, or the path has it in its name."""
    if oid in traces.blobs:
        return True
    return any(
        standing.change.path == path
        and isinstance(standing.match.origin, Stored)
        and standing.match.origin.kind == "path"
        for standing in traces.standing
    )


def _removed(traces: Traces, known: Known) -> str | None:
    """The latest commit that took the key out and did not bring it elsewhere at once, as a renaming does."""
    ages = known.ages
    bringing = {standing.change.commit for standing in traces.standing}
    taking = {change.commit for change in traces.taken} - bringing
    latest = min(taking, key=ages.__getitem__, default=None)
    without = {change.commit for change in traces.without} - bringing
    for merge in sorted(without, key=ages.__getitem__):
        if latest and ages[latest] < ages[merge]:
            break
        # A merge mostly takes over that one side took the key out. Where the last that happened on all its sides
        # together was that the key came, it was the merge itself.
        sides = known.graph.parents_of([merge]).get(merge, ())
        on_sides = known.graph.beneath(sides, bringing | taking)
        if min(on_sides, key=ages.__getitem__, default=merge) in bringing:
            return merge
    return latest


def _days(introduced: Commit | None, removed: Commit | None) -> int | None:
    if introduced is None:
        return None
    end = datetime.fromisoformat(removed.date) if removed else datetime.now(UTC)
    return max((end - datetime.fromisoformat(introduced.date)).days, 0)
