"""Large objects, of which only what differs from one without an anchor is searched: no key is missed so."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard.git.command import Git
from keyguard.git.odb import large
from keyguard.git.odb.batch import Batch
from keyguard.git.odb.delta import apply_delta
from keyguard.git.odb.difference import difference
from keyguard.git.odb.kinds import BLOB, TREE
from keyguard.git.odb.reader import read
from keyguard.git.odb.store import find_store
from keyguard.source.objects import Maker, ObjectExaminer
from tests.git import packs
from tests.git.repositories import Repository
from tests.git.test_difference import Step, delta_of
from tests.source.auditing import ENGINE, KEY

TEXT = b"".join(b"line %d of a text without any key\n" % number for number in range(60))


@pytest.fixture(autouse=True)
def every_object_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "LARGE", large.Limits(0, 0, 0))


def examiner() -> ObjectExaminer:
    return ObjectExaminer(ENGINE, 20)


def with_a_key(repository: Repository, jobs: int = 1) -> set[str]:
    git = Git(repository.path)
    reading = read(git, find_store(git), Maker(ENGINE, 20), jobs)
    return {found.oid for harvest in reading.harvests for found in harvest.found}


@given(
    cut=st.integers(1, len(KEY) - 1),
    apart=st.integers(0, 400),
    by=st.sampled_from(["deletion", "insertion of the end", "insertion of the beginning", "a move"]),
)
def test_a_key_that_comes_together_at_a_border_is_found(cut: int, apart: int, by: str) -> None:
    beginning, end = KEY.encode()[:cut], KEY.encode()[cut:]
    between = TEXT[: max(apart, 1)]
    base = TEXT + beginning + between + end + b"\n" + TEXT
    first = len(TEXT) + cut
    second = first + len(between)
    rest = (second + len(end), len(base) - second - len(end))
    steps: list[Step] = {
        "deletion": [(0, first), (second, len(base) - second)],
        "insertion of the end": [(0, first), end, rest],
        "insertion of the beginning": [(0, len(TEXT)), beginning, (second, len(base) - second)],
        "a move": [(second, len(base) - second), (0, first), (second, len(end)), rest],
    }[by]
    delta = delta_of(base, steps)
    result = apply_delta(base, delta)
    assert KEY.encode() in result

    value, silent = examiner().one(
        BLOB, result, difference(delta, len(base)).gaps if examiner().one(BLOB, base, None)[1] else None
    )

    assert value
    assert not silent


@given(st.lists(st.sampled_from([KEY.encode(), b"new\n", b"x"]) | st.tuples(st.integers(0, 500), st.integers(1, 1500))))
def test_what_is_found_is_the_same_with_and_without_a_look_at_the_difference(steps: list[Step]) -> None:
    delta = delta_of(TEXT, steps)
    result = apply_delta(TEXT, delta)

    assert examiner().one(BLOB, result, difference(delta, len(TEXT)).gaps) == examiner().one(BLOB, result, None)
    assert bool(examiner().one(BLOB, result, None)[0]) == bool(dict(examiner().several(Batch.of(BLOB, [result]))))


def test_a_text_without_anchors_is_silent_and_searched_where_it_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []
    one = examiner()
    hits = ENGINE.prefilter.hits
    monkeypatch.setattr(type(ENGINE.prefilter), "hits", lambda _, data: searched.append(len(data)) or hits(data))
    delta = delta_of(TEXT, [(0, 900), b"new\n", (900, len(TEXT) - 900)])

    assert one.one(BLOB, TEXT, None) == (None, True)
    assert one.one(BLOB, apply_delta(TEXT, delta), difference(delta, len(TEXT)).gaps) == (None, True)
    assert searched == [len(TEXT), 2 * ENGINE.prefilter.margin + 4]


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_version_with_a_key_is_found(tmp_path: Path, jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyguard.git.odb.shares.ALONE", 0)
    monkeypatch.setattr("keyguard.git.odb.shares.LEAST", 0)
    keyed = TEXT[:900] + f"key = {KEY}\n".encode() + TEXT[900:]
    # Each is built on the one before: the key comes, stays, goes, and comes again.
    versions = [TEXT, TEXT + b"more\n", keyed, keyed + b"more\n", TEXT + b"less\n", keyed + b"again\n"]
    entries = [packs.whole(TEXT)]
    entries += [packs.on_offset(after, before) for before, after in pairwise(versions)]
    # And two on one base: nothing of one is taken for the other's.
    entries += [packs.on_offset(keyed + b"side\n", TEXT + b"more\n"), packs.on_offset(TEXT + b"side\n", keyed)]
    entries += [
        packs.on_offset(TEXT + b"on it\n", TEXT + b"side\n"),
        packs.on_offset(keyed + b"x\n", keyed + b"side\n"),
    ]
    repository = Repository(tmp_path)
    packs.write_pack(repository.objects / "pack", entries)

    contents = repository.contents()
    assert len(contents) == 10
    assert with_a_key(repository, jobs) == {oid for oid, (_, data) in contents.items() if KEY.encode() in data}


@pytest.mark.parametrize("rest", [b"x" * 400_000, b"x " * 200_000, b" " * 400_000])
def test_a_key_in_what_is_no_tree_is_found_soon(rest: bytes) -> None:
    entry = b"100644 name\0" + bytes(20)
    keyed = b"100644 " + KEY.encode() + b"\0" + bytes(20)
    for content in (entry + rest + KEY.encode(), keyed + rest, rest + b" " + KEY.encode() + b" " + rest):
        ((_, found),) = examiner().several(Batch.of(TREE, [content]))
        assert [match.secret.reveal() for match in found] == [KEY]
