"""Writing to an object store: loose objects, one file each."""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path


class ObjectWriter:
    """Writes objects below a folder `objects`. `oid_size` is 20, or 32 in a repository of SHA-256."""

    def __init__(self, objects: Path, oid_size: int) -> None:
        self._objects = objects
        self._hash = hashlib.sha256 if oid_size == 32 else hashlib.sha1

    def identity(self, kind: str, data: bytes) -> str:
        """The id that an object would have."""
        return self._hash(_whole(kind, data)).hexdigest()

    def write(self, kind: str, data: bytes) -> str:
        """Store an object (`blob`, `tree`, `commit` or `tag`); its id."""
        whole = _whole(kind, data)
        oid = self._hash(whole).hexdigest()
        path = self._objects / oid[:2] / oid[2:]
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            # A file that is there is whole, whatever interrupts the writing.
            part = path.with_name(f"tmp_obj_{os.getpid()}")
            part.write_bytes(zlib.compress(whole, 1))
            part.replace(path)
        return oid


def _whole(kind: str, data: bytes) -> bytes:
    return f"{kind} {len(data)}\0".encode() + data
