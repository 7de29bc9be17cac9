"""What each worktree has for itself: refs that no other sees, and files such as ORIG_HEAD."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyguard.scrub.undo import undo
from tests.git.repositories import Repository
from tests.keys import Keys
from tests.scrub.scrubbing import backup_of, every_object, scrubbed, state

KEY = Keys("worktrees").modern()


@pytest.fixture
def linked(tmp_path: Path) -> tuple[Repository, Path]:
    """A clean repository, and a linked worktree of it."""
    repository = Repository(tmp_path / "repository")
    repository.commit({"a": b"a"}, "first")
    folder = tmp_path / "linked"
    repository("worktree", "add", "-q", "--detach", folder)
    return repository, folder


def only_there(repository: Repository, folder: Path, name: str) -> str:
    """A commit with a key, which nothing leads to but the worktree's own ref `name`."""
    (folder / "own.env").write_text(f"KEY={KEY}\n")
    repository("-C", folder, "add", "-A")
    repository("-C", folder, "commit", "-q", "-m", "own")
    oid = repository("-C", folder, "rev-parse", "HEAD")
    repository("-C", folder, "update-ref", name, oid)
    repository("-C", folder, "reset", "-q", "--hard", "HEAD~1")
    repository("-C", folder, "update-ref", "-d", "ORIG_HEAD")
    return oid


@pytest.mark.parametrize("name", ["refs/worktree/own", "refs/bisect/bad", "refs/rewritten/label"])
def test_a_ref_of_a_linked_worktree_is_rewritten_kept_and_restored(name: str, linked: tuple[Repository, Path]) -> None:
    repository, folder = linked
    only_there(repository, folder, name)
    before = state(repository)

    done = scrubbed(repository)

    assert done.proven
    assert KEY.encode() not in every_object(repository)
    assert repository("-C", folder, "show", f"{name}:own.env").endswith("-REMOVED")
    assert repository("for-each-ref", "refs/keyguard") == ""
    undo(repository.path, backup_of(repository))
    assert state(repository) == before
    assert repository("-C", folder, "show", f"{name}:own.env") == f"KEY={KEY}"


def test_a_clean_ref_of_a_linked_worktree_outlives_the_pruning(linked: tuple[Repository, Path]) -> None:
    repository, folder = linked
    repository("-C", folder, "commit", "-q", "--allow-empty", "-m", "own")
    own = repository("-C", folder, "rev-parse", "HEAD")
    repository("-C", folder, "update-ref", "refs/worktree/own", own)
    repository("-C", folder, "reset", "-q", "--hard", "HEAD~1")
    repository.commit({"a.env": KEY.encode()})

    scrubbed(repository)

    assert repository("-C", folder, "rev-parse", "refs/worktree/own") == own
    assert repository("cat-file", "-t", own) == "commit"


def test_a_key_in_the_name_of_a_ref_of_a_linked_worktree(linked: tuple[Repository, Path]) -> None:
    repository, folder = linked
    repository("-C", folder, "update-ref", f"refs/worktree/{KEY}", "HEAD")
    before = state(repository)

    done = scrubbed(repository)

    assert done.proven
    assert done.plan.counts.renamed_refs == 1
    assert KEY not in repository("-C", folder, "for-each-ref")
    undo(repository.path, backup_of(repository))
    assert state(repository) == before


def test_refs_of_a_linked_worktree_that_moved_since_are_not_moved_back_unasked(
    linked: tuple[Repository, Path],
) -> None:
    repository, folder = linked
    only_there(repository, folder, "refs/worktree/own")
    scrubbed(repository)
    repository("-C", folder, "update-ref", "refs/worktree/own", "HEAD")

    with pytest.raises(Exception, match="refs have moved"):
        undo(repository.path, backup_of(repository))


def test_pseudo_refs_name_what_is_new_and_go_where_nothing_is_left(linked: tuple[Repository, Path]) -> None:
    repository, folder = linked
    gone = only_there(repository, folder, "refs/worktree/own")
    repository("-C", folder, "update-ref", "-d", "refs/worktree/own")
    with_key = repository.commit({"a.env": KEY.encode()})
    clean = repository("rev-parse", "HEAD~1")
    names = {"ORIG_HEAD": with_key, "REBASE_HEAD": clean, "AUTO_MERGE": gone}
    own = repository.git_dir / "worktrees" / "linked"
    for git_dir in (repository.git_dir, own):
        for name, oid in names.items():
            (git_dir / name).write_text(f"{oid}\n")
        (git_dir / "FETCH_HEAD").write_text(f"{with_key}\t\tbranch 'main' of example.com/x\n")
    before = state(repository)

    scrubbed(repository)

    for git_dir in (repository.git_dir, own):
        left = {name: (git_dir / name).read_text() for name in (*names, "FETCH_HEAD") if (git_dir / name).exists()}
        assert left == {"ORIG_HEAD": f"{repository('rev-parse', 'main')}\n", "REBASE_HEAD": f"{clean}\n"}
    undo(repository.path, backup_of(repository))
    assert state(repository) == before
    assert repository("cat-file", "-t", "AUTO_MERGE") == "commit"
