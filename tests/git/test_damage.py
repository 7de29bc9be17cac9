"""Damage is reported, and takes nothing along that is not damaged itself."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyguard.errors import DamagedError
from keyguard.git.odb.idx import read_index
from keyguard.git.odb.loose import examine_loose
from keyguard.git.odb.walk import Walk, read_pack
from tests.git import packs
from tests.git.reading import Everything, read_everything
from tests.git.repositories import Repository, with_history

BASE = b"the base\n" * 40
MORE = BASE + b"more\n"
MOST = MORE + b"most\n"
OTHER = b"another content\n" * 5


def repository_with(path: Path, *entries: packs.Entry, damaged: Callable[[bytes], bytes] = bytes) -> Repository:
    repository = Repository(path)
    packs.write_pack(repository.objects / "pack", list(entries), damaged)
    return repository


@pytest.mark.usefixtures("in_c_and_in_python")
def test_a_delta_without_its_base_is_lost_with_what_stands_on_it(tmp_path: Path) -> None:
    entries = [packs.on_id(MORE, BASE), packs.on_offset(MOST, MORE), packs.whole(OTHER)]

    result = read_everything(repository_with(tmp_path, *entries))

    assert set(result.lost) == {packs.oid_of(MORE), packs.oid_of(MOST)}
    assert result.contents == {packs.oid_of(OTHER): ("blob", OTHER)}


def test_deltas_that_stand_on_each_other_are_lost(tmp_path: Path) -> None:
    ring = [packs.on_id(MORE, BASE), packs.on_id(BASE, MORE), packs.on_offset(MOST, MORE)]

    result = read_everything(repository_with(tmp_path, *ring, packs.whole(OTHER)))

    assert set(result.lost) == {packs.oid_of(content) for content in (BASE, MORE, MOST)}
    assert result.contents == {packs.oid_of(OTHER): ("blob", OTHER)}


@pytest.mark.parametrize("size", [2**67 - 1, 2**63, 2**63 + 5, 2**60])
def test_an_entry_of_a_size_that_nothing_has_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    header = packs._header
    monkeypatch.setattr(packs, "_header", lambda type_, length: header(type_, size if length == 5 else length))

    result = read_everything(repository_with(tmp_path, packs.whole(b"12345"), packs.whole(OTHER)))

    assert set(result.lost) == {packs.oid_of(b"12345")}
    assert result.contents == {packs.oid_of(OTHER): ("blob", OTHER)}


def test_a_delta_that_stands_on_itself_is_lost(tmp_path: Path) -> None:
    result = read_everything(repository_with(tmp_path, packs.on_id(BASE, BASE), packs.whole(OTHER)))

    assert set(result.lost) == {packs.oid_of(BASE)}


def test_a_chain_deeper_than_the_limit_is_lost_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyguard.git.odb.family.DEEPEST", 20)
    contents = [BASE + b"x" * number for number in range(40)]
    chain = [packs.on_id(after, before) for before, after in pairwise(contents)]

    result = read_everything(repository_with(tmp_path, packs.whole(BASE), *chain))

    # git, the second try, knows no such limit.
    assert len(result.contents) == 40


@pytest.mark.usefixtures("in_c_and_in_python")
@pytest.mark.parametrize("kept", [0, 3, 11, 12, 13, 40, -1, -20, -21])
def test_what_a_truncated_pack_still_holds_is_read(kept: int, tmp_path: Path) -> None:
    entries = [packs.whole(BASE), packs.on_offset(MORE, BASE), packs.whole(OTHER)]
    repository = repository_with(tmp_path, *entries, damaged=lambda pack: pack[:kept])

    result = read_everything(repository)

    assert set(result.contents) | set(result.lost) == {entry.oid for entry in entries}
    assert result.lost or result.unread


def test_a_pack_of_another_version_is_reported(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    packs.write_pack(repository.objects / "pack", [packs.whole(OTHER)], version=9)

    result = read_everything(repository)

    assert result.lost == {packs.oid_of(OTHER): "the pack has the unknown version 9"}


@pytest.mark.usefixtures("in_c_and_in_python")
def test_another_copy_is_read_where_one_is_damaged(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.blob(MORE)
    packs.write_pack(repository.objects / "pack", [packs.whole(BASE), packs.on_offset(MORE, BASE)])
    (pack,) = repository.packs()
    content = bytearray(pack.read_bytes())
    content[15] ^= 0xFF
    pack.write_bytes(content)

    result = read_everything(repository)

    assert set(result.lost) == {packs.oid_of(BASE)}
    assert result.contents == {packs.oid_of(MORE): ("blob", MORE)}


def test_a_damaged_index_is_made_anew_from_the_pack(tmp_path: Path) -> None:
    repository = with_history(Repository(tmp_path), commits=10)
    repository("repack", "-adfq")
    contents = repository.contents()
    (pack,) = repository.packs()
    index = pack.with_suffix(".idx")
    content = bytearray(index.read_bytes())
    content[1100] ^= 0xFF
    index.chmod(0o600)
    index.write_bytes(content)

    result = read_everything(repository)

    assert result.contents == contents


def test_the_objects_of_a_pack_that_is_a_pipe_are_lost(tmp_path: Path) -> None:
    repository = repository_with(tmp_path, packs.whole(BASE))
    intact = repository.blob(OTHER)
    (pack,) = repository.packs()
    pack.unlink()
    os.mkfifo(pack)

    result = read_everything(repository)

    assert result.lost == {packs.oid_of(BASE): "it is no regular file"}
    assert result.contents == {intact: ("blob", OTHER)}


@pytest.mark.parametrize("damaged", [b"", b"x" * 2000])
def test_no_index_is_made_for_a_pack_that_is_a_pipe(damaged: bytes, tmp_path: Path) -> None:
    repository = repository_with(tmp_path, packs.whole(BASE))
    (pack,) = repository.packs()
    pack.unlink()
    os.mkfifo(pack)
    pack.with_suffix(".idx").write_bytes(damaged)

    result = read_everything(repository)

    assert [entry.partition(": ")[2] for entry in result.unread] == ["it is no regular file"]


def test_a_loose_object_that_is_a_pipe_is_lost(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    (repository.objects / "ab").mkdir()
    os.mkfifo(repository.objects / "ab" / ("c" * 38))

    result = read_everything(repository)

    assert result.lost == {"ab" + "c" * 38: "it is no regular file"}


def test_a_loose_object_that_inflates_without_end_is_lost_in_bounded_memory(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    packer = zlib.compressobj()
    packed = packer.compress(b"blob 10\0") + b"".join(packer.compress(bytes(1 << 20)) for _ in range(200))
    (repository.objects / "ab").mkdir()
    (repository.objects / "ab" / ("c" * 38)).write_bytes(packed + packer.flush())

    result = read_everything(repository)

    assert set(result.lost) == {"ab" + "c" * 38}


@pytest.mark.parametrize(
    "content",
    [b"", b"x", zlib.compress(b"blob 3\0abcd"), zlib.compress(b"blob 5\0abcd"), zlib.compress(b"blub 3\0abc"),
     zlib.compress(b"blob 03\0abc"), zlib.compress(b"blob 3 abc"), zlib.compress(b"blob 3\0abc")[:-1],
     zlib.compress(b"")],
)  # fmt: skip
def test_a_damaged_loose_object_is_lost_and_the_others_are_read(content: bytes, tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    intact = repository.blob(OTHER)
    (repository.objects / "ab").mkdir()
    (repository.objects / "ab" / ("c" * 38)).write_bytes(content)

    result = read_everything(repository)

    assert set(result.lost) == {"ab" + "c" * 38}
    assert result.contents == {intact: ("blob", OTHER)}


CONTENTS = [BASE, MORE, MOST, OTHER, BASE[9:] + b"changes\n", BASE[18:] + b"changes too\n", b"", os.urandom(300)]
ENTRIES = [
    packs.whole(BASE),
    packs.on_offset(MORE, BASE),
    packs.on_id(MOST, MORE),
    packs.whole(OTHER),
    packs.on_offset(CONTENTS[4], BASE),
    packs.on_id(CONTENTS[5], BASE),
    packs.whole(b""),
    packs.whole(CONTENTS[7]),
]

changes = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, 10_000), st.integers(1, 255)),
    st.tuples(st.just("cut"), st.integers(0, 10_000), st.integers(1, 400)),
    st.tuples(st.just("insert"), st.integers(0, 10_000), st.integers(1, 400)),
    st.tuples(st.just("end"), st.integers(0, 10_000), st.just(0)),
)


def changed(content: bytes, change: tuple[str, int, int]) -> bytes:
    way, place, by = change
    at = place % max(len(content), 1)
    match way:
        case "flip":
            return content[:at] + bytes([content[at] ^ by]) + content[at + 1 :] if content else b""
        case "cut":
            return content[:at] + content[at + by :]
        case "insert":
            return content[:at] + bytes(by) + content[at:]
        case _:
            return content[:at]


@pytest.mark.usefixtures("in_c_and_in_python")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(changes, min_size=1, max_size=3), st.sampled_from([".pack", ".idx"]))
def test_a_damaged_pack_gives_right_contents_or_says_what_is_lost(damage: list[tuple[str, int, int]], end: str) -> None:
    with TemporaryDirectory() as folder:
        path = packs.write_pack(Path(folder), ENTRIES)
        for change in damage:
            file = path.with_suffix(end)
            file.write_bytes(changed(file.read_bytes(), change))
        seen = dict(walked(path))

    # An index with ids of its own making, or a pack cut short in its midst, is reported as a whole.
    expected = {entry.oid: content for entry, content in zip(ENTRIES, CONTENTS, strict=True)}
    assert seen["fits its index"] is False or all(seen[oid] in (None, content) for oid, content in expected.items())


def walked(path: Path) -> Iterator[tuple[str, bytes | bool | None]]:
    """What a pack's walk gives by id, None for what it says it has not; nothing where it is refused whole."""
    try:
        pack = read_pack(path, read_index(path.with_suffix(".idx"), 20))
    except DamagedError:
        yield "fits its index", False
        return
    yield "fits its index", pack.index.intact and pack.complaint is None
    harvest = Walk(pack, Everything(), no_other_object).share(0, len(pack.order.position))
    yield from ((found.oid, found.value) for found in harvest.found)
    yield from ((lost.oid, None) for lost in (*harvest.lost, *pack.unreachable()))


