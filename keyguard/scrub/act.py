"""The scrub itself: backup, rewriting apart, proof of it, putting in, and proof of what is there then."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from keyguard.errors import KeyguardError
from keyguard.scrub.backup import back_up, check_path
from keyguard.scrub.journal import is_way_back
from keyguard.scrub.leftovers import check_alone
from keyguard.scrub.lfs import identity, is_lfs, place
from keyguard.scrub.plan import Plan
from keyguard.scrub.proof import Compared, check_new_objects, compare, compare_containers
from keyguard.scrub.putting import Putting, Step, put_in
from keyguard.scrub.refusal import changed
from keyguard.scrub.replace import ScrubError
from keyguard.scrub.rewrite import Rewritten, Task, rewrite
from keyguard.scrub.search import Search, Searcher, search
from keyguard.scrub.staging import Staging


@dataclass(frozen=True, slots=True)
class Done:
    """What a scrub came to. `left` is the search of the repository afterwards, `sound` whether git found it whole."""

    plan: Plan
    backup: Path
    rewritten: Rewritten
    compared: Compared
    left: Search
    sound: bool
    stages: Mapping[str, float] = field(repr=False)

    @property
    def proven(self) -> bool:
        """Whether no key is left, everything could be looked at, and git finds the repository whole."""
        return not self.left.result.findings and self.left.result.complete and self.sound


def refuse(plan: Plan) -> None:
    """Raises ScrubError where the repository cannot be scrubbed as it is: every reason, with the way out."""
    reasons = [*plan.refusals, *([] if plan.refusals else changed(plan.snapshot))]
    if reasons:
        raise ScrubError("; ".join(reasons))


def act(plan: Plan, searcher: Searcher, backup: Path, step: Step) -> Done:
    """Scrub. Up to the stage `refs` the repository is as it was; from there on `undo` brings that back.

    Raises ScrubError, GitError.
    """
    refuse(plan)
    clock = _Clock(step)
    clock("backup")
    check_path(plan.snapshot, backup)
    check_alone(plan.snapshot.store.common_dir)
    try:
        rewritten, compared = _scrubbed(plan, searcher, backup, clock)
    except (KeyguardError, OSError, KeyboardInterrupt) as error:
        raise _told(error, backup, begun=is_way_back(plan.snapshot.store.common_dir, backup)) from error
    clock("proof")
    with ThreadPoolExecutor(1) as beside:
        whole = beside.submit(_is_whole, plan)
        left = search(plan.snapshot.store.common_dir, searcher)
        sound = whole.result()
    clock("done")
    return Done(plan, backup, rewritten, compared, left, sound, clock.stages)


def _scrubbed(plan: Plan, searcher: Searcher, backup: Path, clock: _Clock) -> tuple[Rewritten, Compared]:
    # The rewriting writes nothing to the repository: it need not wait for the backup, but what follows does.
    with Staging(plan.snapshot.store) as staging, ThreadPoolExecutor(1) as beside:
        staging.note(backup)
        backed_up = beside.submit(back_up, plan.snapshot, plan.files, backup)
        clock("rewrite")
        rewritten, compared = _rewritten(plan, searcher, staging, clock)
        backed_up.result()
        _put_lfs(plan)
        edited = tuple(name for name in plan.files if not is_lfs(name))
        gone = tuple(name for name in plan.files if is_lfs(name))
        put_in(Putting(plan.snapshot, rewritten, plan.cleaner, edited, gone), staging, backup, clock)
    return rewritten, compared


def _rewritten(plan: Plan, searcher: Searcher, staging: Staging, clock: _Clock) -> tuple[Rewritten, Compared]:
    """Everything new, made and checked apart from the repository."""
    task = Task(plan.snapshot, plan.search, plan.main, plan.lfs.pointers, searcher.jobs)
    rewritten = rewrite(task, plan.cleaner, staging)
    clock("check")
    compared = compare(staging.git, rewritten)
    containers, members = compare_containers(plan, staging.git, rewritten.blobs)
    compared = replace(compared, containers=containers, members=members)
    check_new_objects(staging, searcher, plan.cleaner)
    return rewritten, compared


def _told(error: KeyguardError | OSError | KeyboardInterrupt, backup: Path, *, begun: bool) -> BaseException:
    """What ended a scrub, with the way back; a backup of what was not changed is removed."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or "interrupted"
    if begun:
        return ScrubError(f"{reason}; the way back: `keyguard scrub --undo {backup}`")
    backup.unlink(missing_ok=True)
    return error if isinstance(error, KeyboardInterrupt) else ScrubError(f"{reason}; the repository is unchanged")


def _is_whole(plan: Plan) -> bool:
    return plan.snapshot.git.attempt("fsck", "--full", "--no-dangling", "--no-progress")[0] == 0


def _put_lfs(plan: Plan) -> None:
    for data in plan.lfs.objects.values():
        path = place(plan.snapshot.store.common_dir, identity(data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class _Clock:
    """Passes each stage on, and remembers how long it took."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._began = time.monotonic()
        self._stage = ""
        self.stages: dict[str, float] = {}

    def __call__(self, stage: str) -> None:
        now = time.monotonic()
        if self._stage:
            self.stages[self._stage] = now - self._began
        self._stage, self._began = stage, now
        self._step(stage)
