"""Links to a commit, and to a line of a file as it was, at the forge that a remote belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from keyguard.model import Location, ScanResult
from keyguard.report.places import place

_NAMES = ("github", "gitlab", "bitbucket", "gitea", "codeberg", "forgejo")


@dataclass(frozen=True, slots=True)
class _Forge:
    """How a forge writes its addresses, after the repository's."""

    commit: str
    file: str


_GITEA = _Forge("/commit/{oid}", "/src/commit/{oid}/{path}#L{line}")
_FORGES = {
    "github": _Forge("/commit/{oid}", "/blob/{oid}/{path}#L{line}"),
    "gitlab": _Forge("/-/commit/{oid}", "/-/blob/{oid}/{path}#L{line}"),
    "bitbucket": _Forge("/commits/{oid}", "/src/{oid}/{path}#lines-{line}"),
    "gitea": _GITEA,
    "codeberg": _GITEA,
    "forgejo": _GITEA,
}


def place_link(location: Location, result: ScanResult) -> str | None:
    """Where a place is seen at the forge, if its commit and the remote are known."""
    url = result.repository.url if result.repository else None
    if not location.commit:
        return None
    if location.kind == "blob" and location.path is not None:
        found = place(location, result)
        return file_link(url, location.commit, found.path, found.line)
    return commit_link(url, location.commit)


def commit_link(url: str | None, oid: str) -> str | None:
    """The page of a commit; None where the forge is not known by its host's name."""
    forge = _forge(url)
    return f"{url}{forge.commit.format(oid=quote(oid, safe=''))}" if forge else None


def file_link(url: str | None, oid: str, path: str, line: int) -> str | None:
    """The page of a line of a file in a commit; None where the forge is not known by its host's name."""
    forge = _forge(url)
    quoted = quote(path, safe="/~._-", errors="surrogateescape")
    return f"{url}{forge.file.format(oid=quote(oid, safe=''), path=quoted, line=line)}" if forge else None


def _forge(url: str | None) -> _Forge | None:
    host = urlsplit(url).hostname if url else None
    return next((_FORGES[name] for name in _NAMES if name in (host or "")), None)
