"""What the user may not read in a repository is reported, and everything else is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from keyguard.errors import GitError
from tests.git.repositories import Repository
from tests.source.auditing import KEY, audit, only


@pytest.fixture
def imported(tmp_path: Path) -> None:
    """All that an audit imports is imported while it may be."""
    with_a_key(tmp_path)("repack", "-q")
    audit(tmp_path)


@pytest.fixture
def repository(imported: None, nobodys: Path) -> Repository:
    """Two packs, loose objects, packed and loose refs, a submodule's repository and an LFS object."""
    made = with_a_key(nobodys / "repository")
    made.commit({"a.txt": b"one\n" * 99})
    made("repack", "-d", "-q")
    made.commit({"a.txt": b"one\n" * 99 + b"two\n"})
    made("repack", "-d", "-q")
    made("pack-refs", "--all")
    made.commit({"b.txt": b"three\n"})
    module = Repository(nobodys / "module")
    module.commit({"c.txt": b"four\n"})
    (made.git_dir / "modules").mkdir()
    module.git_dir.rename(made.git_dir / "modules" / "inner")
    lfs = made.git_dir / "lfs" / "objects" / "ab" / "cd"
    lfs.mkdir(parents=True)
    (lfs / ("abcd" * 16)).write_text("five\n")
    return made


def with_a_key(path: Path) -> Repository:
    repository = Repository(path)
    repository.blob(KEY.encode())
    return repository


def a_pack(repository: Repository) -> Path:
    return repository.packs()[0]


def an_index_of_a_pack(repository: Repository) -> Path:
    # git can make another one, where the pack may be read.
    repository.packs()[0].chmod(0)
    return repository.packs()[0].with_suffix(".idx")


def the_folder_of_packs(repository: Repository) -> Path:
    return repository.objects / "pack"


def a_loose_object(repository: Repository) -> Path:
    oid = repository("rev-parse", "HEAD:b.txt")
    return repository.objects / oid[:2] / oid[2:]


def a_folder_of_loose_objects(repository: Repository) -> Path:
    return a_loose_object(repository).parent


def the_packed_refs(repository: Repository) -> Path:
    return repository.git_dir / "packed-refs"


def a_ref(repository: Repository) -> Path:
    return repository.git_dir / "refs" / "heads" / "main"


def a_folder_of_refs(repository: Repository) -> Path:
    return a_ref(repository).parent


def a_reflog(repository: Repository) -> Path:
    return repository.git_dir / "logs" / "HEAD"


def the_reflogs(repository: Repository) -> Path:
    return repository.git_dir / "logs"


def the_index(repository: Repository) -> Path:
    return repository.git_dir / "index"


def the_info_folder(repository: Repository) -> Path:
    return repository.git_dir / "info"


def the_folder_of_alternates(repository: Repository) -> Path:
    (repository.objects / "info" / "alternates").write_text("")
    return repository.objects / "info"


def the_linked_worktrees(repository: Repository) -> Path:
    repository("worktree", "add", "-q", repository.path / "linked")
    return repository.git_dir / "worktrees"


def a_submodule_s_repository(repository: Repository) -> Path:
    return repository.git_dir / "modules" / "inner"


def a_submodule_s_objects(repository: Repository) -> Path:
    return repository.git_dir / "modules" / "inner" / "objects"


def the_submodules(repository: Repository) -> Path:
    return repository.git_dir / "modules"


def an_lfs_object(repository: Repository) -> Path:
    return next((repository.git_dir / "lfs").rglob("abcd*"))


def a_folder_of_lfs_objects(repository: Repository) -> Path:
    return repository.git_dir / "lfs" / "objects"


FILES: list[Callable[[Repository], Path]] = [
    a_pack, an_index_of_a_pack, a_loose_object, the_packed_refs, a_ref, a_reflog, the_index, an_lfs_object,
]  # fmt: skip

FOLDERS: list[Callable[[Repository], Path]] = [
    the_folder_of_packs, a_folder_of_loose_objects, a_folder_of_refs, the_reflogs, the_info_folder,
    the_folder_of_alternates, the_linked_worktrees, a_submodule_s_repository, a_submodule_s_objects, the_submodules,
    a_folder_of_lfs_objects,
]  # fmt: skip

CLOSED = [*FILES, *FOLDERS]

# A folder may also be one that can be listed and not be entered.
MODES = [*((what, 0) for what in CLOSED), *((what, 0o444) for what in FOLDERS)]


@pytest.mark.parametrize(("what", "mode"), MODES, ids=lambda value: value.__name__ if callable(value) else oct(value))
def test_what_may_not_be_read_is_reported_and_all_else_is_read(
    what: Callable[[Repository], Path], mode: int, repository: Repository
) -> None:
    closed = what(repository)
    readable = audit(repository.path)
    closed.chmod(mode)

    result = audit(repository.path)

    # What the closed thing holds may have been read another way: a folder's list of files is one of these.
    assert readable.complete or what is an_index_of_a_pack
    assert only(result)
    assert (result.complete, result.exit_code) == (False, 1)
    assert result.unread


@pytest.mark.parametrize("what", CLOSED, ids=lambda what: what.__name__)
def test_where_nothing_is_found_beside_it_the_scan_is_incomplete(
    what: Callable[[Repository], Path], repository: Repository
) -> None:
    oid = repository("hash-object", "--stdin", given=KEY.encode())
    (repository.objects / oid[:2] / oid[2:]).unlink()
    what(repository).chmod(0)

    result = audit(repository.path)

    assert (result.findings, result.exit_code) == ((), 3)


def test_an_index_of_a_pack_is_made_anew_where_the_pack_may_be_read(repository: Repository) -> None:
    whole = audit(repository.path)
    repository.packs()[0].with_suffix(".idx").chmod(0)

    result = audit(repository.path)

    assert result.examined == whole.examined


@pytest.mark.parametrize("name", ["HEAD", "config", "objects", "refs"])
def test_a_repository_that_git_cannot_open_is_never_clean(name: str, repository: Repository) -> None:
    (repository.git_dir / name).chmod(0)

    try:
        result = audit(repository.path)
    except GitError:
        return
    assert not result.complete