def no_other_object(_oid: bytes) -> tuple[int, bytes]:
    raise DamagedError("there is no other object")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(changes, min_size=1, max_size=2), st.sampled_from([".pack", ".idx", "loose"]))
def test_a_damaged_repository_is_never_called_whole(damage: list[tuple[str, int, int]], where: str) -> None:
    with TemporaryDirectory() as folder:
        repository = repository_with(Path(folder), *ENTRIES)
        loose = repository.blob(b"loose content\n" * 9)
        (pack,) = repository.packs()
        file = pack.with_suffix(where) if where != "loose" else repository.objects / loose[:2] / loose[2:]
        file.chmod(0o600)
        before = file.read_bytes()
        file.write_bytes(after := _all(damage, before))
        result = read_everything(repository)

    expected = dict(zip((entry.oid for entry in ENTRIES), CONTENTS, strict=True)) | {loose: b"loose content\n" * 9}
    right = all(result.contents.get(oid) == ("blob", content) for oid, content in expected.items())
    assert right or result.lost or result.unread or before == after


def _all(damage: list[tuple[str, int, int]], content: bytes) -> bytes:
    for change in damage:
        content = changed(content, change)
    return content


@settings(max_examples=300, deadline=None)
@given(st.lists(changes, min_size=1, max_size=3))
def test_a_damaged_loose_object_gives_its_content_or_is_lost(damage: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "ab", "c" * 38)
        path.parent.mkdir()
        path.write_bytes(_all(damage, zlib.compress(b"blob %d\0" % len(BASE) + BASE)))

        harvest = examine_loose(Path(folder), ["ab" + "c" * 38], Everything())

    assert [found.value for found in harvest.found] == [BASE] or len(harvest.lost) == 1


def test_a_worker_is_given_a_pack_that_is_gone_and_loses_it(tmp_path: Path) -> None:
    path = packs.write_pack(tmp_path, ENTRIES)
    pack = read_pack(path, read_index(path.with_suffix(".idx"), 20))
    path.unlink()

    with pytest.raises(DamagedError):
        partial(Walk, pack)(Everything(), no_other_object)
