"""The way back: everything as a backup has it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from keyguard.errors import GitError
from keyguard.git.blobs import contents
from keyguard.git.command import Git
from keyguard.scrub.backup import STATE, State, logs
from keyguard.scrub.leftovers import check_alone
from keyguard.scrub.putting import AFTER, after_text, begin, check_out, transact, write_over
from keyguard.scrub.refusal import JOURNAL, changed, locks
from keyguard.scrub.replace import ScrubError
from keyguard.scrub.snapshot import Snapshot, snapshot, together


def undo(where: Path, backup: Path, *, force: bool = False) -> int:
    """Restore refs, heads, stashes, reflogs, worktrees and files: how many refs there are.

    It can be repeated until it has come to its end. Raises ScrubError where it would throw away what was done since
    the scrub, unless `force` says so, and GitError.
    """
    now = snapshot(Git(where))
    check_alone(now.store.common_dir)
    interrupted = (now.store.common_dir / JOURNAL).exists()
    state = _brought(now, backup)
    if interrupted:
        _unlock(now)
    elif not force:
        _refuse(now, state)
    # From here on what is half restored does not count as work that was done since.
    begin(now.store.common_dir, backup)
    _restore_refs(now, state)
    _restore_files(now, state)
    for tree in snapshot(Git(where)).worktrees:
        check_out(tree, tree.head, reset=interrupted)
    for name in (JOURNAL, AFTER):
        (now.store.common_dir / name).unlink(missing_ok=True)
    return len(state.refs)


def _refuse(now: Snapshot, state: State) -> None:
    """Raises ScrubError where something was done since the scrub."""
    reasons = changed(now)
    before = together(state.refs, {Path(folder).name: refs for folder, refs in state.own.items()})
    if now.all_refs() != before and after_text(now.all_refs()) != _recorded(now):
        reasons.append("refs have moved since the scrub, and an undo would move them back: --yes does so all the same")
    if reasons:
        raise ScrubError("; ".join(reasons))


def _recorded(now: Snapshot) -> str:
    path = now.store.common_dir / AFTER
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else ""


def _unlock(now: Snapshot) -> None:
    """Remove the locks that a killed git has left."""
    folders = (now.store.common_dir, *(tree.git_dir for tree in now.worktrees))
    for lock in [lock for folder in folders for lock in locks(folder)]:
        lock.unlink(missing_ok=True)


def _brought(now: Snapshot, backup: Path) -> State:
    """Bring the backup's objects into the repository, and read what else it holds."""
    path = os.path.abspath(backup)
    if not os.path.isfile(path):
        raise ScrubError(f"{backup}: there is no such backup")
    if hasattr(os, "geteuid") and os.stat(path).st_uid != os.geteuid():
        raise ScrubError(f"{backup}: it belongs to somebody else, and what it restores includes git's settings")
    try:
        heads = now.git.run("bundle", "list-heads", path).decode("utf-8", "surrogateescape")
        named = dict(line.split(" ", 1)[::-1] for line in heads.splitlines())
        if STATE not in named:
            raise ScrubError(f"{backup}: this is no backup of keyguard's")
        now.git.run("bundle", "unbundle", path)
    except GitError as error:
        raise ScrubError(f"{backup}: this is no bundle, or a damaged one") from error
    oid = now.git.run("rev-parse", "--verify", "--end-of-options", f"{named[STATE]}:state.json").decode().strip()
    (content,) = [blob.read() for blob in contents(now.git, [oid])]
    return State.loaded(content)


def _restore_refs(now: Snapshot, state: State) -> None:
    """All refs at once, then those of linked worktrees and those that name others."""
    for name in now.symbolic:
        if name not in state.symbolic:
            now.git.run("symbolic-ref", "--delete", name)
    transact(now.git, _back(now.refs, state.refs))
    for tree in now.worktrees:
        own = state.own.get(os.path.relpath(tree.git_dir, now.store.common_dir))
        if own is not None:
            transact(Git(tree.git_dir), _back(tree.refs, own))
    for name, target in state.symbolic.items():
        if now.symbolic.get(name) != target:
            now.git.run("symbolic-ref", name, target)
    for folder, head in state.heads.items():
        _restore_head(Git(now.store.common_dir / folder), head["branch"], head["head"])


def _back(now: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    """What brings refs back to what they were."""
    lines = [f"option no-deref\0delete {name}\0\0" for name in now if name not in before]
    lines += [f"option no-deref\0update {name}\0{oid}\0\0" for name, oid in before.items() if now.get(name) != oid]
    return lines


def _restore_head(git: Git, branch: str | None, head: str | None) -> None:
    if not os.path.isdir(git.where):
        return
    if branch:
        git.run("symbolic-ref", "HEAD", branch)
    elif head:
        git.run("update-ref", "--no-deref", "HEAD", head)


def _restore_files(now: Snapshot, state: State) -> None:
    """Reflogs and edited files, byte for byte; reflogs that were not there are removed."""
    common_dir = now.store.common_dir
    for name in [name for name in logs(common_dir) if name not in state.files]:
        (common_dir / name).unlink()
    oids = sorted({oid for _, oid in state.files.values()})
    found = {content.oid: content.read() for content in contents(now.git, oids)}
    for name, (mode, oid) in state.files.items():
        if not (common_dir / name).resolve().is_relative_to(common_dir.resolve()):
            raise ScrubError("the backup names a file outside the repository: it is not one of keyguard's")
        write_over(common_dir / name, found[oid], mode)
