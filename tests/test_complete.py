"""The independent reading of a repository agrees with the audit's, and would not if that missed something."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import complete
from keyguard.source.objects import ObjectExaminer
from tests.git.repositories import Repository, with_history
from tests.source.auditing import KEY, OTHER


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Keys in a file, a name, a message, an author and a tag; one object is absent."""
    made = with_history(Repository(tmp_path), commits=9)
    made.commit({"a.env": f"KEY={KEY}\n".encode(), f"folder/{OTHER}/x": b"x"}, f"with {OTHER}")
    made("commit", "-q", "--allow-empty", "-m", "x", env={"GIT_AUTHOR_NAME": KEY})
    made("tag", "-a", "-m", KEY, "with-a-key")
    made.commit({"absent": b"absent"})
    absent = made("rev-parse", "HEAD:absent")
    (made.objects / absent[:2] / absent[2:]).unlink()
    monkeypatch.setattr(sys, "argv", ["complete", str(tmp_path)])
    return made


def test_two_readings_agree(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert complete.main() == 0

    printed = capsys.readouterr().out
    assert "| places of keys | 5 | 5 | 0 | 0 |" in printed
    assert "| needed and absent | 1 | 1 | | |" in printed
    assert KEY not in printed


def test_a_tree_that_is_not_searched_is_noticed(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ObjectExaminer, "_names", lambda _self, _tree: [])

    assert complete.main() == 1
