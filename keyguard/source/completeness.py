"""Whether all is there that the refs need: told by what the objects name, where they were read, else by git."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from keyguard.errors import DamagedError
from keyguard.git.command import Git, Process, failure
from keyguard.git.odb import files
from keyguard.git.odb.store import Store
from keyguard.git.odb.watch import Watch
from keyguard.model import Unread

TIPS = ("rev-list", "--no-walk", "--all", "--reflog")

# With --missing=print git goes on where an object is absent, names it at the end, and fetches nothing.
NEEDED = ("rev-list", "--objects", "--all", "--reflog", "--indexed-objects", "--missing=print",
          "--no-object-names", "--quiet")  # fmt: skip

SHALLOW, GRAFTS = "shallow", "info/grafts"

# git says nothing until it is done: an hour is more than the largest repositories take.
PATIENCE_S = 3600.0


class Question:
    """A question to git that is answered while other things are done."""

    def __init__(self, git: Git, *arguments: str) -> None:
        self._arguments = arguments
        self._process: Process = git.start(*arguments, given=b"")

    def close(self) -> None:
        """End the question, answered or not."""
        self._process.close()

    def answer(self) -> list[str]:
        """The lines that git prints. Waits for git. Raises GitError."""
        with self._process, Watch(self._process, PATIENCE_S):
            printed = self._process.stdout.read()
            code = self._process.wait()
            complaint = self._process.complaint()
        if code:
            raise failure(self._arguments[:1], code, complaint)
        return printed.decode().split()


def absent_objects(git: Git) -> set[str]:
    """The ids of the objects that refs, reflogs and indexes need and that are not stored. Raises GitError."""
    return {line[1:] for line in Question(git, *NEEDED).answer() if line.startswith("?")}


def reported(git: Git, store: Store, absent: Collection[str]) -> Iterator[Unread]:
    """The absent objects, as a report tells of them."""
    if absent:
        partial = is_partial(git, store)
        reason = "promised and not fetched, and a scan fetches nothing" if partial else "they are absent"
        yield Unread("objects that refs need", reason, len(absent))


def borders(store: Store) -> Iterator[Unread]:
    """What the repository itself says it leaves out of its history."""
    if count := _lines(store.common_dir / SHALLOW):
        reason = "the clone is shallow (`git fetch --unshallow` brings the rest)"
        yield Unread("history before the oldest commits", reason, count)
    if count := _lines(store.common_dir / GRAFTS):
        yield Unread("history that info/grafts leaves out", "git does not follow it", count)


def shallow(store: Store) -> list[str]:
    """The commits whose parents a shallow clone leaves out."""
    path = store.common_dir / SHALLOW
    return files.content(path).decode("ascii", "replace").split() if path.exists() else []


def has_grafts(store: Store) -> bool:
    """Whether commits were given other parents than they name."""
    return (store.common_dir / GRAFTS).exists()


def is_partial(git: Git, store: Store) -> bool:
    """Whether the repository was told that it need not hold everything."""
    wanted = r"^(extensions\.partialclone|remote\..*\.(promisor|partialclonefilter))$"
    code, printed, _ = git.attempt("config", "--get-regexp", wanted)
    packs = [name for folder in store.objects for name in files.listed(folder / "pack")]
    return (code == 0 and bool(printed.strip())) or any(name.endswith(".promisor") for name in packs)


def _lines(path: Path) -> int:
    """How many lines a file has, at least one; 0 where there is none."""
    if not path.exists():
        return 0
    try:
        return max(1, files.content(path).count(b"\n"))
    except DamagedError:
        return 1
