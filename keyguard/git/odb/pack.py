"""The entries of a pack: kind, size, base and place of each, read from all headers at once.

Source: gitformat-pack(5), "pack-*.pack files have the following format".
"""

from __future__ import annotations

import mmap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from keyguard.errors import DamagedError
from keyguard.git.odb import compiled, files
from keyguard.git.odb.idx import Index
from keyguard.git.odb.memory import release

HEADER = 12
VERSIONS = (2, 3)
OFS_DELTA, REF_DELTA = 6, 7

# Entries whose base is no entry of the pack.
WHOLE, ELSEWHERE, NOWHERE = -1, -2, -3

# Headers read at a time, and the bytes of the pack they may span: between two such groups the pages of the
# pack that were touched are given back.
GROUP, GROUP_SPAN = 1 << 16, 16 << 20

# Groups that are read at a time.
THREADS = 2

# So many bytes of 7 bits, after the first one's 4, stay within 63 bits.
LONGEST = 8

# Of four bytes each where that is enough: there is one an object.
Integers = npt.NDArray[np.signedinteger]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Entries:
    """All entries of a pack by ascending offset, a column a property.

    `row` is the entry's row in the index. It begins at `offset` of the pack, and ends where the next one does: there
    is an offset more than there are entries. After `header` bytes comes its zlib stream, which inflates to
    `size` bytes. `kind` is the number of the entry's type, 0 where the header cannot be read. `base` is the
    position of the base among these entries, or WHOLE, ELSEWHERE (`foreign` has its id) or NOWHERE.
    """

    row: Integers
    offset: Integers
    header: Bytes
    size: Integers
    kind: Bytes
    base: Integers
    foreign: dict[int, bytes] = field(default_factory=dict)

    def packed(self, position: Integers) -> Integers:
        """How many bytes of the pack the entries at some positions take."""
        return self.offset[position + 1] - self.offset[position]


def opened(path: Path) -> mmap.mmap:
    """The pack at `path`, mapped. Raises DamagedError where it cannot be or is no pack."""
    with files.opened(path) as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise DamagedError("the pack is empty or cannot be mapped") from error
    if mapped[:4] != b"PACK" or len(mapped) < HEADER:
        raise DamagedError("it is no pack")
    version = int.from_bytes(mapped[4:8], "big")
    if version not in VERSIONS:
        raise DamagedError(f"the pack has the unknown version {version}")
    return mapped


def complaint(mapped: mmap.mmap, index: Index) -> str | None:
    """How the pack contradicts its index, None where it does not. What fits is read in either case."""
    count = int.from_bytes(mapped[8:12], "big")
    if count != len(index.offsets):
        return f"it announces {count} objects, its index {len(index.offsets)}"
    if mapped[-len(index.pack_checksum) :] != index.pack_checksum:
        return "it is cut off or not the pack that its index is for"
    return None


def read_entries(mapped: mmap.mmap, index: Index) -> Entries:
    """The entries of a mapped pack. Nothing in the pack makes this raise: what is wrong has the kind 0."""
    width = index.oids.shape[1]
    limit = max(len(mapped) - width, 0)
    stored = index.offsets.astype(np.int64)
    row = np.argsort(stored).astype(np.int32)
    offsets = stored[row]
    content = np.frombuffer(mapped, np.uint8)

    def read(bounds: tuple[int, int]) -> _Headers:
        headers = _read_headers(content, offsets, *bounds, limit, width)
        release(mapped)
        return headers

    # Most of this is waiting for pages of the pack, which two can do at a time.
    with ThreadPoolExecutor(THREADS) as pool:
        groups = list(pool.map(read, pairwise(_group_bounds(offsets, limit))))
    headers = _joined(groups, width)
    foreign = _set_named(headers, row, index)
    ends = np.clip(np.append(offsets, limit), 0, limit)
    return Entries(row, ends, headers.length, _compact(headers.size), headers.kind, headers.base, foreign)


def _compact(sizes: Integers) -> Integers:
    """The same numbers, in half the memory where that is enough."""
    return sizes.astype(np.int32) if sizes.max(initial=0) < 1 << 31 else sizes


def _group_bounds(offsets: Integers, limit: int) -> list[int]:
    by_span = np.searchsorted(offsets, np.arange(0, limit, GROUP_SPAN)).tolist()
    return sorted({0, len(offsets), *by_span, *range(0, len(offsets), GROUP)})


@dataclass(frozen=True, slots=True)
class _Headers:
    """What the headers of a group of entries say, and the `length` of each in bytes.

    `base` is that of the Entries, not yet set for REF_DELTAs. `named` are the ids of the bases of these.
    """

    length: Bytes
    size: Integers
    kind: Bytes
    base: Integers
    named: Bytes


