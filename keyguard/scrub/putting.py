"""The new objects and names, put into the repository. Before the names change nothing of it is different."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from keyguard.errors import GitError
from keyguard.git.command import Git
from keyguard.git.own import OwnGit
from keyguard.git.refs import checked
from keyguard.scrub.edits import show
from keyguard.scrub.garbage import discard
from keyguard.scrub.journal import begin, finish, take_back
from keyguard.scrub.replace import Cleaner
from keyguard.scrub.rewrite import Rewritten
from keyguard.scrub.snapshot import STASH, Snapshot, Worktree, snapshot
from keyguard.scrub.staging import Staging

FETCHED = "FETCH_HEAD"
HELD = "refs/keyguard/held/"

Step = Callable[[str], None]
"""Told what is done next: each call is a place at which an interruption is undone by `--undo`."""


@dataclass(frozen=True, slots=True)
class Putting:
    """What is put in: `edited` are files of the repository's folder that hold keys, by their path in it.

    `gone` are those that others stand for.
    """

    snapshot: Snapshot
    rewritten: Rewritten
    cleaner: Cleaner
    edited: tuple[str, ...]
    gone: tuple[str, ...] = ()


def put_in(putting: Putting, staging: Staging, backup: Path, step: Step) -> None:
    """Put in objects, then names, then the files of all worktrees; and throw away what nothing leads to any more.

    Raises GitError where git gives up on the way: the journal then still says how to undo, if there is anything to.
    """
    snapshot = putting.snapshot
    common_dir = snapshot.store.common_dir
    step("objects")
    _send(staging, snapshot.git)
    step("journal")
    begin(common_dir, backup, _after(putting))
    step("refs")
    try:
        _move_refs(putting)
    except GitError:
        if _is_unmoved(snapshot):
            take_back(common_dir)
        raise
    step("symbolic refs")
    _move_symbolic(putting)
    step("reflogs")
    _clear_logs(putting)
    step("worktrees")
    for tree in snapshot.worktrees:
        check_out(tree, putting.rewritten.object(tree.head) if tree.head else None)
    step("files")
    _edit_files(putting)
    step("prune")
    own = putting.rewritten.own.values()
    prune(snapshot.git, snapshot.store.objects[0], sorted({oid for refs in own for oid in refs.values()}))
    discard(snapshot)
    step("pseudo-refs")
    _move_pseudo_refs(putting)
    step("end")
    finish(common_dir)


def _after(putting: Putting) -> dict[str, str]:
    """Refs and heads as they will be."""
    snapshot, done = putting.snapshot, putting.rewritten
    heads = {_head(snapshot, tree): done.object(tree.head) for tree in snapshot.worktrees if tree.head}
    return {**done.all_refs(), **heads}


def _is_unmoved(before: Snapshot) -> bool:
    """Whether refs and heads are what they were."""
    now = snapshot(before.git)
    heads = [[(tree.branch, tree.head) for tree in names.worktrees] for names in (before, now)]
    return now.all_refs() == before.all_refs() and heads[0] == heads[1]


def _send(staging: Staging, git: Git) -> None:
    """The new objects as one pack. Nothing leads to them yet."""
    oids = "".join(f"{oid}\n" for oid in staging.new_objects()).encode()
    if not oids:
        return
    with (
        staging.git.start("pack-objects", "--stdout", "-q", given=oids) as packing,
        git.start("index-pack", "--stdin") as storing,
    ):
        for block in packing.blocks():
            place = 0
            while place < len(block):
                place += storing.stdin.write(block[place:]) or 0
        storing.stdin.close()
        storing.stdout.read()
        codes = packing.wait(), storing.wait()
    if any(codes):
        git.run("index-pack", "--stdin", given=b"")


def _move_refs(putting: Putting) -> None:
    """All refs and detached heads at once: either every one is moved, or none. Then the refs of linked worktrees."""
    snapshot, done = putting.snapshot, putting.rewritten
    lines = _moves(snapshot.refs, done.refs)
    for tree in snapshot.worktrees:
        if tree.head and not tree.branch and done.object(tree.head) != tree.head:
            lines.append(_update(_head(snapshot, tree), done.object(tree.head), tree.head))
    transact(snapshot.git, lines)
    for tree in snapshot.worktrees:
        if tree.refs:
            transact(Git(tree.git_dir), _moves(tree.refs, done.own[tree.git_dir.name]))


def _moves(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    lines = [f"delete {name}\0{oid}\0" for name, oid in old.items() if name not in new]
    return lines + [_update(name, oid, old.get(name)) for name, oid in new.items() if old.get(name) != oid]


def _update(name: str, new: str, old: str | None) -> str:
    return f"option no-deref\0update {name}\0{new}\0{old or '0' * len(new)}\0"


def _head(snapshot: Snapshot, tree: Worktree) -> str:
    return "HEAD" if tree.git_dir == snapshot.store.common_dir else f"worktrees/{tree.git_dir.name}/HEAD"


def transact(git: Git, lines: Iterable[str]) -> None:
    """Change refs all at once. Raises GitError, and nothing has changed then."""
    given = "".join(("start\0", *lines, "prepare\0", "commit\0")).encode("utf-8", "surrogateescape")
    git.run("update-ref", "-z", "--stdin", given=given)


def _move_symbolic(putting: Putting) -> None:
    """Refs that name others, where one of the two has a new name."""
    snapshot, names = putting.snapshot, putting.rewritten.ref_names
    for name, target in snapshot.symbolic.items():
        if name in names:
            snapshot.git.run("symbolic-ref", "--delete", name)
        if name in names or target in names:
            snapshot.git.run("symbolic-ref", names.get(name, name), names.get(target, target))
    for tree in snapshot.worktrees:
        if tree.branch in names:
            Git(tree.git_dir).run("symbolic-ref", "HEAD", names[tree.branch or ""])


def _clear_logs(putting: Putting) -> None:
    """No reflog says anything any more, but that of the stash, whose entries are the stashes."""
    snapshot, done = putting.snapshot, putting.rewritten
    snapshot.git.run("reflog", "expire", "--expire=all", "--expire-unreachable=all", "--all")
    if snapshot.stash:
        log = snapshot.store.common_dir / "logs" / STASH
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"".join(_entry(line, done, putting.cleaner) for line in snapshot.stash))


def _entry(line: bytes, done: Rewritten, cleaner: Cleaner) -> bytes:
    old, new, rest = line.split(b" ", 2)
    who, tab, message = rest.partition(b"\t")
    ids = (done.object(oid.decode()).encode() for oid in (old, new))
    return b" ".join((*ids, cleaner.name(who))) + tab + cleaner.clean(message)


def check_out(tree: Worktree, head: str | None, *, reset: bool = False) -> None:
    """Bring the index and the files of a checkout from what they are at to `head`: only what differs is touched.

    `reset` is for a checkout that was interrupted: what its files hold does not count.

    Raises GitError where a change that is not committed stands in the way.
    """
    if head is None or not (tree.git_dir / "index").exists():
        return
    if tree.path is None:
        # A submodule that is not checked out any more keeps its index.
        Git(tree.git_dir).run("read-tree", head)
        return
    git = OwnGit(tree.path)
    if reset:
        show(tree.path)
        git.run("read-tree", "--reset", "-u", head)
        return
    now = git.run("write-tree").decode().strip()
    (then,) = checked(git, [f"{head}^{{tree}}"])
    if then and now != then:
        git.run("read-tree", "-m", "-u", now, then)


def _edit_files(putting: Putting) -> None:
    """The files of the repository's folder, without the keys."""
    common_dir = putting.snapshot.store.common_dir
    for name in putting.edited:
        path = common_dir / name
        if path.is_file():
            write_over(path, _without(path.read_bytes(), name, putting))
    for name in putting.gone:
        (common_dir / name).unlink(missing_ok=True)


