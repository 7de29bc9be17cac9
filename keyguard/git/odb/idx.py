"""The index of a pack: which object begins where.

Source: gitformat-pack(5), "Original (version 1) pack-*.idx files" and "Version 2 pack-*.idx files".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from keyguard.errors import DamagedError
from keyguard.git.odb import files

MAGIC = b"\xfftOc"
FANOUT = 256 * 4
LARGE = 1 << 31

# Four bytes each as they stand in the file, or eight where one of them lies beyond 2 GB.
Offsets = npt.NDArray[np.uint32] | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Index:
    """The objects of a pack, in the order of their ids.

    `oids` has a row of raw bytes an object. `offsets` are the bytes of the pack at which they begin, -1 where
    the index does not say. `checks` are the CRC-32 of the entries; version 1 has none. These may all be views of
    the file's content, in its order of bytes.
    `pack_checksum` is what the pack should end with. `intact` says that the index has
    its own checksum; without it ids and offsets may be others than git wrote.
    """

    oids: npt.NDArray[np.uint8]
    offsets: Offsets
    checks: npt.NDArray[np.uint32] | None
    pack_checksum: bytes
    intact: bool

    def oid(self, row: int) -> str:
        """An object's id, in hex."""
        return bytes(self.oids[row]).hex()

    def rows(self, oids: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """The row of each of `oids` (raw, one a row), -1 for what this pack does not hold."""
        if not len(self.oids):
            return np.full(len(oids), -1, np.int64)
        mine, theirs = as_text(self.oids), as_text(oids)
        at = np.minimum(np.searchsorted(mine, theirs), len(mine) - 1)
        return np.where(mine[at] == theirs, at, -1)


def read_index(path: Path, oid_size: int) -> Index:
    """The index in the file at `path`, of a repository whose raw object ids have `oid_size` bytes.

    Raises DamagedError where the file cannot be read, contradicts itself, or is of an unknown version.
    """
    content = files.content(path)
    if len(content) < FANOUT + 2 * oid_size:
        raise DamagedError("the index is cut off")
    checksum = content[-2 * oid_size : -oid_size]
    if content[:4] != MAGIC:
        oids, offsets = _version_1(content, oid_size)
        checks = None
    elif int.from_bytes(content[4:8], "big") == 2:
        oids, offsets, checks = _version_2(content, oid_size)
    else:
        raise DamagedError(f"the index has the unknown version {int.from_bytes(content[4:8], 'big')}")
    return Index(oids, offsets, checks, checksum, _has_its_checksum(content, oid_size))


def _has_its_checksum(content: bytes, oid_size: int) -> bool:
    hashed = hashlib.sha256 if oid_size == 32 else hashlib.sha1
    return hashed(memoryview(content)[:-oid_size], usedforsecurity=False).digest() == content[-oid_size:]


def _version_1(content: bytes, oid_size: int) -> tuple[npt.NDArray[np.uint8], Offsets]:
    fanout = np.frombuffer(content, ">u4", 256)
    count = int(fanout[-1])
    if FANOUT + count * (4 + oid_size) + 2 * oid_size != len(content):
        raise DamagedError("the index has another length than its table of counts asks for")
    rows = np.frombuffer(content, np.uint8, count * (4 + oid_size), FANOUT).reshape(count, 4 + oid_size)
    oids = np.ascontiguousarray(rows[:, 4:])
    _check_fanout(fanout, oids)
    return oids, np.ascontiguousarray(rows[:, :4]).view(">u4")[:, 0]


def _version_2(content: bytes, oid_size: int) -> tuple[npt.NDArray[np.uint8], Offsets, npt.NDArray[np.uint32]]:
    fanout = np.frombuffer(content, ">u4", 256, 8)
    count = int(fanout[-1])
    at_oids = 8 + FANOUT
    at_checks = at_oids + count * oid_size
    at_offsets = at_checks + count * 4
    at_large = at_offsets + count * 4
    large = len(content) - 2 * oid_size - at_large
    if large < 0 or large % 8 or large // 8 > count:
        raise DamagedError("the index has another length than its table of counts asks for")
    oids = np.frombuffer(content, np.uint8, count * oid_size, at_oids).reshape(count, oid_size)
    _check_fanout(fanout, oids)
    offsets = np.frombuffer(content, ">u4", count, at_offsets)
    table = np.frombuffer(content, ">i8", large // 8, at_large)
    checks = np.frombuffer(content, ">u4", count, at_checks)
    return oids, _with_large(offsets, table), checks


def _with_large(small: npt.NDArray[np.uint32], table: npt.NDArray[np.int64]) -> Offsets:
    """The offsets, those that stand in the table of 8-byte offsets put in."""
    far = np.nonzero(small >= LARGE)[0]
    if not len(far):
        return small
    offsets = small.astype(np.int64)
    places = offsets[far] - LARGE
    there = places < len(table)
    offsets[far] = -1
    offsets[far[there]] = table[places[there]]
    return offsets


def _check_fanout(fanout: npt.NDArray[np.uint32], oids: npt.NDArray[np.uint8]) -> None:
    """The table of counts has to agree with the ids' first bytes, which also have to ascend."""
    firsts = oids[:, 0].astype(np.int16)
    if (np.diff(firsts) < 0).any() or (np.cumsum(np.bincount(firsts, minlength=256)) != fanout).any():
        raise DamagedError("the index is damaged: its table of counts does not fit its ids")


def as_text(oids: npt.NDArray[np.uint8]) -> npt.NDArray[np.bytes_]:
    """Raw ids, one a row, as texts that numpy can sort and search."""
    # numpy compares such texts as bytes, NULs at the end left out, which changes nothing at equal length.
    return np.ascontiguousarray(oids).view(f"S{oids.shape[1]}")[:, 0]
