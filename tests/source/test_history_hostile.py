"""A repository whose settings name a program for everything runs none of them."""

from __future__ import annotations

import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from keyguard.cli.entry import run
from tests.git import packs
from tests.git.repositories import Repository
from tests.source.auditing import KEY, OTHER, audit, only

SETTINGS = (
    "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy",
    "core.alternateRefsCommand", "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean",
    "filter.evil.smudge", "filter.evil.process", "gpg.program", "gpg.ssh.program", "credential.helper",
    "pager.log", "pager.diff-tree", "pager.rev-list", "sequence.editor", "interactive.diffFilter",
    "uploadpack.packObjectsHook", "remote.origin.uploadpack", "remote.origin.vcs", "merge.evil.driver",
)  # fmt: skip

HOOKS = ("post-index-change", "reference-transaction", "pre-commit", "post-checkout", "fsmonitor-watchman")


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[Path, Path]:
    """A repository with a key, and the file that exists once one of its programs has run."""
    mark = tmp_path / "mark"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\necho ran >> {mark}\nexec cat\n")
    script.chmod(0o755)
    repository = Repository(tmp_path / "repository")
    repository.commit({"a.env": f"KEY={KEY}\n".encode(), ".gitattributes": b"* diff=evil filter=evil merge=evil\n"})
    repository.commit({"a.env": b"none\n"}, f"and {OTHER}")
    repository("tag", "-a", "-m", f"with {KEY}", "v1")
    (repository.path / "b.env").write_text(f"KEY={OTHER}\n")
    repository("add", "b.env")
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in HOOKS:
        os.symlink(script, hooks / name)
    for name in SETTINGS:
        repository("config", name, str(script))
    for name, value in (
        ("core.hooksPath", str(hooks)),
        ("log.showSignature", "true"),
        ("alias.rev-list", f"!{script}"),
        ("remote.origin.url", f"ext::{script}"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialclonefilter", "blob:none"),
        ("extensions.partialClone", "origin"),
        ("core.repositoryFormatVersion", "1"),
        ("protocol.ext.allow", "always"),
        ("diff.orderFile", str(script)),
        ("core.worktree", str(repository.path)),
    ):
        repository("config", name, value)
    # An object that is absent, which git would fetch.
    absent = repository("rev-parse", "HEAD:a.env")
    (repository.objects / absent[:2] / absent[2:]).unlink()
    mark.unlink(missing_ok=True)
    return repository.path, mark


@pytest.mark.parametrize("command", ["history", "staged", "scan"])
def test_nothing_of_a_hostile_repository_runs(
    command: str,
    hostile: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, mark = hostile
    monkeypatch.chdir(path)

    code = run([command])

    assert not mark.exists()
    assert code in (1, 3)
    assert capsys.readouterr().out


def test_the_programs_of_the_hostile_repository_would_run(hostile: tuple[Path, Path]) -> None:
    path, mark = hostile

    Repository.__call__(_at(path), "status", env={"GIT_CONFIG_NOSYSTEM": "1"})

    assert mark.exists()


def _at(path: Path) -> Repository:
    repository = Repository.__new__(Repository)
    repository.path = path
    return repository


def test_trees_that_name_each_other_over_and_over(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    inner = f"100644 blob {repository.blob(KEY.encode())}\tkey\n"
    # Ten to the tenth paths lead to the key.
    for _ in range(10):
        tree = repository("mktree", given=inner.encode())
        inner = "".join(f"040000 tree {tree}\t{number}\n" for number in range(10))
    repository("update-ref", "refs/heads/main", repository("commit-tree", "-m", "a bomb", tree))

    finding = only(audit(tmp_path))

    assert [place.kind for place in finding.locations] == ["blob"]


def test_trees_as_deep_as_git_makes_them(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    tree = repository("mktree", given=f"100644 blob {repository.blob(KEY.encode())}\tkey\n".encode())
    path = "/".join(["d"] * 1_500)
    commit = b"commit refs/heads/main\ncommitter A <a@example.com> 1700000000 +0000\ndata 0\n"
    repository("fast-import", "--quiet", given=commit + f"M 040000 {tree} {path}\n".encode())

    finding = only(audit(tmp_path))

    assert [place.path for place in finding.locations] == [f"{path}/key"]
    assert finding.exposure and finding.exposure.refs == ("refs/heads/main",)


def test_a_tree_that_names_itself_takes_no_memory_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyguard.git.changes.MOST_MEMORY", 256 << 20)
    repository = Repository(tmp_path)
    forged = "aa" * 20
    key = packs.whole(KEY.encode() + b"\n")
    itself = b"".join(b"40000 %s\0%s" % (name.encode(), bytes.fromhex(forged)) for name in ("d", OTHER))
    tree = replace(packs.whole(b"100644 a\0" + bytes.fromhex(key.oid) + itself, "tree"), oid=forged)
    commit = packs.whole(f"tree {forged}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx".encode(), "commit")
    # What cannot be understood leaves the question to git.
    packs.write_pack(repository.objects / "pack", [key, tree, commit, packs.whole(b"no tag", "tag")])
    repository("update-ref", "refs/heads/main", commit.oid)

    result = audit(tmp_path)

    assert {finding.secret.reveal() for finding in result.findings} == {KEY, OTHER}
    assert result.notes


def test_a_delta_that_git_would_not_apply_ends_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    tree = b"".join(b"100644 file-%04d\0%s" % (number, bytes([number % 255 + 1]) * 20) for number in range(500))
    size = packs.number(len(tree))
    delta = size + size + packs.copy(0, len(tree)) + packs.copy(len(tree) + 1000, 100)
    forged = packs.Entry("ab" * 20, packs.OFS_DELTA, delta, packs.oid_of(tree, "tree"))
    packs.write_pack(repository.objects / "pack", [packs.whole(tree, "tree"), forged, packs.whole(KEY.encode())])

    result = audit(tmp_path)

    only(result)
    assert [(entry.reason, entry.count) for entry in result.unread] == [("its delta reaches outside", 1)]


@pytest.mark.parametrize("tree", [bytes(1 << 20), b"40000 a\0%s" % bytes(20) * 40_000], ids=["nuls", "ids of nuls"])
def test_a_tree_of_nuls_takes_no_memory_to_speak_of(tmp_path: Path, tree: bytes) -> None:
    repository = Repository(tmp_path)
    packs.write_pack(repository.objects / "pack", [packs.whole(tree, "tree"), packs.whole(KEY.encode())])

    tracemalloc.start()
    try:
        result = audit(tmp_path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    only(result)
    assert most < 30 << 20


def test_a_tree_that_is_too_large_to_be_taken_apart_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyguard.git.odb.links.LARGEST", 1000)
    repository = Repository(tmp_path)
    commit = repository.commit({**{f"file-{number}": b"x\n" for number in range(100)}, OTHER: f"{KEY}\n".encode()})

    result = audit(tmp_path)

    assert {finding.secret.reveal() for finding in result.findings} == {KEY, OTHER}
    assert {place.commit for finding in result.findings for place in finding.locations} == {commit}
    assert result.complete


@pytest.mark.parametrize("jobs", [1, 2])
def test_too_little_memory_for_a_share_loses_none_of_it(
    tmp_path: Path, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyguard.git.odb.shares.ALONE", 0)
    repository = Repository(tmp_path)
    commit = repository.commit({"a": f"{KEY}\n".encode()})
    repository("gc", "-q")

    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("keyguard.git.odb.walk.Walk.share", no_memory)
    result = audit(tmp_path, jobs=jobs)

    assert [place.commit for place in only(result).locations] == [commit]
    assert result.complete
