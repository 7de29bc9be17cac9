"""The extension in C (native/). Columns are given and returned as bytes, of which their users know the widths."""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt
from _typeshed import ReadableBuffer, WriteableBuffer

from keyguard.git.odb.difference import Gap

# To the type checker an array is a buffer from Python 3.12 on alone.
Buffer = ReadableBuffer | npt.NDArray[Any]

def apply_delta(base: Buffer, delta: Buffer, /) -> bytes | None: ...
def difference(delta: Buffer, base_size: int, /) -> tuple[list[Gap], bool] | None: ...
def read_entries(
    pack: Buffer, offsets: Buffer, start: int, after: int, limit: int, oid_size: int, /
) -> tuple[bytes, bytes, bytes, bytes, bytearray]: ...
def in_order(kind: Buffer, base: Buffer, deepest: int, /) -> tuple[bytes, bytes, bytes, bytes]: ...
def tree_runs(
    data: bytes,
    starts: Buffer,
    ends: Buffer,
    holders: Buffer,
    oid_size: int,
    oids: Buffer,
    buckets: Buffer,
    /,
) -> tuple[bytes, bytes, bytes, bytes, bytes, bytes] | None: ...

class Unpacker:
    kind: int
    full: int
    def __init__(
        self,
        pack: Buffer,
        silent: WriteableBuffer,
        inflate: Callable[..., bytes],
        crc32: Callable[..., int],
        errors: tuple[type[Exception], ...],
        limits: tuple[int, int, int, int],
        together: int,
        /,
    ) -> None: ...
    def run(self, rows: Buffer, at: int, after: int, nearest: int, /) -> int: ...
    def inflated(self, place: int, /) -> bytes | None: ...
    def content(self, depth: int, /) -> bytes: ...
    def hold(self, depth: int, content: bytes, /) -> None: ...
    def put(self, place: int, content: bytes, /) -> bool: ...
    def take(self, kind: int, /) -> tuple[bytes, bytes]: ...
