"""`keyguard history`, from its arguments to its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from keyguard.cli.entry import run
from tests.git.repositories import Repository, with_history
from tests.source.auditing import KEY


def test_a_clean_repository_exits_0_and_says_how_much_was_examined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_history(Repository(tmp_path), commits=3)

    code = run(["history", str(tmp_path)])

    assert code == 0
    assert "No keys found" in capsys.readouterr().out


def test_a_key_exits_1_and_is_reported_with_its_exposure_and_without_its_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = Repository(tmp_path)
    commit = repository.commit({"a.env": KEY.encode()}, f"with {KEY}")

    code = run(["history", str(tmp_path), "--format", "json"])

    printed = capsys.readouterr().out
    (finding,) = json.loads(printed)["findings"]
    assert code == 1
    assert finding["exposure"]["introduced"]["commit"] == commit
    assert KEY not in printed


def test_no_repository_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["history", str(tmp_path)]) == 2
    assert "not a git repository" in capsys.readouterr().err


def test_an_unknown_ref_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Repository(tmp_path).commit({"a.txt": b"no key\n"})

    assert run(["history", str(tmp_path), "--ref", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["HEAD~1..HEAD", "HEAD~1...HEAD", "^HEAD", "HEAD^!", "..HEAD", "HEAD~1..", "--all", ""]
)
def test_a_range_is_no_ref(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_history(Repository(tmp_path), commits=3)

    code = run(["history", str(tmp_path), "--ref", name])

    told = capsys.readouterr()
    assert (code, told.out, told.err.count("\n")) == (2, "", 1)
    assert "--ref wants a ref or a commit, and no range" in told.err


@pytest.mark.parametrize("date", ["nonsense", "yesterdayy", "2024-02-30", "01/02/2024", "last release", ""])
def test_a_date_that_is_not_understood_exits_2(date: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Repository(tmp_path).commit({"a.env": KEY.encode()})

    code = run(["history", str(tmp_path), "--since", date])

    told = capsys.readouterr()
    assert (code, told.out, told.err.count("\n")) == (2, "", 1)
    assert f"{date!r} is no date that can be understood: write 2024-01-31" in told.err


def test_a_ref_is_never_taken_for_an_option(tmp_path: Path) -> None:
    Repository(tmp_path).commit({"a.env": KEY.encode()})

    assert run(["history", str(tmp_path), "--ref", f"--output={tmp_path / 'written'}"]) == 2
    assert not (tmp_path / "written").exists()


def test_an_interrupt_reports_what_was_found_and_leaves_no_process_behind(tmp_path: Path) -> None:
    with slow_reading(tmp_path) as process:
        assert process.stdout and process.stdout.readline() == b"reading\n"
        os.killpg(process.pid, signal.SIGINT)

        assert_it_ends(process)


@pytest.mark.parametrize("number", [1, 2])
def test_an_interrupt_amid_the_start_of_a_process_leaves_none_behind(tmp_path: Path, number: int) -> None:
    with slow_reading(tmp_path, f"after_fork({number}, lambda: os.kill(os.getpid(), signal.SIGINT))") as process:
        assert_it_ends(process)


def slow_reading(folder: Path, prelude: str = "") -> subprocess.Popen[bytes]:
    """A `keyguard history` whose workers never come to an end, as the leader of a group of processes."""
    repository = with_history(Repository(folder), commits=30)
    repository.commit({"a.env": KEY.encode()})
    return subprocess.Popen(
        [sys.executable, "-c", SLOW.replace("PRELUDE", prelude), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def assert_it_ends(process: subprocess.Popen[bytes]) -> None:
    """Also with what it started: whoever holds its output keeps this waiting."""
    printed, _ = process.communicate(timeout=30)

    assert b"interrupted" in printed
    assert process.returncode in (1, 3)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


SLOW = """
import os, signal, sys, time
from keyguard.cli import entry
from keyguard.git.odb import shares
from keyguard.source import objects

several = objects.ObjectExaminer.several

def slowly(self, batch):
    os.write(1, b"reading\\n")
    time.sleep(60)
    return several(self, batch)

# What runs in the background may have been told to pass over interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

def after_fork(wanted, act):
    forks = []
    os.register_at_fork(after_in_parent=lambda: (forks.append(1), len(forks) == wanted and act()))

objects.ObjectExaminer.several = slowly
PRELUDE
shares.ALONE = shares.LEAST = shares.MOST = 0
sys.exit(entry.run(["history", sys.argv[1], "--jobs", "2"]))
"""
