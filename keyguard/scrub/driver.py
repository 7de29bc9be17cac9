"""Runs git-filter-repo in the current folder, in a process of its own: `python -m keyguard.scrub.driver < orders`.

The orders come on standard input, so that nothing of them stands on a command line. Blobs are not sent
through the process: each commit's changes are pointed to objects that are there already.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """What a commit says, in Latin-1 for bytes."""

    message: str
    author_name: str
    author_email: str
    committer_name: str
    committer_email: str


@dataclass(frozen=True, slots=True)
class Orders:
    """What to rewrite. All names and ids are text in Latin-1, one character a byte.

    git-filter-repo knows 40 digits of an id where no content is sent through it; with `sha256` all is sent.

    `revisions` is what git-fast-export is given; `blobs` are new ids by old ones, `names` new parts of paths by
    old ones, `texts` what commits say instead, `noted` new ids of commits, by which notes name them.
    """

    revisions: list[str]
    blobs: dict[str, str] = field(repr=False)
    names: dict[str, str] = field(repr=False)
    texts: dict[str, Text] = field(repr=False)
    noted: dict[str, str] = field(repr=False)
    sha256: bool = False

    def dumped(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def loaded(cls, data: bytes) -> Orders:
        found = json.loads(data)
        found["texts"] = {oid: Text(**text) for oid, text in found["texts"].items()}
        return cls(**found)


def main() -> None:
    """Carry out the orders. Raises SystemExit where git-filter-repo gives up."""
    import git_filter_repo as filter_repo

    orders = Orders.loaded(sys.stdin.buffer.read())
    arguments = filter_repo.FilteringOptions.parse_args(
        [
            "--force", "--partial", "--quiet", "--prune-empty", "never", "--prune-degenerate", "never",
            "--preserve-commit-encoding", "--replace-refs", "delete-no-add", "--refs", *orders.revisions,
        ],
        error_on_empty=False,
    )  # fmt: skip
    change = _Change(orders)
    rename = change.path if orders.names or orders.noted else None
    blob = change.blob if orders.sha256 else None
    filter_repo.RepoFilter(arguments, filename_callback=rename, commit_callback=change.commit, blob_callback=blob).run()


class _Change:
    """The changes, as git-filter-repo asks for them."""

    def __init__(self, orders: Orders) -> None:
        self._blobs = {old.encode(): new.encode() for old, new in orders.blobs.items()}
        self._names = {_bytes(old): _bytes(new) for old, new in orders.names.items()}
        self._noted = {old.encode(): new.encode() for old, new in orders.noted.items()}
        self._texts = {oid.encode(): text for oid, text in orders.texts.items()}

    def path(self, path: bytes) -> bytes:
        """A path with other names in it."""
        noted = self._noted.get(path.replace(b"/", b"")) if self._noted else None
        if noted:
            return _fanned(noted, path)
        return b"/".join(self._names.get(part, part) for part in path.split(b"/"))

    def blob(self, blob: Any, _metadata: Any) -> None:
        """A blob with the content of the one that stands for it."""
        new = self._blobs.get(blob.original_id)
        if new:
            blob.data = subprocess.run(["git", "cat-file", "blob", new], capture_output=True, check=True).stdout

    def commit(self, commit: Any, _metadata: Any) -> None:
        """A commit with other content and other words."""
        for change in commit.file_changes:
            change.blob_id = self._blobs.get(change.blob_id, change.blob_id)
        text = self._texts.get(commit.original_id)
        if text:
            commit.message = _bytes(text.message)
            commit.author_name, commit.author_email = _bytes(text.author_name), _bytes(text.author_email)
            commit.committer_name, commit.committer_email = _bytes(text.committer_name), _bytes(text.committer_email)


def _fanned(oid: bytes, like: bytes) -> bytes:
    """An id with slashes where `like` has them: notes are kept in folders of two digits."""
    parts, place = [], 0
    for part in like.split(b"/"):
        parts.append(oid[place : place + len(part)])
        place += len(part)
    return b"/".join(parts)


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")


if __name__ == "__main__":
    main()
