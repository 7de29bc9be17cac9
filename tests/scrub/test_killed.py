"""The power goes off before any one of the things that a scrub or an undo does: nothing is lost, nothing is left.

The processes that git runs in are killed as well, in the middle of whatever they do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from keyguard.scrub.journal import JOURNAL
from keyguard.scrub.leftovers import clear
from keyguard.scrub.undo import undo
from tests.git.repositories import Repository
from tests.scrub.places import everywhere
from tests.scrub.scrubbing import backup_of, scrubbed, state

ACTING = """
import os, signal, sys
from pathlib import Path
from keyguard.scrub.undo import undo
from tests.git.repositories import Repository
from tests.scrub import scrubbing

EFFECTS = {"os.posix_spawn", "subprocess.Popen", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
WRITES = os.O_WRONLY | os.O_RDWR
what, path, last = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
done = 0

def count(event, arguments):
    global done
    if event in EFFECTS or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES):
        done += 1
        if done == last:
            os.killpg(0, signal.SIGKILL)

repository = object.__new__(Repository)
repository.path = path
sys.addaudithook(count)
undo(path, scrubbing.backup_of(repository)) if what == "undo" else scrubbing.scrubbed(repository)
print(done)
"""
"""Scrubs or undoes, and kills itself and all its children before the effect of a number; tells how many there were."""

PARTS = range(1, 6)
"""How many parts of a run are over when it is killed, of one more than these."""


def acting(what: str, repository: Repository, last: int = 0) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", ACTING, what, str(repository.path), str(last)]
    return subprocess.run(command, env=os.environ, capture_output=True, check=False, start_new_session=True)


@pytest.fixture(scope="module")
def effects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How many things a scrub does, and an undo."""
    repository = everywhere(tmp_path_factory.mktemp("counted") / "repository").repository
    return {what: int(acting(what, repository).stdout) for what in ("scrub", "undo")}


def check_scrub_killed(repository: Repository, last: int) -> None:
    before = state(repository)

    done = acting("scrub", repository, last)

    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-500:]
    clear(repository.path)
    if (repository.git_dir / JOURNAL).exists() or state(repository) != before:
        undo(repository.path, backup_of(repository))
    assert state(repository) == before
    assert list(repository.git_dir.glob("keyguard-*")) == []
    assert list(repository.path.parent.glob("*.part")) == []
    assert "error" not in repository("fsck", "--full")


def check_undo_killed(repository: Repository, last: int) -> None:
    before = state(repository)
    scrubbed(repository)

    done = acting("undo", repository, last)

    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-500:]
    undo(repository.path, backup_of(repository))
    assert state(repository) == before
    assert "error" not in repository("fsck", "--full")


@pytest.mark.parametrize("part", PARTS)
def test_a_scrub_that_is_killed_left_the_old_state_or_is_undone(
    part: int, effects: dict[str, int], tmp_path: Path
) -> None:
    check_scrub_killed(everywhere(tmp_path / "repository").repository, effects["scrub"] * part // (len(PARTS) + 1))


@pytest.mark.parametrize("part", PARTS)
def test_an_undo_that_is_killed_is_taken_up_again(part: int, effects: dict[str, int], tmp_path: Path) -> None:
    check_undo_killed(everywhere(tmp_path / "repository").repository, effects["undo"] * part // (len(PARTS) + 1))
