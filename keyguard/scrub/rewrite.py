"""Everything that names lead to, without the keys: commits by git-filter-repo, what it passes over here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from keyguard.git.blobs import contents
from keyguard.git.command import Git
from keyguard.git.refs import checked
from keyguard.scrub.driver import Orders, Text
from keyguard.scrub.replace import Cleaner, ScrubError
from keyguard.scrub.scope import Scope, Wanted, scope
from keyguard.scrub.search import Search
from keyguard.scrub.snapshot import Snapshot
from keyguard.scrub.staging import Staging

TEXTS = ("commit-message", "author")
GITLINK = b"160000"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A repository's names after the scrub, and what became of its objects. All maps are old to new."""

    commits: Mapping[str, str]
    blobs: Mapping[str, str]
    tags: Mapping[str, str]
    names: Mapping[str, str] = field(repr=False)
    ref_names: Mapping[str, str] = field(repr=False)
    refs: Mapping[str, str] = field(repr=False)

    def object(self, oid: str) -> str:
        """The id that an object has now."""
        return self.commits.get(oid) or self.tags.get(oid) or self.blobs.get(oid) or oid


def wanted(search: Search, pointers: Iterable[str]) -> Wanted:
    """What commits are rewritten for. `pointers` are blobs that name LFS objects with keys."""
    names = search.paths("path", in_objects=True)
    return Wanted({*search.oids("blob"), *pointers}, names, search.oids(*TEXTS), {})


def main_scope(snapshot: Snapshot, what: Wanted, jobs: int) -> Scope:
    """The commits to rewrite that something other than notes leads to."""
    return scope(snapshot.git, _commits(snapshot.git, snapshot.roots()), what, jobs)


def notes_scope(snapshot: Snapshot, what: Wanted, changed: Mapping[str, str], jobs: int) -> Scope:
    """The commits to rewrite of notes: also those that name a commit which is `changed`."""
    tips = _commits(snapshot.git, snapshot.roots(notes=True))
    return scope(snapshot.git, tips, Wanted(what.blobs, what.names, what.texts, changed), jobs)


def _commits(git: Git, roots: Iterable[str]) -> list[str]:
    """The commits among what `roots` stand for in the end."""
    found = [oid for oid in checked(git, [f"{oid}^{{}}" for oid in roots]) if oid]
    return list(dict.fromkeys(content.oid for content in contents(git, found) if content.kind == "commit"))


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be rewritten: `pointers` are new contents of blobs that name LFS objects."""

    snapshot: Snapshot
    search: Search
    main: Scope
    pointers: Mapping[str, bytes] = field(repr=False)
    jobs: int = 1


def rewrite(task: Task, cleaner: Cleaner, staging: Staging) -> Rewritten:
    """Make the new objects in `staging`: nothing else is written.

    Raises ScrubError where something cannot be replaced, GitError where git or git-filter-repo gives up.
    """
    snapshot, found, main, jobs = task.snapshot, task.search, task.main, task.jobs
    what = wanted(found, task.pointers)
    blobs = {oid: staging.write("blob", data) for oid, data in task.pointers.items()}
    for oid, _, data in _objects(snapshot.git, found.oids("blob") - blobs.keys()):
        blobs[oid] = staging.write("blob", cleaner.clean(data))
    names = {name: os.fsdecode(cleaner.name(os.fsencode(name))) for name in what.names}
    order = partial(_filtered, cleaner=cleaner, staging=staging, blobs=blobs, names=names)
    commits = order(main, what.texts, {})
    notes = notes_scope(snapshot, what, commits, jobs)
    commits |= order(notes, what.texts, commits)
    rest = _Rest(snapshot.git, staging, cleaner, blobs, names, commits, found.oids("tag-message", "author"))
    ref_names = {name: os.fsdecode(_ref(cleaner, name)) for name in found.paths("ref-name", in_objects=False)}
    refs = {_renamed(name, ref_names, commits): rest.object(oid) for name, oid in snapshot.refs.items()}
    return Rewritten(commits, blobs | rest.trees, rest.tags, names, ref_names, refs)


def _ref(cleaner: Cleaner, name: str) -> bytes:
    return cleaner.name(os.fsencode(name))


def _renamed(name: str, ref_names: Mapping[str, str], commits: Mapping[str, str]) -> str:
    """A ref's new name. A replacement is named by what it replaces."""
    prefix, _, last = name.rpartition("/")
    if prefix == "refs/replace":
        return f"{prefix}/{commits.get(last, last)}"
    return ref_names.get(name, name)


def _filtered(
    part: Scope,
    texts: Iterable[str],
    noted: Mapping[str, str],
    *,
    cleaner: Cleaner,
    staging: Staging,
    blobs: Mapping[str, str],
    names: Mapping[str, str],
) -> dict[str, str]:
    """Have git-filter-repo rewrite some commits."""
    if not part:
        return {}
    inside = set(part.commits)
    kind = "note" if noted else "tip"
    tips = {f"refs/keyguard/{kind}/{number}": oid for number, oid in enumerate(part.tips)}
    staging.name(tips)
    orders = Orders(
        # git-filter-repo does not read the longer ids that commits on the border would be named by.
        revisions=[*tips, *([] if staging.sha256 else _without(part, staging))],
        sha256=staging.sha256,
        blobs=dict(blobs),
        names={_latin(old): _latin(new) for old, new in names.items()},
        texts={
            oid: _text(cleaner, data) for oid, _, data in _objects(staging.git, [oid for oid in texts if oid in inside])
        },
        noted=dict(noted),
    )
    changed = staging.filter(orders)
    missing = inside - changed.keys()
    if missing:
        raise ScrubError(f"git-filter-repo left out {len(missing)} commits; the repository is unchanged")
    return {old: new for old, new in changed.items() if old != new}


