"""What the trees of a store name, as it is gathered while they are read, is what git lists."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from keyguard.git.command import Git
from keyguard.git.odb.catalogue import ABSENT
from keyguard.git.odb.reader import read
from keyguard.git.odb.store import find_store
from tests.git import packs
from tests.git.repositories import Repository
from tests.git.test_kinship import Nobody, half_packed, random_history, twice_packed
from tests.git.test_kinship import packed as repacked

# A tree, a name in it, and the object of that name. Of what is not stored the name is not kept.
Pairs = set[tuple[str, bytes, str]]
NO_NAME = b""


def named(repository: Repository, jobs: int = 1, lost: set[str] | None = None) -> tuple[Pairs, bool]:
    """Which tree names which object how, as the reading gathers it, and whether it says that this is all.

    What it lost is put in `lost`.
    """
    git = Git(repository.path)
    reading = read(git, find_store(git), Nobody, jobs)
    for harvest in reading.harvests:
        if lost is not None:
            lost.update(loss.oid for loss in harvest.lost)
    assert reading.links
    known, holders, links = reading.links.take()
    oid = known.oid
    names = links.names.split(b"\0")
    runs = (links.child.tolist(), links.first.tolist(), links.last.tolist(), links.name.tolist())
    found = {
        (oid(holders[holder]), names[name], oid(child))
        for child, first, last, name in zip(*runs, strict=True)
        for holder in range(first, last + 1)
        if holders[holder] != ABSENT
    }
    found |= {
        (oid(holders[holder]), NO_NAME, bytes(child).hex())
        for child, first, last in zip(links.absent, links.absent_first, links.absent_last, strict=True)
        for holder in range(first, last + 1)
    }
    return found, reading.links.whole


def listed(repository: Repository) -> Pairs:
    """The same, as git lists the trees."""
    contents = repository.contents()
    trees = [oid for oid, (kind, _) in contents.items() if kind == "tree"]
    return {
        (tree, line.partition(b"\t")[2] if (oid := line.split()[2].decode()) in contents else NO_NAME, oid)
        for tree in trees
        for line in repository.bytes("ls-tree", "-z", tree).split(b"\0")[:-1]
        if b" commit " not in line.split(b"\t")[0]
    }


def of_trees(repository: Repository, pairs: Pairs) -> Pairs:
    """Without what tags name."""
    tags = {oid for oid, (kind, _) in repository.contents().items() if kind == "tag"}
    return {pair for pair in pairs if pair[0] not in tags}


def with_a_wide_folder(path: Path, seed: int) -> Repository:
    """A folder of many files, of which each commit changes, brings or takes a few."""
    chance = random.Random(seed)
    repository = Repository(path)
    names = [f"file-{number:03}" for number in range(120)]
    stream = []
    for number in range(150):
        stream.append(b"commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata 0\n" % number)
        for name in chance.sample(names, chance.choice([1, 1, 2, 3]) if number else 90):
            if number and chance.random() < 0.3:
                stream.append(b"D wide/%s\n" % name.encode())
            else:
                content = b"%d" % chance.randrange(400)
                stream.append(b"M 100644 inline wide/%s\ndata %d\n%s\n" % (name.encode(), len(content), content))
        stream.append(b"\n")
    repository("fast-import", "--quiet", given=b"".join(stream))
    repository("repack", "-adfq", "--depth=50", "--window=30")
    return repository


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.usefixtures("in_c_and_in_python")
def test_of_a_wide_folder(tmp_path: Path, seed: int) -> None:
    repository = with_a_wide_folder(tmp_path, seed)

    assert named(repository) == (listed(repository), True)


@pytest.mark.parametrize("stored", [repacked, half_packed, twice_packed])
@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)])
@pytest.mark.parametrize("seed", range(3))
def test_of_any_history(
    tmp_path: Path, seed: int, options: Sequence[str], stored: Callable[[Repository], None]
) -> None:
    repository = random_history(tmp_path, seed, *options)
    stored(repository)

    pairs, whole = named(repository)

    assert of_trees(repository, pairs) == listed(repository)
    assert whole


def tree(*entries: tuple[str, int]) -> bytes:
    """A tree of these names, each with what is told by a number."""
    return b"".join(
        b"%s %s\0%s" % (b"160000" if "module" in name else b"100644", name.encode(), bytes([number]) * 20)
        for name, number in sorted(entries)
    )


FOLDER = [(f"file-{number:02}", number) for number in range(1, 40)]
OF = {bytes([number]).hex() * 20: number for number in range(256)}


def numbers(repository: Repository, content: bytes) -> set[int]:
    """What is named by the tree of this content."""
    oid = packs.oid_of(content, "tree")
    return {OF[child] for holder, _, child in named(repository)[0] if holder == oid}


def family(path: Path, *contents: bytes, damaged: Callable[[bytes], bytes] = bytes) -> Repository:
    """A pack of trees, each built on the one before it."""
    entries = [packs.whole(contents[0], "tree")]
    entries += [packs.on_offset(content, base, "tree") for base, content in pairwise(contents)]
    repository = Repository(path)
    packs.write_pack(repository.objects / "pack", entries, damaged)
    return repository


@pytest.mark.parametrize(
    "changed",
    [
        [("file-00", 99)],
        [("file-20", 99)],
        [("file-39", 99)],
        [("file-99", 99)],
        [("file-000", 1), ("file-zz", 39)],
        [("module", 99)],
        [("file-20", 21)],
    ],
)
def test_versions_of_a_folder(tmp_path: Path, changed: list[tuple[str, int]]) -> None:
    second = tree(*(dict(FOLDER) | dict(changed)).items())
    third = tree(*FOLDER[5:])
    repository = family(tmp_path, tree(*FOLDER), second, third, second + tree(("zz", 200)))

    every = {number for _, number in FOLDER}
    expected = {number for name, number in (dict(FOLDER) | dict(changed)).items() if "module" not in name}
    assert numbers(repository, tree(*FOLDER)) == every
    assert numbers(repository, second) == expected
    assert numbers(repository, third) == set(range(6, 40))
    assert numbers(repository, second + tree(("zz", 200))) == expected | {200}


def test_what_is_named_twice_is_named_until_it_is_no_more(tmp_path: Path) -> None:
    twice, once, none = (
        [("again", 7)] * both + FOLDER[:6] + FOLDER[6 + gone :] for both, gone in [(1, 0), (1, 1), (0, 1)]
    )
    repository = family(tmp_path, tree(*twice), tree(*once), tree(*none))

    assert 7 in numbers(repository, tree(*twice))
    assert 7 in numbers(repository, tree(*once))
    assert 7 not in numbers(repository, tree(*none))


def test_of_a_tree_that_cannot_be_read_nothing_is_said(tmp_path: Path) -> None:
    first, second, third = tree(*FOLDER), tree(*FOLDER, ("new", 99)), tree(*FOLDER, ("new", 99), ("newer", 98))
    entry = packs.zlib.compress(packs.delta(first, second))
    repository = family(
        tmp_path, first, second, third, damaged=lambda pack: pack.replace(entry, entry[:-4] + b"\0\0\0\0")
    )

    assert {holder for holder, _, _ in named(repository)[0]} == {packs.oid_of(first, "tree")}


@pytest.mark.usefixtures("in_c_and_in_python")
def test_whatever_is_damaged_nothing_is_said_of_it_and_all_of_the_rest(tmp_path: Path) -> None:
    repository = with_a_wide_folder(tmp_path, 7)
    every = listed(repository)
    (pack,) = repository.packs()
    intact = pack.read_bytes()
    pack.chmod(0o644)
    chance = random.Random(7)

    for _ in range(12):
        damaged = bytearray(intact)
        for _ in range(chance.choice([1, 3, 30])):
            damaged[chance.randrange(12, len(damaged) - 20)] ^= 1 << chance.randrange(8)
        pack.write_bytes(damaged)
        lost: set[str] = set()
        pairs, whole = named(repository, lost=lost)
        of_read = {pair for pair in every if pair[0] not in lost}
        # Of what only git could read nothing is gathered, which is said.
        assert pairs == of_read if whole else pairs <= of_read


@pytest.mark.usefixtures("in_c_and_in_python")
def test_what_is_named_alike_twice_is_counted_or_said_not_to_be(tmp_path: Path) -> None:
    once = tree(*FOLDER)
    twice = once + once[-34:]
    repository = family(tmp_path, twice, once, twice + tree(("zz", 200)), tree(("zz", 200)) + once)

    pairs, whole = named(repository)

    assert not whole or pairs == listed(repository)


@pytest.mark.parametrize("rest", [b"x" * 400_000, b"x " * 200_000, b"\0", b"a b\0" + bytes(19), b"\0" + b"x" * 40])
def test_what_is_hardly_a_tree_ends_the_reading_of_it_soon(tmp_path: Path, rest: bytes) -> None:
    folder = tree(*FOLDER)
    repository = family(tmp_path, folder + rest, folder, folder + rest + rest)

    pairs, whole = named(repository)

    assert not whole
    assert {pair for pair in pairs if pair[0] == packs.oid_of(folder, "tree")} <= {
        (packs.oid_of(folder, "tree"), NO_NAME, child) for child in OF
    }


@pytest.mark.usefixtures("in_c_and_in_python")
def test_what_is_no_tree_is_said_to_be_none(tmp_path: Path) -> None:
    first = tree(*FOLDER)
    repository = family(tmp_path, first, first + b"100644 cut off\0")

    assert not named(repository)[1]


def test_several_processes_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyguard.git.odb.shares.ALONE", 0)
    repository = with_a_wide_folder(tmp_path, 2)

    assert named(repository, 2) == named(repository)
