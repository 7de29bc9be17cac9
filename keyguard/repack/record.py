"""The RECORD of a wheel: its files with their checksums (PyPA specifications, "Recording installed projects")."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from keyguard.errors import ArchiveError

HASHES = frozenset(("sha256", "sha384", "sha512"))
"""Those that a RECORD may name and that are safe ("sha256 or better")."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a member: its new name and content."""

    name: bytes = field(repr=False)
    content: bytes = field(repr=False)


def is_record(name: bytes) -> bool:
    """Whether a member of a zip is a wheel's RECORD."""
    folder, _, file = name.rpartition(b"/")
    return file == b"RECORD" and folder.endswith(b".dist-info") and b"/" not in folder


def amended(record: bytes, changes: Mapping[bytes, Change]) -> bytes:
    """A RECORD with names, checksums and sizes of what was changed; all other lines stay as they are.

    Raises ArchiveError where it names a checksum that keyguard does not make.
    """
    return b"".join(_line(line, changes) for line in record.splitlines(keepends=True))


def _line(line: bytes, changes: Mapping[bytes, Change]) -> bytes:
    row = next(csv.reader([line.decode("utf-8", "surrogateescape")]), [])
    old = row[0].encode("utf-8", "surrogateescape") if len(row) == 3 else b""
    change = changes.get(old)
    if change is None:
        return line
    told, checksum, size = line.rpartition(b",")[0].rpartition(b",")[0], row[1], row[2].strip()
    end = line[len(line.rstrip(b"\r\n")) :]
    return b"%b,%b,%b%b" % (
        told.replace(old, change.name),
        _checksum(checksum, change.content).encode() if checksum else b"",
        b"%d" % len(change.content) if size else b"",
        end,
    )


def _checksum(told: str, content: bytes) -> str:
    name = told.partition("=")[0]
    if name not in HASHES:
        raise ArchiveError("its RECORD names a checksum that keyguard does not make")
    digest = base64.urlsafe_b64encode(hashlib.new(name, content).digest()).rstrip(b"=")
    return f"{name}={digest.decode()}"
