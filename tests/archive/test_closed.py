"""Formats that keyguard does not read: that nothing of them was seen is said, wherever they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyguard.archive_shape import CLOSED, CLOSED_HEADS, LEAST_CLOSED, kind
from keyguard.model import Match
from keyguard.windows import WINDOW
from tests.archive.packing import gzipped, tarred, zipped
from tests.archive.searching import KEY, reasons, searched
from tests.archive.test_sources import unread
from tests.conftest import Call, Repo
from tests.git.repositories import Repository

PACKED = {name: head + bytes(range(200)) for name, head in CLOSED_HEADS.items()}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_is_said_not_to_be_read(name: str) -> None:
    assert reasons(searched(PACKED[name])) == [f"it is packed as {name}, which keyguard does not read"]


def test_so_it_is_within_other_archives() -> None:
    data = gzipped(tarred({"b/c.7z": PACKED["7z"], "clean": b"x"}))

    assert reasons(searched(data)) == ["b/c.7z: it is packed as 7z, which keyguard does not read"]


def test_so_it_is_where_it_takes_several_windows() -> None:
    (reason,) = reasons(searched(PACKED["rar"] + bytes(WINDOW + 200_000)))

    assert reason == "it is packed as rar, which keyguard does not read"


@pytest.mark.parametrize("name", PACKED)
def test_a_key_that_is_stored_there_as_it_is_is_found(name: str) -> None:
    items = searched(PACKED[name] + f"\nkey = {KEY}\n".encode())

    assert [item.secret.reveal() for item in items if isinstance(item, Match)] == [KEY]


@pytest.mark.parametrize(
    "data",
    [
        *CLOSED_HEADS.values(),
        b"Rarely\n" * 9,
        b"MSCF, which is a cabinet" * 2,
        b"7zip packs it\n" * 5,
        b"\x28\xb5" * 40,
    ],
)
def test_what_only_begins_like_one_is_none(data: bytes) -> None:
    assert kind(data) is None
    assert searched(data) == []


def test_the_shortest_is_told_by_its_head() -> None:
    assert [kind(data[:LEAST_CLOSED]) for data in PACKED.values()] == [CLOSED] * len(PACKED)


def test_a_zip_is_one_whatever_its_members_are(scan: Call, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"b.zst": PACKED["zstd"]}))
    ran = scan(cwd=tmp_path)

    assert (ran.code, unread(ran)) == (3, [("a.zip", "b.zst: it is packed as zstd, which keyguard does not read")])


def test_a_commit_of_one_is_stopped_until_its_path_is_allowed(started: Repo, keyguard: Call) -> None:
    started.stage("a.7z", PACKED["7z"])
    before = keyguard("staged", cwd=started.path)
    started.write(".keyguard.toml", '[[allow]]\npath = "a.7z"\nreason = "pictures"\n')
    after = keyguard("staged", cwd=started.path)

    assert (before.code, after.code) == (3, 0)
    assert "a.7z: it is packed as 7z" in before.err + before.out


def test_a_history_with_one_is_not_whole(tmp_path: Path, keyguard: Call) -> None:
    made = Repository(tmp_path / "r")
    made.commit({"a.rar": PACKED["rar"], "clean": b"x"})
    ran = keyguard("history", "--format", "json", cwd=made.path)

    assert (ran.code, unread(ran)) == (3, [("a.rar", "it is packed as rar, which keyguard does not read")])
