"""Proof that the keys are gone, and that nothing else is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from keyguard.archive.recognized import recognized
from keyguard.errors import ArchiveError
from keyguard.git.blobs import contents
from keyguard.git.command import Git
from keyguard.git.refs import checked
from keyguard.model import Match
from keyguard.repack.check import check
from keyguard.repack.edit import Noted
from keyguard.scrub.lfs import place as lfs_file
from keyguard.scrub.plan import Plan
from keyguard.scrub.replace import Cleaner, ScrubError
from keyguard.scrub.rewrite import Rewritten
from keyguard.scrub.search import Searcher, stored
from keyguard.scrub.staging import Staging
from keyguard.source.repository import Narrowing, RepositoryAudit

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Compared:
    """How many pairs of trees were compared, and how many files in them have another content or name.

    Of the archives that were rewritten, `members` are what they were.
    """

    trees: int
    files: int
    containers: int = 0
    members: int = 0


def check_new_objects(staging: Staging, searcher: Searcher, cleaner: Cleaner) -> int:
    """See that nothing in `staging` holds a key: how many objects are there.

    Raises ScrubError where one does.
    """
    with staging.alone():
        audit = RepositoryAudit(staging.path, searcher.jobs, Narrowing())
        for item in audit.search(searcher.engine, lambda _step: None):
            if not isinstance(item, Match) or stored(item).oid in staging.scaffold:
                continue
            if item.secret.fingerprint in cleaner.fingerprints:
                raise ScrubError("a key is left in what was rewritten")
    return audit.examined.blobs


def compare(git: Git, done: Rewritten) -> Compared:
    """See that each commit's tree is what it was, but for what had to change.

    Raises ScrubError where it is not.
    """
    pairs = _trees(git, done.commits)
    files = 0
    for pair, changes in _differences(git, pairs):
        unexpected = _unexpected(changes, done)
        if unexpected:
            raise ScrubError(f"tree {pair} would change in {len(unexpected)} more files")
        files += len(changes)
    return Compared(len(pairs), files)


def compare_containers(plan: Plan, git: Git, blobs: Mapping[str, str]) -> tuple[int, int]:
    """See that the archives are what they were but for members that held keys: how many archives, and other members.

    Raises ScrubError where one is not.
    """
    same = [_same_members(old, new, plan.cleaner) for old, new in _containers(plan, git, blobs)]
    return len(same), sum(same)


def _containers(plan: Plan, git: Git, blobs: Mapping[str, str]) -> Iterator[tuple[bytes, bytes]]:
    """The archives that were rewritten, before and after."""
    rewritten = [one for one in plan.containers if one.fate == "replaced"]
    read = contents(
        git, [oid for one in rewritten if one.oid and one.oid in blobs for oid in (one.oid, blobs[one.oid])]
    )
    for content in read:
        yield content.read(), next(read).read()
    for name in (Path(one.places[0]).name for one in rewritten if one.oid is None):
        if name in plan.lfs.objects:
            yield lfs_file(plan.snapshot.store.common_dir, name).read_bytes(), plan.lfs.objects[name]


def _same_members(old: bytes, new: bytes, cleaner: Cleaner) -> int:
    try:
        return check(recognized(old) or "", old, new, Noted(cleaner.unpacking(len(old)))).same
    except ArchiveError as error:
        raise ScrubError(f"an archive would change in more than what held a key: {error}") from error


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a tree."""

    path: str
    mode: str
    oid: str


def _trees(git: Git, commits: Mapping[str, str]) -> list[tuple[str, str]]:
    both = (checked(git, [f"{oid}^{{tree}}" for oid in side]) for side in (commits, commits.values()))
    return list(dict.fromkeys((old, new) for old, new in zip(*both, strict=True) if old and new and old != new))


def _differences(git: Git, pairs: list[tuple[str, str]]) -> Iterator[tuple[str, list[tuple[Entry, Entry]]]]:
    """For each pair of trees the files that differ, as they were and as they are; an id of zeros for none."""
    given = "".join(f"{old} {new}\n" for old, new in pairs).encode()
    if not given:
        return
    arguments = ("diff-tree", "--stdin", "-r", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff")
    fields = iter(git.run(*arguments, given=given).decode("utf-8", "surrogateescape").split("\0"))
    pair, changes = "", list[tuple[Entry, Entry]]()
    for field in fields:
        header, _, info = field.rpartition("\n")
        if header:
            if changes:
                yield pair, changes
            pair, changes = header.rpartition("\n")[2], []
        if info.startswith(":"):
            modes, path = info[1:].split(), next(fields)
            changes.append((Entry(path, modes[0], modes[2]), Entry(path, modes[1], modes[3])))
    if changes:
        yield pair, changes


def _unexpected(changes: list[tuple[Entry, Entry]], done: Rewritten) -> set[Entry]:
    """What is there and should not be, or should be and is not."""
    expected = {
        Entry(_path(old.path, done), old.mode, done.blobs.get(old.oid, old.oid)) for old, _ in changes if _is(old)
    }
    found = {new for _, new in changes if _is(new)}
    return expected ^ found


def _is(entry: Entry) -> bool:
    return bool(entry.oid.strip("0"))


def _path(path: str, done: Rewritten) -> str:
    noted = done.commits.get(path.replace("/", ""))
    if noted:
        parts, place = [], 0
        for part in path.split("/"):
            parts.append(noted[place : place + len(part)])
            place += len(part)
        return "/".join(parts)
    return "/".join(done.names.get(part, part) for part in path.split("/"))
