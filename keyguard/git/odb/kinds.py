"""The kinds of git's objects, and how a tree lists others.

Source: gitformat-pack(5), "Object types"; the words are those of git-cat-file(1).
"""

from __future__ import annotations

import hashlib
import re
from enum import IntEnum


class Kind(IntEnum):
    """What an object is. The numbers are those of a pack entry."""

    COMMIT = 1
    TREE = 2
    BLOB = 3
    TAG = 4

    @property
    def word(self) -> str:
        """git's name of it."""
        return self.name.lower()


# Plain numbers, for where every object of a repository passes by.
COMMIT, TREE, BLOB, TAG = map(int, Kind)

KIND_OF = {kind.word.encode(): kind for kind in Kind}

# The id of the empty tree, by the size of an id: git knows it without having stored it.
EMPTY_TREE = {len(new().digest()): new(b"tree 0\0").digest() for new in (hashlib.sha1, hashlib.sha256)}

# An entry of a tree is `mode SP name NUL id`, with a raw id (gitformat-tree: "git ls-tree" prints the same). Nothing
# is tried twice: where no entry follows, the rest is taken as it is.
_ENTRY = {size: re.compile(rb"[^ \0]*+ ([^\0]*+)\0(.{%d})|(.++)" % size, re.DOTALL) for size in (20, 32)}

# An entry that begins so names a commit of another repository.
GITLINK = b"160000 "


def entries_of(tree: bytes, oid_size: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Name and raw id of each entry of a tree, and what follows them that is no entry."""
    found = _ENTRY[oid_size].findall(tree)
    rest = found.pop()[2] if found and found[-1][2] else b""
    return [(name, oid) for name, oid, _ in found], rest
