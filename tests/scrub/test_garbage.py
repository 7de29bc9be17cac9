"""What git has left that nothing uses: a scrub that says no key is left has removed it, and nothing that is used."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from tests.git.repositories import Repository
from tests.keys import Keys
from tests.scrub.scrubbing import scrubbed

KEYS = Keys("garbage")
KEY, OTHER = KEYS.modern(number=1), KEYS.modern(number=2)


@pytest.fixture
def leaky(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a.env": f"KEY={KEY}\n".encode()})
    return repository


def shared(folder: Path) -> list[Path]:
    return sorted(folder.glob("sharedindex.*"))


@pytest.mark.parametrize(
    "name",
    [
        "pack/.tmp-123-pack-abc.pack",
        "pack/tmp_pack_AbCdEf",
        "tmp_obj_AbCdEf",
        "ab/tmp_obj_AbCdEf",
        "incoming-AbCdEf/pack/pack-1.pack",
        "tmp_objdir-incoming-AbCdEf/ab/cdef",
    ],
)
def test_what_a_git_was_writing_that_was_cut_off_is_removed(name: str, leaky: Repository) -> None:
    path = leaky.objects / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zlib.compress(f"blob {len(OTHER)}\0{OTHER}".encode()))

    done = scrubbed(leaky)

    assert (done.proven, path.exists()) == (True, False)
    top = leaky.objects / Path(name).parts[0]
    assert not top.exists() or len(top.name) < len("incoming")
    assert leaky("fsck", "--full") == ""


def test_a_link_among_it_is_removed_and_not_what_it_leads_to(leaky: Repository, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept").touch()
    (leaky.objects / "incoming-AbCdEf").symlink_to(tmp_path / "mine")

    scrubbed(leaky)

    assert not (leaky.objects / "incoming-AbCdEf").is_symlink()
    assert (tmp_path / "mine" / "kept").exists()


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("renamed", [False, True])
def test_no_shared_index_holds_a_path_with_a_key(
    renamed: bool, linked: bool, leaky: Repository, tmp_path: Path
) -> None:
    """Neither one that was left when the path was renamed, nor one that an index still stands on."""
    repository, folder = leaky, tmp_path / "linked" if linked else leaky.path
    repository("config", "core.splitIndex", "true")
    if linked:
        repository("worktree", "add", "-q", "-b", "other", folder)
    (folder / OTHER).write_text("x")
    (folder / "kept").write_text("y")
    repository("-C", folder, "add", "-A")
    repository("-C", folder, "commit", "-q", "-m", "a key in a path")
    repository("-C", folder, "update-index", "--split-index")
    git_dir = Path(repository("-C", folder, "rev-parse", "--absolute-git-dir"))
    assert any(OTHER.encode() in path.read_bytes() for path in shared(git_dir))
    if renamed:
        repository("-C", folder, "mv", OTHER, "new")
        repository("-C", folder, "commit", "-q", "-m", "renamed")
        repository("-C", folder, "update-index", "--split-index")

    done = scrubbed(repository)

    assert done.proven
    assert [path for path in shared(git_dir) if OTHER.encode() in path.read_bytes()] == []
    assert repository("-C", folder, "status", "--porcelain") == ""
    in_use = repository("-C", folder, "rev-parse", "--shared-index-path")
    assert [path.name for path in shared(git_dir)] == [Path(in_use).name]
    assert "kept" in repository("-C", folder, "ls-files").split()


def test_a_shared_index_that_another_index_stands_on_stays(leaky: Repository) -> None:
    repository = leaky
    mine = {"GIT_INDEX_FILE": str(repository.git_dir / "index.mine")}
    repository("read-tree", "HEAD", env=mine)
    repository("update-index", "--split-index", env=mine)
    before = repository("ls-files", env=mine)
    (git_dir,) = {path.parent for path in shared(repository.git_dir)}

    scrubbed(repository)

    assert (git_dir, len(shared(git_dir))) == (repository.git_dir, 1)
    assert repository("ls-files", env=mine) == before


def test_an_index_that_is_whole_is_not_split(leaky: Repository) -> None:
    (leaky.git_dir / f"sharedindex.{'1' * 40}").write_text(OTHER)
    (leaky.git_dir / "sharedindex.odd").write_text(OTHER)

    scrubbed(leaky)

    assert shared(leaky.git_dir) == []
    assert leaky("rev-parse", "--shared-index-path") == ""