def _move_pseudo_refs(putting: Putting) -> None:
    """ORIG_HEAD and its like name what is new. Those to what is gone are removed, and what a fetch has left."""
    for tree in putting.snapshot.worktrees:
        for name, oids in tree.pseudo.items():
            path = tree.git_dir / name
            new = [putting.rewritten.object(oid) for oid in oids]
            if name == FETCHED or None in checked(putting.snapshot.git, new):
                path.unlink(missing_ok=True)
            elif list(oids) != new:
                write_over(path, _replaced(path.read_bytes(), oids, new))


def _replaced(data: bytes, old: Iterable[str], new: Iterable[str]) -> bytes:
    for before, after in zip(old, new, strict=True):
        data = data.replace(before.encode(), after.encode())
    return data


def _without(data: bytes, name: str, putting: Putting) -> bytes:
    if name == "config":
        # A branch's settings bear its name.
        for old, new in putting.rewritten.ref_names.items():
            data = data.replace(_short(old), _short(new))
    if _is_symbolic(data, name):
        return putting.cleaner.name(data)
    return putting.cleaner.clean(data)


def _is_symbolic(data: bytes, name: str) -> bool:
    """Whether a file is a ref, or a HEAD, that names a ref: one may be of a linked worktree alone."""
    parts = Path(name).parts
    return data.startswith(b"ref:") and ("refs" in parts or parts[-1] == "HEAD")


def _short(ref: str) -> bytes:
    return os.fsencode(ref.split("/", 2)[-1])


def write_over(path: Path, data: bytes, mode: int | None = None) -> None:
    """Replace a file's content at once, with its mode or another."""
    part = path.with_name(f"{path.name}.keyguard-part")
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = path.stat().st_mode & 0o777 if mode is None else mode
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
    part.chmod(kept)
    part.replace(path)


def prune(git: Git, objects: Path, kept: Iterable[str]) -> None:
    """Throw away every object that no name leads to, and what speaks of such objects.

    `kept` is what the refs of linked worktrees lead to: git itself would throw that away.
    """
    (objects / "info" / "commit-graph").unlink(missing_ok=True)
    shutil.rmtree(objects / "info" / "commit-graphs", ignore_errors=True)
    held = {f"{HELD}{oid}": oid for oid in kept}
    transact(git, (f"update {name}\0{oid}\0\0" for name, oid in held.items()))
    git.run("repack", "-a", "-d", "-q")
    git.run("prune", "--expire=now")
    transact(git, (f"delete {name}\0\0" for name in held))
