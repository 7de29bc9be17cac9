"""What a scrub would change. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keyguard.errors import GitError
from keyguard.git.blobs import contents
from keyguard.git.command import Git
from keyguard.git.refs import checked
from keyguard.scrub.containers import Container, containers, refusal
from keyguard.scrub.estimate import Estimate, estimate
from keyguard.scrub.headers import SIGNATURES, named, parsed
from keyguard.scrub.lfs import Lfs, files_with_keys, lfs_changes
from keyguard.scrub.refusal import refusals, unreadable
from keyguard.scrub.replace import Cleaner, ScrubError
from keyguard.scrub.rewrite import main_scope, notes_scope, wanted
from keyguard.scrub.scope import Scope
from keyguard.scrub.search import Search, Searcher, Submodule, search, submodules
from keyguard.scrub.snapshot import Snapshot, snapshot
from keyguard.scrub.wording import Wording


@dataclass(frozen=True, slots=True)
class Counts:
    """How much would change. `signed_commits`, `signed_tags` and `merged_tags` (within merges) lose their signature."""

    keys: int
    blobs: int
    commits: int
    notes_commits: int
    messages: int
    people: int
    paths: int
    refs: int
    renamed_refs: int
    tags: int
    signed_commits: int
    signed_tags: int
    merged_tags: int
    stashes: int
    files: int
    lfs_objects: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a scrub is made of, and what a person decides by."""

    snapshot: Snapshot
    search: Search
    cleaner: Cleaner = field(repr=False)
    main: Scope
    notes: Scope
    lfs: Lfs
    files: tuple[str, ...]
    containers: tuple[Container, ...]
    counts: Counts
    refusals: tuple[str, ...]
    remotes: tuple[tuple[str, str], ...]
    submodules: tuple[Submodule, ...]
    duration: Estimate

    @property
    def first_changed(self) -> tuple[str, ...]:
        """The commits at which the changes begin: what a host's support asks for."""
        return (*self.main.roots, *self.notes.roots)

    @property
    def elsewhere(self) -> tuple[Submodule, ...]:
        """The repositories of submodules with keys in them: a scrub here leaves these as they are."""
        return tuple(one for one in self.submodules if one.keys)

    @property
    def exit_code(self) -> int:
        """0 no key, here or in a submodule; 1 keys; 3 none, but not everything could be looked at."""
        if self.elsewhere:
            return 1
        whole = all(one.complete for one in self.submodules)
        return self.search.result.exit_code or (0 if whole else 3)


def plan(where: Path, searcher: Searcher, wording: Wording, *, drops: bool = False) -> Plan:
    """Look through a repository and say what would change. `drops` says that archives may be (see `Cleaner`).

    Raises NotARepositoryError, and GitError where git cannot say.
    """
    names = snapshot(Git(where))
    found = search(names.store.common_dir, searcher)
    cleaner = Cleaner(searcher.engine, found.fingerprints, wording, drops=drops)
    files = files_with_keys(found)
    refused = refusals(names, files)
    try:
        packed = containers(names.git, names.store.common_dir, files, found, cleaner)
        refused += unreadable(found.unread_besides({one.oid for one in packed if one.fate == "dropped"}))
        refused += refusal(packed)
        return _made(names, found, refused, packed, searcher, cleaner)
    except GitError as error:
        # What cannot be read ends git's own walks too: then the reason and the way out are known already.
        refused += unreadable(found.unread_besides(()))
        if not (found.result.unread and refused):
            raise
        raise ScrubError("; ".join(dict.fromkeys(refused))) from error


def _made(
    names: Snapshot,
    found: Search,
    refused: Sequence[str],
    packed: Sequence[Container],
    searcher: Searcher,
    cleaner: Cleaner,
) -> Plan:
    # An archive that cannot be rewritten is refused already: what would take its place is only counted.
    counting = Cleaner(searcher.engine, found.fingerprints, cleaner.wording, drops=True)
    lfs = lfs_changes(names.git, names.store.common_dir, found, counting)
    what = wanted(found, lfs.pointers)
    main = main_scope(names, what, searcher.jobs)
    notes = notes_scope(names, what, dict.fromkeys(main.commits, ""), searcher.jobs)
    files = tuple(files_with_keys(found))
    counts = _counts(names, found, main, notes, lfs)
    duration = estimate(found.result.seconds, counts.commits + counts.notes_commits)
    return Plan(
        names, found, cleaner, main, notes, lfs, files, tuple(packed), counts, tuple(refused), _remotes(names.git),
        submodules(names.store, searcher), duration,
    )  # fmt: skip


def _counts(names: Snapshot, found: Search, main: Scope, notes: Scope, lfs: Lfs) -> Counts:
    changed = {*main.commits, *notes.commits}
    texts = found.oids("commit-message", "tag-message", "author")
    tags, signed_tags = _tags(names, changed, texts)
    signed_commits, merged_tags = _signed(names.git, changed, texts)
    refs = names.all_refs()
    peeled = dict(zip(refs, checked(names.git, [f"{oid}^{{}}" for oid in refs.values()]), strict=True))
    blobs = found.oids("blob") | lfs.pointers.keys()
    return Counts(
        keys=len(found.result.findings),
        blobs=len(blobs),
        commits=len(main.commits),
        notes_commits=len(notes.commits),
        messages=len(found.oids("commit-message", "tag-message")),
        people=len(found.oids("author")),
        paths=len(found.paths("path", in_objects=True)),
        refs=sum(oid in changed or oid in blobs or refs[name] in tags for name, oid in peeled.items()),
        renamed_refs=len(found.paths("ref-name", in_objects=False)),
        tags=len(tags),
        signed_commits=signed_commits,
        signed_tags=signed_tags,
        merged_tags=merged_tags,
        stashes=len(changed.intersection(names.stashes())),
        files=len(files_with_keys(found)),
        lfs_objects=len(lfs.objects),
    )


def _signed(git: Git, changed: Collection[str], texts: Collection[str]) -> tuple[int, int]:
    """How many of the commits are signed, and how many signed tags within them change."""
    signed = merged = 0
    for content in contents(git, changed):
        commit = parsed(content.read())
        signed += any(name in SIGNATURES for name, _ in commit.headers)
        anew = (tag for tag in commit.merged_tags() if named(tag) in changed or content.oid in texts)
        merged += sum(parsed(tag).signed for tag in anew)
    return signed, merged


def _tags(names: Snapshot, changed: set[str], texts: set[str]) -> tuple[set[str], int]:
    """The tags that change with what they stand for or that hold a key themselves; how many of them are signed."""
    found, signed = set(), 0
    for content in contents(names.git, dict.fromkeys(names.all_refs().values())):
        data = content.read() if content.kind == "tag" else b""
        if content.kind == "tag" and (named(data) in changed or content.oid in texts):
            found.add(content.oid)
            signed += parsed(data).signed
    return found, signed


def _remotes(git: Git) -> tuple[tuple[str, str], ...]:
    """Name and URL of each remote."""
    code, printed, _ = git.attempt("config", "--null", "--get-regexp", r"^remote\..*\.url$")
    if code:
        return ()
    pairs = (entry.partition("\n")[::2] for entry in printed.decode("utf-8", "replace").split("\0") if entry)
    return tuple((name.removeprefix("remote.").removesuffix(".url"), url) for name, url in pairs)