def _without(part: Scope, staging: Staging) -> list[str]:
    """What keeps git from going beyond the commits that are rewritten: one commit that stands on their border."""
    if not part.border:
        return []
    tree = staging.write("tree", b"")
    parents = "".join(f"parent {oid}\n" for oid in part.border)
    person = "keyguard <> 0 +0000"
    commit = f"tree {tree}\n{parents}author {person}\ncommitter {person}\n\n"
    return [f"^{staging.write('commit', commit.encode())}"]


def _latin(name: str) -> str:
    return os.fsencode(name).decode("latin-1")


_PERSON = re.compile(rb"^(author|committer) (.*?) ?<([^>\n]*)>", re.MULTILINE)


def _text(cleaner: Cleaner, commit: bytes) -> Text:
    """What a commit says without the keys."""
    headers, _, message = commit.partition(b"\n\n")
    people = {who: (name, email) for who, name, email in _PERSON.findall(headers)}
    if len(people) < 2:
        raise ScrubError("a commit with a key has no author or no committer: it has to be rewritten by hand")
    author, committer = (_person(cleaner, *people[who]) for who in (b"author", b"committer"))
    return Text(cleaner.clean(message).decode("latin-1"), *author, *committer)


def _person(cleaner: Cleaner, name: bytes, email: bytes) -> tuple[str, str]:
    """A name and an address without the keys. A key that needs the words around it is looked for in both together."""
    return cleaner.name(name).decode("latin-1"), cleaner.name(email).decode("latin-1")


def _objects(git: Git, oids: Iterable[str]) -> Iterable[tuple[str, str, bytes]]:
    for content in contents(git, sorted(oids)):
        if content.absent:
            raise ScrubError(f"object {content.oid} is absent: mend the repository first (`git fsck` tells more)")
        yield content.oid, content.kind, content.read()


class _Rest:
    """What git-filter-repo passes over: tags of all kinds, trees and blobs that have a name."""

    def __init__(
        self,
        git: Git,
        staging: Staging,
        cleaner: Cleaner,
        blobs: Mapping[str, str],
        names: Mapping[str, str],
        commits: Mapping[str, str],
        texts: Iterable[str],
    ) -> None:
        self._git = git
        self._staging = staging
        self._cleaner = cleaner
        self._blobs = blobs
        self._names = {os.fsencode(old): os.fsencode(new) for old, new in names.items()}
        self._commits = commits
        self._texts = frozenset(texts)
        self.tags: dict[str, str] = {}
        self.trees: dict[str, str] = {}
        self._raw = 32 if staging.sha256 else 20

    def object(self, oid: str) -> str:
        """The new id of an object that a ref or a tag holds."""
        known = self._commits.get(oid) or self._blobs.get(oid) or self.tags.get(oid) or self.trees.get(oid)
        if known:
            return known
        ((_, kind, data),) = _kinds(self._git, oid)
        if kind == "tag":
            return self._tag(oid, data)
        return self._tree(oid, data) if kind == "tree" else oid

    def _tag(self, oid: str, data: bytes) -> str:
        headers, _, message = data.partition(b"\n\n")
        old = headers.split(b"\n", 1)[0].removeprefix(b"object ").decode()
        new = self.object(old)
        if new == old and oid not in self._texts:
            return oid
        headers = headers.replace(old.encode(), new.encode(), 1)
        if oid in self._texts:
            headers, message = self._cleaner.name(headers), self._cleaner.clean(message)
        self.tags[oid] = self._staging.write("tag", headers + b"\n\n" + unsigned(message))
        return self.tags[oid]

    def _tree(self, oid: str, data: bytes) -> str:
        entries, place = [], 0
        while place < len(data):
            end = data.index(b"\0", place) + 1 + self._raw
            mode, _, name = data[place : end - self._raw - 1].partition(b" ")
            entries.append((mode, self._names.get(name, name), self._entry(mode, data[end - self._raw : end].hex())))
            place = end
        # git sorts a folder as if its name ended with a slash.
        entries.sort(key=lambda entry: entry[1] + b"/" * (int(entry[0], 8) == 0o40000))
        new = self._staging.write("tree", b"".join(b"%b %b\0%b" % (m, n, bytes.fromhex(o)) for m, n, o in entries))
        if new != oid:
            self.trees[oid] = new
        return new

    def _entry(self, mode: bytes, oid: str) -> str:
        if mode == GITLINK:
            return oid
        return self.object(oid) if int(mode, 8) == 0o40000 else self._blobs.get(oid, oid)


_SIGNATURE = re.compile(rb"^-----BEGIN (?:PGP|SSH|SIGNED)[A-Z ]*-----.*", re.MULTILINE | re.DOTALL)


def unsigned(message: bytes) -> bytes:
    """A tag's message without the signature at its end, which holds no more."""
    return _SIGNATURE.sub(b"", message)


def _kinds(git: Git, oid: str) -> list[tuple[str, str, bytes]]:
    """An object with its content, where that is needed to rewrite it."""
    ((content),) = [(c.oid, c.kind, b"" if c.kind in ("blob", "commit") else c.read()) for c in contents(git, [oid])]
    return [content]
