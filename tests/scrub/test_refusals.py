"""What a scrub refuses, without harm and with the way out; and what looks odd but is scrubbed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from keyguard.git.command import Git
from keyguard.scrub import putting
from keyguard.scrub.undo import undo
from tests.conftest import Call
from tests.git.repositories import Repository, needs_reftable
from tests.scrub.leaky import KEY, leaky
from tests.scrub.scrubbing import backup_of, every_object, scrubbed, state

__all__ = ["leaky"]

resource = pytest.importorskip("resource", reason="a disk that is full is played by a limit of POSIX")


def _dirty(repository: Repository) -> None:
    (repository.path / "a.txt").write_text("changed\n")


def _staged(repository: Repository) -> None:
    (repository.path / "new.txt").write_text("new\n")
    repository("add", "new.txt")


def _dirty_worktree(repository: Repository) -> None:
    linked = repository.path.parent / "linked"
    repository("worktree", "add", "-q", "-b", "linked", linked)
    (linked / "a.txt").write_text("changed\n")


def _dirty_assumed_unchanged(repository: Repository) -> None:
    repository("update-index", "--assume-unchanged", "a.txt")
    (repository.path / "a.txt").write_text("mine\n")


def _dirty_skipped(repository: Repository) -> None:
    repository("update-index", "--skip-worktree", "a.env")
    (repository.path / "a.env").write_text("mine\n")


def _dirty_skipped_link(repository: Repository) -> None:
    (repository.path / "link").symlink_to("a.txt")
    repository.commit({})
    repository("update-index", "--skip-worktree", "link")
    (repository.path / "link").unlink()
    (repository.path / "link").symlink_to("mine")


def _dirty_skipped_in_a_worktree(repository: Repository) -> None:
    linked = repository.path.parent / "linked"
    repository("worktree", "add", "-q", "-b", "linked", linked)
    repository("-C", linked, "update-index", "--skip-worktree", "a.txt")
    (linked / "a.txt").write_text("mine\n")


def _merging(repository: Repository) -> None:
    (repository.git_dir / "MERGE_HEAD").write_text(repository("rev-parse", "HEAD") + "\n")


def _rebasing(repository: Repository) -> None:
    (repository.git_dir / "rebase-merge").mkdir()


def _locked(repository: Repository) -> None:
    (repository.git_dir / "index.lock").touch()


def _locked_ref(repository: Repository) -> None:
    (repository.git_dir / "refs" / "heads" / "main.lock").touch()


def _locked_settings(repository: Repository) -> None:
    (repository.git_dir / "config.lock").touch()


def _collecting_garbage(repository: Repository) -> None:
    (repository.git_dir / "gc.pid").write_text("1 somewhere")


def _maintained(repository: Repository) -> None:
    (repository.objects / "maintenance.lock").touch()


def _grafted(repository: Repository) -> None:
    (repository.git_dir / "info" / "grafts").write_text(repository("rev-parse", "HEAD") + "\n")


def _merging_notes(repository: Repository) -> None:
    (repository.git_dir / "NOTES_MERGE_PARTIAL").write_text(repository("rev-parse", "HEAD") + "\n")


def _bisecting(repository: Repository) -> None:
    repository("bisect", "start")


def _loose(repository: Repository, name: str) -> Path:
    oid = repository("rev-parse", name)
    return repository.objects / oid[:2] / oid[2:]


def _lacking_a_blob(repository: Repository) -> None:
    _loose(repository, "HEAD:a.txt").unlink()


def _lacking_a_tree(repository: Repository) -> None:
    _loose(repository, "HEAD~1^{tree}").unlink()


def _lacking_a_commit(repository: Repository) -> None:
    _loose(repository, "HEAD~2").unlink()


def _damaged(repository: Repository) -> None:
    path = _loose(repository, "HEAD:a.txt")
    path.chmod(0o644)
    path.write_bytes(b"x" * 20)


def _kept(repository: Repository) -> None:
    repository("repack", "-a", "-d", "-q")
    (repository.objects / "pack" / (repository.packs()[0].stem + ".keep")).touch()


def _borrowing(repository: Repository) -> None:
    other = Repository(repository.path.parent / "other")
    other.blob(b"x")
    (repository.objects / "info" / "alternates").write_text(f"{other.objects}\n")


def _partial(repository: Repository) -> None:
    repository("config", "extensions.partialClone", "origin")


def _shallow(repository: Repository) -> None:
    (repository.git_dir / "shallow").write_text(repository("rev-parse", "HEAD~1") + "\n")


def _unfinished(repository: Repository) -> None:
    (repository.git_dir / "keyguard-scrub").write_text("a.bundle\n")


def _worktree_named_by_a_key(repository: Repository) -> None:
    repository("worktree", "add", "-q", "--detach", repository.path.parent / KEY)


def _worktree_gone(repository: Repository) -> None:
    linked = repository.path.parent / "linked"
    repository("worktree", "add", "-q", "--detach", linked)
    (linked / "a.txt").unlink()
    (linked / "a.env").unlink()
    (linked / ".git").unlink()
    linked.rmdir()


REFUSED = {
    "commit or stash them first": (_dirty, _staged, _dirty_worktree),
    "(a.txt): `git update-index --no-assume-unchanged FILE`": (
        _dirty_assumed_unchanged,
        _dirty_skipped_in_a_worktree,
    ),
    "(a.env): `git update-index": (_dirty_skipped,),
    "(link): `git update-index": (_dirty_skipped_link,),
    "finish or abort it first": (_merging, _rebasing, _bisecting, _merging_notes),
    "wait for it or remove the file": (_locked, _locked_ref, _locked_settings, _collecting_garbage, _maintained),
    "remove that file first": (_grafted,),
    "git fsck --full": (_lacking_a_blob, _lacking_a_tree, _lacking_a_commit, _damaged),
    "remove the .keep files": (_kept,),
    "git repack -a -d": (_borrowing,),
    "git clone --no-local": (_partial,),
    "git fetch --unshallow": (_shallow,),
    "keyguard scrub --undo a.bundle": (_unfinished,),
    "git worktree prune": (_worktree_gone,),
    "git worktree remove": (_worktree_named_by_a_key,),
}


@pytest.mark.parametrize(
    ("spoil", "way_out"),
    [(spoil, way_out) for way_out, spoils in REFUSED.items() for spoil in spoils],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_it_refuses_without_harm_and_with_the_way_out(
    spoil: Callable[[Repository], None], way_out: str, leaky: Repository, keyguard: Call
) -> None:
    spoil(leaky)
    before = _everything(leaky.path)

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    assert (ran.code, ran.out) == (2, "")
    assert way_out in ran.err
    assert len(ran.err.splitlines()) == 1
    assert KEY not in ran.err
    assert _everything(leaky.path) == before
    assert list(leaky.path.parent.glob("*.bundle*")) == []


def _everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_somebody_elses_repository_is_refused(
    leaky: Repository, keyguard: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = leaky.git_dir.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    assert (ran.code, "belongs to somebody else" in ran.err) == (2, True)


@needs_reftable
def test_refs_in_a_reftable_are_refused(tmp_path: Path, keyguard: Call) -> None:
    path = tmp_path / "repository"
    repository = Repository(path, "--ref-format=reftable")
    repository.commit({"a.env": KEY.encode()})
    before = _everything(path)

    ran = keyguard("scrub", "--apply", "--yes", cwd=path)

    assert (ran.code, "git refs migrate --ref-format=files" in ran.err) == (2, True)
    assert _everything(path) == before


def test_a_format_that_git_itself_does_not_know_is_refused(leaky: Repository, keyguard: Call) -> None:
    leaky("config", "extensions.unheardOf", "yes")
    leaky("config", "core.repositoryFormatVersion", "1")
    before = _everything(leaky.path)

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert _everything(leaky.path) == before


def test_a_repository_that_cannot_be_written_is_refused(
    leaky: Repository, keyguard: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _everything(leaky.path)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    assert (ran.code, "make it writable, or scrub a clone" in ran.err) == (2, True)
    assert _everything(leaky.path) == before


@pytest.mark.parametrize("room", [300, 900, 2_000, 20_000])
def test_where_there_is_no_room_nothing_is_changed(room: int, leaky: Repository, tmp_path: Path) -> None:
    leaky("config", "core.compression", "0")
    leaky.commit({"big.env": f"KEY={KEY}\n".encode() + os.urandom(30_000)})
    before, objects = state(leaky), sorted(leaky.contents())

    ran = subprocess.run(
        [sys.executable, "-m", "keyguard", "scrub", "--apply", "--yes"],
        cwd=leaky.path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        capture_output=True,
        check=False,
    )

    said = ran.stderr.decode()
    assert (ran.returncode, len(said.splitlines())) == (2, 1)
    assert "unchanged" in said
    assert KEY not in said
    assert (state(leaky), sorted(leaky.contents())) == (before, objects)
    assert list(leaky.git_dir.glob("keyguard-*")) == []
    assert list(tmp_path.glob("*.bundle*")) == []


def test_where_git_moves_no_ref_nothing_is_changed(
    leaky: Repository, keyguard: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = state(leaky)
    move = putting.transact

    def locked(git: Git, lines: Iterable[str]) -> None:
        (leaky.git_dir / "refs" / "heads" / "main.lock").touch()
        move(git, lines)

    monkeypatch.setattr(putting, "transact", locked)

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    (leaky.git_dir / "refs" / "heads" / "main.lock").unlink()
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "main.lock" in ran.err
    assert ran.err.endswith("; the repository is unchanged\n")
    assert state(leaky) == before
    assert list(leaky.git_dir.glob("keyguard-*")) == []
    assert list(tmp_path.glob("*.bundle*")) == []


def _detached(repository: Repository) -> None:
    repository("checkout", "-q", "--detach", "HEAD~1")


def _unborn(repository: Repository) -> None:
    repository("checkout", "-q", "--orphan", "nothing")
    repository("rm", "-q", "-r", "-f", ".")


def _sparse(repository: Repository) -> None:
    repository("sparse-checkout", "set", "--no-cone", "a.txt")


def _skipping(repository: Repository) -> None:
    repository("update-index", "--skip-worktree", "a.txt", "a.env")


def _replacing(repository: Repository) -> None:
    repository("replace", "HEAD", "HEAD~1")


def _replacing_a_blob(repository: Repository) -> None:
    repository("replace", repository("rev-parse", "HEAD~1:a.env"), repository("rev-parse", "HEAD:a.txt"))


def _split_index(repository: Repository) -> None:
    repository("update-index", "--split-index")


def _with_a_commit_graph(repository: Repository) -> None:
    repository("commit-graph", "write", "--reachable")
    repository("repack", "-a", "-d", "-q", "--write-midx", "--write-bitmap-index")


@pytest.mark.parametrize(
    "made_odd",
    [_detached, _unborn, _sparse, _skipping, _replacing, _replacing_a_blob, _split_index, _with_a_commit_graph],
)
def test_what_looks_odd_is_scrubbed_and_undone(made_odd: Callable[[Repository], None], leaky: Repository) -> None:
    made_odd(leaky)
    before = state(leaky), leaky("ls-files", "-v")

    done = scrubbed(leaky)

    assert done.proven
    assert KEY.encode() not in every_object(leaky)
    assert (leaky("status", "--porcelain"), leaky("ls-files", "-v")) == (before[0]["status"], before[1])
    undo(leaky.path, backup_of(leaky))
    assert (state(leaky), leaky("ls-files", "-v")) == before
