"""The places of a finding, as the formats that know files alone need them."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from urllib.parse import quote

from keyguard.model import Commit, Finding, Location, ScanResult
from keyguard.report import wording

_OF_THE_CALLER = ("worktree",)
"""The kinds of place whose path begins where keyguard was started, not at the repository's top."""


@dataclass(frozen=True, slots=True)
class Place:
    """A location by a path from the repository's top, with slashes. `line` is 1 where none is known."""

    location: Location
    path: str
    line: int
    column: int | None

    @property
    def uri(self) -> str:
        """The path as a relative URI reference (RFC 3986): its bytes, percent-encoded."""
        return quote(self.path, safe="/~._-+@=", errors="surrogateescape")

    @property
    def name(self) -> str:
        """The path with nothing in it that a terminal, a log or a database could stumble over."""
        return wording.printable(self.path)


def places(finding: Finding, result: ScanResult) -> list[Place]:
    """Every place of a finding, those with a line in a file first."""
    found = [place(location, result) for location in finding.locations]
    return sorted(found, key=lambda entry: entry.location.path is None or entry.location.line is None)


def place(location: Location, result: ScanResult) -> Place:
    """One location. What is no file gets a path that names it: `commit-message/<commit>`."""
    if location.path is None or location.kind == "ref-name":
        whose = location.commit or location.blob or location.path
        path = f"{location.kind}/{whose}" if whose else location.kind
    else:
        path = _from_the_top(location, result)
    return Place(location, path, location.line or 1, location.column)


def _from_the_top(location: Location, result: ScanResult) -> str:
    path = location.path or ""
    if os.sep != "/":
        path = path.replace(os.sep, "/")
    if repository := result.repository:
        top = (repository.top or "").rstrip("/")
        if location.kind in _OF_THE_CALLER and not os.path.isabs(path):
            path = posixpath.join(repository.prefix, path)
        elif top and path.startswith(f"{top}/"):
            path = path[len(top) + 1 :]
    return posixpath.normpath(path) if path else path


def end_column(entry: Place, finding: Finding) -> int | None:
    """The column behind the key; None where a disguise makes it longer than it is."""
    if entry.column is None or finding.encoding or entry.location.archive_member:
        return None
    return entry.column + len(finding.secret)


def commits(finding: Finding) -> dict[str, Commit]:
    """The commits that a finding names, by their ids."""
    exposure = finding.exposure
    known = (*finding.commits, exposure and exposure.introduced, exposure and exposure.removed)
    return {commit.oid: commit for commit in known if commit}
