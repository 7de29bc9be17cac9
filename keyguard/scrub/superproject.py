"""What the repository around a submodule has to do when the submodule is scrubbed: it names the submodule's commits."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

from keyguard.git.changes import changes
from keyguard.git.command import Git
from keyguard.scrub.rewrite import Rewritten
from keyguard.scrub.snapshot import Snapshot


def to_do(snapshot: Snapshot, done: Rewritten) -> Iterator[str]:
    """The commands for the innermost superproject, and what they cannot mend. Raises GitError."""
    top = next((tree.path for tree in snapshot.worktrees if tree.path), None)
    if not snapshot.around or top is None:
        return
    around = snapshot.around[0]
    path = os.path.relpath(os.path.realpath(top), os.path.realpath(around))
    lost = _named(Git(around), path, done.commits)
    yield f"{around} has this repository as a submodule, {path}, and names {lost or 'none'} of the rewritten commits."
    if not lost:
        return
    yield f"  git -C {shlex.quote(str(around))} add {shlex.quote(path)}"
    yield f"  git -C {shlex.quote(str(around))} commit -m 'submodule without keys'"
    yield "  Its older commits go on naming what is gone: at those the submodule cannot be checked out any more."


def _named(git: Git, path: str, gone: Collection[str]) -> int:
    """How many of the commits that are `gone` a repository has had at `path`."""
    commits = git.run("rev-list", "--all", "--full-history", "--", path).decode().split()
    found = (change.after for change in changes(git, commits, None, merges=True) if change.path == path)
    return len({oid for oid in found if oid in gone})


def command(store: Path) -> str:
    """How to scrub a submodule's repository, which lies at `store`."""
    code, printed, _ = Git(store).attempt("config", "--get", "core.worktree")
    checkout = Path(os.path.normpath(store / os.fsdecode(printed.removesuffix(b"\n")))) if code == 0 else store
    return f"keyguard scrub {shlex.quote(str(checkout if checkout.is_dir() else store))}"
