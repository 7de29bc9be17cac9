"""Whether all is there that refs need: told by what the objects name, where they were read, or else by git."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from keyguard.errors import DamagedError, GitError
from keyguard.git.command import Git, Process, failure
from keyguard.git.index import entries
from keyguard.git.odb import files
from keyguard.git.odb.store import Store, linked_worktrees
from keyguard.git.odb.watch import Watch
from keyguard.git.past import AskedPast, Past
from keyguard.model import Unread

if TYPE_CHECKING:
    from keyguard.git.kin.ancestry import ReadPast
    from keyguard.git.odb.linked import Linked

TIPS = ("rev-list", "--no-walk", "--all", "--reflog")

# With --missing=print git goes on where an object is absent, names it at the end, and fetches nothing.
NEEDED = ("rev-list", "--objects", "--all", "--reflog", "--indexed-objects", "--missing=print",
          "--no-object-names", "--quiet")  # fmt: skip

OID = {size: re.compile(rf"[0-9a-f]{{{2 * size}}}") for size in (20, 32)}

SHALLOW, GRAFTS = "shallow", "info/grafts"

# git says nothing until it is done: an hour is more than the largest repositories take.
PATIENCE_S = 3600.0


class Completeness:
    """What refs, reflogs and indexes need of a repository that is being read, and is not there.

    Objects that were read from packs tell it themselves. Where git had to read any of them, or there are grafts, git
    is asked.
    """

    def __init__(self, git: Git, store: Store, jobs: int) -> None:
        self._git = git
        self._store = store
        self._jobs = jobs
        self._tips = _Question(git, *TIPS)

    def close(self) -> None:
        """End what is still being asked."""
        self._tips.close()

    def answer(self, links: Linked | None, known: set[str]) -> tuple[Callable[[], Past], list[Unread]]:
        """What the history is told by, and what is not there but for the objects `known` to be unread already.

        `links` are those of all objects, where they were gathered. Waits for git.
        """
        past: Callable[[], Past] = partial(AskedPast, self._git, self._jobs)
        absent = None
        try:
            if links and links.whole and not _has_grafts(self._store):
                past, absent = self._told(links, past)
            if absent is None:
                absent = {line[1:] for line in _Question(self._git, *NEEDED).answer() if line.startswith("?")}
        except GitError as error:
            return past, [Unread("what refs need", str(error))]
        if not absent - known:
            return past, []
        promised = is_partial(self._git, self._store)
        reason = "promised and not fetched, and a scan fetches nothing" if promised else "they are absent"
        return past, [Unread("objects that refs need", reason, len(absent - known))]

    def _told(self, links: Linked, asked: Callable[[], Past]) -> tuple[Callable[[], Past], set[str] | None]:
        # numpy, on which these stand, has been imported where there are links.
        from keyguard.git.kin.ancestry import ReadPast
        from keyguard.git.kin.connectivity import absent_objects
        from keyguard.git.kin.kinship import Kinship

        kinship = Kinship(self._git, *links.take())
        tips, borders = self._tips.answer(), _shallow(self._store)
        past: Callable[[], ReadPast] = cache(partial(ReadPast, self._git, kinship, tips, borders, asked))
        # What came while all was read is known to git alone.
        return past, absent_objects(kinship, past, self._indexed()) if kinship.holds(tips) else None

    def _indexed(self) -> set[str]:
        """The objects that indexes name, to which no other object may lead."""
        found: set[str] = set()
        folders = [self._store.common_dir]
        # What cannot be read is reported where the paths of indexes are searched.
        with suppress(DamagedError):
            folders += linked_worktrees(self._store)
        for folder in folders:
            with suppress(GitError):
                if not files.absent(folder / "index"):
                    found |= {entry.oid for entry in entries(self._git.at(folder), [])}
                    found |= _resolved(self._git.at(folder))
        return found


def _resolved(git: Git) -> set[str]:
    """The sides of resolved conflicts, which an index keeps so that they can be had again. Raises GitError."""
    sides = git.run("ls-files", "--resolve-undo", "-z").decode("utf-8", "replace").split("\0")
    # Each is `mode SP id SP stage TAB path`.
    return {side.split(" ", 2)[1] for side in sides if side}


class _Question:
    """A question to git that is answered while other things are done."""

    def __init__(self, git: Git, *arguments: str) -> None:
        self._arguments = arguments
        # Aside: behind a full pipe it would keep its memory until all objects are read.
        self._process: Process = git.start(*arguments, given=b"", aside=True)

    def close(self) -> None:
        """End the question, answered or not."""
        self._process.close()

    def answer(self) -> list[str]:
        """The words that git prints. Waits for git. Raises GitError."""
        with self._process, Watch(self._process, PATIENCE_S):
            code, printed = self._process.answer()
            complaint = self._process.complaint()
        if code:
            raise failure(self._arguments[:1], code, complaint)
        return printed.decode().split()


def borders(store: Store) -> Iterator[Unread]:
    """What the repository itself says it leaves out of its history."""
    # Where these cannot be looked at, the folder is reported as unread.
    shallow, grafts = store.common_dir / SHALLOW, store.common_dir / GRAFTS
    if os.path.exists(shallow):
        reason = "the clone is shallow (`git fetch --unshallow` brings the rest)"
        yield Unread("history before the oldest commits", reason, _lines(shallow))
    if os.path.exists(grafts):
        yield Unread("history that info/grafts leaves out", "git does not follow it", _lines(grafts))


def _has_grafts(store: Store) -> bool:
    """Whether commits were given other parents than they name."""
    return os.path.exists(store.common_dir / GRAFTS)


def _shallow(store: Store) -> list[str]:
    """The commits whose parents a shallow clone leaves out."""
    try:
        content = files.content(store.common_dir / SHALLOW)
    except DamagedError:
        return []
    return [word for word in content.decode("ascii", "replace").split() if OID[store.oid_size].fullmatch(word)]


def is_partial(git: Git, store: Store) -> bool:
    """Whether the repository was told that it need not hold everything."""
    wanted = r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$"
    code, printed, _ = git.attempt("config", "--get-regexp", wanted)
    return (code == 0 and bool(printed.strip())) or any(_has_promised_packs(folder) for folder in store.objects)


def _has_promised_packs(objects: Path) -> bool:
    try:
        return any(name.endswith(".promisor") for name in files.listed(objects / "pack"))
    except DamagedError:
        return False


def _lines(path: Path) -> int:
    try:
        return max(1, files.content(path).count(b"\n"))
    except DamagedError:
        return 1
