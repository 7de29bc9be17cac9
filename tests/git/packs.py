"""Packs and indexes written by hand, for what git itself does not write."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

KINDS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
OFS_DELTA, REF_DELTA = 6, 7


@dataclass(frozen=True)
class Entry:
    """An entry of a pack: `type` and the bytes that follow its header; `base` is what a delta stands on."""

    oid: str
    type: int
    content: bytes
    base: str = ""


def whole(content: bytes, kind: str = "blob") -> Entry:
    return Entry(oid_of(content, kind), KINDS[kind], content)


def on_id(content: bytes, base: bytes, kind: str = "blob") -> Entry:
    """A delta that names its base by id."""
    return Entry(oid_of(content, kind), REF_DELTA, delta(base, content), oid_of(base, kind))


def on_offset(content: bytes, base: bytes, kind: str = "blob") -> Entry:
    """A delta that names its base by where it lies."""
    return Entry(oid_of(content, kind), OFS_DELTA, delta(base, content), oid_of(base, kind))


def oid_of(content: bytes, kind: str = "blob") -> str:
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content, usedforsecurity=False).hexdigest()


def delta(base: bytes, content: bytes) -> bytes:
    """A delta that copies what both begin with and end with, and brings the rest along."""
    head = 0
    while head < min(len(base), len(content)) and base[head] == content[head]:
        head += 1
    tail = 0
    while tail < min(len(base), len(content)) - head and base[-1 - tail] == content[-1 - tail]:
        tail += 1
    middle = content[head : len(content) - tail]
    return b"".join(
        [
            number(len(base)),
            number(len(content)),
            copy(0, head),
            *(insert(middle[at : at + 127]) for at in range(0, len(middle), 127)),
            copy(len(base) - tail, tail),
        ]
    )


Step = bytes | tuple[int, int]
"""What a delta does next: it brings bytes along, or copies some of the base, by their start and length."""


def delta_of(base: bytes, steps: Sequence[Step]) -> bytes:
    """A delta of these steps."""
    size = sum(len(step) if isinstance(step, bytes) else step[1] for step in steps)
    return number(len(base)) + number(size) + b"".join(map(_instructions, steps))


def _instructions(step: Step) -> bytes:
    if isinstance(step, bytes):
        return b"".join(insert(step[at : at + 127]) for at in range(0, len(step), 127))
    return copy(*step)


def number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def copy(start: int, length: int) -> bytes:
    """Copy instructions, as many as `length` asks for."""
    out = b""
    while length:
        now = min(length, 0xFFFF)
        out += b"\xbf" + start.to_bytes(4, "little") + now.to_bytes(2, "little")
        start, length = start + now, length - now
    return out


def insert(content: bytes) -> bytes:
    return bytes([len(content)]) + content


def write_pack(
    folder: Path, entries: Sequence[Entry], damaged: Callable[[bytes], bytes] = bytes, version: int = 2
) -> Path:
    """Write a pack of `entries` and its index. `damaged` gets the pack's bytes before they are written."""
    pack = bytearray(b"PACK" + version.to_bytes(4, "big") + len(entries).to_bytes(4, "big"))
    offsets: dict[str, int] = {}
    checks: dict[str, int] = {}
    for entry in entries:
        start = offsets[entry.oid] = len(pack)
        pack += _header(entry.type, len(entry.content))
        if entry.type == OFS_DELTA:
            pack += back(start - offsets[entry.base])
        elif entry.type == REF_DELTA:
            pack += bytes.fromhex(entry.base)
        pack += zlib.compress(entry.content)
        checks[entry.oid] = zlib.crc32(pack[start:])
    pack += hashlib.sha1(pack, usedforsecurity=False).digest()
    path = folder / f"pack-{pack[-20:].hex()}.pack"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(damaged(bytes(pack)))
    path.with_suffix(".idx").write_bytes(index(offsets, checks, bytes(pack[-20:])))
    return path


def index(offsets: dict[str, int], checks: dict[str, int], checksum: bytes) -> bytes:
    """An index of version 2."""
    oids = sorted(offsets)
    counts = [sum(int(oid[:2], 16) <= first for oid in oids) for first in range(256)]
    body = b"".join(
        [
            b"\xfftOc\0\0\0\2",
            *(count.to_bytes(4, "big") for count in counts),
            *(bytes.fromhex(oid) for oid in oids),
            *(checks[oid].to_bytes(4, "big") for oid in oids),
            *(offsets[oid].to_bytes(4, "big") for oid in oids),
            checksum,
        ]
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def back(distance: int) -> bytes:
    """How far before an OFS_DELTA its base lies (gitformat-pack(5), "offset encoding")."""
    out = [distance & 0x7F]
    while distance := distance >> 7:
        distance -= 1
        out.append(distance & 0x7F | 0x80)
    return bytes(reversed(out))


def _header(type_: int, size: int) -> bytes:
    first = type_ << 4 | size & 15
    return bytes([first | 0x80]) + number(size >> 4) if size > 15 else bytes([first])
