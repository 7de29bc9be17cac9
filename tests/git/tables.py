"""Tables of refs written by hand, as small as the format allows."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

ONE_ID, SYMBOLIC, LOGGED = 1, 3, 1
OID = bytes(range(20))


def table(refs: Sequence[bytes] = (), logs: Sequence[bytes] = (), *, block_size: int = 0) -> bytes:
    """A table of one block of ref records and one of log records."""
    header = b"REFT\1" + block_size.to_bytes(3, "big") + bytes(16)
    blocks = header
    if refs:
        body = b"".join(refs) + bytes(3) + b"\0\1"
        blocks += _block_header(b"r", len(header) + 4 + len(body)) + body
        blocks += bytes(-len(blocks) % block_size if block_size else 0)
    if logs:
        body = b"".join(logs) + bytes(3) + b"\0\1"
        first = 0 if refs else len(header)
        blocks += _block_header(b"g", first + 4 + len(body)) + zlib.compress(body)
    return blocks + header + bytes(44)


def ref(name: bytes, shared: int = 0) -> bytes:
    """A ref whose name has its first `shared` bytes from the one before."""
    return _key(name, shared, ONE_ID) + number(0) + OID


def symbolic(name: bytes, target: bytes) -> bytes:
    return _key(name, 0, SYMBOLIC) + number(0) + _text(target)


def entry(name: bytes, message: bytes, shared: int = 0) -> bytes:
    """An entry of the log of a ref."""
    who = _text(b"A U Thor") + _text(b"author@example.com")
    return _key(name + bytes(9), shared, LOGGED) + OID + OID + who + number(1_700_000_000) + bytes(2) + _text(message)


def number(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        value -= 1
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def _block_header(kind: bytes, length: int) -> bytes:
    return kind + length.to_bytes(3, "big")


def _key(name: bytes, shared: int, kind: int) -> bytes:
    return number(shared) + number(len(name[shared:]) << 3 | kind) + name[shared:]


def _text(text: bytes) -> bytes:
    return number(len(text)) + text