def _read_headers(content: Bytes, offsets: Integers, start: int, after: int, limit: int, width: int) -> _Headers:
    """What the headers of the entries `start`..`after` say, of which all `offsets` ascend."""
    if compiled.native is None:
        return _read_together(content, offsets, start, after, limit, width)
    length, kind, size, base, named = compiled.native.read_entries(content, offsets, start, after, limit, width)
    return _Headers(
        np.frombuffer(length, np.uint8), np.frombuffer(size, np.int64), np.frombuffer(kind, np.uint8),
        np.frombuffer(base, np.int32), np.frombuffer(named, np.uint8).reshape(-1, width),
    )  # fmt: skip


def _read_together(content: Bytes, offsets: Integers, start: int, after: int, limit: int, width: int) -> _Headers:
    offset = offsets[start:after]
    inside = (offset >= HEADER) & (offset < limit)
    begin = np.where(inside, offset, 0)
    at = begin.copy()
    first = content[at]
    kind = np.where(inside, (first >> 4) & 7, 0).astype(np.uint8)
    kind[kind == 5] = 0
    size = (first & 15).astype(np.int64)
    at += 1
    kind[_low_first(content, at, size, np.nonzero(first & 0x80)[0], limit)] = 0
    back = np.zeros(len(at), np.int64)
    kind[_high_first(content, at, back, np.nonzero(kind == OFS_DELTA)[0], limit)] = 0
    deltas = np.nonzero(kind == REF_DELTA)[0]
    named = content[np.minimum(at[deltas, None] + np.arange(width), limit)]
    at[deltas] += width
    return _Headers((at - begin).astype(np.uint8), size, kind, _near(offsets, offset, kind, back), named)


def _near(offsets: Integers, offset: Integers, kind: Bytes, back: Integers) -> Integers:
    """The base of each OFS_DELTA: the entry that begins where it says, if one does. WHOLE for others."""
    base = np.full(len(offset), WHOLE, np.int32)
    deltas = np.nonzero(kind == OFS_DELTA)[0]
    wanted = offset[deltas] - back[deltas]
    at = np.searchsorted(offsets, wanted)
    fits = (back[deltas] > 0) & (offsets[np.minimum(at, len(offsets) - 1)] == wanted)
    base[deltas] = np.where(fits, at, NOWHERE)
    return base


def _low_first(content: Bytes, at: Integers, number: Integers, going: Integers, limit: int) -> Integers:
    """Read on the sizes of the entries `going`; gives those whose size does not end."""
    for shift in range(4, 4 + 7 * LONGEST, 7):
        if not len(going):
            break
        byte = content[np.minimum(at[going], limit)]
        number[going] |= (byte & 0x7F).astype(np.int64) << shift
        at[going] += 1
        going = going[byte >= 0x80]
    return going


def _high_first(content: Bytes, at: Integers, number: Integers, going: Integers, limit: int) -> Integers:
    """Read how far back the bases of the entries `going` lie; gives those whose number does not end.

    Source: gitformat-pack(5), "offset encoding": each byte after the first adds 1.
    """
    for step in range(LONGEST):
        if not len(going):
            break
        byte = content[np.minimum(at[going], limit)]
        number[going] = ((number[going] + (step > 0)) << 7) | (byte & 0x7F)
        at[going] += 1
        going = going[byte >= 0x80]
    return going


def _joined(groups: list[_Headers], width: int) -> _Headers:
    bytes_, small = np.empty(0, np.uint8), np.empty(0, np.int32)
    return _Headers(
        np.concatenate([bytes_, *(group.length for group in groups)]),
        np.concatenate([np.empty(0, np.int64), *(group.size for group in groups)]),
        np.concatenate([bytes_, *(group.kind for group in groups)]),
        np.concatenate([small, *(group.base for group in groups)]),
        np.concatenate([bytes_.reshape(0, width), *(group.named for group in groups)]),
    )


def _set_named(headers: _Headers, row: Integers, index: Index) -> dict[int, bytes]:
    """Set the base of each REF_DELTA; gives the ids of those bases that are not in this pack."""
    deltas = np.nonzero(headers.kind == REF_DELTA)[0]
    if not len(deltas):
        return {}
    base = headers.base
    position = np.empty(len(row), np.int64)
    position[row] = np.arange(len(row))
    rows = index.rows(headers.named)
    base[deltas] = np.where(rows >= 0, position[rows], ELSEWHERE) if len(row) else ELSEWHERE
    away = np.nonzero(rows < 0)[0]
    return {int(deltas[at]): headers.named[at].tobytes() for at in away}
