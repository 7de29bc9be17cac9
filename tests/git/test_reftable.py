"""Tables of refs are read whole, as git writes them, and damage in them is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyguard.errors import DamagedError
from keyguard.git.reftable import Record, records
from tests.git import tables
from tests.git.repositories import Repository, needs_reftable

MAIN, OTHER = b"refs/heads/main", b"refs/heads/other"
TEXT = b"A U Thor <author@example.com>\tcommit: "

TABLE = tables.table(
    [tables.symbolic(b"HEAD", MAIN), tables.ref(MAIN), tables.ref(OTHER, shared=11)],
    [tables.entry(MAIN, b"commit: one\n"), tables.entry(OTHER, b"commit: two\n", shared=11)],
)
RECORDS = [
    Record(b"HEAD", MAIN),
    Record(MAIN),
    Record(OTHER),
    Record(MAIN, TEXT + b"one\n"),
    Record(OTHER, TEXT + b"two\n"),
]


def test_names_targets_and_logs_are_read() -> None:
    assert list(records(TABLE, 20)) == RECORDS


def test_a_table_of_a_log_alone_is_read() -> None:
    table = tables.table(logs=[tables.entry(MAIN, b"commit: one\n")])

    assert list(records(table, 20)) == [Record(MAIN, TEXT + b"one\n")]


def test_blocks_that_are_padded_are_read() -> None:
    table = tables.table([tables.ref(MAIN)], [tables.entry(MAIN, b"commit: one\n")], block_size=512)

    assert list(records(table, 20)) == [Record(MAIN), Record(MAIN, TEXT + b"one\n")]


def test_a_message_is_not_in_the_repr_of_a_record() -> None:
    assert "secret" not in repr(Record(MAIN, b"secret"))


@pytest.mark.parametrize("kept", range(len(TABLE)))
def test_a_truncated_table_is_damaged(kept: int) -> None:
    with pytest.raises(DamagedError):
        list(records(TABLE[:kept], 20))


@settings(max_examples=500)
@given(st.integers(0, len(TABLE) - 1), st.integers(1, 255))
def test_a_damaged_table_gives_records_or_says_that_it_is_damaged(place: int, by: int) -> None:
    table = TABLE[:place] + bytes([TABLE[place] ^ by]) + TABLE[place + 1 :]
    read: list[Record] = []

    try:
        read.extend(records(table, 20))
    except DamagedError:
        return
    # Without a checksum over them, other names and numbers cannot be told from damaged ones.
    assert len(read) == len(RECORDS)


@needs_reftable
@pytest.mark.parametrize("hashed", ["sha1", "sha256"])
def test_what_git_writes_is_read(hashed: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path, "--ref-format=reftable", f"--object-format={hashed}")
    commit = repository.commit({}, "a change")
    names = [f"refs/heads/topic/branch-{number}" for number in range(3_000)]
    given = "".join(f"create {name} {commit}\n" for name in names).encode()
    repository("update-ref", "--create-reflog", "-m", "made of a list", "--stdin", given=given)
    repository("pack-refs", "--all")

    files = list((repository.git_dir / "reftable").glob("*.ref"))
    read = [record for path in files for record in records(path.read_bytes(), 20 if hashed == "sha1" else 32)]

    assert {record.ref.decode() for record in read} >= {*names, "HEAD", "refs/heads/main"}
    assert sum(record.text.endswith(b"made of a list\n") for record in read) == len(names)
