"""A key is found in the names, targets and logs of refs that stand in tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.git import tables
from tests.git.repositories import Repository, needs_reftable, with_history
from tests.source.auditing import KEY, audit, only, places

MAIN = b"refs/heads/main"
NAME = b"refs/heads/with/" + KEY.encode()


def repository_with(path: Path, table: bytes, folder: str = "") -> Repository:
    repository = with_history(Repository(path), commits=3)
    file = repository.git_dir / folder / "reftable" / "0x000000000001-0x000000000002-12345678.ref"
    file.parent.mkdir(parents=True)
    file.write_bytes(table)
    return repository


@pytest.mark.parametrize("folder", ["", "worktrees/linked"])
def test_a_key_in_the_message_of_a_log_is_found(folder: str, tmp_path: Path) -> None:
    table = tables.table([tables.ref(MAIN)], [tables.entry(MAIN, b"commit: with " + KEY.encode())])

    finding = only(audit(repository_with(tmp_path, table, folder).path))

    ((kind, path, _, _),) = places(finding)
    assert (kind, path) == ("commit-message", str(Path(".git", folder, "reftable", _name())))


def _name() -> str:
    return "0x000000000001-0x000000000002-12345678.ref"


@pytest.mark.parametrize(
    "table",
    [
        tables.table([tables.ref(NAME[:30]), tables.ref(NAME, shared=30)]),
        tables.table([tables.symbolic(b"refs/remotes/origin/HEAD", NAME)]),
        tables.table(logs=[tables.entry(NAME[:30], b""), tables.entry(NAME, b"", shared=30)]),
    ],
    ids=["ref", "target", "log"],
)
def test_a_key_in_the_name_of_a_ref_is_found(table: bytes, tmp_path: Path) -> None:
    assert only(audit(repository_with(tmp_path, table).path))


def test_a_damaged_table_makes_the_audit_incomplete(tmp_path: Path) -> None:
    result = audit(repository_with(tmp_path, tables.table([tables.ref(MAIN)])[:-1]).path)

    assert [entry.what for entry in result.unread] == [f".git/reftable/{_name()}"]
    assert result.exit_code == 3


@needs_reftable
@pytest.mark.parametrize("linked", [False, True])
def test_a_key_in_the_log_of_a_repository_of_tables_is_found(linked: bool, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", "--ref-format=reftable")
    repository.commit({"a.txt": b"nothing\n"})
    repository("worktree", "add", "-q", tmp_path / "linked")
    where = tmp_path / "linked" if linked else repository.path
    action = {"GIT_REFLOG_ACTION": f"for {KEY}"}
    repository("-C", where, "commit", "-q", "--allow-empty", "-m", "x", env=action)

    result = audit(repository.path)

    assert only(result)
    assert result.complete
