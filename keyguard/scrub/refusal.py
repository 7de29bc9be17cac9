"""What keeps a scrub from being safe, each with the way out."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from keyguard.git.command import Git
from keyguard.git.odb.store import Store
from keyguard.git.own import OwnGit
from keyguard.model import Unread
from keyguard.scrub.edits import hidden
from keyguard.scrub.journal import backup_named, is_interrupted
from keyguard.scrub.snapshot import Snapshot, Worktree
from keyguard.source.completeness import is_partial
from keyguard.source.stored import STAGING
from keyguard.source.strays import UNFINISHED

UNDERWAY = {
    "MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert", "BISECT_LOG": "bisect",
    "rebase-merge": "rebase", "rebase-apply": "rebase", "sequencer": "cherry-pick or revert",
    "NOTES_MERGE_PARTIAL": "merge of notes",
}  # fmt: skip
LOCKS = ("index.lock", "HEAD.lock", "packed-refs.lock", "shallow.lock", "config.lock", "gc.pid")


def refusals(snapshot: Snapshot, files: Collection[str]) -> list[str]:
    """Why this repository cannot be scrubbed as it is, without running anything of it. Empty where it can.

    `files` are those of the repository's folder that hold keys.
    """
    store = snapshot.store
    found = [*_unfinished(store), *_not_whole(snapshot), *_foreign(store), *_kept(snapshot)]
    for tree in snapshot.worktrees:
        found += (*_underway(tree), *_out_of_sight(tree, snapshot))
    found += _misnamed(snapshot, files)
    return found


def unreadable(unread: Iterable[Unread]) -> Iterator[str]:
    """The same for what could not be read."""
    # What a scrub takes away itself is in nobody's way.
    names = sorted({entry.what for entry in unread if STAGING not in entry.what and entry.reason != UNFINISHED})
    if names:
        yield (
            f"not everything could be read ({', '.join(names[:3])}): `keyguard history` tells why, `git fsck --full` "
            "more; of an archive that nobody can open, an allow for its path accepts that"
        )


def changed(snapshot: Snapshot) -> list[str]:
    """Which worktrees hold what is not committed. The filters that the user's settings name may run."""
    found: list[str] = []
    for tree in snapshot.worktrees:
        if not (tree.git_dir / "index").exists():
            continue
        if tree.path is None:
            found += _staged_out_of_sight(tree)
            continue
        status = ("status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all", "--no-renames")
        if OwnGit(tree.path).run(*status):
            found.append(f"{tree.path} holds changes that are not committed: commit or stash them first")
        found += _hidden(tree.path)
    return found


def _hidden(path: Path) -> Iterator[str]:
    names = hidden(path)
    if names:
        yield (
            f"{path} holds changes that git was told to pass over ({', '.join(names[:3])}): "
            "`git update-index --no-assume-unchanged FILE` and `git update-index --no-skip-worktree FILE`, "
            "then commit or stash them first"
        )


def _staged_out_of_sight(tree: Worktree) -> Iterator[str]:
    git = Git(tree.git_dir)
    if tree.head and git.run("write-tree") != git.run("rev-parse", "--verify", f"{tree.head}^{{tree}}"):
        yield f"the index of {tree.git_dir} holds changes that are not committed: check it out and commit them first"


def _unfinished(store: Store) -> Iterator[str]:
    if is_interrupted(store.common_dir):
        backup = backup_named(store.common_dir)
        yield f"a scrub or its undo was interrupted here: `keyguard scrub --undo {backup}` restores what was before it"


def _not_whole(snapshot: Snapshot) -> Iterator[str]:
    store = snapshot.store
    if (store.common_dir / "shallow").exists():
        yield "the clone is shallow, so that older commits would keep the keys: `git fetch --unshallow` first"
    if (store.common_dir / "info" / "grafts").exists():
        yield "info/grafts hides a part of the history: remove that file first"
    if is_partial(snapshot.git, store):
        yield "the clone is partial: make a whole one (`git clone --no-local`, without --filter) and scrub that"
    if len(store.objects) > 1:
        yield "objects are borrowed from another repository: `git repack -a -d`, then remove objects/info/alternates"
    if snapshot.git.attempt("config", "--get", "extensions.refStorage")[1].strip() == b"reftable":
        yield "refs are stored as reftable: `git refs migrate --ref-format=files` first"


def _foreign(store: Store) -> Iterator[str]:
    for folder in (store.common_dir, store.objects[0]):
        if hasattr(os, "geteuid") and folder.stat().st_uid != os.geteuid():
            yield f"{folder} belongs to somebody else: scrub a clone of your own, or have its owner do it"
            return
        if not os.access(folder, os.W_OK):
            yield f"{folder} cannot be written: make it writable, or scrub a clone"
            return


def _kept(snapshot: Snapshot) -> Iterator[str]:
    store = snapshot.store
    # Of several such settings none can be taken back for one call.
    if snapshot.git.attempt("config", "--get-all", "gc.recentObjectsHook")[1].strip():
        yield (
            "gc.recentObjectsHook is set: git would run it and keep what it names: "
            "`git config --unset-all gc.recentObjectsHook` first"
        )
    maintained = store.objects[0] / "maintenance.lock"
    if maintained.exists():
        yield f"{maintained} is there: `git maintenance` is at work, or died; wait for it or remove the file"
    folder = store.objects[0] / "pack"
    kept = sorted(folder.glob("*.keep")) if folder.is_dir() else []
    if kept:
        yield f"{kept[0].name} keeps a pack from being rewritten: remove the .keep files in {folder} first"


def _underway(tree: Worktree) -> Iterator[str]:
    where: Path = tree.path or tree.git_dir
    for name, word in UNDERWAY.items():
        if (tree.git_dir / name).exists():
            yield f"a {word} is under way in {where}: finish or abort it first"
            return
    for lock in locks(tree.git_dir):
        yield f"{lock} is there: another git is at work, or one died; wait for it or remove the file"
        return


def locks(git_dir: Path) -> Iterator[Path]:
    """The locks that git holds in a folder of a worktree, or that one has left that was killed."""
    yield from (git_dir / name for name in LOCKS if (git_dir / name).exists())
    yield from sorted((git_dir / "refs").rglob("*.lock"))


def _misnamed(snapshot: Snapshot, files: Collection[str]) -> Iterator[str]:
    """What leads to a folder cannot be rewritten without losing it."""
    for tree in snapshot.worktrees:
        if os.path.relpath(tree.git_dir / "gitdir", snapshot.store.common_dir) in files:
            yield "the folder of a linked worktree bears a key in its name: `git worktree remove` it first"


def _out_of_sight(tree: Worktree, snapshot: Snapshot) -> Iterator[str]:
    linked = tree.git_dir.parent.name == "worktrees"
    if tree.path is None and (tree.git_dir / "index").exists() and not (linked or snapshot.around):
        yield f"the files of {tree.git_dir} are not to be found from there: run keyguard in the folder with its files"
    if tree.path is None and tree.git_dir.parent.name == "worktrees":
        yield f"the folder of the linked worktree {tree.git_dir.name} is gone: `git worktree prune` first"
