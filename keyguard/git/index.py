"""What is staged, asked of git: never read from `.git/index`, which is not the index of every commit.

Stands on the way of a clean commit: no imports but `keyguard.git.command` and `errors`.
"""

from __future__ import annotations

import os

from keyguard.errors import NotARepositoryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from keyguard.git.command import Git

GITLINK = b"160000"
UNMERGED = "U"


class Change:
    """A path whose staged content differs from HEAD's.

    `status` is git's letter (A, C, M, T, U), `oid` the staged object's hex id, `before` that of HEAD's object
    or None, `path` bytes from the top of the work tree.
    """

    __slots__ = ("before", "mode", "oid", "path", "status")

    def __init__(self, status: str, mode: bytes, oid: str, before: str | None, path: bytes) -> None:
        self.status = status
        self.mode = mode
        self.oid = oid
        self.before = before
        self.path = path


def staged_changes(git: Git) -> list[Change]:
    """What the next commit changes against HEAD, submodules and deletions left out.

    Raises GitError where git cannot say.
    """
    # An intent-to-add entry has no content to commit yet, and git leaves it out by itself.
    raw = against_head(git, "--no-renames", "--diff-filter=ACMTU")
    return [change for change in _changes(raw) if change.mode != GITLINK]


def renamed(git: Git) -> dict[bytes, str]:
    """For each staged path that is a renamed one, the id of the object that it was renamed from."""
    raw = against_head(git, "--find-renames=50%", "-l0", "--diff-filter=R")
    fields = raw.split(b"\0")
    return {fields[place + 2]: fields[place].split()[2].decode("ascii") for place in range(0, len(fields) - 2, 3)}


def against_head(git: Git, *options: str) -> bytes:
    """git's raw, NUL-separated list of differences between the index and HEAD (or nothing, before a first commit)."""
    arguments = ("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--ignore-submodules=none", *options)
    code, raw, complaint = git.attempt(*arguments, "HEAD", "--")
    if code == 0:
        return raw
    if b"not a git repository" in complaint:
        raise NotARepositoryError("this is not a git repository: run keyguard inside one")
    if git.attempt("rev-parse", "--quiet", "--verify", "HEAD^{commit}")[0] == 0:
        # HEAD is there, so the failure has another cause: let git say it.
        return git.run(*arguments, "HEAD", "--")
    return git.run(*arguments, empty_tree(git), "--")


def empty_tree(git: Git) -> str:
    """The id of the tree without entries, in the repository's own object format."""
    return git.run("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()


def _changes(raw: bytes) -> list[Change]:
    fields = raw.split(b"\0")
    changes = []
    for place in range(0, len(fields) - 1, 2):
        # ":100644 100755 <id> <id> M"
        was, mode, before, oid, status = fields[place].split()
        # A submodule's commit is no content to compare with.
        known = before.strip(b"0") and was != b":" + GITLINK
        changes.append(
            Change(
                status[:1].decode("ascii"),
                mode,
                oid.decode("ascii"),
                before.decode("ascii") if known else None,
                fields[place + 1],
            )
        )
    return changes


def entries(git: Git, paths: Sequence[str]) -> list[Change]:
    """The index's entries at and below the paths (from the folder that git runs in), submodules left out."""
    raw = git.run("ls-files", "--cached", "--stage", "--full-name", "-z", "--", *map(os.fsencode, paths))
    found = []
    for entry in filter(None, raw.split(b"\0")):
        head, _, path = entry.partition(b"\t")
        mode, oid, stage = head.split()
        status = "A" if stage == b"0" else UNMERGED
        if mode != GITLINK:
            found.append(Change(status, mode, oid.decode("ascii"), None, path))
    return found


def added_lines(git: Git, before: str, after: str) -> list[range]:
    """Which lines (from 1) of the blob `after` are not in the blob `before`, as git's own diff has it.

    Two blobs are compared, so that no path, attribute or rename setting has a say, and the hunks' lines are
    counted, so that no line of a file can pass for a header.
    """
    raw = git.run(
        "diff", "--unified=0", "--inter-hunk-context=0", "--text", "--no-color", "--no-ext-diff", "--no-textconv",
        "--diff-algorithm=myers", "--no-indent-heuristic", "--ws-error-highlight=none", "--no-color-moved",
        "--no-relative", "--end-of-options", before, after,
    )  # fmt: skip
    lines = raw.split(b"\n")
    ranges = []
    place = 0
    while place < len(lines):
        if not lines[place].startswith(b"@@ -"):
            place += 1
            continue
        removed, added = (_extent(part) for part in lines[place].split(b" ")[1:3])
        ranges.append(added)
        place += 1
        for count in (len(removed), len(added)):
            place += count
            if place < len(lines) and lines[place].startswith(b"\\"):
                place += 1
    return ranges


def _extent(text: bytes) -> range:
    """The lines that `+3,2` of a hunk's header stands for."""
    first, _, count = text[1:].partition(b",")
    start = int(first)
    return range(start, start + int(count or b"1"))
