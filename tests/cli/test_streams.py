"""keyguard where standard streams are closed or full, and where its folder is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Repo
from tests.keys import Keys

KEY = Keys("streams").modern()
FULL = "/dev/full"
COMMANDS = ["staged", "scan", "history", "scan --format json", "history --format csv", "scrub"]

needs_full = pytest.mark.skipif(not os.path.exists(FULL), reason="only Linux has a file that is always full")


@pytest.fixture
def leaky(started: Repo) -> Repo:
    started.committed("a.env", f"KEY={KEY}\n")
    started.stage("b.env", f"KEY={KEY}\n")
    return started


def in_shell(line: str, where: Path, **env: str) -> tuple[int, str, str]:
    """The exit code, output and complaints of a shell's line, in which `keyguard` is this one."""
    script = f'keyguard() {{ "$PYTHON" -m keyguard "$@"; }}\n{line}'
    # Without an empty part, which would be the folder that it runs in.
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    env = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": path, **env}
    done = subprocess.run(["sh", "-c", script], cwd=where, env=env, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_exit_code(command: str, closed: str, leaky: Repo) -> None:
    code, out, err = in_shell(f"keyguard {command} {closed}", leaky.path)

    assert (code, err) == (1, "")
    assert bool(out) == (">&-" not in closed.replace("2>&-", ""))


def test_a_clean_commit_passes_with_its_streams_closed(started: Repo) -> None:
    started.stage("a.py", "x = 1\n")

    assert in_shell("keyguard staged <&- >&- 2>&-", started.path) == (0, "", "")


def test_standard_input_that_is_closed_is_not_taken_for_empty(tmp_path: Path) -> None:
    assert in_shell("keyguard scan - <&-", tmp_path) == (2, "", "keyguard: standard input cannot be read here\n")


@needs_full
@pytest.mark.parametrize("command", [*COMMANDS, "patterns list", "--version"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_cannot_be_written_is_told_in_a_line(command: str, unbuffered: str, leaky: Repo) -> None:
    ran = in_shell(f"keyguard {command} >{FULL}", leaky.path, PYTHONUNBUFFERED=unbuffered)

    assert ran == (2, "", "keyguard: cannot write: No space left on device\n")


@needs_full
def test_where_nothing_at_all_can_be_said_the_exit_code_is_right(leaky: Repo) -> None:
    assert in_shell(f"keyguard staged >{FULL} 2>{FULL}", leaky.path) == (2, "", "")


@pytest.mark.parametrize("command", ["staged", "scan", "scrub", "install", "scan /etc/hosts", "baseline --reason x"])
def test_in_a_folder_that_is_gone_nothing_is_found_and_nothing_called_clean(command: str, tmp_path: Path) -> None:
    ran = in_shell(f"mkdir gone; cd gone; rmdir ../gone; keyguard {command}", tmp_path)

    assert ran == (2, "", "keyguard: the current folder is gone: go to one that is there\n")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1"])
def test_a_report_goes_into_a_pipe_by_name(name: str, leaky: Repo) -> None:
    code, out, err = in_shell(f"keyguard staged --format json --output {name} | cat", leaky.path)

    assert (code, json.loads(out)["schema"], err) == (0, "keyguard.report/1", "")


def test_a_report_is_added_to_what_the_shell_adds_to(leaky: Repo) -> None:
    (leaky.path / "log").write_text("before\n")
    in_shell("keyguard staged --output /dev/stdout >> log; echo after >> log", leaky.path)

    lines = (leaky.path / "log").read_text().split("\n")
    assert (lines[0], lines[-2]) == ("before", "after")
    assert "b.env:1:5: OpenAI API key" in lines
