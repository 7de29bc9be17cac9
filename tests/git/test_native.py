"""What is written in C, held to the Python that does the same, and to bad calls."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard.errors import DamagedError
from keyguard.git.odb import compiled, family, pack
from keyguard.git.odb.batch import BEGINNING, ENDING, Batch
from keyguard.git.odb.catalogue import catalogue
from keyguard.git.odb.delta import apply_delta
from keyguard.git.odb.family import _in_one_go, _level_by_level
from keyguard.git.odb.kinds import BLOB, COMMIT, TREE
from keyguard.git.odb.links import Gatherer, Links
from keyguard.git.odb.pack import ELSEWHERE, NOWHERE, OFS_DELTA, REF_DELTA, WHOLE, Entries
from keyguard.git.odb.unpack import NativeUnpacker, PlainUnpacker, Unpacker
from tests.git import packs
from tests.git.packs import Step, delta_of
from tests.git.reading import read_everything
from tests.git.repositories import Repository, with_history

native: Any = compiled.native

pytestmark = pytest.mark.skipif(native is None, reason="keyguard is installed without its extension in C")

BASE = bytes(range(256)) * 4

STEPS = st.lists(
    st.binary(min_size=1, max_size=200) | st.tuples(st.integers(0, 1023), st.integers(1, 1024)), max_size=12
)


def steps_within(steps: list[Step], size: int) -> list[Step]:
    return [step if isinstance(step, bytes) else (step[0], min(step[1], size - step[0])) for step in steps]


def outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except DamagedError:
        return None


@given(STEPS)
def test_a_delta_is_applied_alike(steps: list[Step]) -> None:
    delta = delta_of(BASE, steps_within(steps, len(BASE)))

    assert native.apply_delta(BASE, delta) == apply_delta(BASE, delta)


@given(STEPS, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3), st.integers(0, 40))
def test_a_damaged_delta_is_refused_alike(steps: list[Step], damage: list[tuple[int, int]], cut: int) -> None:
    delta = bytearray(delta_of(BASE, steps_within(steps, len(BASE))))
    for at, byte in damage:
        delta[at % len(delta)] = byte
    damaged = bytes(delta[: len(delta) - cut])

    try:
        applied = native.apply_delta(BASE, damaged)
    except MemoryError:
        # It announces more than there is.
        return
    assert applied == outcome(lambda: apply_delta(BASE, damaged))


# Bytes of a pack that look like headers, and such as do not end.
HEADERS = st.binary(min_size=40, max_size=300) | st.lists(
    st.sampled_from([0x10, 0x2F, 0x3F, 0x40, 0x5F, 0x60, 0x6F, 0x70, 0x80, 0xFF, 0xE1, 0x05]), min_size=40, max_size=300
).map(bytes)


@given(HEADERS, st.lists(st.integers(-2, 310), min_size=1, max_size=40))
def test_headers_are_read_alike(content: bytes, places: list[int]) -> None:
    offsets = np.array(sorted(places), np.int64)
    limit = len(content) - 20
    given_ = (np.frombuffer(content, np.uint8), offsets, 0, len(offsets), limit, 20)

    mine, reference = pack._read_headers(*given_), pack._read_together(*given_)

    # A header that runs over the limit is read on in Python; its entry is lost all the same.
    within = (reference.kind > 0) & (offsets + reference.length <= limit)
    assert (mine.kind[within] == reference.kind[within]).all()
    assert not mine.kind[~within].any()
    for column in ("length", "size"):
        assert (getattr(mine, column)[within] == getattr(reference, column)[within]).all()
    deltas = within & (reference.kind == OFS_DELTA)
    firsts = np.searchsorted(offsets, offsets[np.maximum(mine.base[deltas], 0)])
    assert (np.where(mine.base[deltas] < 0, mine.base[deltas], firsts) == reference.base[deltas]).all()
    named = np.flatnonzero(reference.kind == REF_DELTA)
    assert mine.named.tolist() == reference.named[within[named]].tolist()


@given(st.data(), st.integers(1, 60))
def test_families_are_put_in_the_same_order(data: st.DataObject, count: int) -> None:
    kinds = data.draw(st.lists(st.sampled_from([0, 1, 3, 6, 7]), min_size=count, max_size=count))
    bases = data.draw(
        st.lists(
            st.sampled_from([WHOLE, WHOLE, ELSEWHERE, NOWHERE]) | st.integers(0, count - 1),
            min_size=count,
            max_size=count,
        )
    )
    none = np.zeros(count, np.int32)
    entries = Entries(none, none, none, none, np.array(kinds, np.uint8), np.array(bases, np.int32))

    mine, reference = _in_one_go(entries), _level_by_level(entries)

    assert [column.tolist() for column in mine] == [column.tolist() for column in reference]


def test_a_chain_is_walked_as_deep_as_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "DEEPEST", 5)
    count = 20
    none = np.zeros(count, np.int32)
    base = np.arange(-1, count - 1, dtype=np.int32)
    entries = Entries(none, none, none, none, np.full(count, 3, np.uint8), base)

    mine, reference = _in_one_go(entries), _level_by_level(entries)

    assert mine[1].tolist() == reference[1].tolist() == [0, 1, 2, 3, 4, 5]


OIDS = [bytes([number]) * 8 + bytes([number % 3]) * 12 for number in range(12)]
NAMES = [b"", b" ", b"a", b"b c", b"d" * 7, b"d" * 8, b"d" * 9, b"d" * 40, b"d" * 20 + b"e" + b"d" * 19, b"f" * 300]
TREES = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from([b"100644", b"40000", b"160000", b"", b"1", b"1234567890"]),
            st.sampled_from(NAMES),
            st.sampled_from(OIDS),
        ),
        max_size=6,
    ),
    max_size=12,
)


def gathered(trees: list[bytes], first: int) -> Links:
    stored = np.frombuffer(b"".join(OIDS[:8]), np.uint8).reshape(-1, 20)
    gatherer = Gatherer(catalogue([stored], 20))
    middle = len(trees) // 2
    gatherer.add(range(first, first + middle), Batch.of(TREE, trees[:middle]))
    gatherer.add(range(first + middle, first + len(trees)), Batch.of(TREE, trees[middle:]))
    return gatherer.take()


def pairs(links: Links) -> tuple[set[tuple[int, bytes, int]], set[tuple[bytes, int]], bool]:
    """What is said: child, name and holder, absent id and holder, and whether something was strange."""
    names = links.names.split(b"\0")
    runs = (links.child.tolist(), links.name.tolist(), links.first.tolist(), links.last.tolist())
    columns = zip(*runs, strict=True)
    absent = zip(map(bytes, links.absent), links.absent_first.tolist(), links.absent_last.tolist(), strict=True)
    return (
        {(child, names[name], holder) for child, name, begin, end in columns for holder in range(begin, end + 1)},
        {(oid, holder) for oid, begin, end in absent for holder in range(begin, end + 1)},
        links.strange,
    )


@given(TREES, st.integers(0, 3))
def test_trees_name_the_same(trees: list[list[tuple[bytes, bytes, bytes]]], first: int) -> None:
    contents = [b"".join(b"%s %s\0%s" % entry for entry in tree) for tree in trees]

    mine = pairs(gathered(contents, first))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "native", None)
        assert mine == pairs(gathered(contents, first))
    assert not mine[2]


@pytest.mark.usefixtures("in_c_and_in_python")
@pytest.mark.parametrize(
    "tree",
    [
        b"x", b"100644 a", b"100644 a\0" + bytes(19), b"100644 a\0" + bytes(20) + b"x",
        b"100644a\0" + OIDS[0], b"\0" + OIDS[0], b"100644\0" + b" " * 20,
    ],
)  # fmt: skip
def test_what_is_no_tree_is_strange(tree: bytes) -> None:
    assert gathered([b"100644 a\0" + OIDS[0], tree, b""], 0).strange


@pytest.mark.usefixtures("in_c_and_in_python")
def test_an_object_of_the_same_name_makes_one_run() -> None:
    entries = [b"100644 %s\0%s" % (name, oid) for name, oid in zip(NAMES[1:], (OIDS * 2)[: len(NAMES)], strict=False)]
    twice = [b"100644 again\0" + OIDS[0], b"100644 other\0" + OIDS[0]]
    tree = b"".join(entries[:7] + twice)

    links = gathered([tree] * 6, 4)

    # In two batches, of which each is taken apart by itself where Python does it.
    assert {*zip(links.first.tolist(), links.last.tolist(), strict=True)} <= {(4, 9), (4, 6), (7, 9)}
    assert len(pairs(links)[0]) == 6 * 9


HEX = st.sampled_from([b"0" * 40, b"12" * 20, b"af" * 20, b"AF" * 20, b"0" * 39, b"g" * 40, b"0" * 64])
PERSON = st.sampled_from(
    [
        b"A <a@b> 12 +0000",
        b"A <a@b> 1234567890123456789 +0000",
        b"A > 7 > 8 9",
        b"<> 5",
        b"> 6 ",
        b"> x 1 ",
        b"",
        b"A> 1 > 2\r ",
    ]
)
LINE = st.one_of(
    st.tuples(st.sampled_from([b"tree ", b"parent ", b"parent", b"tree"]), HEX),
    st.tuples(st.sampled_from([b"author ", b"committer ", b"encoding "]), PERSON),
    st.tuples(st.just(b""), st.sampled_from([b"", b"\n", b"a message", b"parent "])),
).map(b"".join)
LINES = st.lists(LINE, max_size=4)
USUAL = st.builds(
    lambda tree, parents, author, committer, rest: [b"tree " + tree, *(b"parent " + oid for oid in parents),
                                                    b"author " + author, b"committer " + committer, *rest],
    HEX, st.lists(HEX, max_size=3), PERSON, PERSON, LINES,
)  # fmt: skip
COMMITS = st.one_of(LINES, USUAL).map(b"\n".join)


@given(st.lists(COMMITS, max_size=5), st.sampled_from([20, 32]))
def test_commits_are_read_alike(commits: list[bytes], size: int) -> None:
    def told() -> tuple[list[list[int]], bool]:
        gatherer = Gatherer(catalogue([np.frombuffer(bytes(size) + b"\xaf" * size, np.uint8).reshape(2, size)], size))
        gatherer.add(range(5, 5 + len(commits)), Batch.of(COMMIT, commits))
        links = gatherer.take()
        columns = (links.commit, links.date, links.tree, links.counts, links.parents, links.absent.ravel())
        return [column.tolist() for column in columns], links.strange

    mine = told()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "native", None)
        assert mine == told()


def test_names_are_told_once_and_by_their_places() -> None:
    first, second = (b"".join(b"100644 %c\0%s" % (name, OIDS[0]) for name in names) for names in (b"ab", b"bcd"))
    cut_off = b"100644 e\0%s100644 f" % OIDS[0]
    gatherer = Gatherer(catalogue([np.frombuffer(OIDS[0], np.uint8).reshape(1, 20)], 20))

    told = [
        gatherer.add([number, number + 1], Batch.of(TREE, trees))
        for number, trees in enumerate([[first, second], [second, second], [second, cut_off], [first, b""]])
    ]
    named = [
        [*gatherer.named(Batch.of(TREE, [second, first, second]), places)] for places in ({2}, {1, 4}, {5, 99}, ())
    ]

    # What is in what is no tree is told with the next.
    assert told == [[b"a", b"b", b"c", b"d"], [], None, [b"e"]]
    assert named == [[(0, 2), (1, 2), (2, 2)], [(0, 4), (1, 1), (2, 4)], [], []]


@pytest.mark.parametrize("count", [5_000, 20_000])
def test_names_without_end_are_told_from_each_other(count: int) -> None:
    names = [b"%d" % number for number in range(count)]
    gatherer = Gatherer(catalogue([np.frombuffer(OIDS[0], np.uint8).reshape(1, 20)], 20))
    content = b"".join(b"100644 %s\0%s" % (name, OIDS[0]) for name in names)

    assert gatherer.add([0], Batch.of(TREE, [content])) == names
    assert [*gatherer.named(Batch.of(TREE, [content]), range(1, count + 1))] == [(0, at) for at in range(1, count + 1)]
    assert {name for _, name, _ in pairs(gatherer.take())[0]} == set(names)


@pytest.mark.usefixtures("in_c_and_in_python")
def test_there_is_an_end_to_names() -> None:
    trees = [b"100644 %d%s\0%s" % (number, b"n" * 8_000_000, OIDS[0]) for number in range(5)]
    stored = np.frombuffer(OIDS[0], np.uint8).reshape(1, 20)
    gatherer = Gatherer(catalogue([stored], 20))
    gatherer.add([0], Batch.of(TREE, trees[:1]))
    few = gatherer.take()
    for number, tree in enumerate(trees):
        gatherer.add([number], Batch.of(TREE, [tree]))

    assert not few.strange
    assert gatherer.take().strange


def test_ids_that_meet_in_the_table_are_told_from_each_other() -> None:
    alike = [b"\7" * 19 + bytes([number]) for number in range(200)]
    tree = b"".join(b"100644 %d\0%s" % (number, oid) for number, oid in enumerate(alike))

    _, absent, strange = pairs(gathered([tree, tree], 5))

    assert absent == {(oid, holder) for oid in alike for holder in (5, 6)}
    assert not strange


def test_more_ids_than_are_kept_at_a_time_are_all_told() -> None:
    chance = random.Random(1)
    many = [chance.randbytes(20) for _ in range(250_000)]
    trees = [b"".join(b"100644 a\0" + oid for oid in many[at : at + 50_000]) for at in (*range(0, 250_000, 50_000), 0)]

    _, absent, strange = pairs(gathered(trees, 0))

    expected = {(oid, number // 50_000) for number, oid in enumerate(many)}
    assert absent == expected | {(oid, 5) for oid in many[:50_000]}
    assert not strange


@pytest.mark.parametrize(
    "delta",
    [
        packs.number(1024) + packs.number(1024) + packs.copy(0, 1024) + packs.copy(1500, 100),
        packs.number(1024) + packs.number(1124) + packs.copy(0, 1024) + packs.copy(1000, 100),
        packs.number(1023) + packs.number(1023) + packs.copy(0, 1023),
        packs.number(1024) + packs.number(1023) + packs.copy(0, 1024),
        packs.number(1024) + packs.number(1024) + packs.copy(0, 1024) + b"\0",
        packs.number(1024) + packs.number(1027) + packs.copy(0, 1024) + b"\x03ne",
        packs.number(1024) + packs.number(2000) + packs.copy(0, 1024)[:-1],
        b"\x80",
        b"",
    ],
)
def test_what_git_would_not_apply_is_damaged(delta: bytes) -> None:
    assert native.apply_delta(BASE, delta) is None
    with pytest.raises(DamagedError):
        apply_delta(BASE, delta)


@pytest.fixture
def without_libdeflate() -> Iterator[None]:
    native.use_libdeflate(None)
    yield
    compiled._with_libdeflate()


def test_a_stream_is_inflated_to_just_what_it_announces() -> None:
    packed = zlib.compress(b"abc" * 100)

    assert compiled.inflates()
    assert native.inflate(packed, 300) == b"abc" * 100
    assert [native.inflate(packed, size) for size in (0, 299, 301)] == [None] * 3
    assert [native.inflate(damaged, 300) for damaged in (b"", packed[:-1], b"x" + packed, packed[2:])] == [None] * 4


@pytest.mark.usefixtures("without_libdeflate")
@pytest.mark.parametrize("path", [None, "no-such-file", __file__])
def test_what_has_no_libdeflate_does_not_inflate(path: str | None) -> None:
    assert not native.use_libdeflate(path)
    assert native.inflate(zlib.compress(b"abc"), 3) is None


@pytest.mark.usefixtures("without_libdeflate")
@pytest.mark.parametrize("damaged", [False, True])
def test_where_python_inflates_for_c_the_same_is_read(tmp_path: Path, damaged: bool) -> None:
    repository = with_history(Repository(tmp_path))
    repository("repack", "-adfq")
    contents = repository.contents()
    if damaged:
        (path,) = repository.packs()
        written = path.read_bytes()
        path.write_bytes(written[:-30] + bytes([written[-30] ^ 255]) + written[-29:])

    result = read_everything(repository)

    assert len(result.lost) == damaged
    assert result.contents == {oid: content for oid, content in contents.items() if oid not in result.lost}


CONTENTS = [
    b"", b"\0", b"x", b"PK", b"text " * 300, b"text " * 300 + b"\0", b"\0" + b"text " * 3000,
    b"x" * BEGINNING + b"\0" + b"y" * ENDING, b"x" * (BEGINNING - 1) + b"\0" + b"y" * ENDING,
    b"x" * BEGINNING + b"\0" + b"y" * (ENDING - 1), b"z" * 100_000,
]  # fmt: skip


def unpackers() -> list[Unpacker]:
    return [NativeUnpacker(memoryview(b""), 3, 1 << 20, (100, 50)), PlainUnpacker(3)]


def test_what_waits_is_the_same() -> None:
    told = []
    for unpacker in unpackers():
        unpacker.kind = BLOB
        for place, content in enumerate(CONTENTS):
            assert unpacker.put(place + 7, 1, content)
            assert unpacker.content(1) == content
        places, batch = unpacker.waiting(BLOB)
        peeks = [(beginning.rstrip(b"\0"), has_nul) for beginning, has_nul in batch.peeks()]
        told.append((places.tolist(), len(batch), batch.volume, list(batch.contents()), peeks))
        unpacker.settle(BLOB, {1})
        assert unpacker.content(1) == CONTENTS[-1]

    assert told[0] == told[1]
    assert told[0][3] == CONTENTS


def test_there_is_an_end_to_what_waits() -> None:
    for unpacker in unpackers():
        unpacker.kind = TREE
        number = 0
        while unpacker.put(number, -1, b"t" * 1000):
            number += 1
        assert unpacker.full == TREE
        assert 200 < number < 300
        unpacker.settle(TREE, set()) if isinstance(unpacker, PlainUnpacker) else unpacker.waiting(TREE)
        assert unpacker.put(number, -1, b"t" * 1_000_000)
        assert unpacker.full == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: native.read_entries(b"PACK", np.zeros(1, np.int64), 0, 1, 5, 20),
        lambda: native.read_entries(b"PACK", np.zeros(1, np.int64), 0, 2, 4, 20),
        lambda: native.read_entries(b"PACK", np.zeros(1, np.int64), 1, 0, 4, 20),
        lambda: native.in_order(bytes(3), bytes(8), 5),
        lambda: native.in_order(bytes(3), bytes(12), 1 << 20),
        lambda: native.read_commits(b"tree", b"\5" + bytes(7), 20),
        lambda: native.read_commits(b"tree", b"\4" + bytes(7), 0),
        lambda: native.TreeNames(4, b"", bytes(4 * 65537), 1, 2),
        lambda: native.TreeNames(20, b"", bytes(4), 1, 2),
        lambda: native.TreeNames(20, b"", bytes(4 * 65536) + b"\1\0\0\0", 1, 2),
        lambda: native.TreeNames(20, b"", bytes(4 * 65537), 1, 2).add(b"", bytes(8), bytes(4)),
        lambda: native.TreeNames(20, b"", bytes(4 * 65537), 1, 2).add(b"", b"\5" + bytes(7), bytes(8)),
        lambda: native.TreeNames(20, b"", bytes(4 * 65537), 1, 2).add(b"xx", bytes(16), bytes(16)),
        lambda: native.TreeNames(20, b"", bytes(4 * 65537), 1, 2).flagged(b"xx", b"\5" + bytes(7), b""),
        lambda: unpackers()[0].content(3),
        lambda: unpackers()[0].hold(-1, b""),
        lambda: unpackers()[0].put(0, 3, b""),
        lambda: unpackers()[0].put(0, 0, b""),
        lambda: unpackers()[0].run(np.zeros((1, 11), np.int64), 0, 2),
        lambda: native.Unpacker(b"", -1, zlib.decompress, zlib.crc32, (zlib.error,), 1, 1 << 18, (1, 1)),
        lambda: native.Unpacker(b"", 1, zlib.decompress, zlib.crc32, (zlib.error,), 1, 1, (1, 1)),
    ],
)
def test_a_wrong_call_is_refused(call: Callable[[], object]) -> None:
    with pytest.raises((ValueError, IndexError)):
        call()


@given(
    st.lists(st.lists(st.integers(-3, 1 << 40) | st.integers(0, 60), min_size=11, max_size=11), min_size=1, max_size=8)
)
def test_rows_of_any_numbers_are_left_to_the_walk(rows: list[list[int]]) -> None:
    content = packs.number(5) + zlib.compress(b"hello") * 3
    unpacker = NativeUnpacker(memoryview(content), 3, 1 << 20, (100, 50))
    numbers = np.array(rows, np.int64)

    at = unpacker.run(numbers, 0, len(rows))

    assert 0 <= at <= len(rows)
