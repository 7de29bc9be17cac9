"""What was before comes back, from the end of a scrub and from any place within it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from keyguard.scrub.replace import ScrubError
from keyguard.scrub.undo import undo
from tests.git.repositories import Repository
from tests.keys import Keys
from tests.scrub.leaky import KEY
from tests.scrub.places import everywhere
from tests.scrub.scrubbing import backup_of, planned, scrubbed, state

STAGES = [
    "backup", "rewrite", "check", "objects", "journal", "refs", "symbolic refs", "reflogs", "worktrees", "files",
    "prune", "pseudo-refs", "end", "proof",
]  # fmt: skip

KILLED = """
import os, signal, sys
from pathlib import Path
from tests.git.repositories import Repository
from tests.scrub import scrubbing

def step(stage):
    if stage == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

repository = object.__new__(Repository)
repository.path = Path(sys.argv[1])
scrubbing.scrubbed(repository, step)
"""


def test_an_undo_restores_every_name_and_file(tmp_path: Path) -> None:
    repository = everywhere(tmp_path / "repository").repository
    before = state(repository)
    scrubbed(repository)
    assert state(repository) != before

    undo(repository.path, backup_of(repository))

    assert state(repository) == before
    assert "error" not in repository("fsck", "--full", "--strict")


def test_a_ref_may_be_named_with_what_unicode_takes_for_the_end_of_a_line(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a.env": KEY.encode()})
    repository("branch", "a\u2028b")
    before = state(repository)
    done = scrubbed(repository)

    undo(repository.path, backup_of(repository))

    assert done.proven
    assert state(repository) == before


def test_an_undo_brings_back_what_linked_worktrees_hold(tmp_path: Path) -> None:
    repository = everywhere(tmp_path / "repository").repository
    linked = tmp_path / "linked"
    before = repository("-C", linked, "rev-parse", "HEAD"), (linked / "linked.env").read_bytes()
    scrubbed(repository)
    assert (linked / "linked.env").read_bytes() != before[1]

    undo(repository.path, backup_of(repository))

    assert (repository("-C", linked, "rev-parse", "HEAD"), (linked / "linked.env").read_bytes()) == before
    assert repository("-C", linked, "status", "--porcelain") == ""


def test_every_stage_is_one_that_is_killed_in(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a.env": Keys("undo").modern().encode()})
    seen: list[str] = []

    scrubbed(repository, seen.append)

    assert seen == [*STAGES, "done"]


@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_any_stage_the_old_state_is_there_or_comes_back(stage: str, tmp_path: Path) -> None:
    repository = everywhere(tmp_path / "repository").repository
    before = state(repository)

    done = subprocess.run([sys.executable, "-c", KILLED, repository.path, stage], env=os.environ, check=False)

    assert done.returncode == -signal.SIGKILL
    if STAGES.index(stage) < STAGES.index("journal"):
        assert state(repository) == before
    else:
        interrupted = [reason for reason in planned(repository).refusals if "--undo" in reason]
        assert bool(interrupted) == (stage not in ("journal", "proof"))
        undo(repository.path, backup_of(repository))
        assert state(repository) == before
    assert "error" not in repository("fsck", "--full")


@pytest.mark.parametrize("stage", ["backup", "rewrite", "check", "objects", "refs", "worktrees", "prune"])
def test_an_interrupt_leaves_the_old_state_or_tells_the_way_back(stage: str, tmp_path: Path) -> None:
    repository = everywhere(tmp_path / "repository").repository
    before = state(repository)

    def interrupt(now: str) -> None:
        if now == stage:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, ScrubError)) as raised:
        scrubbed(repository, interrupt)

    if isinstance(raised.value, ScrubError):
        assert str(raised.value) == f"interrupted; the way back: `keyguard scrub --undo {backup_of(repository)}`"
        undo(repository.path, backup_of(repository))
    assert state(repository) == before


def test_an_undo_can_be_repeated(tmp_path: Path) -> None:
    repository = everywhere(tmp_path / "repository").repository
    before = state(repository)
    scrubbed(repository)
    undo(repository.path, backup_of(repository))

    undo(repository.path, backup_of(repository))

    assert state(repository) == before


def test_what_is_no_backup_changes_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a": b"a"})
    before = state(repository)
    other = tmp_path / "other.bundle"
    repository("bundle", "create", "-q", other, "main")
    (tmp_path / "text").write_text("nothing")

    for path, words in ((other, "no backup"), (tmp_path / "text", "no bundle"), (tmp_path / "none", "no such")):
        with pytest.raises(ScrubError, match=words):
            undo(repository.path, path)

    assert state(repository) == before


def test_the_backup_is_its_owners_alone_and_whole(tmp_path: Path) -> None:
    repository = everywhere(tmp_path / "repository").repository
    scrubbed(repository)

    backup = backup_of(repository)

    assert backup.stat().st_mode & 0o777 == 0o600
    fresh = Repository(tmp_path / "fresh")
    fresh("bundle", "verify", "-q", backup)


def test_work_that_was_done_since_is_not_thrown_away_unasked(tmp_path: Path) -> None:
    repository = everywhere(tmp_path / "repository").repository
    before = state(repository)
    scrubbed(repository)
    later = repository.commit({"later.txt": b"later\n"})

    with pytest.raises(ScrubError, match="refs have moved"):
        undo(repository.path, backup_of(repository))

    assert repository("rev-parse", "HEAD") == later
    undo(repository.path, backup_of(repository), force=True)
    assert state(repository) == before


def test_a_change_that_is_not_committed_is_not_thrown_away(tmp_path: Path) -> None:
    repository = everywhere(tmp_path / "repository").repository
    scrubbed(repository)
    (repository.path / "README").write_text("mine")

    with pytest.raises(ScrubError, match="commit or stash"):
        undo(repository.path, backup_of(repository))

    assert (repository.path / "README").read_text() == "mine"


def test_a_checkout_and_locks_that_were_left_half_way_are_mended(tmp_path: Path) -> None:
    repository = everywhere(tmp_path / "repository").repository
    before = state(repository)

    def die(stage: str) -> None:
        if stage == "files":
            raise KeyboardInterrupt

    with pytest.raises(ScrubError):
        scrubbed(repository, die)
    whole = (repository.path / "README").read_bytes()
    (repository.path / "README").write_bytes(whole[: len(whole) // 2])
    (repository.git_dir / "index.lock").touch()

    undo(repository.path, backup_of(repository))

    assert state(repository) == before


def interrupted(repository: Repository, stage: str) -> None:
    def interrupt(now: str) -> None:
        if now == stage:
            raise KeyboardInterrupt

    with pytest.raises(ScrubError):
        scrubbed(repository, interrupt)


def _committing(repository: Repository) -> None:
    repository.commit({"later.txt": b"later\n"})


def _branching(repository: Repository) -> None:
    repository("branch", "later")


def _committing_without_a_branch(repository: Repository) -> None:
    repository("checkout", "-q", "--detach")
    repository.commit({"later.txt": b"later\n"})


def _editing(repository: Repository) -> None:
    (repository.path / "README").write_text("mine")


def _editing_in_a_worktree(repository: Repository) -> None:
    (repository.path.parent / "linked" / "README").write_text("mine")


def _editing_what_git_passes_over(repository: Repository) -> None:
    repository("update-index", "--assume-unchanged", "README")
    (repository.path / "README").write_text("mine")


def _adding(repository: Repository) -> None:
    (repository.path / "later.txt").write_text("mine")
    repository("add", "later.txt")


REFUSED = {
    "refs have moved": (_committing, _branching, _committing_without_a_branch),
    "changes of yours": (_editing, _editing_in_a_worktree, _editing_what_git_passes_over, _adding),
}


@pytest.mark.parametrize("stage", ["refs", "files"])
@pytest.mark.parametrize(("reason", "work"), [(reason, work) for reason in REFUSED for work in REFUSED[reason]])
def test_work_that_was_done_since_an_interruption_is_not_thrown_away_unasked(
    reason: str, work: Callable[[Repository], None], stage: str, tmp_path: Path
) -> None:
    repository = everywhere(tmp_path / "repository").repository
    before = state(repository)
    interrupted(repository, stage)
    work(repository)
    since = state(repository)

    with pytest.raises(ScrubError, match=reason):
        undo(repository.path, backup_of(repository))

    assert state(repository) == since
    undo(repository.path, backup_of(repository), force=True)
    assert state(repository) == before


def test_a_commit_on_a_detached_head_is_not_thrown_away_unasked(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a.env": Keys("undo").modern().encode()})
    scrubbed(repository)
    _committing_without_a_branch(repository)

    with pytest.raises(ScrubError, match="refs have moved"):
        undo(repository.path, backup_of(repository))


def test_a_file_whose_line_ends_a_checkout_changes_is_no_work_done_since(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository("config", "core.autocrlf", "true")
    repository.commit({"a.env": f"A=1\r\nKEY={Keys('undo').modern()}\r\n".encode()})
    before = state(repository)
    interrupted(repository, "files")
    half = (repository.path / "a.env").read_bytes()[:12]
    (repository.path / "a.env").write_bytes(half)

    undo(repository.path, backup_of(repository))

    assert half.startswith(b"A=1\r\n")
    assert state(repository) == before


def test_somebody_elses_backup_is_not_restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = everywhere(tmp_path / "repository").repository
    scrubbed(repository)
    before = state(repository)
    owner = repository.path.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    with pytest.raises(ScrubError, match="somebody else"):
        undo(repository.path, backup_of(repository))

    assert state(repository) == before
