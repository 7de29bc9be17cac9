"""Objects of which only what is new is searched, since what they stand on has no anchor: no key is missed so."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard import archive_shape
from keyguard.git.command import Git
from keyguard.git.odb import compiled
from keyguard.git.odb.batch import BEGINNING, ENDING, NEWS, WHOLE, Batch
from keyguard.git.odb.delta import apply_delta
from keyguard.git.odb.kinds import BLOB, TREE
from keyguard.git.odb.reader import read
from keyguard.git.odb.store import find_store
from keyguard.model import Blob, Stored
from keyguard.source.objects import Maker, ObjectExaminer
from tests.git import packs
from tests.git.packs import Step, delta_of
from tests.git.repositories import Repository
from tests.source.auditing import ENGINE, KEY

TEXT = b"".join(b"line %d of a text without any key\n" % number for number in range(60))

# What has an anchor, at which no pattern matches.
DULL = b"api_key = get('another')  # sk-%s\n" % (b"a" * 30)

needs_c = pytest.mark.skipif(compiled.native is None, reason="keyguard is installed without its extension in C")


def examiner() -> ObjectExaminer:
    return ObjectExaminer(ENGINE, 20)


def is_loud(content: bytes) -> bool:
    return bool(examiner().several(Batch.of(BLOB, [content]))[1])


def news(delta: bytes, base: bytes, result: bytes) -> list[bytes]:
    """The parts of a result that are searched."""
    parts = compiled.native.news(delta, len(base), result, *examiner().margins)
    assert parts is not None
    return parts


class Told(Batch):
    """A batch whose text is not its contents', and which of them were asked for."""

    __slots__ = ("asked", "told")

    def __init__(self, kind: int, text: bytes, ends: list[int], bases: list[int], *, contents: list[bytes]) -> None:
        super().__init__(kind, text, ends, bases)
        self.told = contents
        self.asked: set[int] = set()

    def content(self, number: int) -> bytes:
        self.asked.add(number)
        return self.told[number]

    def peeks(self) -> Iterator[tuple[bytes, bool]]:
        return ((content[:2], b"\0" in content) for content in self.told)


def found_in(base: bytes, steps: list[Step]) -> bool:
    """Whether a key is found in what is built on a base, of which nothing but the news is searched if it is silent."""
    delta = delta_of(base, steps)
    result = apply_delta(base, delta)
    if is_loud(base):
        return KEY.encode() in result
    parts = news(delta, base, result)
    batch = Told(BLOB, b"\n".join(parts), [sum(map(len, parts)) + len(parts)], [NEWS], contents=[result])
    return bool(examiner().several(batch)[0])


def with_a_key(repository: Repository, jobs: int = 1) -> set[str]:
    git = Git(repository.path)
    reading = read(git, find_store(git), Maker(ENGINE, 20), jobs)
    return {found.oid for harvest in reading.harvests for found in harvest.found}


@needs_c
@given(
    cut=st.integers(1, len(KEY) - 1),
    apart=st.integers(0, 400),
    by=st.sampled_from(["deletion", "insertion of the end", "insertion of the beginning", "a move"]),
    dull=st.booleans(),
)
def test_a_key_that_comes_together_at_a_border_is_found(cut: int, apart: int, by: str, dull: bool) -> None:
    text = DULL + TEXT if dull else TEXT
    beginning, end = KEY.encode()[:cut], KEY.encode()[cut:]
    between = text[: max(apart, 1)]
    base = text + beginning + between + end + b"\n" + text
    first = len(text) + cut
    second = first + len(between)
    rest = (second + len(end), len(base) - second - len(end))
    steps: list[Step] = {
        "deletion": [(0, first), (second, len(base) - second)],
        "insertion of the end": [(0, first), end, rest],
        "insertion of the beginning": [(0, len(text)), beginning, (second, len(base) - second)],
        "a move": [(second, len(base) - second), (0, first), (second, len(end)), rest],
    }[by]

    assert found_in(base, steps)


@needs_c
@given(
    st.lists(
        st.sampled_from([KEY.encode(), DULL, b"new\n", b"x", b"="])
        | st.tuples(st.integers(0, 500), st.integers(1, 1500)),
        max_size=40,
    ),
    st.sampled_from([TEXT, DULL + TEXT, TEXT[:300] + DULL + TEXT, TEXT + DULL]),
)
def test_what_is_found_is_the_same_with_and_without_a_look_at_the_news_alone(steps: list[Step], base: bytes) -> None:
    result = apply_delta(base, delta_of(base, steps))

    assert found_in(base, steps) == bool(examiner().several(Batch.of(BLOB, [result]))[0])


@needs_c
@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([(0, 2000)], []),
        ([(0, 1000), (1000, 1000)], []),
        ([(0, 1000), b"new", (1000, 1000)], [(744, 1147)]),
        ([(0, 1000), (1500, 500)], [(744, 1144)]),
        ([(0, 1000)], [(744, 1000)]),
        ([(1000, 1000)], [(0, 144)]),
        ([b"new", (0, 2000)], [(0, 147)]),
        ([(0, 2000), b"new"], [(1744, 2003)]),
        # Too few bytes from elsewhere to be worth a thought: they are new.
        ([(0, 1000), (1500, 63), (1000, 1000)], [(744, 1207)]),
        # Two that are near to each other are one.
        ([(0, 1000), b"a", (1000, 100), b"b", (1100, 900)], [(744, 1246)]),
        ([(0, 600), b"a", (600, 900), b"b", (1500, 500)], [(344, 745), (1245, 1646)]),
    ],
)
def test_the_news_are_what_is_new_and_what_lies_around(steps: list[Step], expected: list[tuple[int, int]]) -> None:
    base = b"".join(b"%03d " % number for number in range(500))
    delta = delta_of(base, steps)
    result = apply_delta(base, delta)

    assert examiner().margins == (256, 144)
    assert news(delta, base, result) == [result[begin:end] for begin, end in expected]


