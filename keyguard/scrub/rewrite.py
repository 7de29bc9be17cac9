"""Everything that names lead to, without the keys: commits by git-filter-repo, what it passes over here."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from keyguard.git.blobs import contents
from keyguard.git.command import Git
from keyguard.git.refs import checked
from keyguard.scrub.driver import Orders
from keyguard.scrub.headers import Ids, named, tag_of, with_tree
from keyguard.scrub.replace import Cleaner, ScrubError
from keyguard.scrub.scope import Scope, Wanted, scope, sharing
from keyguard.scrub.search import Search
from keyguard.scrub.snapshot import Snapshot, together
from keyguard.scrub.staging import Staging

TEXTS = ("commit-message", "author")
GITLINK = b"160000"
REPLACEMENTS = "refs/replace"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A repository's names after the scrub, and what became of its objects. All maps are old to new.

    `own` are the refs of linked worktrees, by the worktree's id.
    """

    commits: Mapping[str, str]
    blobs: Mapping[str, str]
    tags: Mapping[str, str]
    names: Mapping[str, str] = field(repr=False)
    ref_names: Mapping[str, str] = field(repr=False)
    refs: Mapping[str, str] = field(repr=False)
    own: Mapping[str, Mapping[str, str]] = field(repr=False, default_factory=dict)

    def all_refs(self) -> dict[str, str]:
        """All refs, those of linked worktrees as `worktrees/<id>/<name>`."""
        return together(self.refs, self.own)

    def object(self, oid: str) -> str:
        """The id that an object has now."""
        return self.commits.get(oid) or self.tags.get(oid) or self.blobs.get(oid) or oid


def wanted(search: Search, pointers: Iterable[str]) -> Wanted:
    """What commits are rewritten for. `pointers` are blobs that name LFS objects with keys."""
    names = search.paths("path", in_objects=True)
    return Wanted({*search.oids("blob"), *pointers}, names, search.oids(*TEXTS), {})


def main_scope(snapshot: Snapshot, what: Wanted, jobs: int) -> Scope:
    """The commits to rewrite that something other than notes leads to."""
    tips, _ = _tips(snapshot)
    return scope(snapshot.git, tips, what, jobs)


def notes_scope(snapshot: Snapshot, what: Wanted, changed: Mapping[str, str], jobs: int) -> Scope:
    """The commits to rewrite of notes: also those that name a commit which is `changed`."""
    _, tips = _tips(snapshot)
    return scope(snapshot.git, tips, Wanted(what.blobs, what.names, what.texts, changed), jobs)


def _tips(snapshot: Snapshot) -> tuple[list[str], list[str]]:
    """The commits that names lead to, and those of notes; with these goes every branch that stands on notes."""
    git = snapshot.git
    others, notes = (_commits(git, snapshot.roots(notes=of_notes)) for of_notes in (False, True))
    shared = sharing(git, others, notes) if notes else set()
    return [tip for tip in others if tip not in shared], list(dict.fromkeys([*notes, *shared]))


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
    ref_names = _ref_names(snapshot, found.paths("ref-name", in_objects=False), cleaner)

    def renamed(name: str) -> str:
        prefix, _, last = name.rpartition("/")
        # A replacement is named by what it replaces.
        return f"{prefix}/{rest.replaced(last)}" if prefix == REPLACEMENTS else ref_names.get(name, name)

    def moved(refs: Mapping[str, str]) -> dict[str, str]:
        return {renamed(name): rest.object(oid) for name, oid in refs.items()}

    refs = moved(snapshot.refs)
    own = {tree.git_dir.name: moved(tree.refs) for tree in snapshot.worktrees if tree.refs}
    return Rewritten(commits, blobs | rest.trees, rest.tags, names, ref_names, refs, own)


