"""Runs git-filter-repo in the current folder, in a process of its own: `python -m keyguard.scrub.driver < orders`.

The orders come on standard input, so that nothing of them stands on a command line. Blobs are not sent
through the process: each commit's changes are pointed to objects that are there already.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Orders:
    """What to rewrite. All names and ids are text in Latin-1, one character a byte.

    `revisions` is what git-fast-export is given; `blobs` are new ids by old ones, `names` new parts of paths by
    old ones, `noted` new ids of commits, by which notes name them.
    """

    revisions: list[str]
    blobs: dict[str, str] = field(repr=False)
    names: dict[str, str] = field(repr=False)
    noted: dict[str, str] = field(repr=False)
    sha256: bool = False

    def dumped(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def loaded(cls, data: bytes) -> Orders:
        return cls(**json.loads(data))


def main() -> None:
    """Carry out the orders. Raises SystemExit where git-filter-repo gives up."""
    import git_filter_repo as filter_repo

    orders = Orders.loaded(sys.stdin.buffer.read())
    _read_odd_people(filter_repo.FastExportParser)
    if orders.sha256:
        _read_longer_ids(filter_repo.FastExportParser, filter_repo)
    arguments = filter_repo.FilteringOptions.parse_args(
        [
            "--force", "--partial", "--quiet", "--prune-empty", "never", "--prune-degenerate", "never",
            "--preserve-commit-encoding", "--preserve-commit-hashes", "--replace-refs", "delete-no-add",
            "--refs", *orders.revisions,
        ],
        error_on_empty=False,
    )  # fmt: skip
    change = _Change(orders)
    rename = change.path if orders.names or orders.noted else None
    filter_repo.RepoFilter(arguments, filename_callback=rename, commit_callback=change.commit).run()


_PERSON = re.compile(rb"[a-z]+ [^<>\n]* <[^<>\n]*> \d{1,18} [+-]\d{4}\n")


def _read_odd_people(parser: Any) -> None:
    """Let nobody's name keep git-filter-repo or git-fast-import from reading on: of a commit only its tree is used."""
    parse = parser._parse_user

    def user(self: Any, kind: bytes) -> Any:
        if not _PERSON.fullmatch(self._currentline):
            self._currentline = kind + b" somebody <> 0 +0000\n"
        return parse(self, kind)

    parser._parse_user = user


_LONG_CHANGE = re.compile(rb"M (\d+) ([0-9a-f]{64}) (.*)\n", re.DOTALL)
_LONG_PARENT = re.compile(rb"(?:from|merge) ([0-9a-f]{64})\n")


def _read_longer_ids(parser: Any, filter_repo: Any) -> None:
    """Teach git-filter-repo's parser the 64 digits of SHA-256: it takes ids of contents and parents to have 40."""
    parse_change, parse_parent = parser._parse_optional_filechange, parser._parse_optional_parent_ref

    def change(self: Any) -> Any:
        line = _LONG_CHANGE.fullmatch(self._currentline)
        if not line:
            return parse_change(self)
        mode, oid, path = line.groups()
        self._advance_currentline()
        path = filter_repo.PathQuoting.dequote(path) if path.startswith(b'"') else path
        return filter_repo.FileChange(b"M", path, oid, mode)

    def parent(self: Any, refname: bytes) -> Any:
        line = _LONG_PARENT.fullmatch(self._currentline)
        if not line or not line[0].startswith(refname):
            return parse_parent(self, refname)
        self._advance_currentline()
        return line[1], line[1]

    parser._parse_optional_filechange, parser._parse_optional_parent_ref = change, parent


class _Change:
    """The changes, as git-filter-repo asks for them."""

    def __init__(self, orders: Orders) -> None:
        self._blobs = {old.encode(): new.encode() for old, new in orders.blobs.items()}
        self._names = {_bytes(old): _bytes(new) for old, new in orders.names.items()}
        self._noted = {old.encode(): new.encode() for old, new in orders.noted.items()}

    def path(self, path: bytes) -> bytes:
        """A path with other names in it."""
        noted = self._noted.get(path.replace(b"/", b"")) if self._noted else None
        if noted:
            return _fanned(noted, path)
        return b"/".join(self._names.get(part, part) for part in path.split(b"/"))

    def commit(self, commit: Any, _metadata: Any) -> None:
        """A commit with other content. Its words are not looked at: only its tree is used."""
        for change in commit.file_changes:
            change.blob_id = self._blobs.get(change.blob_id, change.blob_id)


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