@needs_c
def test_there_are_no_news_where_there_are_too_many(tmp_path: Path) -> None:
    base = b"x" * 100_000
    steps: list[Step] = [step for at in range(0, 100_000, 1000) for step in ((at, 1000), b"new")]

    delta = delta_of(base, steps)

    assert compiled.native.news(delta, len(base), apply_delta(base, delta), 10, 10) is None


def test_as_much_is_looked_through_for_a_nul_as_tells_an_archive() -> None:
    assert (BEGINNING, ENDING) == (archive_shape.SAMPLE, archive_shape.ENDING)


def test_a_content_is_silent_whose_anchors_lead_nowhere() -> None:
    contents = [TEXT, TEXT + DULL, TEXT + KEY.encode(), b'"refresh_token": ' + TEXT]

    found, loud = examiner().several(Batch.of(BLOB, contents))

    assert [number for number, _ in found] == [2]
    # What a refresh token is, is told by more than the news bring along.
    assert loud == ({2, 3} if ENGINE.admits(contents[3]) else {2})


def test_what_is_built_on_a_loud_one_is_looked_at_and_on_a_silent_one_is_not() -> None:
    keyed = KEY.encode()
    text, ends = keyed + b"\nnew\nnew\nnew\n", [len(KEY), len(KEY) + 4, len(KEY) + 8, len(KEY) + 12]
    batch = Told(BLOB, text, ends, [WHOLE, 0, 1, 2], contents=[TEXT + keyed, keyed + TEXT, TEXT, TEXT])

    found, loud = examiner().several(batch)

    assert [number for number, _ in found] == [0, 1]
    assert loud == {0, 1}
    # The third is silent: so the fourth need not be looked at.
    assert batch.asked == {0, 1, 2}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("text", [TEXT, TEXT * 20], ids=["small", "large"])
@pytest.mark.usefixtures("in_c_and_in_python")
def test_every_version_with_a_key_is_found(
    tmp_path: Path, jobs: int, text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyguard.git.odb.shares.ALONE", 0)
    monkeypatch.setattr("keyguard.git.odb.shares.LEAST", 0)
    keyed = text[:900] + f"key = {KEY}\n".encode() + text[900:]
    # Each is built on the one before: the key comes, stays, goes, and comes again.
    versions = [text, text + b"more\n", keyed, keyed + b"more\n", text + b"less\n", keyed + b"again\n"]
    entries = [packs.whole(text)]
    entries += [packs.on_offset(after, before) for before, after in pairwise(versions)]
    # And two on one base: nothing of one is taken for the other's.
    entries += [packs.on_offset(keyed + b"side\n", text + b"more\n"), packs.on_offset(text + b"side\n", keyed)]
    entries += [
        packs.on_offset(text + b"on it\n", text + b"side\n"),
        packs.on_offset(keyed + b"x\n", keyed + b"side\n"),
    ]
    repository = Repository(tmp_path)
    packs.write_pack(repository.objects / "pack", entries)

    contents = repository.contents()
    assert len(contents) == 10
    assert with_a_key(repository, jobs) == {oid for oid, (_, data) in contents.items() if KEY.encode() in data}


@pytest.mark.parametrize("together", [1 << 14, 1 << 18])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.usefixtures("in_c_and_in_python")
def test_of_any_family_every_key_is_found(
    tmp_path: Path, seed: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the objects are looked at in many batches, so that most stand on one of a batch before."""
    monkeypatch.setattr("keyguard.git.odb.unpack.TOGETHER", together)
    chance = Random(seed)
    lines = [DULL, KEY.encode() + b"\n", b'api_key = "', b"sk-", *TEXT.splitlines(keepends=True)]
    versions = [b"".join(chance.choices(lines[4:], k=chance.choice([20, 300, 900])))]
    entries = [packs.whole(versions[0])]
    for number in range(60):
        base = chance.choice(versions[-3:])
        at = chance.randrange(len(base))
        line = chance.choice(lines[:4]) if chance.random() < 0.2 else chance.choice(lines[4:])
        after = at if chance.random() < 0.7 else min(len(base), at + chance.choice([3, 500]))
        version = base[:at] + b"%d" % number + line + base[after:]
        versions.append(version)
        entries.append(packs.on_offset(version, base))
    repository = Repository(tmp_path)
    packs.write_pack(repository.objects / "pack", entries)

    keyed = {packs.oid_of(version) for version in versions if ENGINE.examine(Blob(version, Stored("blob")))}
    assert with_a_key(repository) == keyed
    assert 0 < len(keyed) < len(versions)


@pytest.mark.parametrize("rest", [b"x" * 400_000, b"x " * 200_000, b" " * 400_000])
def test_a_key_in_what_is_no_tree_is_found_soon(rest: bytes) -> None:
    entry = b"100644 name\0" + bytes(20)
    keyed = b"100644 " + KEY.encode() + b"\0" + bytes(20)
    for content in (entry + rest + KEY.encode(), keyed + rest, rest + b" " + KEY.encode() + b" " + rest):
        (((_, found),), _) = examiner().several(Batch.of(TREE, [content]))
        assert [match.secret.reveal() for match in found] == [KEY]
