"""A repository that is not whole is not called whole, and an ordinary one is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from keyguard.errors import GitError, NotARepositoryError
from keyguard.git.command import Git
from keyguard.git.odb import compiled
from tests.git import packs
from tests.git.repositories import Repository, with_history
from tests.source.auditing import KEY, audit, only


def whole(path: Path) -> Repository:
    return with_history(Repository(path), commits=6)


def shallow(path: Path) -> Repository:
    origin = whole(path / "origin")
    origin("clone", "-q", "--depth=2", f"file://{origin.path}", path / "clone")
    return Repository(path / "clone")


def partial(path: Path) -> Repository:
    origin = whole(path / "origin")
    origin("config", "uploadpack.allowFilter", "true")
    origin("clone", "-q", "--bare", "--filter=blob:none", f"file://{origin.path}", path / "clone")
    return Repository(path / "clone", "--bare")


def grafted(path: Path) -> Repository:
    repository = whole(path)
    (repository.git_dir / "info" / "grafts").write_text(repository("rev-parse", "main") + "\n")
    return repository


def missing_object(path: Path) -> Repository:
    repository = Repository(path)
    repository.commit({"a": b"one\n", "b": b"two\n"})
    oid = repository("rev-parse", "HEAD:a")
    (repository.objects / oid[:2] / oid[2:]).unlink()
    return repository


def corrupt_loose_object(path: Path) -> Repository:
    repository = Repository(path)
    repository.commit({"a": b"one\n", "b": b"two\n"})
    oid = repository("rev-parse", "HEAD:a")
    file = repository.objects / oid[:2] / oid[2:]
    file.chmod(0o600)
    file.write_bytes(b"garbage")
    return repository


def corrupt_pack_entry(path: Path) -> Repository:
    repository = whole(path)
    repository("repack", "-adfq")
    (pack,) = repository.packs()
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 0xFF
    pack.chmod(0o600)
    pack.write_bytes(content)
    return repository


def truncated_pack(path: Path) -> Repository:
    repository = whole(path)
    repository("repack", "-adfq")
    (pack,) = repository.packs()
    pack.chmod(0o600)
    pack.write_bytes(pack.read_bytes()[:-500])
    return repository


def index_and_pack_damaged(path: Path) -> Repository:
    repository = truncated_pack(path)
    (pack,) = repository.packs()
    index = pack.with_suffix(".idx")
    index.chmod(0o600)
    index.write_bytes(index.read_bytes()[:200])
    return repository


def missing_base(path: Path) -> Repository:
    repository = whole(path)
    packs.write_pack(repository.objects / "pack", [packs.on_id(b"content", b"the base that is not there")])
    return repository


def deltas_in_a_ring(path: Path) -> Repository:
    repository = whole(path)
    ring = [packs.on_id(b"content", b"another"), packs.on_id(b"another", b"content")]
    packs.write_pack(repository.objects / "pack", ring)
    return repository


def unknown_pack_version(path: Path) -> Repository:
    repository = whole(path)
    packs.write_pack(repository.objects / "pack", [packs.whole(b"content")], version=7)
    return repository


def alternate_that_is_gone(path: Path) -> Repository:
    repository = whole(path)
    (repository.objects / "info" / "alternates").write_text("/nowhere/objects\n")
    return repository


BROKEN: list[Callable[[Path], Repository]] = [
    shallow, partial, grafted, missing_object, corrupt_loose_object, corrupt_pack_entry, truncated_pack,
    index_and_pack_damaged, missing_base, deltas_in_a_ring, unknown_pack_version, alternate_that_is_gone,
]  # fmt: skip


@pytest.mark.parametrize("make", BROKEN, ids=lambda make: make.__name__)
def test_what_is_not_whole_is_reported_and_exits_3(make: Callable[[Path], Repository], tmp_path: Path) -> None:
    result = audit(make(tmp_path).path)

    assert result.findings == ()
    assert [entry.what for entry in result.unread]
    assert (result.complete, result.exit_code) == (False, 3)


@pytest.mark.parametrize("make", BROKEN, ids=lambda make: make.__name__)
def test_a_key_beside_the_damage_is_found(make: Callable[[Path], Repository], tmp_path: Path) -> None:
    repository = make(tmp_path)
    repository.blob(KEY.encode())

    result = audit(repository.path)

    assert only(result)
    assert (result.complete, result.exit_code) == (False, 1)


@pytest.mark.parametrize(
    "name",
    ["ab/tmp_obj_AbCdEf", "pack/tmp_pack_AbCdEf", "pack/.tmp-1-pack-ab.pack", "tmp_objdir-incoming-AbCdEf/pack/p.pack"],
)
def test_what_git_did_not_finish_is_told(tmp_path: Path, name: str) -> None:
    repository = with_history(Repository(tmp_path))
    path = repository.objects / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"cut off")

    result = audit(tmp_path)

    assert [(entry.what, entry.count) for entry in result.unread] == [("unfinished files in .git/objects", 1)]
    assert result.exit_code == 3


def test_what_belongs_to_packs_is_no_stray(tmp_path: Path) -> None:
    repository = with_history(Repository(tmp_path), commits=20)
    repository("repack", "-adbq", "--write-midx")
    repository("commit-graph", "write", "--reachable", "--split")
    with_history(repository, commits=3, seed=2)

    result = audit(tmp_path)

    assert result.complete
    assert result.exit_code == 0


def test_a_side_of_a_resolved_conflict_that_is_absent_is_told(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a": b"one\n"})
    mine, theirs = repository("rev-parse", "HEAD:a"), repository.blob(b"theirs\n")
    sides = "".join(f"100644 {oid} {stage}\ta\n" for stage, oid in ((2, mine), (3, theirs)))
    repository("rm", "-q", "--cached", "a")
    repository("update-index", "--index-info", given=sides.encode())
    repository("add", "a")
    assert theirs in repository("ls-files", "--resolve-undo")
    (repository.objects / theirs[:2] / theirs[2:]).unlink()

    assert [unread.what for unread in audit(tmp_path).unread] == ["objects that refs need"]


def test_a_whole_repository_is_complete(tmp_path: Path) -> None:
    result = audit(whole(tmp_path).path)

    assert (result.unread, result.exit_code) == ((), 0)
    assert result.examined.blobs == len(Repository(tmp_path).contents())


def test_an_empty_repository_is_clean_and_says_that_nothing_was_examined(tmp_path: Path) -> None:
    result = audit(Repository(tmp_path).path)

    assert (result.exit_code, result.examined.blobs) == (0, 0)
    assert result.notes


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotARepositoryError):
        audit(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GitError):
        audit(tmp_path / "nowhere")


def test_a_repository_of_somebody_else_is_read(tmp_path: Path) -> None:
    repository = whole(tmp_path)
    repository.blob(KEY.encode())
    for folder, _, files in os.walk(tmp_path):
        for name in (folder, *(os.path.join(folder, file) for file in files)):
            os.chown(name, 12345 if os.geteuid() == 0 else -1, -1)

    assert only(audit(tmp_path))


def test_an_unknown_extension_is_refused_as_git_refuses_it(tmp_path: Path) -> None:
    repository = whole(tmp_path)
    repository("config", "core.repositoryFormatVersion", "1")
    repository("config", "extensions.notYetInvented", "true")

    with pytest.raises(GitError, match="unknown repository extension"):
        audit(tmp_path)


def test_a_partial_clone_is_read_without_fetching(tmp_path: Path) -> None:
    repository = partial(tmp_path)

    audit(repository.path)

    missing = Git(repository.path).run("rev-list", "--objects", "--all", "--missing=print", "--quiet")
    assert missing.count(b"?") > 0


@pytest.mark.parametrize("when", ["read", "attribute"])
def test_an_interrupt_ends_the_audit_and_loses_nothing_that_was_found(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = whole(tmp_path)
    repository.commit({"a.env": KEY.encode()})

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    name = "keyguard.source.repository." + ("search_files" if when == "read" else "RepositoryAudit.attribute")
    monkeypatch.setattr(name, interrupt)

    result = audit(repository.path)

    assert only(result).exposure is None or when == "read"
    assert any("interrupted" in text for text in (*result.notes, *(entry.reason for entry in result.unread)))
    assert result.complete is (when == "attribute")


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85"])
def test_a_ref_may_be_named_with_what_unicode_takes_for_the_end_of_a_line(end: str, tmp_path: Path) -> None:
    repository = whole(tmp_path)
    repository("branch", f"a{end}b")
    repository.commit({"a.env": KEY.encode()})
    repository("branch", f"c{end}d")

    result = audit(tmp_path)

    exposure = only(result).exposure
    assert result.complete
    assert exposure
    assert exposure.refs == (f"refs/heads/c{end}d", "refs/heads/main")


def test_a_reading_without_the_extension_in_c_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = whole(tmp_path)
    monkeypatch.setattr(compiled, "native", None)

    result = audit(repository.path)

    assert result.notes == (
        "Read by Python, since keyguard was installed where no C compiler was: slower, and as complete.",
    )
    assert result.complete
