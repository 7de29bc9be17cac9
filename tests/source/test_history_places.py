"""A key is found in every place of a repository, wherever else nothing is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.git import packs
from tests.git.repositories import Repository
from tests.source.auditing import KEY, audit, only, places


def started(path: Path) -> Repository:
    repository = Repository(path)
    repository.commit({"clean.txt": b"nothing\n"})
    return repository


def in_a_blob(repository: Repository) -> None:
    repository.commit({"a.env": f"# settings\nKEY={KEY}\n".encode()})


def in_a_packed_delta(repository: Repository) -> None:
    lines = [f"line {number} of a file that deltas are made of\n" for number in range(200)]
    repository.commit({"a.env": "".join(lines).encode()})
    repository.commit({"a.env": "".join([*lines[:100], f"KEY={KEY}\n", *lines[100:]]).encode()})
    repository.commit({"a.env": "".join(lines).encode()})
    repository("gc", "-q", "--aggressive", "--prune=now")


def in_a_commit_message(repository: Repository) -> None:
    repository.commit({}, f"a subject\n\nwith {KEY}")


def in_an_author(repository: Repository) -> None:
    repository("commit", "-q", "--allow-empty", "-m", "x", env={"GIT_AUTHOR_NAME": KEY})


def in_a_committer(repository: Repository) -> None:
    repository("commit", "-q", "--allow-empty", "-m", "x", env={"GIT_COMMITTER_EMAIL": f"{KEY}@example.com"})


def in_a_header(repository: Repository) -> None:
    commit = repository.bytes("cat-file", "commit", "HEAD")
    changed = commit.replace(b"\n\n", f"\nnote {KEY}\n\n".encode(), 1)
    repository(
        "update-ref", "refs/heads/main", repository("hash-object", "-t", "commit", "-w", "--stdin", given=changed)
    )


def in_a_tag_message(repository: Repository) -> None:
    repository("tag", "-a", "-m", f"with {KEY}", "v1")


def in_a_tagger(repository: Repository) -> None:
    repository("tag", "-a", "-m", "x", "v1", env={"GIT_COMMITTER_NAME": KEY})


def in_a_tagged_blob(repository: Repository) -> None:
    repository("tag", "v1", repository.blob(KEY.encode()))


def in_a_note(repository: Repository) -> None:
    repository("notes", "add", "-m", KEY, "HEAD")


def in_a_file_name(repository: Repository) -> None:
    repository.commit({f"folder/{KEY}": b""})


def in_a_folder_name(repository: Repository) -> None:
    repository.commit({f"{KEY}/empty": b""})


def in_a_ref_name(repository: Repository) -> None:
    repository("branch", f"with/{KEY}")


def in_a_tag_name(repository: Repository) -> None:
    repository("tag", KEY)


def in_a_packed_ref_name(repository: Repository) -> None:
    in_a_ref_name(repository)
    repository("pack-refs", "--all")


def in_a_reflog_message(repository: Repository) -> None:
    repository("commit", "-q", "--allow-empty", "-m", "x", env={"GIT_REFLOG_ACTION": f"for {KEY}"})
    log = repository.git_dir / "logs" / "HEAD"
    assert KEY in log.read_text()


def in_the_index(repository: Repository) -> None:
    (repository.path / "staged.env").write_text(KEY)
    repository("add", "staged.env")


def in_a_path_of_the_index(repository: Repository) -> None:
    (repository.path / KEY).write_text("")
    repository("add", KEY)


def in_the_index_of_a_linked_worktree(repository: Repository) -> None:
    repository("worktree", "add", "-q", repository.path / "linked", "-b", "linked")
    (repository.path / "linked" / KEY).write_text("")
    repository("-C", repository.path / "linked", "add", KEY)


def in_a_merge_message(repository: Repository) -> None:
    (repository.git_dir / "MERGE_MSG").write_text(f"Merge\n\n{KEY}\n")


def in_a_commit_message_that_was_given_up(repository: Repository) -> None:
    (repository.git_dir / "COMMIT_EDITMSG").write_text(KEY)


def in_the_settings(repository: Repository) -> None:
    repository("config", "remote.origin.url", f"https://user:{KEY}@example.com/x.git")


def in_a_stash(repository: Repository) -> None:
    (repository.path / "clean.txt").write_text(KEY)
    repository("stash", "-q")


def in_an_untracked_file_of_a_stash(repository: Repository) -> None:
    (repository.path / "new.env").write_text(KEY)
    repository("stash", "-q", "-u")


def in_an_amended_commit(repository: Repository) -> None:
    repository.commit({"a.env": KEY.encode()})
    (repository.path / "a.env").unlink()
    repository("commit", "-q", "-a", "--amend", "--allow-empty", "-m", "without")


def in_a_dangling_commit(repository: Repository) -> None:
    in_an_amended_commit(repository)
    repository("reflog", "expire", "--expire=now", "--all")


def in_a_dangling_blob(repository: Repository) -> None:
    repository.blob(KEY.encode())


def in_a_cruft_pack(repository: Repository) -> None:
    in_a_dangling_commit(repository)
    repository("gc", "-q", "--cruft", "--prune=never")
    assert list(repository.objects.glob("pack/*.mtimes"))


def in_an_alternate(repository: Repository) -> None:
    other = Repository(repository.path / "other")
    other.blob(KEY.encode())
    (repository.objects / "info" / "alternates").write_text(f"{other.objects}\n")


def in_a_submodule(repository: Repository) -> None:
    module = Repository(repository.path.parent / "module")
    in_a_blob(module)
    target = repository.git_dir / "modules" / "group" / "module"
    target.parent.mkdir(parents=True)
    module.git_dir.rename(target)


def in_an_lfs_object(repository: Repository) -> None:
    oid = hashlib.sha256(KEY.encode()).hexdigest()
    path = repository.git_dir / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    path.parent.mkdir(parents=True)
    path.write_text(KEY)


def in_a_shared_index_that_nothing_needs(repository: Repository) -> None:
    (repository.git_dir / f"sharedindex.{'ab' * 20}").write_bytes(b"DIRC\0\0\0\2" + bytes(40) + KEY.encode() + bytes(9))


def in_a_ref_that_is_called_like_an_index(repository: Repository) -> None:
    repository("branch", f"sharedindex.{KEY}")


def in_the_log_of_a_ref_called_index(repository: Repository) -> None:
    repository("branch", "index")
    repository("update-ref", "-m", KEY, "--create-reflog", "refs/heads/index", repository.commit({"more": b"x\n"}))


def in_a_hook_called_index(repository: Repository) -> None:
    (repository.git_dir / "hooks").mkdir(exist_ok=True)
    (repository.git_dir / "hooks" / "index").write_text(f"export KEY={KEY}\n")


def in_a_note_among_the_objects(repository: Repository) -> None:
    (repository.objects / "info").mkdir(exist_ok=True)
    (repository.objects / "info" / "note").write_text(KEY)


def in_what_says_why_a_pack_is_kept(repository: Repository) -> None:
    repository("repack", "-adq")
    (pack,) = repository.packs()
    pack.with_suffix(".keep").write_text(f"fetched from https://user:{KEY}@example.com")


def in_a_file_between_submodules(repository: Repository) -> None:
    (repository.git_dir / "modules" / "a").mkdir(parents=True)
    (repository.git_dir / "modules" / "a" / "note").write_text(KEY)


def in_a_pack_without_an_index(repository: Repository) -> None:
    packs.write_pack(repository.objects / "pack", [packs.whole(f"KEY={KEY}".encode())]).with_suffix(".idx").unlink()


PLACES: list[Callable[[Repository], None]] = [
    in_a_blob, in_a_packed_delta, in_a_commit_message, in_an_author, in_a_committer, in_a_header, in_a_tag_message,
    in_a_tagger, in_a_tagged_blob, in_a_note, in_a_file_name, in_a_folder_name, in_a_ref_name, in_a_tag_name,
    in_a_packed_ref_name, in_a_reflog_message, in_the_index, in_a_path_of_the_index,
    in_the_index_of_a_linked_worktree, in_a_merge_message, in_a_commit_message_that_was_given_up, in_the_settings,
    in_a_stash, in_an_untracked_file_of_a_stash, in_an_amended_commit, in_a_dangling_commit, in_a_dangling_blob,
    in_a_shared_index_that_nothing_needs, in_a_ref_that_is_called_like_an_index, in_the_log_of_a_ref_called_index,
    in_a_hook_called_index, in_a_note_among_the_objects, in_what_says_why_a_pack_is_kept, in_a_file_between_submodules,
    in_a_cruft_pack, in_an_alternate, in_a_submodule, in_an_lfs_object, in_a_pack_without_an_index,
]  # fmt: skip


@pytest.mark.parametrize("put", PLACES, ids=lambda put: put.__name__)
def test_a_key_is_found(put: Callable[[Repository], None], tmp_path: Path) -> None:
    repository = started(tmp_path / "repository")
    put(repository)

    result = audit(repository.path)

    assert only(result).locations
    assert result.exit_code == 1


def test_a_key_is_found_in_a_bare_repository_and_from_below_a_worktree(tmp_path: Path) -> None:
    repository = started(tmp_path / "repository")
    in_a_blob(repository)
    repository("clone", "-q", "--bare", ".", tmp_path / "bare.git")
    (repository.path / "below").mkdir()

    assert only(audit(tmp_path / "bare.git"))
    assert only(audit(repository.path / "below"))


def test_nothing_is_found_once_git_has_removed_it(tmp_path: Path) -> None:
    repository = started(tmp_path)
    in_a_dangling_commit(repository)
    repository("gc", "-q", "--prune=now")

    result = audit(repository.path)

    assert result.findings == ()
    assert result.exit_code == 0


def test_one_key_in_two_repositories_is_one_finding_with_both_places(tmp_path: Path) -> None:
    first, second = started(tmp_path / "first"), started(tmp_path / "second")
    in_a_blob(first)
    in_a_blob(second)

    finding = only(audit(first.path, second.path))

    assert {place.path for place in finding.locations} == {str(first.path / "a.env"), str(second.path / "a.env")}


def test_a_key_in_an_empty_file_s_name_is_placed_by_its_whole_path(tmp_path: Path) -> None:
    repository = started(tmp_path)
    in_a_file_name(repository)

    finding = only(audit(repository.path))

    ((kind, path, _, commit),) = places(finding)
    assert (kind, commit) == ("path", repository("rev-parse", "HEAD"))
    assert path is not None and path.startswith("folder/") and KEY not in path
