"""Objects of Git LFS that hold keys: new files under new names, and the pointers that name them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from keyguard.git.blobs import contents
from keyguard.git.command import Git
from keyguard.scrub.replace import Cleaner
from keyguard.scrub.search import Search

FOLDER = ("lfs", "objects")
SMALLEST, LARGEST = 100, 1024
"""The sizes of a pointer, in bytes (git-lfs, docs/spec.md: "must be less than 1024 bytes")."""

_POINTER = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_SIZE = re.compile(rb"^size \d+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Lfs:
    """New contents of LFS objects by their old ids, and new contents of the pointers by the ids of their blobs."""

    objects: Mapping[str, bytes] = field(repr=False)
    pointers: Mapping[str, bytes] = field(repr=False)


def lfs_changes(git: Git, common_dir: Path, search: Search, cleaner: Cleaner) -> Lfs:
    """What changes where LFS objects that lie in this repository hold keys. Raises GitError."""
    files = [common_dir / name for name in files_with_keys(search) if is_lfs(name)]
    objects = {file.name: cleaner.clean(file.read_bytes()) for file in files}
    return Lfs(objects, _pointers(git, objects) if objects else {})


def files_with_keys(search: Search) -> list[str]:
    """The files of the repository's folder that hold keys, by their path in it."""
    named = search.paths("blob", "commit-message", "worktree", in_objects=False)
    return sorted(name.removeprefix(".git/") for name in named)


def is_lfs(name: str) -> bool:
    """Whether a file of the repository's folder is an LFS object."""
    return Path(name).parts[:2] == FOLDER


def place(common_dir: Path, oid: str) -> Path:
    """Where an LFS object lies."""
    return common_dir.joinpath(*FOLDER, oid[:2], oid[2:4], oid)


def identity(data: bytes) -> str:
    """The id of an LFS object."""
    return hashlib.sha256(data).hexdigest()


def _pointers(git: Git, objects: Mapping[str, bytes]) -> dict[str, bytes]:
    found = {}
    for content in contents(git, _small_blobs(git)):
        data = content.read()
        named = _POINTER.search(data)
        if named and (new := objects.get(named[1].decode())) is not None:
            data = data.replace(named[1], identity(new).encode())
            found[content.oid] = _SIZE.sub(b"size %d" % len(new), data)
    return found


def _small_blobs(git: Git) -> Iterable[str]:
    listed = git.run(
        "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objecttype) %(objectsize) %(objectname)"
    )
    for line in listed.decode().splitlines():
        kind, size, oid = line.split()
        if kind == "blob" and SMALLEST <= int(size) <= LARGEST:
            yield oid
