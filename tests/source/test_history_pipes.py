"""A pipe in place of a file of a repository holds nobody up: it is reported, and everything else is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keyguard.errors import GitError
from keyguard.source.repository import Narrowing
from tests.git.repositories import Repository
from tests.source.auditing import KEY, audit, only


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path)
    made.commit({"a.txt": b"one\n" * 99})
    made("gc", "-q")
    made("multi-pack-index", "write")
    made("commit-graph", "write", "--reachable")
    made.blob(KEY.encode())
    return made


def replace_by_a_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)


GITS_OWN = (
    "packed-refs", "refs/heads/main", "refs/heads/other", "logs/HEAD", "logs/refs/heads/main", "index", "shallow",
    "FETCH_HEAD", "info/exclude", "worktrees/HEAD", "objects/info/alternates", "objects/info/commit-graph",
    "objects/pack/multi-pack-index",
)  # fmt: skip


@pytest.mark.parametrize("name", GITS_OWN)
def test_beside_a_pipe_everything_is_read(name: str, repository: Repository) -> None:
    replace_by_a_pipe(repository.git_dir / name)

    result = audit(repository.path)

    assert only(result)
    assert (result.complete, result.exit_code) == (False, 1)
    assert any(f"{name} has no end" in entry.reason for entry in result.unread)


@pytest.mark.parametrize("suffix", [".idx", ".rev", ".bitmap"])
def test_beside_a_pipe_that_belongs_to_a_pack_everything_is_read(suffix: str, repository: Repository) -> None:
    (pack,) = repository.packs()
    whole = audit(repository.path)
    replace_by_a_pipe(pack.with_suffix(suffix))

    result = audit(repository.path)

    assert only(result)
    assert not result.complete
    assert result.examined == whole.examined


def test_a_pack_that_is_a_pipe_is_one_entry_of_what_is_unread(repository: Repository) -> None:
    (pack,) = repository.packs()
    replace_by_a_pipe(pack)

    result = audit(repository.path)

    assert only(result)
    assert [(entry.what, entry.count) for entry in result.unread if "regular" in entry.reason] == [("objects", 3)]


def test_a_loose_object_that_is_a_pipe_is_one_entry_of_what_is_unread(repository: Repository) -> None:
    replace_by_a_pipe(repository.objects / "ab" / ("c" * 38))

    result = audit(repository.path)

    assert only(result)
    assert [entry.what for entry in result.unread] == ["objects", "what refs need"]


def test_where_git_is_not_asked_the_report_says_that_commits_and_exposure_are_not_known(repository: Repository) -> None:
    replace_by_a_pipe(repository.git_dir / "packed-refs")

    result = audit(repository.path)

    assert only(result).exposure is None
    assert any(note.startswith("Which commits and refs hold the keys is not known") for note in result.notes)


def test_where_git_is_not_asked_a_narrowed_audit_reports_every_key(repository: Repository) -> None:
    replace_by_a_pipe(repository.git_dir / "packed-refs")

    result = audit(repository.path, narrowing=Narrowing(reachable=True))

    assert only(result)


@pytest.mark.parametrize("name", ["config", "HEAD"])
def test_a_repository_that_git_cannot_open_for_a_pipe_is_refused(
    name: str, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyguard.git.odb.watch.PATIENCE_S", 0.3)
    git_dir = repository.git_dir
    replace_by_a_pipe(git_dir / name)

    with pytest.raises(GitError):
        audit(repository.path)


def test_where_git_alone_could_read_the_objects_they_are_unread(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyguard.git.odb.reader.importlib.util.find_spec", lambda _name: None)
    replace_by_a_pipe(repository.git_dir / "packed-refs")
    (repository.git_dir / "MERGE_MSG").write_text(KEY)

    result = audit(repository.path)

    assert only(result)
    assert "objects" in [entry.what for entry in result.unread]
