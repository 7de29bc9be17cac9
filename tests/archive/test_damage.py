"""Damage of any kind is said or makes no difference: it raises nothing, and takes neither time nor memory."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyguard.archive import format_of
from keyguard.archive.bounds import BOUNDS, Budget
from keyguard.archive.stream import held
from keyguard.errors import ArchiveError
from tests.archive.packing import COMPRESSED, gzipped, tarred, zipped
from tests.archive.searching import KEY, TEXT, bounded, reasons, searched

BODY = {"a.txt": b"some text\n" * 300, "b/c.env": TEXT, "d" * 150: bytes(700)}
SMALL = bounded(least=1 << 20, ratio=10)

ARCHIVES = [
    *(
        zipped(BODY, method)
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    ),
    *(tarred(BODY, form) for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)),
    *(compress(tarred(BODY)) for compress in COMPRESSED.values()),
    zipped({"in.tar.gz": gzipped(tarred({"in.zip": zipped(BODY)})), "x": TEXT}),
]

Damage = tuple[str, int, bytes]
damages = st.lists(
    st.tuples(st.sampled_from(["put", "cut", "add"]), st.integers(0, 1 << 16), st.binary(min_size=1, max_size=8)),
    min_size=1,
    max_size=4,
)


def damaged(data: bytes, damage: list[Damage]) -> bytes:
    for how, where, what in damage:
        at = where % (len(data) + 1)
        if how == "put":
            data = data[:at] + what + data[at + len(what) :]
        elif how == "cut":
            data = data[:at] + data[at + where % 700 :]
        else:
            data = data[:at] + what + data[at:]
    return data


@given(st.sampled_from(ARCHIVES), damages)
@settings(max_examples=1500)
def test_a_search_of_a_damaged_archive_raises_nothing(data: bytes, damage: list[Damage]) -> None:
    for item in searched(damaged(data, damage), SMALL):
        assert KEY not in repr(item)


@given(st.sampled_from(["gzip", "bzip2", "xz", "tar", "zip"]), st.sampled_from(ARCHIVES), damages)
@settings(max_examples=1000)
def test_a_format_raises_nothing_but_its_own_error(name: str, data: bytes, damage: list[Damage]) -> None:
    try:
        for member in format_of(name).members(held(damaged(data, damage)), Budget(BOUNDS, len(data))):
            while member.stream.read(1 << 16):
                pass
    except ArchiveError:
        pass


@pytest.mark.parametrize("data", ARCHIVES)
def test_an_archive_cut_off_anywhere_is_said_to_be_unless_the_key_is_found(data: bytes) -> None:
    for end in range(600, len(data) - 1, 97):
        items = searched(data[:end], SMALL)
        where = [item for item in items if getattr(item, "member", None)]

        # What is missing behind a tar's last member, or of one that ends with a member, cannot be told.
        assert reasons(items) or where or end % 512 == 0, end


@given(st.sampled_from(ARCHIVES[:4]), st.integers(0, 1 << 16))
def test_members_that_are_not_damaged_are_read(data: bytes, where: int) -> None:
    """A zip's directory leads to each of its members, whatever became of the others."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first = archive.infolist()[0]
    at = 35 + first.compress_size // 2 + where % 8
    items = searched(data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :])

    assert [item.member for item in items if hasattr(item, "member")] == ["b/c.env"]
    assert reasons(items) == ["a.txt: it is damaged"]


@given(st.binary(max_size=2000), st.sampled_from([b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\0"]))
@settings(max_examples=500)
def test_noise_behind_a_magic_raises_nothing(noise: bytes, magic: bytes) -> None:
    searched(magic + noise, SMALL)
    searched(noise + magic + bytes(18), SMALL)
