"""What a scrub leaves that is killed: found, told and removed by the next one, or by an undo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from keyguard.scrub.leftovers import hold, let_go
from tests.conftest import Call
from tests.git.repositories import Repository
from tests.keys import Keys
from tests.scrub.scrubbing import backup_of, state
from tests.scrub.test_undo import KILLED

KEY = Keys("leftovers").modern()


@pytest.fixture
def leaky(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a.env": f"KEY={KEY}\n".encode()})
    return repository


def killed(repository: Repository, stage: str) -> None:
    """Have a scrub kill itself at a stage."""
    done = subprocess.run([sys.executable, "-c", KILLED, repository.path, stage], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL


def left(repository: Repository) -> list[Path]:
    return sorted(repository.git_dir.glob("keyguard-staging-*"))


def test_a_plan_and_an_audit_tell_what_a_killed_scrub_has_left(leaky: Repository, keyguard: Call) -> None:
    killed(leaky, "check")

    (folder,) = left(leaky)
    assert folder.stat().st_mode & 0o777 == 0o700
    for command in ("scrub", "history"):
        ran = keyguard(command, cwd=leaky.path)
        assert folder.name in ran.out + ran.err


def test_the_next_scrub_removes_it_and_tells_of_the_backup(leaky: Repository, keyguard: Call) -> None:
    killed(leaky, "objects")
    (folder,) = left(leaky)

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    assert ran.code == 0, ran.err
    assert f"{folder}: left by a scrub that was killed, removed" in ran.err
    assert f"{backup_of(leaky)}: the backup of a scrub that changed nothing; it holds keys: delete it" in ran.err
    assert left(leaky) == []


LATE = """
import os, signal, sys
from keyguard.cli.entry import run
from keyguard.scrub import journal, putting

def finish(common_dir):
    journal.finish(common_dir)
    os.kill(os.getpid(), signal.SIGKILL)

putting.finish = finish
run(["scrub", sys.argv[1], "--backup", sys.argv[2], "--apply", "--yes"])
"""
"""A scrub that kills itself when all is put in, before its temporary folder is gone."""


def test_the_way_back_from_a_scrub_that_was_killed_late_is_not_given_up(leaky: Repository, keyguard: Call) -> None:
    before, backup = state(leaky), backup_of(leaky)
    command = [sys.executable, "-c", LATE, leaky.path, backup]
    done = subprocess.run(command, env=os.environ, stdout=subprocess.DEVNULL, check=False)
    assert (done.returncode, len(left(leaky))) == (-signal.SIGKILL, 1)

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    assert ran.code == 0, ran.err
    assert f"{backup}: the way back from that scrub; it holds keys: delete it when all is well" in ran.err
    assert "changed nothing" not in ran.err
    assert keyguard("scrub", "--undo", str(backup), cwd=leaky.path).code == 0
    assert (left(leaky), state(leaky)) == ([], before)


def test_an_undo_removes_it(leaky: Repository, keyguard: Call) -> None:
    before = state(leaky)
    killed(leaky, "refs")

    ran = keyguard("scrub", "--undo", str(backup_of(leaky)), cwd=leaky.path)

    assert ran.code == 0, ran.err
    assert "left by a scrub that was killed, removed" in ran.err
    assert (left(leaky), state(leaky)) == ([], before)


def test_a_backup_that_was_not_finished_is_removed_and_what_is_no_backup_is_not(
    leaky: Repository, keyguard: Call, tmp_path: Path
) -> None:
    names = {"half.bundle": b"# v2 git bun", "other.bundle": b"something of mine"}
    for number, (name, content) in enumerate(names.items()):
        folder = leaky.git_dir / f"keyguard-staging-{number}"
        folder.mkdir(mode=0o700)
        (folder / "backup").write_text(str(tmp_path / name))
        (tmp_path / f"{name}.part").write_bytes(content)

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    assert ran.code == 0
    assert f"{tmp_path / 'half.bundle.part'}: a backup that was not finished, removed" in ran.err
    assert [path.name for path in tmp_path.glob("*.part")] == ["other.bundle.part"]


def test_a_scrub_that_is_at_work_is_left_alone(leaky: Repository, keyguard: Call) -> None:
    folder = leaky.git_dir / "keyguard-staging-living"
    folder.mkdir(mode=0o700)
    held = hold(folder)
    before = state(leaky)

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    let_go(held)
    assert (ran.code, "another scrub is at work" in ran.err) == (2, True)
    assert (left(leaky), state(leaky)) == ([folder], before)


def test_after_a_scrub_nothing_of_it_is_left(leaky: Repository, keyguard: Call) -> None:
    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    assert ran.code == 0
    assert left(leaky) == []
    assert list(leaky.path.parent.glob("*.part")) == []
