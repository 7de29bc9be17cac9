"""The reading of a surveyed store, cut in shares of about equal cost for several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from keyguard.errors import DamagedError
from keyguard.git.command import Git
from keyguard.git.odb.crew import share_out
from keyguard.git.odb.links import Gatherer
from keyguard.git.odb.loose import examine_loose
from keyguard.git.odb.memory import give_back
from keyguard.git.odb.objects import Examiner, Harvest, Lost, Value
from keyguard.git.odb.plain import Asked
from keyguard.git.odb.survey import Survey
from keyguard.git.odb.walk import Walk

# A share's cost in seconds: small enough that processes end together and progress shows, big enough that
# handing it over costs nothing beside it.
LEAST, MOST = 0.02, 0.3
SHARES_PER_PROCESS = 8

# How many shares a process has of what is left, towards the end: what a share costs is a guess.
AT_THE_END = 4

# What is read sooner than processes are started, in seconds.
ALONE = 0.1

# Why a share was lost. What git has of it is read then, object by object.
ENDED = "the process that read it ended"
NO_MEMORY = "it takes more memory than there is"

# Loose objects in a share. Each costs about as much as opening a file.
LOOSE_STEP, LOOSE_COST = 1_000, 30e-6


@dataclass(frozen=True, slots=True)
class PackShare:
    """The places `start`..`end` in the order of a pack, by its number in the survey."""

    pack: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LooseShare:
    """Loose objects of a folder."""

    folder: Path
    oids: list[str]


Share = PackShare | LooseShare


def harvests(git: Git, survey: Survey, make: Callable[[], Examiner[Value]], jobs: int) -> Iterator[Harvest[Value]]:
    """What the examiner finds in all that is surveyed, a harvest a share."""
    cost = sum(float(pack.order.cost.sum()) for pack in survey.packs)
    cost += LOOSE_COST * sum(map(len, survey.loose.values()))
    shares = list(_shares(survey, min(max(cost / (jobs * SHARES_PER_PROCESS), LEAST), MOST), jobs))
    for done in share_out(shares, _Maker(git, survey, make), jobs if cost > ALONE else 1):
        yield done.result or Harvest(lost=_all_lost(survey, done.task, ENDED))


def _shares(survey: Survey, cost: float, jobs: int) -> Iterator[Share]:
    for number, pack in enumerate(survey.packs):
        for start, end in pack.order.shares(cost, LEAST, AT_THE_END * jobs):
            yield PackShare(number, start, end)
    for folder, oids in survey.loose.items():
        for at in range(0, len(oids), LOOSE_STEP):
            yield LooseShare(folder, oids[at : at + LOOSE_STEP])


@dataclass(frozen=True, slots=True)
class _Maker(Generic[Value]):
    """Makes a process's reader."""

    git: Git
    survey: Survey
    make: Callable[[], Examiner[Value]]

    def __call__(self) -> _Reader[Value]:
        return _Reader(self.git, self.survey, self.make())


class _Reader(Generic[Value]):
    """Reads shares in one process. It keeps the pack that it read last open."""

    def __init__(self, git: Git, survey: Survey, examiner: Examiner[Value]) -> None:
        self.survey = survey
        self.examiner = examiner
        self.elsewhere = Asked(git)
        self.gatherer = Gatherer(survey.catalogue)
        self.walk: tuple[int, Walk[Value]] | None = None

    def __call__(self, share: Share) -> Harvest[Value]:
        # What the share before held.
        give_back()
        try:
            harvest = self._examined(share)
            harvest.links = self.gatherer.take()
        except DamagedError:
            # The pack was there for the survey, and is no longer: a repack may have taken its place.
            return self._given_up(share, ENDED)
        except MemoryError:
            return self._given_up(share, NO_MEMORY)
        return harvest

    def _given_up(self, share: Share, reason: str) -> Harvest[Value]:
        # Nothing of half a share stays behind.
        self.gatherer, self.walk = Gatherer(self.survey.catalogue), None
        return Harvest(lost=_all_lost(self.survey, share, reason))

    def _examined(self, share: Share) -> Harvest[Value]:
        if isinstance(share, PackShare):
            return self._walk_of(share.pack).share(share.start, share.end)
        return examine_loose(share.folder, share.oids, self.examiner, self.gatherer, self.survey.loose_holders)

    def _walk_of(self, number: int) -> Walk[Value]:
        if not self.walk or self.walk[0] != number:
            pack, first_holder = self.survey.packs[number], self.survey.first_holder(number)
            self.walk = number, Walk(pack, self.examiner, self.elsewhere, self.gatherer, first_holder)
        return self.walk[1]


def _all_lost(survey: Survey, share: Share, reason: str) -> list[Lost]:
    if isinstance(share, LooseShare):
        return [Lost(oid, reason) for oid in share.oids]
    pack = survey.packs[share.pack]
    return [Lost(pack.oid(place), reason) for place in range(share.start, share.end)]
