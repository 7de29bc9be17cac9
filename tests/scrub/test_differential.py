"""Random histories: what was rewritten is held against what git says of the repository as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from keyguard.scrub.undo import undo
from tests.git.repositories import Repository
from tests.scrub.histories import History, made
from tests.scrub.scrubbing import backup_of, every_file, every_object, planned, scrubbed, state

SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_only_the_keys_are_gone_and_an_undo_brings_everything_back(seed: int, tmp_path: Path) -> None:
    history = made(tmp_path / "repository", seed)
    repository = history.repository
    before = state(repository)
    old = object.__new__(Repository)
    old.path = tmp_path / "old"
    shutil.copytree(repository.path, old.path, symlinks=True)
    shutil.rmtree(old.git_dir / "worktrees", ignore_errors=True)
    if not planned(repository).search.result.findings:
        assert not history.keys
        return

    done = scrubbed(repository)

    assert done.proven
    _check_no_trace(history)
    _check_commits(history, old, dict(done.rewritten.commits))
    assert "error" not in repository("fsck", "--full")
    undo(repository.path, backup_of(repository))
    assert state(repository) == before
    reachable = ("rev-list", "--all", "--objects", "--no-object-names")
    assert set(repository(*reachable).split()) == set(old(*reachable).split())


def _check_no_trace(history: History) -> None:
    objects, files = every_object(history.repository), every_file(history.repository)
    for trace in history.traces():
        assert trace not in objects
        assert [name for name, data in files.items() if trace in data or trace in name.encode()] == []


def _check_commits(history: History, old: Repository, changed: dict[str, str]) -> None:
    """Each commit is what it was, but for what holds a key or names what does."""
    new = history.repository
    traces = history.traces()
    before, after = old.contents(), new.contents()
    tainted: set[str] = set()
    notes = set(old("rev-list", "--glob=refs/notes/*").split()) if old("for-each-ref", "refs/notes") else set()
    for line in old("rev-list", "--all", "--parents", "--topo-order", "--reverse").splitlines():
        commit, *parents = line.split()
        if commit in notes or notes.intersection(parents):
            # These are named by the commits that they are of, which have other ids now.
            notes.add(commit)
            continue
        files, words = _files(old, commit), before[commit][1]
        holds = any(trace in words for trace in traces) or any(
            trace in path or (oid in before and trace in before[oid][1])
            for path, (_, oid) in files.items()
            for trace in traces
        )
        if holds or tainted.intersection(parents):
            tainted.add(commit)
            _check_files(files, _files(new, changed[commit]), before, after, traces)
            _check_words(words, after[changed[commit]][1], changed, traces)
        else:
            assert commit in after
    # Refs of a linked worktree and older stashes are not among all.
    assert tainted == (set(changed) - notes).intersection(old("rev-list", "--all").split())


def _files(repository: Repository, commit: str) -> dict[bytes, tuple[str, str]]:
    """Mode and id of each file, by path."""
    entries = repository.bytes("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")
    split = (entry.partition(b"\t") for entry in entries if entry)
    return {path: (info.split()[0].decode(), info.split()[2].decode()) for info, _, path in split}


def _check_files(
    old: dict[bytes, tuple[str, str]],
    new: dict[bytes, tuple[str, str]],
    before: dict[str, tuple[str, bytes]],
    after: dict[str, tuple[str, bytes]],
    traces: list[bytes],
) -> None:
    renamed = {path for path in old if any(trace in path for trace in traces)}
    assert set(old) - renamed == set(new) & set(old)
    assert len(old) == len(new)
    for path in set(old) - renamed:
        (mode, oid), (new_mode, new_oid) = old[path], new[path]
        assert mode == new_mode
        holds = oid in before and any(trace in before[oid][1] for trace in traces)
        assert (oid != new_oid) == holds
        if holds:
            assert _clean_lines(before[oid][1], traces) <= set(after[new_oid][1].split(b"\n"))


def _clean_lines(content: bytes, traces: list[bytes]) -> set[bytes]:
    """The lines that hold no key: they stay."""
    return {line for line in content.split(b"\n") if not any(trace in line for trace in traces)}


def _check_words(old: bytes, new: bytes, changed: dict[str, str], traces: list[bytes]) -> None:
    """Header by header: dates, people, encodings, unknown headers and the message."""
    for parent, other in changed.items():
        for length in (len(parent), 10, 7):
            old = old.replace(parent[:length].encode(), other[:length].encode())
    lines = [_unsigned(words).split(b"\n") for words in (old, new)]
    # The first line names the tree.
    assert _clean_lines(b"\n".join(lines[0][1:]), traces) <= set(lines[1])
    assert len(lines[0]) == len(lines[1])


def _unsigned(words: bytes) -> bytes:
    head, gap, message = words.partition(b"\n\n")
    lines = head.split(b"\n")
    if b"\ngpgsig " in head:
        start = next(at for at, line in enumerate(lines) if line.startswith(b"gpgsig "))
        end = next((at for at in range(start + 1, len(lines)) if not lines[at].startswith(b" ")), len(lines))
        del lines[start:end]
    return b"\n".join(lines) + gap + message
