"""Whether a rewritten archive is what it was, but for what was to change: read by keyguard and by the standard library.

What wrote it has no part in this: both archives are read as anybody reads them.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from keyguard.archive import format_of
from keyguard.archive.bounds import BOUNDS, Budget
from keyguard.archive.recognized import recognized
from keyguard.archive.stream import held
from keyguard.archive.xz import MAGIC
from keyguard.archive_shape import BZIP2, GZIP, TAR, XZ, ZIP
from keyguard.errors import ArchiveError
from keyguard.repack.edit import Edit
from keyguard.repack.extra import UNICODE, ZIP64, fields
from keyguard.repack.record import Change, amended, is_record

# What the standard library raises for archives that it does not read: half a dozen kinds are its own.
ERRORS = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, OSError, EOFError, ValueError,
    KeyError, RuntimeError, IndexError,
)  # fmt: skip

ZIP_FIELDS = (
    "date_time", "compress_type", "create_system", "create_version", "extract_version", "reserved", "flag_bits",
    "volume", "internal_attr", "external_attr",
)  # fmt: skip
TAR_FIELDS = ("mode", "uid", "gid", "mtime", "type", "devmajor", "devminor", "sparse")
TAR_NAMES = ("name", "linkname", "uname", "gname")
PAX_NAMES = ("path", "linkpath", "uname", "gname")

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Checked:
    """How many members of an archive are what they were, and how many are not, which was wanted of all of these.

    `same` counts also those of archives in it.
    """

    same: int
    changed: int


def check(kind: str, old: bytes, new: bytes, edit: Edit) -> Checked:
    """See that `new` is the archive `old` as `edit` wants it, and nothing else.

    Members have to be the same ones in the same order, with the same metadata, and each content that differs has to be
    what `edit` makes of it. Raises ArchiveError where that is not so, or where the standard library reads either of
    them in another way than keyguard.
    """
    found = _members(kind, old, new, edit)
    try:
        _STANDARD[kind](old, new, edit)
    except ERRORS as error:
        raise ArchiveError("the standard library does not read it, so that nothing could be verified") from error
    return found


def _require(held: bool, what: str) -> None:
    if not held:
        raise ArchiveError(f"it cannot be rewritten exactly: {what} would change")


def _members(kind: str, old: bytes, new: bytes, edit: Edit) -> Checked:
    """Names and contents, as keyguard reads them."""
    same = 0
    changes: dict[bytes, Change] = {}
    lists: list[tuple[bytes, bytes]] = []
    for (name, before), (now, after) in _paired(_read(kind, old), _read(kind, new)):
        _require(now == edit.name(name), "a name")
        if before == after:
            same += 1
        elif kind == ZIP and is_record(name):
            lists.append((before, after))
        elif (packed := recognized(before)) and packed == recognized(after):
            same += check(packed, before, after, edit).same
        else:
            # What a link leads to is a name.
            _require(after == edit.content(before) or after == edit.name(before), "another content")
        if (name, before) != (now, after):
            changes[name] = Change(now, after)
    for before, after in lists:
        _require(after == edit.content(amended(before, changes)), "the list of checksums")
    return Checked(same, len(changes))


def _read(kind: str, data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for member in format_of(kind).members(held(data), Budget(BOUNDS, None)):
        content = member.stream.read(BOUNDS.most)
        if member.stream.problem:
            raise member.stream.problem
        yield member.name, content


def _paired(some: Iterable[T], others: Iterable[U]) -> Iterator[tuple[T, U]]:
    """One after another of both. Raises ArchiveError where one has more."""
    mine, yours, end = iter(some), iter(others), object()
    while True:
        pair = next(mine, end), next(yours, end)
        if pair == (end, end):
            return
        _require(end not in pair, "the number of members")
        yield pair  # type: ignore[misc] # neither is the end


def _zips(old: bytes, new: bytes, edit: Edit) -> None:
    with zipfile.ZipFile(io.BytesIO(old)) as before, zipfile.ZipFile(io.BytesIO(new)) as after:
        _require(after.comment == edit.text(before.comment), "the comment")
        _require(_order(before) == _order(after), "the order of members")
        for was, now in _paired(before.infolist(), after.infolist()):
            _require(_named(now) == edit.name(_named(was)), "a name")
            for field in ZIP_FIELDS:
                _require(getattr(was, field) == getattr(now, field), f"a member's {field}")
            _require(now.comment == edit.text(was.comment), "a comment")
            _require(_lasting(now.extra) == edit.fixed(_lasting(was.extra)), "an extra field")
        for archive, data in ((before, old), (after, new)):
            for info, (_, content) in _paired(archive.infolist(), _read(ZIP, data)):
                _require(archive.read(info) == content, "a content")


def _order(archive: zipfile.ZipFile) -> list[int]:
    entries = archive.infolist()
    return sorted(range(len(entries)), key=lambda place: entries[place].header_offset)


def _named(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")


def _lasting(extra: bytes) -> bytes:
    """The extra fields that have nothing to do with what was changed."""
    return b"".join(field.raw for field in fields(extra) if field.kind not in (ZIP64, *UNICODE))


def _tars(old: bytes, new: bytes, edit: Edit) -> None:
    with _tar(old) as before, _tar(new) as after:
        for archive, data in ((before, old), (after, new)):
            for member, (_, content) in _paired(archive, _read(TAR, data)):
                file = archive.extractfile(member) if member.isreg() and not member.issparse() else None
                _require(file is None or file.read() == content, "a content")
        for was, now in _paired(before, after):
            for field in TAR_FIELDS:
                _require(getattr(was, field) == getattr(now, field), f"a member's {field}")
            for field in TAR_NAMES:
                _require(_raw(getattr(now, field)) == edit.name(_raw(getattr(was, field))), f"a member's {field}")
            _require(_lasting_pax(now) == {k: _pax(k, v, edit) for k, v in _lasting_pax(was).items()}, "a pax record")


def _tar(data: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(data), mode="r:", ignore_zeros=True, encoding="utf-8")


def _lasting_pax(member: tarfile.TarInfo) -> dict[str, str]:
    return {keyword: value for keyword, value in member.pax_headers.items() if keyword != "size"}


def _pax(keyword: str, value: str, edit: Edit) -> str:
    edited = (edit.name if keyword in PAX_NAMES else edit.text)(_raw(value))
    return edited.decode("utf-8", "surrogateescape")


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _streams(decompress: Callable[[bytes], bytes], kind: str) -> Callable[[bytes, bytes, Edit], None]:
    def check_streams(old: bytes, new: bytes, _edit: Edit) -> None:
        for data in (old, new):
            _require([content for _, content in _read(kind, data)] == [decompress(data)], "the content")

    return check_streams


def _xz(data: bytes) -> bytes:
    """Not `lzma.decompress`: that stops at the zeros between two streams."""
    pieces: list[bytes] = []
    while data.startswith(MAGIC):
        decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        pieces.append(decompressor.decompress(data))
        if not decompressor.eof:
            raise EOFError
        data = decompressor.unused_data.lstrip(b"\0")
    return b"".join(pieces)


_STANDARD: dict[str, Callable[[bytes, bytes, Edit], None]] = {
    ZIP: _zips,
    TAR: _tars,
    GZIP: _streams(gzip.decompress, GZIP),
    BZIP2: _streams(bz2.decompress, BZIP2),
    XZ: _streams(_xz, XZ),
}
