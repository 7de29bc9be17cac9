"""keyguard as git's hook: whatever index, folder and environment git gives it, it says what this commit adds."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Repo
from tests.keys import Keys


@pytest.fixture
def key(keys: Keys) -> str:
    return keys.modern()


class Hooked:
    """A repository whose hook keeps what keyguard says, in full and by the short way."""

    def __init__(self, repo: Repo, out: Path) -> None:
        self.repo = repo
        self._out = out

    def install(self, name: str, arguments: str) -> None:
        python, out = shlex.quote(sys.executable), shlex.quote(str(self._out))
        hook = Path(self.repo.git("rev-parse", "--git-path", f"hooks/{name}").decode().strip())
        hook = self.repo.path / hook
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(
            "#!/bin/sh\n"
            f"{python} -m keyguard {arguments} --format json > {out}.json\n"
            "full=$?\n"
            f"{python} -m keyguard {arguments} > {out}.text 2>&1\n"
            f"short=$?\necho $full $short > {out}.codes\nexit $short\n"
        )
        hook.chmod(0o755)

    @property
    def ran(self) -> bool:
        return Path(f"{self._out}.codes").exists()

    @property
    def code(self) -> int:
        full, short = map(int, Path(f"{self._out}.codes").read_text().split())
        assert full == short
        return full

    @property
    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(Path(f"{self._out}.json").read_text())
        return document

    @property
    def paths(self) -> list[str]:
        assert self.code == (1 if self.report["findings"] else 0)
        return sorted(place["path"] for finding in self.report["findings"] for place in finding["locations"])


@pytest.fixture(params=["staged", "hook pre-commit"])
def hooked(request: pytest.FixtureRequest, started: Repo, tmp_path: Path) -> Hooked:
    hooked = Hooked(started, tmp_path / "said")
    hooked.install("pre-commit", request.param)
    return hooked


def blocked(hooked: Hooked, *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> list[str]:
    before = hooked.repo.head()
    hooked.repo.git("commit", "-m", "x", *arguments, cwd=cwd, env=env, fails=True)
    assert hooked.repo.head() == before
    return hooked.paths


def passed(hooked: Hooked, *arguments: str, cwd: Path | None = None) -> list[str]:
    hooked.repo.git("commit", "-m", "x", *arguments, cwd=cwd)
    return hooked.paths


def test_commit_is_blocked_by_a_staged_key(hooked: Hooked, key: str) -> None:
    hooked.repo.stage("a.env", key)

    assert blocked(hooked) == ["a.env"]


def test_a_clean_commit_passes(hooked: Hooked) -> None:
    hooked.repo.stage("a.env", "x\n")

    assert passed(hooked) == []


def test_commit_all_looks_at_what_it_commits(hooked: Hooked, key: str) -> None:
    hooked.repo.write("README", f"one\n{key}\n")

    assert blocked(hooked, "--all") == ["README"]


def test_commit_of_a_path_looks_at_that_path(hooked: Hooked, key: str) -> None:
    hooked.repo.write("README", f"one\n{key}\n")

    assert blocked(hooked, "README") == ["README"]


def test_commit_of_a_path_does_not_look_at_what_else_is_staged(hooked: Hooked, key: str) -> None:
    hooked.repo.stage("other.env", key)
    hooked.repo.write("README", "one\nmore\n")

    assert passed(hooked, "README") == []


def test_commit_include_looks_at_both(hooked: Hooked, keys: Keys) -> None:
    hooked.repo.stage("other.env", keys.modern())
    hooked.repo.write("README", keys.modern("admin"))

    assert blocked(hooked, "--include", "README") == ["README", "other.env"]


def test_commit_of_a_staged_and_changed_file_looks_at_what_is_staged(hooked: Hooked, key: str) -> None:
    hooked.repo.stage("a.env", "clean\n")
    hooked.repo.write("a.env", key)

    assert passed(hooked) == []


def test_amend_looks_at_what_it_adds_to_head(hooked: Hooked, key: str) -> None:
    hooked.repo.stage("a.env", key)

    assert blocked(hooked, "--amend") == ["a.env"]


def test_commit_from_a_subdirectory_looks_at_everything(hooked: Hooked, key: str) -> None:
    hooked.repo.stage("a.env", key)
    hooked.repo.stage("sub/b.env", "x\n")

    assert blocked(hooked, cwd=hooked.repo.path / "sub") == ["a.env"]


def test_commit_of_a_path_from_a_subdirectory(hooked: Hooked, key: str) -> None:
    hooked.repo.committed("sub/b.env", "x\n")
    hooked.repo.write("sub/b.env", f"x\n{key}\n")

    assert blocked(hooked, "b.env", cwd=hooked.repo.path / "sub") == ["sub/b.env"]


def test_commit_with_another_index_looks_at_that_index(hooked: Hooked, key: str, tmp_path: Path) -> None:
    other = {"GIT_INDEX_FILE": str(tmp_path / "index")}
    hooked.repo.git("read-tree", "HEAD", env=other)
    hooked.repo.write("a.env", key)
    hooked.repo.git("add", "a.env", env=other)

    assert blocked(hooked, env=other) == ["a.env"]


def test_commit_with_the_repository_elsewhere(hooked: Hooked, key: str, tmp_path: Path) -> None:
    hooked.repo.stage("a.env", key)
    where = tmp_path / "elsewhere"
    where.mkdir()
    env = {"GIT_DIR": str(hooked.repo.path / ".git"), "GIT_WORK_TREE": str(hooked.repo.path)}

    assert blocked(hooked, cwd=where, env=env) == ["a.env"]


def test_commit_in_a_linked_worktree_looks_at_its_index(hooked: Hooked, key: str, tmp_path: Path) -> None:
    hooked.repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    hooked.repo.stage("main.env", key)
    linked = Repo(tmp_path / "linked")
    linked.stage("linked.env", key)
    linked.git("commit", "-m", "x", fails=True)

    assert hooked.paths == ["linked.env"]


def test_commit_in_a_linked_worktree_is_not_stopped_by_the_main_ones_index(
    hooked: Hooked, key: str, tmp_path: Path
) -> None:
    hooked.repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    hooked.repo.stage("main.env", key)
    linked = Repo(tmp_path / "linked")
    linked.stage("linked.env", "x")
    linked.git("commit", "--all", "-m", "x")

    assert hooked.paths == []


def test_the_first_commit_of_all_is_looked_at(repo: Repo, tmp_path: Path, key: str) -> None:
    hooked = Hooked(repo, tmp_path / "said")
    hooked.install("pre-commit", "staged")
    repo.stage("a.env", key)
    repo.git("commit", "-m", "x", fails=True)

    assert hooked.paths == ["a.env"]


def test_commit_in_a_submodule_looks_at_its_index(hooked: Hooked, key: str, tmp_path: Path) -> None:
    other = Repo.made(tmp_path / "other")
    other.committed("f", "x")
    hooked.repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "sub")
    inner = Hooked(Repo(hooked.repo.path / "sub"), tmp_path / "inner")
    inner.install("pre-commit", "staged")
    inner.repo.stage("a.env", key)

    assert blocked(inner) == ["a.env"]


def test_commit_with_settings_on_its_command_line(hooked: Hooked, key: str) -> None:
    hooked.repo.stage("a.env", key)
    hooked.repo.git("-c", "diff.noprefix=true", "-c", "color.ui=always", "commit", "-m", "x", fails=True)

    assert hooked.paths == ["a.env"]


def test_a_merge_is_looked_at_before_its_commit(hooked: Hooked, key: str) -> None:
    hooked.install("pre-merge-commit", "staged")
    hooked.repo.git("checkout", "--quiet", "-b", "side")
    hooked.repo.committed("a.env", key)
    hooked.repo.git("checkout", "--quiet", "main")
    hooked.repo.git("merge", "--no-ff", "-m", "x", "side", fails=True)

    assert hooked.paths == ["a.env"]


def test_a_merge_that_brings_no_key_passes(hooked: Hooked, key: str) -> None:
    hooked.repo.committed("a.env", key)
    hooked.install("pre-merge-commit", "staged")
    hooked.repo.git("checkout", "--quiet", "-b", "side")
    hooked.repo.committed("b.env", "x")
    hooked.repo.git("checkout", "--quiet", "main")
    hooked.repo.git("merge", "--no-ff", "-m", "x", "side")

    assert hooked.paths == []


def test_the_commit_of_a_resolved_merge_is_looked_at(hooked: Hooked, key: str) -> None:
    repo = hooked.repo
    repo.git("checkout", "--quiet", "-b", "side")
    repo.committed("README", "theirs\n")
    repo.git("checkout", "--quiet", "main")
    repo.committed("README", "ours\n")
    repo.git("merge", "--quiet", "side", fails=True)
    repo.stage("README", f"both\n{key}\n")

    assert blocked(hooked) == ["README"]


def test_cherry_pick_and_rebase_are_not_disturbed(hooked: Hooked, key: str) -> None:
    repo = hooked.repo
    repo.git("checkout", "--quiet", "-b", "side")
    repo.committed("a.env", "x")
    repo.git("checkout", "--quiet", "main")
    repo.git("cherry-pick", "side")

    assert (repo.path / "a.env").exists()


def test_a_blocked_commit_says_what_where_why_and_three_ways_out(started: Repo, tmp_path: Path, key: str) -> None:
    hooked = Hooked(started, tmp_path / "said")
    hooked.install("pre-commit", "hook pre-commit")
    started.stage("sub dir/a.env", f"A=1\nKEY={key}\n")
    blocked(hooked)
    said = (tmp_path / "said.text").read_text()

    assert key not in said
    for part in (
        "sub dir/a.env:2:5: OpenAI API key",
        f"sk-proj-{key[8:12]}…{key[-4:]} ({len(key)} characters)",
        "its two halves are of equal length",
        "its last byte is zero",
        "1. Take it out: `git restore --staged",
        "environment variable",
        "2. Revoke it",
        "https://platform.openai.com/api-keys",
        "3. Allow it",
        "a reason",
    ):
        assert part in said


def test_the_environment_of_a_caller_does_not_lead_a_scan_elsewhere(hooked: Hooked, key: str, tmp_path: Path) -> None:
    decoy = Repo.made(tmp_path / "decoy")
    decoy.committed("x", "x")
    hooked.repo.stage("a.env", key)
    trace = tmp_path / "trace"
    env = {
        "GIT_EXTERNAL_DIFF": "true",
        "GIT_DIFF_OPTS": "-u0",
        "GIT_TRACE": str(trace),
        "GIT_PAGER": "true",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "diff.external",
        "GIT_CONFIG_VALUE_0": "true",
        "GIT_REPLACE_REF_BASE": "refs/elsewhere/",
        "PAGER": "true",
        "LC_ALL": os.environ.get("LC_ALL", "C"),
    }

    assert blocked(hooked, env=env) == ["a.env"]
