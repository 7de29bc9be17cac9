"""The reader, held against `git cat-file --batch-all-objects`, object by object."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from keyguard.errors import PatternError
from keyguard.git.command import Git
from keyguard.git.odb import loose as loose_files
from keyguard.git.odb import objects, reader, shares, walk
from keyguard.git.odb.batch import Batch
from keyguard.git.odb.store import find_store
from tests.git import packs
from tests.git.reading import Everything, collected, read_everything
from tests.git.repositories import Repository, with_history

pytestmark = pytest.mark.usefixtures("in_c_and_in_python")


def loose(path: Path) -> Repository:
    repository = Repository(path)
    for number in range(12):
        repository.commit({f"file-{number % 3}": b"line\n" * number}, f"number {number}")
    return repository


def packed(path: Path) -> Repository:
    repository = with_history(Repository(path))
    repository("repack", "-adfq")
    return repository


def aggressive(path: Path) -> Repository:
    repository = with_history(Repository(path), commits=150)
    repository("gc", "-q", "--aggressive", "--prune=now")
    return repository


def deep(path: Path) -> Repository:
    repository = with_history(Repository(path), commits=320)
    repository("repack", "-adfq", "--depth=250", "--window=60")
    return repository


def several_packs(path: Path) -> Repository:
    repository = Repository(path)
    for seed in (1, 2, 3):
        with_history(repository, seed=seed, commits=20)
        repository("repack", "-dq")
    return repository


def mixed(path: Path) -> Repository:
    repository = packed(path)
    repository("reset", "-q", "--hard", "main")
    repository.commit({"later.txt": b"loose\n"})
    repository.blob(b"nothing refers to this")
    repository.blob(b"")
    return repository


def same_object_in_two_packs(path: Path) -> Repository:
    repository = packed(path)
    first = repository.packs()[0]
    kept = [shutil.copy(first.with_suffix(end), path / first.with_suffix(end).name) for end in (".pack", ".idx")]
    with_history(repository, seed=2, commits=5)
    repository("repack", "-adfq")
    for file in kept:
        shutil.move(file, repository.objects / "pack")
    return repository


def also_loose(path: Path) -> Repository:
    repository = mixed(path)
    kept = {file: file.read_bytes() for file in repository.objects.glob("??/*")}
    repository("gc", "-q", "--prune=now")
    for file, content in kept.items():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
    return repository


def cruft(path: Path) -> Repository:
    repository = packed(path)
    repository("reset", "-q", "--hard", "main")
    repository.commit({"gone.txt": b"amended away\n"})
    repository("reset", "-q", "--hard", "main~3")
    repository("reflog", "expire", "--expire=now", "--all")
    repository("gc", "-q", "--cruft", "--prune=never")
    assert list(repository.objects.glob("pack/*.mtimes"))
    return repository


def kept_and_promised(path: Path) -> Repository:
    repository = several_packs(path)
    first, second, *_ = repository.packs()
    first.with_suffix(".keep").touch()
    second.with_suffix(".promisor").touch()
    return repository


def old_index(path: Path) -> Repository:
    repository = packed(path)
    (pack,) = repository.packs()
    pack.with_suffix(".idx").unlink()
    repository("index-pack", "--index-version=1", pack)
    return repository


def far_offsets(path: Path) -> Repository:
    repository = packed(path)
    (pack,) = repository.packs()
    pack.with_suffix(".idx").unlink()
    repository("index-pack", "--index-version=2,0x40", pack)
    return repository


def many_indexes(path: Path) -> Repository:
    repository = several_packs(path)
    repository("multi-pack-index", "write")
    return repository


def sha256(path: Path) -> Repository:
    repository = with_history(Repository(path, "--object-format=sha256"))
    repository("repack", "-adfq")
    repository.blob(b"loose")
    return repository


def bare(path: Path) -> Repository:
    repository = with_history(Repository(path, "--bare"))
    repository("repack", "-adfq")
    return repository


def deltas_by_id(path: Path) -> Repository:
    repository = with_history(Repository(path))
    repository("repack", "-adfq")
    given = repository.bytes("rev-list", "--objects", "--all", "--no-object-names")
    written = repository.bytes("pack-objects", "--stdout", "--no-reuse-delta", "-q", given=given)
    shutil.rmtree(repository.objects / "pack")
    (repository.objects / "pack").mkdir()
    pack = repository.objects / "pack" / "pack-by-id.pack"
    pack.write_bytes(written)
    repository("index-pack", pack)
    return repository


def base_comes_later(path: Path) -> Repository:
    repository = Repository(path)
    base = b"the base\n" * 40
    middle = base + b"more\n"
    entries = [packs.on_id(middle + b"most\n", middle), packs.on_id(middle, base), packs.whole(base)]
    packs.write_pack(repository.objects / "pack", entries)
    return repository


def pack_of_version_3(path: Path) -> Repository:
    repository = Repository(path)
    packs.write_pack(repository.objects / "pack", [packs.whole(b"content"), packs.whole(b"")], version=3)
    return repository


def alternates(path: Path) -> Repository:
    second = mixed(path / "second")
    repository = Repository(path / "first")
    third = loose(path / "third")
    repository.commit({"own.txt": b"own\n"})
    (repository.objects / "info" / "alternates").write_text("# a comment\n../../../second/.git/objects\n")
    (second.objects / "info" / "alternates").write_text(f'"{third.objects}"\n')
    return repository


def empty(path: Path) -> Repository:
    return Repository(path)


def with_long_lines_and_zeros(path: Path) -> Repository:
    repository = Repository(path)
    repository.commit({"zeros": bytes(300_000), "noise": os.urandom(200_000)})
    repository.commit({"zeros": bytes(300_000) + b"1", "noise": os.urandom(200_000)})
    repository("repack", "-adfq")
    repository.blob(os.urandom(150_000))
    return repository


BASE = b"the base\n" * 40

KINDS: list[Callable[[Path], Repository]] = [
    loose, packed, aggressive, deep, several_packs, mixed, same_object_in_two_packs, also_loose, cruft,
    kept_and_promised, old_index, far_offsets, many_indexes, sha256, bare, deltas_by_id,
    base_comes_later, pack_of_version_3, alternates, empty,
    with_long_lines_and_zeros,
]  # fmt: skip


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_every_object_comes_once_and_is_what_git_gives(make: Callable[[Path], Repository], tmp_path: Path) -> None:
    repository = make(tmp_path)

    result = read_everything(repository)

    assert result.contents == repository.contents()
    assert set(result.times.values()) <= {1}
    assert (result.lost, result.unread) == ({}, [])
    assert result.objects == len(result.contents)


def test_several_processes_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = mixed(tmp_path)
    monkeypatch.setattr(shares, "ALONE", 0)
    monkeypatch.setattr(shares, "LEAST", 0)

    result = read_everything(repository, jobs=3)

    assert result.contents == repository.contents()
    assert (result.lost, result.unread) == ({}, [])


def test_without_numpy_git_gives_the_objects_and_the_reading_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = mixed(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    git = Git(repository.path)

    reading = reader.read(git, find_store(git), Everything, 2)

    assert "git cat-file" in reading.way
    assert collected(reading).contents == repository.contents()


def test_a_pack_without_an_index_is_indexed_aside_and_read(tmp_path: Path) -> None:
    repository = packed(tmp_path)
    contents = repository.contents()
    (pack,) = repository.packs()
    pack.with_suffix(".idx").unlink()

    result = read_everything(repository)

    assert result.contents == contents
    assert not pack.with_suffix(".idx").exists()


def test_a_base_in_another_pack_is_found_there(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    base, more, most = BASE, BASE + b"more\n", BASE + b"more\nmost\n"
    packs.write_pack(repository.objects / "pack", [packs.whole(base)])
    packs.write_pack(repository.objects / "pack", [packs.on_id(more, base), packs.on_offset(most, more)])

    result = read_everything(repository)

    assert sorted(data for _, data in result.contents.values()) == [base, more, most]
    assert (result.lost, result.unread) == ({}, [])


def test_a_base_among_the_loose_objects_is_found_there(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.blob(BASE)
    packs.write_pack(repository.objects / "pack", [packs.on_id(BASE + b"more\n", BASE)])

    result = read_everything(repository)

    assert sorted(data for _, data in result.contents.values()) == [BASE, BASE + b"more\n"]


@pytest.mark.parametrize("kept", ["packed", "loose", "base of a delta"])
def test_a_big_blob_comes_in_pieces(kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "STREAM_LIMIT", 1 << 20)
    monkeypatch.setattr(walk, "STREAM_LIMIT", 1 << 20)
    monkeypatch.setattr(loose_files, "STREAM_LIMIT", 1 << 20)
    monkeypatch.setattr(loose_files, "SHORT", 1 << 10)
    repository = Repository(tmp_path)
    content = b"".join(b"line %d\n" % number for number in range(400_000))
    repository.commit({"big": content})
    if kept == "base of a delta":
        repository.commit({"big": content + b"another line\n"})
    if kept != "loose":
        repository("repack", "-adfq")

    result = read_everything(repository)

    assert result.contents == repository.contents()


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_the_examiner_raises_comes_through(jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = packed(tmp_path)
    monkeypatch.setattr(shares, "ALONE", 0)
    monkeypatch.setattr(shares, "LEAST", 0)
    git = Git(repository.path)

    with pytest.raises(PatternError):
        list(reader.read(git, find_store(git), Refusing, jobs).harvests)


class Refusing(Everything):
    def several(self, batch: Batch) -> tuple[list[tuple[int, bytes]], set[int]]:
        raise PatternError("no")


def test_an_object_that_ends_its_process_is_lost_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = packed(tmp_path)
    fatal = repository.blob(b"fatal")
    monkeypatch.setattr(shares, "ALONE", 0)
    monkeypatch.setattr(shares, "LEAST", 0)
    git = Git(repository.path)

    result = collected(reader.read(git, find_store(git), Mortal, 2))

    contents = repository.contents()
    assert fatal in result.lost
    assert result.contents == {oid: contents[oid] for oid in contents if oid not in result.lost}


class Mortal(Everything):
    def several(self, batch: Batch) -> tuple[list[tuple[int, bytes]], set[int]]:
        if b"fatal" in batch.contents():
            os._exit(1)
        return super().several(batch)
