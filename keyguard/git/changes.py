"""What commits change, by path, asked of git for the objects that matter and for all commits at once."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from keyguard.errors import GitError
from keyguard.git.command import Git, failure

# git looks through the ids it was given for each change. Beyond these, looking through all changes is sooner.
MOST_NAMED = 2_000

# Commits below which a second process costs more than it saves.
FEW = 2_000

# Bytes that git may take for this, and print. For 60,000 commits of git's own history, every change of every merge
# told, these are 0.4 and 0.8 GB.
MOST_MEMORY, MOST_PRINTED = 4 << 30, 1 << 30

PLAIN = ("diff-tree", "--stdin", "-r", "--root", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff",
         "--no-textconv", "--ignore-submodules=none")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changed:
    """A path that a commit gives another content: from `before` to `after`, None where there is none."""

    commit: str
    path: str
    before: str | None
    after: str | None


def changes(
    git: Git, commits: Sequence[str], oids: Collection[str] | None, jobs: int = 1, *, merges: bool = False
) -> Iterator[Changed]:
    """The changes of `commits` that bring or take one of the objects `oids`; all changes where that is None.

    Of merges nothing, unless `merges` asks for them: then of each against each of its parents.

    Raises GitError.
    """
    if not commits or (oids is not None and not oids):
        return
    named = oids if oids is not None and len(oids) <= MOST_NAMED else ()
    arguments = [*PLAIN, *(["-m"] if merges else []), *(f"--find-object={oid}" for oid in named)]
    for printed in _run(git, arguments, commits, jobs):
        for change in _parsed(printed):
            if oids is None or change.before in oids or change.after in oids:
                yield change


def _run(git: Git, arguments: Sequence[str], commits: Sequence[str], jobs: int) -> Iterator[bytes]:
    # Most histories hold no key, and nothing is asked.
    from concurrent.futures import ThreadPoolExecutor

    parts = min(jobs, -(-len(commits) // FEW))
    # git passes over a last line without an end.
    shares = ["".join(f"{commit}\n" for commit in share).encode() for share in _shared(commits, parts)]
    with ThreadPoolExecutor(parts) as threads:
        yield from threads.map(lambda given: _answer(git, arguments, given), shares)


def _answer(git: Git, arguments: Sequence[str], given: bytes) -> bytes:
    """What git prints, which in a forged store, where a tree may name itself, has no end."""
    with git.start(*arguments, given=given) as process:
        process.bound(MOST_MEMORY)
        printed = process.stdout.read(MOST_PRINTED + 1)
        if len(printed) > MOST_PRINTED:
            raise GitError("its trees hold more paths than can be listed")
        code = process.wait()
        if code:
            raise failure(arguments, code, process.complaint())
        return printed


def _shared(commits: Sequence[str], parts: int) -> list[list[str]]:
    """The commits in shares of about equal cost, each of two runs.

    Neighbours have trees in common, which git then reads once: dealt out one by one they cost a quarter more.
    Old commits have smaller trees than new ones, so each share has a newer and an older run.
    """
    length = -(-len(commits) // (2 * parts))
    runs = [list(commits[start : start + length]) for start in range(0, 2 * parts * length, length)]
    return [runs[part] + runs[-1 - part] for part in range(parts)]


def _parsed(printed: bytes) -> Iterator[Changed]:
    fields = iter(printed.split(b"\0"))
    commit = ""
    for field in fields:
        if not field.startswith(b":"):
            commit = field.decode()
            continue
        _, _, before, after, _ = field.decode().split()
        yield Changed(commit, os.fsdecode(next(fields)), _stored(before), _stored(after))


def _stored(oid: str) -> str | None:
    return oid if oid.strip("0") else None
