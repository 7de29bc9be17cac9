"""Everything that an object store holds, each object once: from the packs themselves where that can be.

`read` is the one entry. Without numpy, or where git has to be asked for it, objects come from `git cat-file`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from keyguard.errors import GitError
from keyguard.git.command import Git
from keyguard.git.odb import compiled, plain
from keyguard.git.odb.crew import share_out
from keyguard.git.odb.objects import Examiner, Harvest, Lost, Value
from keyguard.git.odb.store import Store
from keyguard.model import Unread

if TYPE_CHECKING:
    from keyguard.git.odb.linked import Linked

MakeExaminer = Callable[[], Examiner[Value]]

# Objects in a share of the second try.
STEP = 500

QUICK = "packs"
"""The quickest way in which objects are read."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[Value]):
    """A reading of a store that is about to begin.

    `objects` is how many there are. `way` says how they are read, for a person. `unread` is what is known not
    to be readable already. `harvests` does the reading: the shares come in no order, and what one has in
    `lost` could be had neither from its pack nor from git. `links` is what the objects name, where that is gathered.
    """

    objects: int
    way: str
    unread: tuple[Unread, ...]
    harvests: Iterator[Harvest[Value]]
    links: Linked | None = None


def read(git: Git, store: Store, make: MakeExaminer[Value], jobs: int) -> Reading[Value]:
    """Read all of `store` in `jobs` processes. `make` is called once in each of them."""
    if importlib.util.find_spec("numpy") is None:
        return read_plainly(git, make, "git cat-file, since keyguard's extra `fast` is not installed")
    return _read_packs(git, store, make, jobs)


def read_plainly(git: Git, make: MakeExaminer[Value], way: str = "git cat-file") -> Reading[Value]:
    """Read all objects of git's store through git."""
    oids = plain.every_oid(git)
    return Reading(len(oids), way, (), plain.examine_all(git, make(), oids))


def _read_packs(git: Git, store: Store, make: MakeExaminer[Value], jobs: int) -> Reading[Value]:
    # numpy, and all that stands on it, is imported where packs are read and nowhere else.
    from keyguard.git.odb.linked import Linked
    from keyguard.git.odb.shares import harvests
    from keyguard.git.odb.survey import survey

    surveyed = survey(store)
    linked = Linked(surveyed)
    first = linked.gathered(harvests(git, surveyed, make, jobs))
    every = _with_second_try(git, make, first, surveyed.lost, linked, jobs)
    way = QUICK if compiled.native else "Python, since keyguard was installed where no C compiler was"
    return Reading(surveyed.objects, way, tuple(surveyed.unread), every, linked)


def _with_second_try(
    git: Git,
    make: MakeExaminer[Value],
    first: Iterator[Harvest[Value]],
    lost: list[Lost],
    linked: Linked,
    jobs: int,
) -> Iterator[Harvest[Value]]:
    """The harvests, then what git has of the objects that were lost: it may know another copy."""
    lost = list(lost)
    for harvest in first:
        lost += harvest.lost
        harvest.lost = []
        yield harvest
    yield Harvest(lost=[loss for loss in lost if loss.final])
    reasons = {loss.oid: loss.reason for loss in lost if not loss.final}
    for harvest in _asked_again(git, make, list(reasons), jobs):
        linked.whole &= not harvest.objects
        harvest.lost = [Lost(loss.oid, reasons[loss.oid]) for loss in harvest.lost]
        yield harvest


@dataclass(frozen=True, slots=True)
class _Asker(Generic[Value]):
    """Makes what asks git for objects by their ids."""

    git: Git
    make: MakeExaminer[Value]

    def __call__(self) -> Callable[[list[str]], Harvest[Value]]:
        examiner = self.make()

        def ask(oids: list[str]) -> Harvest[Value]:
            harvest: Harvest[Value] = Harvest()
            try:
                for part in plain.examine_named(self.git, examiner, oids):
                    harvest.add(part)
            except GitError:
                # It cannot be asked here at all.
                harvest.lost += (Lost(oid, "") for oid in oids)
            return harvest

        return ask


def _asked_again(git: Git, make: MakeExaminer[Value], oids: list[str], jobs: int) -> Iterator[Harvest[Value]]:
    tasks = [oids[at : at + STEP] for at in range(0, len(oids), STEP)]
    fatal: list[str] = []
    asker: _Asker[Value] = _Asker(git, make)
    for done in share_out(tasks, asker, jobs):
        if done.result:
            yield done.result
        else:
            fatal += done.task
    # One of these ends the process that reads it. The others are read when each stands alone.
    for alone in share_out([[oid] for oid in fatal], asker, jobs):
        yield alone.result or Harvest(lost=[Lost(oid, "") for oid in alone.task])
