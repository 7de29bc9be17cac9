"""Submodules are scrubbed each by itself, and the repository around one is told what it has to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Call
from tests.git.repositories import Repository
from tests.keys import Keys
from tests.scrub.scrubbing import every_object, state

KEYS = Keys("submodules")
INNER, OUTER = KEYS.modern(number=1), KEYS.modern(number=2)


def there(path: Path) -> Repository:
    """A repository that exists already."""
    repository = object.__new__(Repository)
    repository.path = path
    return repository


@pytest.fixture
def both(tmp_path: Path) -> tuple[Repository, Repository]:
    """A repository with a submodule, `libs/sub`: each holds a key of its own."""
    source = Repository(tmp_path / "source")
    source.commit({"a.txt": b"a\n"}, "clean")
    source.commit({"a.env": f"KEY={INNER}\n".encode()}, "with a key")
    outer = Repository(tmp_path / "outer")
    outer.commit({"b.txt": b"b\n"})
    outer("-c", "protocol.file.allow=always", "submodule", "add", "-q", source.path, "libs/sub")
    outer.commit({"b.env": f"KEY={OUTER}\n".encode()}, "submodule and a key")
    shutil.rmtree(source.path)
    return outer, there(outer.path / "libs" / "sub")


def test_a_submodule_is_scrubbed_in_its_folder_and_undone(
    both: tuple[Repository, Repository], keyguard: Call, tmp_path: Path
) -> None:
    outer, inner = both
    before, around = state(inner), (state(outer), every_object(outer))

    ran = keyguard("scrub", "--apply", "--yes", cwd=inner.path)

    assert ran.code == 0, ran.err
    assert INNER.encode() not in every_object(inner)
    assert "-REMOVED" in (inner.path / "a.env").read_text()
    assert inner("status", "--porcelain") == ""
    assert f"{outer.path} has this repository as a submodule, libs/sub, and names 1 of the rewritten" in ran.out
    assert f"git -C {outer.path} add libs/sub" in ran.out
    (backup,) = tmp_path.glob("sub.keyguard-*.bundle")

    undone = keyguard("scrub", "--undo", str(backup), cwd=inner.path)

    assert undone.code == 0, undone.err
    assert (state(inner), (state(outer), every_object(outer))) == (before, around)


def test_of_its_submodules_a_scrub_claims_nothing_and_says_how_to_scrub_them(
    both: tuple[Repository, Repository], keyguard: Call
) -> None:
    outer, inner = both
    before = state(inner)

    ran = keyguard("scrub", "--apply", "--yes", cwd=outer.path)

    assert ran.code == 1, ran.err
    store = outer.git_dir / "modules" / "libs" / "sub"
    told = f"{store}: 1 key in it, and nothing is proven of it; scrub it by `keyguard scrub {inner.path}`"
    plan, done = ran.out.split("Scrubbed and proven")
    assert f"submodule repository {told}" in plan
    assert f"Submodules are scrubbed each by itself:\n  {told}" in done
    assert OUTER.encode() not in every_object(outer)
    assert (state(inner), INNER.encode() in every_object(inner)) == (before, True)


def test_keys_in_submodules_alone_are_told_of_until_they_are_gone(tmp_path: Path, keyguard: Call) -> None:
    source = Repository(tmp_path / "source")
    source.commit({"a.env": f"KEY={INNER}\n".encode()})
    outer = Repository(tmp_path / "outer")
    outer("-c", "protocol.file.allow=always", "submodule", "add", "-q", source.path, "sub")
    outer.commit({}, "a submodule")
    store = outer.git_dir / "modules" / "sub"

    for options in ((), ("--apply", "--yes")):
        ran = keyguard("scrub", *options, cwd=outer.path)

        assert ran.code == 1
        assert "No keys found here" in ran.out
        assert f"{store}: 1 key in it" in ran.out
        assert f"`keyguard scrub {outer.path / 'sub'}`" in ran.out
    listed = keyguard("scrub", "--format", "json", cwd=outer.path).report["submodules"]
    assert listed == [{"path": str(store), "keys": 1, "complete": True}]
    assert keyguard("scrub", "--apply", "--yes", str(outer.path / "sub")).code == 0
    assert keyguard("scrub", cwd=outer.path).out == "No keys found: there is nothing to scrub.\n"


def test_a_submodule_that_cannot_be_read_is_no_clean_one(tmp_path: Path, keyguard: Call) -> None:
    outer = Repository(tmp_path / "outer")
    outer.commit({"b.txt": b"b\n"})
    inner = Repository(tmp_path / "inner", "--bare")
    shutil.move(inner.path, outer.git_dir / "modules" / "sub")
    (outer.git_dir / "modules" / "sub" / "config").write_text("[core]\n\trepositoryformatversion = 99\n")

    ran = keyguard("scrub", cwd=outer.path)

    assert ran.code == 3
    assert "not all of which could be looked at" in ran.out


def test_a_submodule_that_is_not_checked_out_is_scrubbed_where_its_repository_lies(
    both: tuple[Repository, Repository], keyguard: Call, tmp_path: Path
) -> None:
    outer, _ = both
    outer("submodule", "deinit", "-q", "--all")
    store = there(outer.git_dir / "modules" / "libs" / "sub")

    ran = keyguard("scrub", "--apply", "--yes", str(store.path))

    assert ran.code == 0, ran.err
    assert INNER.encode() not in every_object(store)
    assert len(list(tmp_path.glob("*.bundle"))) == 1


def test_a_backup_in_the_repository_around_is_refused(both: tuple[Repository, Repository], keyguard: Call) -> None:
    outer, inner = both

    ran = keyguard("scrub", "--apply", "--yes", "--backup", str(outer.path / "x.bundle"), cwd=inner.path)

    assert (ran.code, "outside the repository" in ran.err) == (2, True)


def test_a_repository_beside_its_files_is_scrubbed_from_its_files_alone(tmp_path: Path, keyguard: Call) -> None:
    files = Repository(tmp_path / "files", f"--separate-git-dir={tmp_path / 'store.git'}")
    files.commit({"a.env": INNER.encode()})
    before = state(files)

    refused = keyguard("scrub", "--apply", "--yes", cwd=tmp_path / "store.git")
    ran = keyguard("scrub", "--apply", "--yes", "--backup", str(tmp_path / "kept.bundle"), cwd=files.path)

    assert (refused.code, "run keyguard in the folder with its files" in refused.err) == (2, True)
    assert ran.code == 0, ran.err
    assert files("status", "--porcelain") == ""
    assert INNER not in (files.path / "a.env").read_text()
    assert keyguard("scrub", "--undo", str(tmp_path / "kept.bundle"), cwd=files.path).code == 0
    assert state(files) == before
