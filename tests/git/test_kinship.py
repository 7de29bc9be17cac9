"""What objects name, as read from packs, against what git says of the same repositories."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard.errors import GitError
from keyguard.git.changes import Changed
from keyguard.git.command import Git
from keyguard.git.graph import EVERYTHING, read_graph
from keyguard.git.kin.ancestry import ReadPast
from keyguard.git.kin.connectivity import absent_objects
from keyguard.git.kin.kinship import Kinship
from keyguard.git.kin.ways import Ways
from keyguard.git.odb.batch import Batch
from keyguard.git.odb.catalogue import catalogue
from keyguard.git.odb.kinds import Kind
from keyguard.git.odb.reader import read
from keyguard.git.odb.store import find_store
from keyguard.git.odb.trees import Entries, entries
from keyguard.git.past import AskedPast
from tests.git.repositories import Repository, with_history

NAMES = ["a", "b.txt", "with space", "Ünïcode", "line\nend", "100644 a", "zz" * 40]


class Nobody:
    """Finds nothing in anything."""

    margins = 0, 0
    by_names = False

    def several(self, _batch: Batch) -> tuple[list[tuple[int, None]], set[int]]:
        return [], set()

    def stream(self, _kind: int, _size: int, read: Callable[[int], bytes]) -> None:
        while read(1 << 20):
            pass


def kinship_of(repository: Repository, jobs: int = 1) -> Kinship:
    git = Git(repository.path)
    reading = read(git, find_store(git), Nobody, jobs)
    for harvest in reading.harvests:
        assert not harvest.lost
    assert reading.links and reading.links.whole
    return Kinship(git, *reading.links.take())


def past_of(repository: Repository, jobs: int = 1) -> ReadPast:
    tips = repository("rev-list", "--no-walk", "--all", "--reflog").split()
    git = Git(repository.path)
    return ReadPast(git, kinship_of(repository, jobs), tips, borders(repository), partial(AskedPast, git, jobs))


def borders(repository: Repository) -> list[str]:
    shallow = repository.git_dir / "shallow"
    return shallow.read_text().split() if shallow.exists() else []


def random_history(path: Path, seed: int, *options: str) -> Repository:
    """Branches, merges, renamings, modes, links and submodules, as chance will have it."""
    chance = random.Random(seed)
    repository = Repository(path, *options)
    stream: list[bytes] = []
    branches = ["main", "side", "third"]
    begun: list[str] = []
    for number in range(60):
        branch = chance.choice(branches if begun else ["main"])
        stream.append(b"commit refs/heads/%s\n" % branch.encode())
        stream.append(b"mark :%d\n" % (number + 1))
        stream.append(b"committer A <a@example.com> %d +0000\n" % (1_700_000_000 + chance.randrange(5_000)))
        stream.append(b"data 2\nx\n\n")
        if begun and branch not in begun:
            stream.append(b"from refs/heads/%s\n" % chance.choice(begun).encode())
        elif len(begun) > 1 and chance.random() < 0.3:
            others = [other for other in begun if other != branch]
            stream += [b"merge refs/heads/%s\n" % other.encode() for other in others[: chance.choice([1, 1, 2])]]
        begun = [*dict.fromkeys([*begun, branch])]
        for _ in range(chance.randrange(4)):
            stream.append(_change(chance, "sha256" in "".join(options)))
        stream.append(b"\n")
    repository("fast-import", "--quiet", "--force", given=b"".join(stream))
    repository("tag", "-m", "a tag", "v1", "main")
    return repository


def _change(chance: random.Random, sha256: bool) -> bytes:
    path = "/".join(chance.choice(NAMES) for _ in range(chance.choice([1, 2, 2, 3])))
    quoted = b'"%s"' % path.replace("\n", "\\n").encode()
    kind = chance.random()
    if kind < 0.15:
        return b"D %s\n" % quoted
    if kind < 0.2:
        return b"M 160000 %s %s\n" % (b"5" * (64 if sha256 else 40), quoted)
    content = b"%d" % chance.randrange(12)
    mode = b"120000" if kind < 0.25 else chance.choice([b"100644", b"100755"])
    return b"M %s inline %s\ndata %d\n%s\n" % (mode, quoted, len(content), content)


def blobs_of(repository: Repository) -> list[str]:
    return [oid for oid, (kind, _) in repository.contents().items() if kind == "blob"]


def sides(found: Iterable[Changed], blobs: set[str]) -> list[tuple[str, str, str | None, str | None]]:
    """The changes, with nothing but `blobs` on their sides: what else there was is not told by all."""
    return sorted(
        (
            (c.commit, c.path, c.before if c.before in blobs else None, c.after if c.after in blobs else None)
            for c in found
        ),
        key=repr,
    )


def packed(repository: Repository) -> None:
    repository("repack", "-adfq", "--depth=50")


def half_packed(repository: Repository) -> None:
    repository("update-ref", "refs/heads/mine", "main~3")
    given = repository("rev-parse", "main~3").encode() + b"\n"
    repository("pack-objects", "--quiet", "--revs", repository.objects / "pack" / "pack", given=given)


def twice_packed(repository: Repository) -> None:
    half_packed(repository)
    repository("repack", "-dq")
    given = repository("rev-parse", "main").encode() + b"\n"
    repository("pack-objects", "--quiet", "--revs", repository.objects / "pack" / "pack", given=given)


def unpacked(repository: Repository) -> None:
    for pack in repository.packs():
        content = pack.read_bytes()
        for file in pack.parent.glob(f"{pack.stem}.*"):
            file.unlink()
        repository("unpack-objects", "-q", given=content)


@pytest.mark.parametrize("stored", [packed, half_packed, twice_packed, unpacked])
@pytest.mark.parametrize("seed", range(3))
def test_what_commits_changed_is_what_git_says(tmp_path: Path, seed: int, stored: Callable[[Repository], None]) -> None:
    repository = random_history(tmp_path, seed)
    stored(repository)
    told, asked = past_of(repository), AskedPast(Git(tmp_path), 1)

    commits = list(asked.graph.parents)
    assert len(told.graph) == len(commits)
    assert told.graph.parents_of(commits) == asked.graph.parents
    for blob in blobs_of(repository):
        assert sides(told.changes({blob}, set()), {blob}) == sides(asked.changes({blob}, set()), {blob})


@pytest.mark.parametrize("stored", [packed, unpacked])
@pytest.mark.parametrize("seed", range(3))
def test_paths_are_those_of_all_commits(tmp_path: Path, seed: int, stored: Callable[[Repository], None]) -> None:
    repository = random_history(tmp_path, seed)
    stored(repository)
    repository("update-ref", "-d", "refs/heads/side")
    blobs = set(blobs_of(repository)) | {"6" * 40}
    told, asked = past_of(repository), AskedPast(Git(tmp_path), 1)

    assert told.paths(blobs) == asked.paths(blobs)
    others = blobs - told.paths(blobs).keys()
    assert told.paths(others, stray=True) == asked.paths(others, stray=True)


@pytest.mark.parametrize(
    ("bound", "most", "said"),
    [("LONGEST_PATH", 10, "deep"), ("MOST_OF_PATHS", 30, "so often"), ("MOST_ENTRIES", 3, "so often")],
)
def test_paths_without_number_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, said: str
) -> None:
    monkeypatch.setattr(f"keyguard.git.kin.folders.{bound}", most)
    monkeypatch.setattr("keyguard.git.kin.folders.BESIDES", 0)
    repository = Repository(tmp_path)
    repository.commit(dict.fromkeys(["a/long-folder/a", "b", "c/c", "another/folder"], b"one\n"))

    with pytest.raises(GitError, match=said):
        past_of(repository).paths({repository("rev-parse", "main:b")})


@pytest.mark.parametrize("block", [1, 7])
def test_however_many_are_compared_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr("keyguard.git.kin.differences.BLOCK", block)
    repository = random_history(tmp_path, 8)
    blobs = set(blobs_of(repository))
    told, asked = past_of(repository), AskedPast(Git(tmp_path), 1)

    found = told.changes(blobs, set())
    assert sides(found, blobs) == sides(asked.changes(blobs, set()), blobs)
    ages = told.graph.ages({change.commit for change in found})
    assert [ages[change.commit] for change in found] == sorted(ages[change.commit] for change in found)


def test_in_a_repository_of_sha_256(tmp_path: Path) -> None:
    repository = random_history(tmp_path, 7, "--object-format=sha256")
    blobs = set(blobs_of(repository))
    told, asked = past_of(repository), AskedPast(Git(tmp_path), 1)

    assert sides(told.changes(blobs, set()), blobs) == sides(asked.changes(blobs, set()), blobs)


def test_by_several_processes_it_is_the_same(tmp_path: Path) -> None:
    repository = with_history(Repository(tmp_path), commits=400)
    repository("repack", "-adq")
    blobs = set(blobs_of(repository)[:5])
    one, two = past_of(repository, 1), past_of(repository, 2)

    assert one.changes(blobs, set()) == two.changes(blobs, set())


@pytest.mark.parametrize("seed", range(3))
def test_names_in_paths(tmp_path: Path, seed: int) -> None:
    repository = random_history(tmp_path, seed)
    name = "with space"
    trees = [
        oid for oid, (kind, content) in repository.contents().items() if kind == "tree" and b" with space\0" in content
    ]
    named = {(name, tree) for tree in trees}
    told, asked = past_of(repository), AskedPast(Git(tmp_path), 1)

    def named_paths(found: Iterable[Changed]) -> Iterator[tuple[str, str, str | None]]:
        return ((c.commit, c.path, c.after) for c in found if c.after)

    assert trees
    assert sorted(named_paths(told.changes(set(), named))) == sorted(named_paths(asked.changes(set(), named)))


def test_what_a_commit_holds(tmp_path: Path) -> None:
    repository = random_history(tmp_path, 4)
    blobs = set(blobs_of(repository))
    told = past_of(repository)
    told.changes(blobs, set())
    listed = repository.bytes("ls-tree", "-r", "-z", "main").split(b"\0")[:-1]
    entries = [(line.split(b"\t")[1].decode(), line.split()[2].decode()) for line in listed if b" commit " not in line]

    questions = [(repository("rev-parse", "main"), path) for path, _ in entries]
    assert told.held(questions) == [oid for _, oid in entries]
    assert told.held([(questions[0][0], "no/such/path")]) == [None]


def test_dates_order_commits_as_git_does(tmp_path: Path) -> None:
    repository = random_history(tmp_path, 9)
    graph = past_of(repository).graph
    dates = dict(line.split() for line in repository("log", "--all", "--format=%H %ct").splitlines())
    ages = graph.ages(dates)

    assert sorted(ages.values()) == list(range(len(dates)))
    for commit, parents in graph.parents_of(dates).items():
        assert all(ages[parent] > ages[commit] for parent in parents)
    # Between commits of which none stands on the other only their dates decide.
    git = read_graph(Git(tmp_path), *EVERYTHING)
    assert [dates[commit] for commit in sorted(ages, key=ages.__getitem__)] == [dates[commit] for commit in git.parents]


@pytest.mark.parametrize("seed", range(3))
def test_what_commits_stand_on_is_what_git_says(tmp_path: Path, seed: int) -> None:
    repository = random_history(tmp_path, seed)
    told, asked = past_of(repository).graph, AskedPast(Git(tmp_path), 1).graph
    commits = list(asked.parents)
    chance = random.Random(seed)

    for _ in range(20):
        tips, among = chance.sample(commits, 3), chance.sample(commits, 20)
        own = {commit: 1 << bit for bit, commit in enumerate(chance.sample(commits, 4))}
        # A commit of another repository is nobody's.
        assert told.beneath([*tips, "5" * 40], among) == asked.beneath([*tips, "5" * 40], among)
        assert told.reaching(own, among) == asked.reaching(own, among)
        assert told.parents_of([*among, "5" * 40]) == asked.parents_of([*among, "5" * 40])


def test_commits_of_no_ref_are_stray(tmp_path: Path) -> None:
    repository = random_history(tmp_path, 5)
    repository("update-ref", "refs/tags/kept", "main~2")
    for name in ("heads/main", "heads/side", "heads/third", "tags/v1"):
        repository("update-ref", "-d", f"refs/{name}")
    repository("reflog", "expire", "--expire=now", "--all")
    every = [oid for oid, (kind, _) in repository.contents().items() if kind == "commit"]
    blobs = set(blobs_of(repository))
    told, asked = past_of(repository), AskedPast(Git(tmp_path), 1)

    assert told.stray.parents_of(every) == asked.stray.parents
    assert told.graph.parents_of(every) == asked.graph.parents
    assert len(told.stray) == len(told.stray.ages(every)) == len(every) - len(told.graph) > 0
    assert sides(told.changes(blobs, set(), stray=True), blobs) == sides(asked.changes(blobs, set(), stray=True), blobs)


def test_changes_come_in_the_order_of_their_commits(tmp_path: Path) -> None:
    repository = random_history(tmp_path, 6)
    past = past_of(repository)
    commits = [change.commit for change in past.changes(set(blobs_of(repository)), set())]
    ages = past.graph.ages(commits)

    assert len(ages) > 10
    assert [ages[commit] for commit in commits] == sorted(ages[commit] for commit in commits)


def test_a_repository_without_commits_holds_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.blob(b"one\n")
    past = past_of(repository)

    assert past.changes({"5" * 40}, set()) == []
    assert past.held([("5" * 40, "a")]) == [None]
    assert past.graph.reaching({"5" * 40: 1}, ["5" * 40]) == {}
    assert len(past.graph) == len(past.stray) == 0


def lost(repository: Repository, *names: str) -> set[str]:
    """Takes objects out of a repository in which all are loose."""
    oids = {repository("rev-parse", name) for name in names}
    for oid in oids:
        (repository.objects / oid[:2] / oid[2:]).unlink()
    return oids


def absent_in(repository: Repository, indexed: Sequence[str] = ()) -> set[str] | None:
    git = Git(repository.path)
    reading = read(git, find_store(git), Nobody, 1)
    list(reading.harvests)
    assert reading.links
    tips = repository("rev-list", "--no-walk", "--all", "--reflog", "--ignore-missing").split()
    kinship = Kinship(git, *reading.links.take())
    return absent_objects(
        kinship, lambda: ReadPast(git, kinship, tips, borders(repository), partial(AskedPast, git, 1)), indexed
    )


@pytest.mark.parametrize(
    "names",
    [
        ["main:a.txt"],
        ["main:folder"],
        ["main:folder/deep/b.txt"],
        ["main^{tree}"],
        ["main~2^{tree}", "main:a.txt"],
    ],
)
def test_what_is_absent_is_what_git_misses(tmp_path: Path, names: list[str]) -> None:
    repository = Repository(tmp_path)
    for number in range(4):
        files = {"a.txt": b"%d" % number, "folder/deep/b.txt": b"b%d" % number, "same": b"the same\n"}
        repository.commit(files)
    gone = lost(repository, *names)
    needed = repository("rev-list", "--objects", "--all", "--missing=print", "--no-object-names").split()

    assert absent_in(repository) == gone == {line[1:] for line in needed if line.startswith("?")}


def test_an_absent_commit_is_needed_where_a_branch_leads_to_it(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    for number in range(4):
        repository.commit({"a.txt": b"%d" % number})
    gone = lost(repository, "main~2")

    # git itself gives up here.
    assert absent_in(repository) == gone


def test_what_only_a_dangling_tree_names_is_not_needed(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a": b"one\n"})
    blob = repository.blob(b"of no commit\n")
    repository("mktree", given=b"100644 blob %s\tx\n" % blob.encode())
    lost(repository, blob)

    # Only git knows that no reflog names the tree.
    assert absent_in(repository) is None


def test_what_a_tag_of_a_tree_leads_to_is_needed(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a": b"one\n"})
    blob = repository.blob(b"of no commit\n")
    tree = repository("mktree", given=b"100644 blob %s\tx\n" % blob.encode())
    repository("update-ref", "refs/tags/light", tree)
    lost(repository, blob)

    assert absent_in(repository) == {blob}


def test_a_submodules_commit_and_the_empty_tree_are_not_missed(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    given = b"160000 commit %s\tmodule\n040000 tree %s\tempty\n" % (b"7" * 40, empty.encode())
    tree = repository("mktree", "--missing", given=given)
    repository("update-ref", "refs/heads/main", repository("commit-tree", "-m", "x", tree))

    assert absent_in(repository) == set()
    assert absent_in(repository, [empty]) == set()
    assert absent_in(repository, ["6" * 40]) == {"6" * 40}


def test_the_empty_blob_is_missed_as_git_misses_it(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a": b"one\n", "empty": b""})
    gone = lost(repository, "main:empty")

    assert absent_in(repository) == gone


def test_an_absent_blob_that_is_named_as_a_submodules_commit_too_is_missed(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    blob = b"7" * 40
    given = b"160000 commit %s\ta\n100644 blob %s\tb\n" % (blob, blob)
    tree = repository("mktree", "--missing", given=given)
    repository("update-ref", "refs/heads/main", repository("commit-tree", "-m", "x", tree))

    assert absent_in(repository) == {blob.decode()}


def test_a_shallow_clones_border_is_no_loss(tmp_path: Path) -> None:
    origin = with_history(Repository(tmp_path / "origin"), commits=10)
    origin("clone", "-q", "--depth=3", f"file://{origin.path}", tmp_path / "clone")
    clone = Repository(tmp_path / "clone")

    assert len(past_of(clone).graph) == 3
    assert absent_in(clone) == set()


def test_the_tree_of_a_shallow_clones_border_is_one(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    for number in range(3):
        repository.commit({"a.txt": b"%d" % number})
    border = repository("rev-parse", "main~1")
    lost(repository, "main~2", "main~1^{tree}")
    (repository.git_dir / "shallow").write_text(f"{border}\n")

    assert absent_in(repository) is None


def test_what_only_a_reflog_leads_to_is_asked_of_git(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    repository.commit({"a.txt": b"%d"})
    blob = repository.blob(b"of no commit\n")
    tree = repository("mktree", given=b"100644 blob %s\tx\n" % blob.encode())
    repository("config", "core.logAllRefUpdates", "always")
    repository("update-ref", "refs/tags/light", tree)
    repository("update-ref", "refs/tags/light", "main")
    lost(repository, blob)

    assert absent_in(repository) is None


NAME = st.binary(min_size=1, max_size=30).filter(lambda name: b"\0" not in name)
OID = st.one_of(
    st.binary(min_size=20, max_size=20),
    st.lists(st.sampled_from([0, 0, 0, 32, 49, 255]), min_size=20, max_size=20).map(bytes),
)
TREE = st.lists(st.tuples(st.sampled_from([b"100644", b"40000"]), NAME, OID), max_size=8)


def entries_in(trees: list[bytes]) -> Entries | None:
    batch = Batch.of(Kind.TREE, trees)
    ends = np.array(batch.ends, np.int64)
    starts = ends - np.array([len(tree) for tree in trees], np.int64)
    return entries(batch.text, starts, ends, 20)


@given(st.lists(TREE, max_size=5))
def test_entries_of_many_trees_are_those_of_each(trees: list[list[tuple[bytes, bytes, bytes]]]) -> None:
    contents = [b"".join(b"%s %s\0%s" % entry for entry in tree) for tree in trees]

    found = entries_in(contents)

    assert found is not None
    told = [
        (number, found.data[start:at].partition(b" ")[2][:-1], found.data[at : at + 20])
        for number, start, at in zip(found.tree.tolist(), found.start.tolist(), found.at.tolist(), strict=True)
    ]
    assert told == [(number, name, oid) for number, tree in enumerate(trees) for _, name, oid in tree]


@given(st.lists(TREE.filter(bool), min_size=1, max_size=4), st.data())
def test_a_tree_that_is_cut_off_is_no_tree(trees: list[list[tuple[bytes, bytes, bytes]]], data: st.DataObject) -> None:
    contents = [b"".join(b"%s %s\0%s" % entry for entry in tree) for tree in trees]
    which = data.draw(st.integers(0, len(contents) - 1))
    # Somewhere within the last id.
    contents[which] = contents[which][: -data.draw(st.integers(1, 19))]

    assert entries_in(contents) is None


def test_of_two_entries_of_a_name_the_last_counts() -> None:
    known = catalogue([np.arange(100, dtype=np.uint8).reshape(5, 20)], 20)
    ways = Ways(known)
    ways.add(np.array([3, 3, 0, 3]), ways.places([b"a", b"b", b"a", b"a"]), np.array([1, 2, 1, 4]))
    asked = ways.places([b"a", b"b", b"a", b"b", b"a", b"c"])

    assert ways.children(np.array([3, 3, 0, 0, 7, 3]), asked).tolist() == [4, 2, 1, -1, -1, -1]
    assert [column.tolist() for column in ways.entries(np.array([0, 9, 3]))] == [[0, 2, 2], [0, 0, 1], [1, 4, 2]]
    assert ways.is_tree(np.array([3, 0, 1])).tolist() == [True, True, False]


def test_what_is_not_stored_has_a_number_behind_all_others() -> None:
    known = catalogue([np.arange(40, dtype=np.uint8).reshape(2, 20)], 20)
    ways = Ways(known)
    oids = [b"x" * 20, bytes(known.oids[1]), b"y" * 20, b"x" * 20]

    numbers = ways.numbered(oids)

    assert numbers.tolist() == [2, 1, 3, 2]
    assert ways.oids(numbers) == oids
    assert ways.is_stored(numbers).tolist() == [False, True, False, False]
    ways.mark(np.array([1]))
    assert ways.is_tree(np.array([0, 1, 2, 3, -1])).tolist() == [False, True, False, False, False]


def test_paths_without_number_and_without_a_change_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyguard.git.kin.differences.MOST_COMPARED", 1000)
    repository = Repository(tmp_path)
    key = repository.blob(b"the same\n")
    for other in (b"one\n", b"two\n"):
        rows = f"100644 blob {key}\tk\n100644 blob {repository.blob(other)}\to\n"
        tree = repository("mktree", given=rows.encode())
        for _ in range(40):
            tree = repository("mktree", given=f"040000 tree {tree}\ta\n040000 tree {tree}\tb\n".encode())
        parents = [] if other == b"one\n" else ["-p", "main"]
        repository("update-ref", "refs/heads/main", repository("commit-tree", "-m", "x", *parents, tree))

    with pytest.raises(GitError, match="so often"):
        past_of(repository).changes({key}, set())


@pytest.mark.parametrize(("commits", "given_up"), [(10, False), (200, True)])
def test_few_paths_in_commits_without_number_are_given_up(
    tmp_path: Path, commits: int, given_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyguard.git.kin.differences.MOST_COMPARED", 1000)
    repository = Repository(tmp_path)
    key = repository.blob(b"the same\n")
    trees = []
    for other in (b"one\n", b"two\n"):
        rows = f"100644 blob {key}\tk\n100644 blob {repository.blob(other)}\to\n"
        inner = repository("mktree", given=rows.encode())
        trees.append(repository("mktree", given="".join(f"040000 tree {inner}\t{n}\n" for n in range(10)).encode()))
    stream = (
        b"commit refs/heads/main\ncommitter A <a@example.com> %d +0000\ndata 0\n\nM 040000 %s \n\n"
        % (number, trees[number % 2].encode())
        for number in range(commits)
    )
    repository("fast-import", "--quiet", given=b"".join(stream))

    if given_up:
        with pytest.raises(GitError, match="so often"):
            past_of(repository).changes({key}, set())
    else:
        assert len(past_of(repository).changes({key}, set())) == 10


def test_what_came_after_the_reading_is_not_held(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"a": b"one\n"})
    kinship = kinship_of(repository)

    assert kinship.holds([first])
    assert not kinship.holds([first, repository.commit({"a": b"two\n"})])


def test_a_commit_whose_tree_is_absent_took_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"a": b"one\n"})
    repository.commit({"b": b"two\n"})
    blob = repository("rev-parse", "main:a")
    lost(repository, "main^{tree}")
    past = past_of(repository)

    assert past.changes({blob}, set()) == [Changed(first, "a", None, blob)]


def test_a_commit_whose_folder_is_absent_took_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"folder/a": b"one\n", "folder/b": b"b\n", "other": b"o\n"})
    repository.commit({"folder/b": b"another\n"})
    blob = repository("rev-parse", "main:folder/a")
    lost(repository, "main:folder")
    past = past_of(repository)

    assert past.changes({blob}, set()) == [Changed(first, "folder/a", None, blob)]


def test_a_commit_that_takes_a_folder_took_what_was_in_it(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"folder/in/a": b"one\n", "other/b": b"b\n"})
    blob = repository("rev-parse", "main:folder/in/a")
    repository("rm", "-q", "-r", "folder")
    last = repository.commit({"other/b": b"another\n"})
    lost(repository, "main:other/b")
    past = past_of(repository)

    assert past.changes({blob}, set()) == [
        Changed(last, "folder/in/a", blob, None),
        Changed(first, "folder/in/a", None, blob),
    ]


def test_a_commit_of_the_empty_tree_that_is_not_stored_took_all(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"a": b"one\n"})
    blob = repository("rev-parse", "main:a")
    last = repository("commit-tree", "-p", first, "-m", "gone", repository("hash-object", "-t", "tree", "/dev/null"))
    repository("update-ref", "refs/heads/main", last)

    assert past_of(repository).changes({blob}, set()) == [
        Changed(last, "a", blob, None),
        Changed(first, "a", None, blob),
    ]


def test_below_a_name_that_is_looked_for_all_is_told(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    commits = [repository.commit({f"name/in/{file}": file.encode()}) for file in ("other", "looked-for", "more")]
    blob = repository("rev-parse", "main:name/in/looked-for")
    named = {("name", repository("rev-parse", f"{commit}^{{tree}}")) for commit in commits}
    told, asked = past_of(repository), AskedPast(Git(tmp_path), 1)

    assert set(told.changes({blob}, named)) == set(asked.changes({blob}, named))


@pytest.mark.parametrize(
    ("bound", "paths", "said"),
    [
        ("folders.LONGEST_PATH", ["in/" * 50 + "a"], "deep"),
        ("differences.MOST_OF_PATHS", [f"a-long-name-{number}" for number in range(10)], "so often"),
    ],
)
def test_paths_without_end_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, paths: list[str], said: str
) -> None:
    monkeypatch.setattr(f"keyguard.git.kin.{bound}", 100)
    repository = Repository(tmp_path)
    repository.commit(dict.fromkeys(paths, b"one\n"))
    blob = repository("hash-object", "--stdin", given=b"one\n")

    with pytest.raises(GitError, match=said):
        past_of(repository).changes({blob}, set())


def test_folders_that_lie_too_deep_below_a_name_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyguard.git.kin.ancestry.DEEPEST", 20)
    repository = Repository(tmp_path)
    repository.commit({"name/" + "in/" * 50 + "a": b"one\n"})

    with pytest.raises(GitError, match="deep"):
        past_of(repository).changes(set(), {("name", repository("rev-parse", "main^{tree}"))})


def test_of_ways_without_number_git_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyguard.git.kin.kinship.MOST_ENTRIES", 0)
    repository = random_history(tmp_path, 9)
    blobs = set(blobs_of(repository))
    told, asked = past_of(repository), AskedPast(Git(tmp_path), 1)
    questions = [(change.commit, change.path) for change in asked.changes(blobs, set())]

    assert sides(told.changes(blobs, set()), blobs) == sides(asked.changes(blobs, set()), blobs)
    assert told.paths(blobs) == asked.paths(blobs)
    assert told.held(questions) == asked.held(questions)


@pytest.mark.parametrize(("bound", "most"), [("MOST_NAMES", 8), ("MOST_OF_NAMES", 56)])
def test_of_names_without_number_git_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(f"keyguard.git.odb.names.{bound}", most)
    repository = Repository(tmp_path)
    git = Git(tmp_path)
    whole = []
    for number in range(9):
        repository.commit({f"folder/name-{number}": b"one\n"})
        reading = read(git, find_store(git), Nobody, 1)
        list(reading.harvests)
        assert reading.links
        whole.append(reading.links.whole)

    assert whole == [True] * 6 + [False] * 3


def test_of_trees_that_name_each_other_too_often_git_tells_what_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyguard.git.kin.kinship.MOST_ENTRIES", 0)
    repository = Repository(tmp_path)
    repository.commit({"folder/a": b"one\n"})
    lost(repository, "main:folder/a")

    assert absent_in(repository) is None


def test_a_commit_that_leaves_nothing_took_it(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"a": b"one\n"})
    blob = repository("rev-parse", "main:a")
    repository("rm", "-q", "a")
    second = repository.commit({})
    past = past_of(repository)

    assert past.changes({blob}, set()) == [
        Changed(second, "a", blob, None),
        Changed(first, "a", None, blob),
    ]
