"""What reports say of the scanned repository: where it is browsed, and which commit HEAD stands at."""

from __future__ import annotations

import os
import re
from urllib.parse import quote, unquote, urlsplit

from keyguard.errors import GitError
from keyguard.git.command import Git
from keyguard.model import Repository
from keyguard.redaction import unmarked

# `git@host:owner/name.git`, as ssh has it.
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]{2,}):(?P<path>[^/\s:][^\s]*)")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def repository(git: Git) -> Repository | None:
    """The repository around git's folder; None where there is none."""
    try:
        code, shown, _ = git.attempt("rev-parse", "--show-toplevel", "--show-prefix")
        if code:
            code, _, _ = git.attempt("rev-parse", "--git-dir")
            return None if code else Repository(_url(git), _head(git))
    except GitError:
        return None
    top, prefix = (os.fsdecode(line) for line in shown.split(b"\n")[:2])
    return Repository(_url(git), _head(git), top, prefix)


def _head(git: Git) -> str | None:
    code, shown, _ = git.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return None if code else shown.decode("ascii").strip()


def _url(git: Git) -> str | None:
    """Where the remote `origin`, or else the first that has one, is browsed."""
    _, listed, _ = git.attempt("config", "-z", "--get-regexp", r"^remote\..*\.url$")
    pairs = [os.fsdecode(entry).partition("\n") for entry in listed.split(b"\0") if entry]
    pairs.sort(key=lambda pair: pair[0] != "remote.origin.url")
    return next((url for _, _, remote in pairs if (url := web_address(remote))), None)


def web_address(remote: str) -> str | None:
    """The page of a remote: `https://host/owner/name`, without credentials; None where it has none.

    >>> web_address("git@github.com:owner/name.git")
    'https://github.com/owner/name'
    """
    try:
        scheme, host, path = _parts(remote.strip())
    except ValueError:
        return None
    path = path.strip("/").removesuffix(".git").rstrip("/")
    bare = host.partition(":")[0]
    if not path or not _HOST.fullmatch(bare) or ".." in path.split("/"):
        return None
    return f"{scheme}://{host}/{unmarked(quote(path, safe='/~._-+', errors='surrogateescape'))}"


def _parts(remote: str) -> tuple[str, str, str]:
    """Scheme, host with its port, and path of the page. The port of ssh or git is none of the page's."""
    if "://" not in remote:
        found = _SCP.fullmatch(remote)
        if not found:
            raise ValueError(remote)
        return "https", found["host"], found["path"]
    split = urlsplit(remote)
    if split.scheme not in ("http", "https", "ssh", "git", "git+ssh", "git+https") or not split.hostname:
        raise ValueError(split.scheme)
    port = f":{split.port}" if split.port and split.scheme in ("http", "https") else ""
    return (
        "http" if split.scheme == "http" else "https",
        split.hostname + port,
        unquote(split.path, errors="surrogateescape"),
    )
