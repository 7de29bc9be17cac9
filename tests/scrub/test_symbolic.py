"""Refs and heads that name a ref which is not there, with a key in the name: what becomes of it is a ref's name too."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyguard.scrub.act import Done
from keyguard.scrub.undo import undo
from tests.git.repositories import Repository
from tests.keys import Keys
from tests.scrub.scrubbing import backup_of, every_file, scrubbed, state

KEY = Keys("symbolic").modern()


@pytest.fixture
def clean(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a": b"a"})
    return repository


def nowhere(repository: Repository) -> list[str]:
    """The files of the repository's folder that hold the key, or bear it."""
    return [name for name, data in every_file(repository).items() if KEY in name or KEY.encode() in data]


def legal(repository: Repository, name: str) -> str:
    """What a ref names, which git has to take for a ref's name."""
    target = repository("symbolic-ref", name)
    repository("check-ref-format", target)
    return target


def only_not_there(repository: Repository, done: Done) -> bool:
    """Whether nothing keeps the scrub from being proven but that git minds any ref to what is not there."""
    return done.proven or (done.left.result.complete and not done.left.result.findings and not done.sound)


@pytest.mark.parametrize("name", ["refs/heads/other", "refs/remotes/origin/HEAD"])
def test_a_ref_that_names_a_key_gets_another_that_is_legal(name: str, clean: Repository) -> None:
    repository = clean
    repository("symbolic-ref", name, f"refs/heads/{KEY}")
    before, files = state(repository), every_file(repository)

    done = scrubbed(repository)

    assert legal(repository, name).startswith("refs/heads/sk_proj_")
    assert (nowhere(repository), only_not_there(repository, done)) == ([], True)
    undo(repository.path, backup_of(repository))
    assert (state(repository), every_file(repository)[name]) == (before, files[name])


def test_a_ref_to_what_is_not_there_is_renamed_where_it_bears_a_key_itself(clean: Repository) -> None:
    repository = clean
    repository("symbolic-ref", f"refs/heads/{KEY}", "refs/heads/absent")

    done = scrubbed(repository)

    assert (nowhere(repository), only_not_there(repository, done)) == ([], True)
    new = done.rewritten.ref_names[f"refs/heads/{KEY}"]
    assert legal(repository, new) == "refs/heads/absent"
    undo(repository.path, backup_of(repository))
    assert repository("symbolic-ref", f"refs/heads/{KEY}") == "refs/heads/absent"
    assert not (repository.git_dir / new).exists()


@pytest.mark.parametrize("linked", [False, True])
def test_a_head_that_is_not_born_is_renamed_with_its_settings(linked: bool, clean: Repository, tmp_path: Path) -> None:
    repository, folder = clean, tmp_path / "linked" if linked else clean.path
    if linked:
        repository("worktree", "add", "-q", "--detach", folder)
    repository("-C", folder, "symbolic-ref", "HEAD", f"refs/heads/{KEY}")
    repository("-C", folder, "rm", "-q", "--cached", "a")
    repository("config", f"branch.{KEY}.remote", "origin")
    before = state(repository)

    done = scrubbed(repository)

    head = repository("-C", folder, "symbolic-ref", "HEAD").removeprefix("refs/heads/")
    assert (done.proven, nowhere(repository)) == (True, [])
    assert repository("config", f"branch.{head}.remote") == "origin"
    undo(repository.path, backup_of(repository))
    assert state(repository) == before


def test_a_ref_of_one_worktree_that_names_a_key_stays_legal(clean: Repository, tmp_path: Path) -> None:
    repository, folder = clean, tmp_path / "linked"
    repository("worktree", "add", "-q", "--detach", folder)
    repository("-C", folder, "symbolic-ref", "refs/worktree/own", f"refs/heads/{KEY}")

    done = scrubbed(repository)

    target = repository("-C", folder, "symbolic-ref", "refs/worktree/own")
    repository("check-ref-format", target)
    assert (nowhere(repository), only_not_there(repository, done)) == ([], True)
