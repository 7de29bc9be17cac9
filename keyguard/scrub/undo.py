"""The way back: everything as a backup has it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from keyguard.errors import GitError
from keyguard.git.blobs import contents
from keyguard.git.command import Git
from keyguard.git.refs import checked, lines_of
from keyguard.scrub.backup import STATE, State, logs
from keyguard.scrub.edits import own
from keyguard.scrub.journal import begin, forget, is_interrupted, left
from keyguard.scrub.leftovers import check_alone
from keyguard.scrub.putting import HELD, check_out, transact, write_over
from keyguard.scrub.refusal import changed, locks
from keyguard.scrub.replace import ScrubError
from keyguard.scrub.snapshot import Snapshot, snapshot, together


def undo(where: Path, backup: Path, *, force: bool = False) -> int:
    """Restore refs, heads, stashes, reflogs, worktrees and files: how many refs there are.

    It can be repeated until it has come to its end. Raises ScrubError where it would throw away what was done since
    the scrub, unless `force` says so, and GitError.
    """
    now = snapshot(Git(where))
    check_alone(now.store.common_dir)
    interrupted = is_interrupted(now.store.common_dir)
    state = _brought(now, backup)
    if not force:
        _refuse(now, state, interrupted=interrupted)
    if interrupted:
        _unlock(now)
    # From here on what is half restored does not count as work that was done since.
    begin(now.store.common_dir, backup, left(now.store.common_dir))
    _restore_refs(now, state)
    _restore_files(now, state)
    for tree in snapshot(Git(where)).worktrees:
        check_out(tree, tree.head, reset=interrupted)
    forget(now.store.common_dir)
    return len(state.refs)


def _refuse(now: Snapshot, state: State, *, interrupted: bool) -> None:
    """Raises ScrubError where something was done since the scrub, or since it was interrupted."""
    after = left(now.store.common_dir)
    reasons = _edited(now, state, after) if interrupted else changed(now)
    if _have_moved(now, state, after):
        reasons.append(
            "refs have moved since the scrub, and an undo would move them back: "
            "keep what is new (`git bundle create FILE --all`), then --yes does so all the same"
        )
    if reasons:
        raise ScrubError("; ".join(reasons))


def _have_moved(now: Snapshot, state: State, after: Mapping[str, str]) -> bool:
    """Whether a ref, or a head, is at neither what it was before the scrub nor what that makes of it."""
    before = together(state.refs, {Path(folder).name: refs for folder, refs in state.own.items()})
    refs = now.all_refs()
    names = {name for name in {*refs, *before, *after} if not name.startswith(HELD) and not _is_head(name)}
    if any(refs.get(name) not in (before.get(name), after.get(name)) for name in names):
        return True
    heads = [f"{tree.head}\n" for tree in now.worktrees if tree.head]
    known = {*before.values(), *after.values(), *(head["head"] for head in state.heads.values())}
    there = checked(now.git, sorted(oid for oid in known if oid))
    given = "".join((*heads, *(f"^{oid}\n" for oid in there if oid)))
    return bool(heads and now.git.run("rev-list", "--max-count=1", "--stdin", given=given.encode()))


def _is_head(name: str) -> bool:
    return name == "HEAD" or (name.startswith("worktrees/") and name.endswith("/HEAD"))


def _edited(now: Snapshot, state: State, after: Mapping[str, str]) -> list[str]:
    """Which checkouts hold something else than before the scrub, after it, or half of that."""
    found = []
    for tree in now.worktrees:
        if tree.path is None or not (tree.git_dir / "index").exists():
            continue
        folder = os.path.relpath(tree.git_dir, now.store.common_dir)
        was = state.heads.get(folder, {})
        becomes = after.get(os.path.normpath(f"{folder}/HEAD"))
        names = own(tree.path, [oid for oid in (tree.head, was.get("head"), becomes) if oid])
        if names:
            found.append(
                f"{tree.path} holds changes of yours ({', '.join(names[:3])}), and an undo would overwrite them: "
                "copy these files to another place, then --yes does so all the same"
            )
    return found


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
        heads = now.git.run("bundle", "list-heads", path)
        named = dict(line.split(" ", 1)[::-1] for line in lines_of(heads))
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
