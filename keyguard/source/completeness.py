"""Whether all is there that the refs need: asked of git while the objects are read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from keyguard.errors import DamagedError
from keyguard.git.command import Git, Process, failure
from keyguard.git.odb import files
from keyguard.git.odb.store import Store
from keyguard.git.odb.watch import Watch
from keyguard.model import Unread

# With --missing=print git goes on where an object is absent, names it at the end, and fetches nothing.
QUESTION = ("rev-list", "--objects", "--all", "--reflog", "--indexed-objects", "--missing=print",
            "--no-object-names", "--quiet")  # fmt: skip

# git says nothing until it is done: an hour is more than the largest repositories take.
PATIENCE_S = 3600.0


class Connectivity:
    """A running question to git: what of the things that refs, reflogs and indexes need is absent?"""

    def __init__(self, git: Git) -> None:
        self._process: Process = git.start(*QUESTION, given=b"")

    def close(self) -> None:
        """End the question, answered or not."""
        self._process.close()

    def answer(self, known: set[str], *, partial: bool) -> Iterator[Unread]:
        """What is absent, but for the objects `known` to be unread already. Waits for git."""
        with self._process, Watch(self._process, PATIENCE_S):
            printed = self._process.stdout.read()
            code = self._process.wait()
            complaint = self._process.complaint()
        absent = {line[1:].decode() for line in printed.split() if line.startswith(b"?")} - known
        if absent:
            reason = "promised and not fetched, and a scan fetches nothing" if partial else "they are absent"
            yield Unread("objects that refs need", reason, len(absent))
        if code:
            yield Unread("what refs need", str(failure(("rev-list",), code, complaint)))


def borders(store: Store) -> Iterator[Unread]:
    """What the repository itself says it leaves out of its history."""
    shallow, grafts = store.common_dir / "shallow", store.common_dir / "info" / "grafts"
    if os.path.exists(shallow):
        reason = "the clone is shallow (`git fetch --unshallow` brings the rest)"
        yield Unread("history before the oldest commits", reason, _lines(shallow))
    if os.path.exists(grafts):  # where that cannot be looked at, the folder is reported as unread
        yield Unread("history that info/grafts leaves out", "git does not follow it", _lines(grafts))


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
