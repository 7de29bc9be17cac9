"""What settles a candidate: its structure, whether it is a fake, and what stands around it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from keyguard.judge import context, fakes
from keyguard.judge.structure import CHECKS
from keyguard.match import Candidate
from keyguard.model import Confidence
from keyguard.patterns import Context


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate that is a key: why, how sure that is, and how far from it the words that it needs are.

    It is one only if a word of each of the contexts that it `awaits` comes in a later window.
    """

    candidate: Candidate
    confidence: Confidence
    evidence: tuple[str, ...]
    distance: int
    awaits: tuple[Context, ...] = ()

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """Of overlapping ones the greatest counts."""
        return not self.awaits, int(self.confidence), len(self.evidence), -self.distance


def judge(candidate: Candidate, anywhere: context.Words) -> Judged | None:
    """The candidate as a key, or None where it is refuted. `anywhere` are the words of what it stands in."""
    pattern = candidate.pattern
    evidence = list(pattern.evidence)
    for name in pattern.required:
        checked = CHECKS[name](candidate)
        if checked is None:
            return None
        candidate = checked
        evidence.append(name)
    if fakes.is_fake(candidate):
        return None
    around = context.distance(candidate, anywhere)
    if around is None:
        return None
    distance, awaits = around
    if pattern.context:
        evidence.append("context")
    supported = [name for name in pattern.supporting if CHECKS[name](candidate)]
    doubtful = len(supported) < len(pattern.supporting)
    return Judged(
        candidate=candidate,
        confidence=pattern.doubtful if doubtful else pattern.confidence,
        evidence=(*evidence, *supported),
        distance=distance,
        awaits=awaits,
    )


def resolve(judged: list[Judged]) -> list[Judged]:
    """Of those that overlap the best; of equals the pattern that comes first. In the order of their places."""
    kept: list[Judged] = []
    starts: list[int] = []
    for one in sorted(judged, key=lambda one: one.rank, reverse=True):
        # Those kept do not overlap, so that only the two neighbours can.
        place = bisect_left(starts, one.candidate.span.start)
        if not any(one.candidate.span.overlaps(other.candidate.span) for other in kept[max(0, place - 1) : place + 1]):
            kept.insert(place, one)
            starts.insert(place, one.candidate.span.start)
    return kept