def _ref_names(snapshot: Snapshot, found: Iterable[str], cleaner: Cleaner) -> dict[str, str]:
    """New names of refs. One that is only named, by a ref or by a HEAD, need not be there, and so is not `found`."""
    heads = (tree.branch for tree in snapshot.worktrees if tree.branch)
    names = {
        name: os.fsdecode(cleaner.name(os.fsencode(name))) for name in (*found, *snapshot.symbolic.values(), *heads)
    }
    return {old: new for old, new in names.items() if old != new}


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
    """Some commits: their trees by git-filter-repo, all else of them here."""
    if not part:
        return {}
    kind = "note" if noted else "tip"
    tips = {f"refs/keyguard/{kind}/{number}": oid for number, oid in enumerate(part.tips)}
    staging.name(tips)
    orders = Orders(
        revisions=[*tips, *_without(part, staging)],
        blobs=dict(blobs),
        names={_latin(old): _latin(new) for old, new in names.items()},
        noted=dict(noted),
        sha256=staging.sha256,
    )
    filtered = staging.filter(orders)
    missing = set(part.commits) - filtered.keys()
    if missing:
        raise ScrubError(f"git-filter-repo left out {len(missing)} commits")
    return _finished(part, filtered, noted, frozenset(texts), cleaner, staging)


def _finished(
    part: Scope,
    filtered: Mapping[str, str],
    before: Mapping[str, str],
    texts: Collection[str],
    cleaner: Cleaner,
    staging: Staging,
) -> dict[str, str]:
    """The commits with the trees of the `filtered` ones: new ids by old. `before` are those that were made earlier."""
    known = dict(before)
    ids = Ids((*before, *part.commits), known)
    trees = checked(staging.git, [f"{filtered[oid]}^{{tree}}" for oid in part.commits])

    def finish(oid: str, tree: str, data: bytes) -> None:
        made = with_tree(data, tree, known, cleaner if oid in texts else None, ids)
        known[oid] = staging.write("commit", made, filtered[oid])

    waiting = []
    for content, tree in zip(contents(staging.git, part.commits), trees, strict=True):
        if content.absent or not tree:
            raise ScrubError(f"commit {content.oid} is absent: mend the repository first (`git fsck` tells more)")
        commit = content.oid, tree, content.read()
        if ids.awaited(commit[2]):
            waiting.append(commit)
        else:
            finish(*commit)
    while waiting:
        later = []
        for commit in waiting:
            if ids.awaited(commit[2]):
                later.append(commit)
            else:
                finish(*commit)
        if len(later) == len(waiting):
            # What looked like a shortened id is none. The parents of the first are known, since they come before it.
            finish(*later.pop(0))
        waiting = later
    changed = {oid: known[oid] for oid in part.commits}
    staging.scaffold |= set(filtered.values()) - set(changed.values())
    return changed


def _without(part: Scope, staging: Staging) -> list[str]:
    """What keeps git from going beyond the commits that are rewritten: one commit that stands on their border."""
    if not part.border:
        return []
    tree = staging.write("tree", b"")
    parents = "".join(f"parent {oid}\n" for oid in part.border)
    person = "keyguard <> 0 +0000"
    commit = f"tree {tree}\n{parents}author {person}\ncommitter {person}\n\n"
    beyond = staging.write("commit", commit.encode())
    staging.scaffold.add(beyond)
    return [f"^{beyond}"]


def _latin(name: str) -> str:
    return os.fsencode(name).decode("latin-1")


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

    def replaced(self, name: str) -> str:
        """The new id of what another object stands for, which may be gone; a name that is no id stays."""
        return self.object(name) if re.fullmatch(f"[0-9a-f]{{{2 * self._raw}}}", name) else name

    def _tag(self, oid: str, data: bytes) -> str:
        old = named(data)
        new = self.object(old)
        if new == old and oid not in self._texts:
            return oid
        self.tags[oid] = self._staging.write("tag", tag_of(data, new, self._cleaner if oid in self._texts else None))
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


def _kinds(git: Git, oid: str) -> list[tuple[str, str, bytes]]:
    """An object with its content, where that is needed to rewrite it."""
    ((content),) = [(c.oid, c.kind, b"" if c.kind in ("blob", "commit") else c.read()) for c in contents(git, [oid])]
    return [content]
