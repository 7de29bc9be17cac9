"""Keys in names of trees, of which each name is looked at once: no tree with such a name is missed so."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from keyguard.git.command import Git
from keyguard.git.odb.batch import Batch
from keyguard.git.odb.kinds import TREE
from keyguard.git.odb.reader import read
from keyguard.git.odb.store import find_store
from keyguard.model import Match
from keyguard.source.objects import Maker, ObjectExaminer
from tests.git import packs
from tests.git.repositories import Repository
from tests.source.auditing import ENGINE, KEY, OTHER

pytestmark = pytest.mark.usefixtures("in_c_and_in_python")

# Names with keys, names with what is nearly one, and others.
KEYED = [f"{KEY}.txt", f"a {OTHER}", f"{KEY} and {OTHER}"]
DULL = ["api_key", "sk-", "my-api_key-file.txt", f"x{KEY[:20]}"]
PLAIN = [f"file-{number:03}" for number in range(60)]

Names = set[tuple[str, str, str]]


def tree(*names: str, mode: bytes = b"100644") -> bytes:
    return b"".join(b"%s %s\0%s" % (mode, name.encode(), bytes([7]) * 20) for name in names)


def family(path: Path, *trees: bytes) -> Repository:
    """A pack of trees, each built on the one before it."""
    distinct = list(dict.fromkeys(trees))
    entries = [packs.whole(distinct[0], "tree")]
    entries += [packs.on_offset(after, before, "tree") for before, after in pairwise(distinct)]
    repository = Repository(path)
    packs.write_pack(repository.objects / "pack", entries)
    return repository


def found(repository: Repository) -> Names:
    """Each tree with a key, the name that has it, and the key's fingerprint."""
    git = Git(repository.path)
    reading = read(git, find_store(git), Maker(ENGINE, 20), 1)
    return {
        (found.oid, item.origin.path or "", item.secret.fingerprint)
        for harvest in reading.harvests
        for found in harvest.found
        for item in found.value
        if isinstance(item, Match)
    }


def expected(trees: list[bytes]) -> Names:
    """The same, as each tree has it by itself."""
    results, _ = ObjectExaminer(ENGINE, 20).several(Batch.of(TREE, trees))
    return {
        (packs.oid_of(trees[number], "tree"), item.origin.path or "", item.secret.fingerprint)
        for number, items in results
        for item in items
        if isinstance(item, Match)
    }


def test_a_name_with_a_key_is_found_in_every_tree_that_has_it(tmp_path: Path) -> None:
    trees = [
        tree(*PLAIN), tree(*PLAIN, KEYED[0]), tree(*PLAIN[5:], KEYED[0]), tree(*PLAIN[:9]), tree(KEYED[0]),
        tree(*KEYED), tree(*PLAIN, *KEYED, "zz"), tree(*PLAIN, *DULL),
    ]  # fmt: skip

    names = found(family(tmp_path, *trees))

    assert {(oid, name) for oid, name, _ in names} == {
        (packs.oid_of(content, "tree"), name) for content in trees for name in KEYED if name.encode() in content
    }
    assert names == expected(trees)


@pytest.mark.parametrize("together", [1 << 14, 1 << 18])
@pytest.mark.parametrize("seed", range(3))
def test_of_any_trees_every_name_is_found(
    tmp_path: Path, seed: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the trees are looked at in many batches, so that most names occurred in one before."""
    monkeypatch.setattr("keyguard.git.odb.unpack.TOGETHER", together)
    chance = Random(seed)
    trees = []
    for _ in range(200):
        names = chance.sample(PLAIN, chance.choice([1, 5, 40])) + chance.sample(DULL, chance.choice([0, 0, 1]))
        names += chance.sample(KEYED, chance.choice([0, 0, 0, 1, 2]))
        trees.append(tree(*chance.sample(names, len(names)), mode=chance.choice([b"100644", b"40000", b"160000"])))

    assert found(family(tmp_path, *trees)) == expected(trees)


def test_a_submodule_with_a_key_in_its_name_is_found(tmp_path: Path) -> None:
    content = tree(KEYED[0], mode=b"160000")

    assert {name for _, name, _ in found(family(tmp_path, content))} == {KEYED[0]}


@pytest.mark.parametrize("together", [1 << 14, 1 << 18])
def test_what_stands_beside_what_is_no_tree_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr("keyguard.git.odb.unpack.TOGETHER", together)
    wide = PLAIN * 7
    trees = [
        tree(*wide, KEYED[1]), tree(*wide, KEYED[0]) + b"100644 cut off", tree(*wide, KEYED[0]),
        tree(*wide, *KEYED[:2], "last"), KEYED[0].encode(), tree(KEYED[2]),
    ]  # fmt: skip

    names = found(family(tmp_path, *trees))

    assert names == expected(trees)
    assert {oid for oid, _, _ in names} == {packs.oid_of(content, "tree") for content in trees}
