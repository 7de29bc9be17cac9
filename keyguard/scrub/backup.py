"""The way back: one bundle with all that names lead to, and with what a bundle has no place for."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keyguard.git.command import Git
from keyguard.git.refs import checked
from keyguard.scrub.leftovers import PART
from keyguard.scrub.replace import ScrubError
from keyguard.scrub.snapshot import Snapshot
from keyguard.scrub.staging import Staging

KEPT = "refs/keyguard-backup/"
STATE = f"{KEPT}state"
VERSION = 2


@dataclass(frozen=True, slots=True)
class State:
    """What a bundle has no place for.

    `heads` and `own`, the refs of linked worktrees, are by the worktree's folder, `files` by their path: all below the
    repository's folder.
    """

    refs: Mapping[str, str]
    symbolic: Mapping[str, str]
    heads: Mapping[str, Mapping[str, str | None]]
    own: Mapping[str, Mapping[str, str]]
    files: Mapping[str, tuple[int, str]]

    @classmethod
    def loaded(cls, data: bytes) -> State:
        found: Any = json.loads(data)
        if found.pop("version", None) != VERSION:
            raise ScrubError("the backup was made by another version of keyguard: use that one to undo")
        return cls(**found)

    def dumped(self) -> bytes:
        return json.dumps({"version": VERSION, **asdict(self)}, indent=1).encode("ascii")


def default_path(snapshot: Snapshot, now: datetime | None = None) -> Path:
    """Beside the repository: outside of it, and on the same disk."""
    top = next((tree.path for tree in snapshot.worktrees if tree.path), snapshot.store.common_dir)
    outermost = snapshot.around[-1] if snapshot.around else top
    moment = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    return outermost.parent / f"{top.name}.keyguard-{moment}.bundle"


def check_path(snapshot: Snapshot, path: Path) -> None:
    """Raises ScrubError where a backup cannot be at `path`."""
    real = Path(os.path.realpath(path))
    inside = [snapshot.store.common_dir, *(tree.path for tree in snapshot.worktrees if tree.path), *snapshot.around]
    if any(real.is_relative_to(os.path.realpath(folder)) for folder in inside):
        raise ScrubError(f"{path}: the backup holds the keys, so it has to lie outside the repository (--backup FILE)")
    taken = path.exists() or path.with_name(path.name + PART).exists()
    if taken or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ScrubError(f"{path}: no backup can be written there; name another file by --backup FILE")


def back_up(snapshot: Snapshot, edited: Iterable[str], path: Path) -> None:
    """Write the bundle to `path`, which must not exist, readable by its owner alone, and verify it.

    `edited` are the files of the repository's folder that will be changed. Raises ScrubError, GitError.
    """
    check_path(snapshot, path)
    with Staging(snapshot.store) as staging:
        files = {name: _kept(staging, snapshot.store.common_dir / name) for name in _files(snapshot, edited)}
        trees = {os.path.relpath(tree.git_dir, snapshot.store.common_dir): tree for tree in snapshot.worktrees}
        heads = {name: {"branch": tree.branch, "head": tree.head} for name, tree in trees.items()}
        own = {name: tree.refs for name, tree in trees.items()}
        state = State(snapshot.refs, snapshot.symbolic, heads, own, files)
        kept = _named(snapshot) | {STATE: _state_commit(staging, state)}
        staging.name({**snapshot.refs, **kept})
        part = path.with_name(path.name + PART)
        try:
            _write(staging.git, part)
            _verify(snapshot, part)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _kept(staging: Staging, path: Path) -> tuple[int, str]:
    return path.stat().st_mode & 0o777, staging.write("blob", path.read_bytes())


def _files(snapshot: Snapshot, edited: Iterable[str]) -> Iterator[str]:
    """The files to keep, by their path in the repository's folder."""
    yield from dict.fromkeys(edited)
    for tree in snapshot.worktrees:
        below = Path(os.path.relpath(tree.git_dir, snapshot.store.common_dir))
        yield from (os.path.normpath(below / name) for name in tree.pseudo)
    yield from logs(snapshot.store.common_dir)


def logs(common_dir: Path) -> Iterator[str]:
    """The files of reflogs, by their path in the repository's folder."""
    for folder in (common_dir / "logs", *sorted((common_dir / "worktrees").glob("*/logs"))):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield os.path.relpath(path, common_dir)


def _named(snapshot: Snapshot) -> dict[str, str]:
    """Names for what no ref of all leads to: heads and refs of worktrees, stashes, and whatever reflogs speak of."""
    oids = set(snapshot.stashes())
    for tree in snapshot.worktrees:
        oids.update([tree.head] if tree.head else [], tree.refs.values(), *tree.pseudo.values())
    for name in logs(snapshot.store.common_dir):
        for line in (snapshot.store.common_dir / name).read_bytes().splitlines():
            oids.update(word.decode("ascii", "replace") for word in line.split(b" ", 2)[:2])
    listed = sorted(oid for oid in oids if oid and oid.strip("0"))
    there = checked(snapshot.git, listed)
    return {f"{KEPT}kept/{oid}": oid for oid, found in zip(listed, there, strict=True) if found}


def _state_commit(staging: Staging, state: State) -> str:
    """The state as a commit, whose tree holds each kept file by its blob's id."""
    entries = {b"state.json": staging.write("blob", state.dumped())}
    entries |= {oid.encode(): oid for _, oid in state.files.values()}
    tree = b"".join(b"100644 %b\0%b" % (name, bytes.fromhex(entries[name])) for name in sorted(entries))
    person = f"keyguard <> {int(datetime.now(UTC).timestamp())} +0000"
    words = f"tree {staging.write('tree', tree)}\nauthor {person}\ncommitter {person}\n\nkeyguard scrub\n"
    return staging.write("commit", words.encode())


def _write(git: Git, path: Path) -> None:
    """The bundle of all refs."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file, git.start("bundle", "create", "-q", "-", "--all", given=b"") as process:
        for block in process.blocks():
            file.write(block)
        _check(process.wait())
        file.flush()
        os.fsync(file.fileno())


def _check(code: int) -> None:
    if code:
        raise ScrubError("git could not make the backup (`git fsck` tells more)")


def _verify(snapshot: Snapshot, path: Path) -> None:
    """See that the bundle needs nothing that it does not hold, and that it is on disk as git made it."""
    with Staging(snapshot.store) as empty, empty.alone():
        empty.git.run("bundle", "verify", "--quiet", os.path.abspath(path))
    _check_sum(path, sha256=snapshot.store.oid_size == 32)


def _check_sum(path: Path, *, sha256: bool) -> None:
    """A pack ends with the hash of all that comes before it (gitformat-pack(5)); in a bundle a header precedes it."""
    digest = hashlib.new("sha256" if sha256 else "sha1", usedforsecurity=False)
    with open(path, "rb") as file:
        while file.readline() not in (b"\n", b""):
            pass
        left = path.stat().st_size - file.tell() - digest.digest_size
        while left > 0 and (block := file.read(min(left, 1 << 20))):
            digest.update(block)
            left -= len(block)
        if file.read() != digest.digest():
            raise ScrubError(f"{path}: the backup is damaged: see that the disk has room")
