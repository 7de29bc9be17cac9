"""Damage of any kind is said or makes no difference: it raises nothing, and takes neither time nor memory."""

from __future__ import annotations

import io
import tarfile
import zipfile
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyguard.archive import format_of
from keyguard.archive.bounds import BOUNDS, Budget
from keyguard.archive.recognized import recognized
from keyguard.archive.stream import held
from keyguard.errors import ArchiveError
from keyguard.model import Match
from tests.archive.packing import COMPRESSED, Pipe, encrypted, gzipped, tarred, zipped
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


def letters(size: int) -> bytes:
    return bytes(Random(1).choices(b"abcdefghijklmnopqrstuvwxyz0123456789", k=size))


@pytest.mark.parametrize("size", [300, 30_000, 150_000, 400_000])
@pytest.mark.parametrize("at", [-6, -2, None])
def test_of_a_gzip_with_one_wrong_byte_what_stands_before_is_searched(size: int, at: int | None) -> None:
    """Its checksum, its length or its middle: `gzip -dc` also gives what it had."""
    data = bytearray(gzipped(TEXT + letters(size)))
    if at is None:
        at = len(data) // 2
    data[at] ^= 0x55
    items = searched(bytes(data))

    assert [item.member for item in items if isinstance(item, Match)] == ["gzip"]
    assert reasons(items) == ["gzip: it is damaged"]


@pytest.mark.parametrize("ending", ["gz", "bz2"])
def test_a_key_at_the_end_of_a_damaged_stream_is_found(ending: str) -> None:
    """All that was packed was inflated before the checksum at the end is seen to be wrong. xz has none there."""
    data = bytearray(COMPRESSED[ending](letters(300_000) + b"\n" + TEXT))
    data[-6] ^= 1

    assert [item.member for item in searched(bytes(data)) if isinstance(item, Match)] == [FORMS[ending]]


FORMS = {"gz": "gzip", "bz2": "bzip2"}


@pytest.mark.parametrize("place", range(10, 60))
def test_a_gzip_damaged_anywhere_behind_its_header_is_said_to_be(place: int) -> None:
    data = bytearray(gzipped(TEXT))
    data[place] ^= 0x55

    assert reasons(searched(bytes(data))) == ["gzip: it is damaged"]


def test_a_gzip_with_the_line_ends_of_windows_is_damaged() -> None:
    data = gzipped(TEXT + letters(3000))
    assert b"\n" in data[40:]

    assert reasons(searched(data[:40] + data[40:].replace(b"\n", b"\r\n"))) == ["gzip: it is damaged"]


def test_a_gzip_without_content_and_with_a_wrong_checksum_is_damaged() -> None:
    assert reasons(searched(gzipped(b"")[:-8] + bytes(range(1, 9)))) == ["gzip: it is damaged"]


@pytest.mark.parametrize("head", [b"\x1f\x8b\x08\x01\x80\x3a", b"\x1f\x8b\x08\0\0\0\0\0\0\3" + bytes(5)])
def test_what_gives_nothing_and_begins_as_no_tool_writes_is_no_gzip(head: bytes) -> None:
    # The last two bits of a block's kind, 11, are no kind.
    data = head + b"\x77" * 400

    assert (reasons(searched(data)), recognized(data)) == ([], None)


def test_what_a_search_says_is_damaged_a_scrub_takes_for_an_archive() -> None:
    data = gzipped(TEXT)

    assert recognized(data[:12] + b"\x07" + data[13:]) == recognized(data[:-1] + b"\x55") == "gzip"


@pytest.mark.parametrize("ending", COMPRESSED)
@pytest.mark.parametrize("junk", [b"JUNK", b"\0\0\0JUNK" * 30_000, b"-BZh9 \x1f\x8b\x08 \xfd7zX"])
def test_streams_with_something_else_between_them_are_read(ending: str, junk: bytes) -> None:
    compress = COMPRESSED[ending]
    items = searched(compress(b"nothing") + junk + compress(TEXT))

    assert ([item.line for item in items if isinstance(item, Match)], reasons(items)) == ([3], [])


@pytest.mark.parametrize("ending", COMPRESSED)
def test_whatever_else_follows_a_stream_is_no_damage(ending: str) -> None:
    for rest in (b"a signature", bytes(1000), bytes(700) + b"-\x1f\x8b\x08 BZh \xfd7z" + bytes(20)):
        assert reasons(searched(COMPRESSED[ending](b"nothing") + rest)) == []


@pytest.mark.parametrize("junk", [b"\1" * 512, b"\1" * 5120])
def test_tars_with_something_else_between_them_are_one(junk: bytes) -> None:
    items = searched(tarred({"a": b"x"}) + junk + tarred({"b.gz": gzipped(TEXT)}))

    assert ([item.member for item in items if isinstance(item, Match)], reasons(items)) == (["b.gz!/b"], [])


def test_whatever_else_follows_a_tar_is_no_damage() -> None:
    assert reasons(searched(tarred({"a": b"x"}) + b"a signature" * 100)) == []


def test_a_tar_whose_first_header_is_damaged_is_one_and_read_from_the_next() -> None:
    data = tarred({"a": b"x", "b.gz": gzipped(TEXT)})
    items = searched(b"b" + data[1:])

    assert [item.member for item in items if isinstance(item, Match)] == ["b.gz!/b"]
    assert reasons(items) == ["a header in it is damaged"]


def piped(name: str) -> bytes:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        archive.writestr(name, TEXT)
    return pipe.data


@pytest.mark.parametrize("first", [zipped({"a": TEXT}), piped("a")])
@pytest.mark.parametrize("stub", [b"", b"#!/bin/sh\n" + bytes(300) + b"PK\3\4 PK\1\2"])
def test_zips_one_after_another_are_both_read(first: bytes, stub: bytes) -> None:
    items = searched(stub + first + zipped({"b": b"nothing"}))

    assert ([item.member for item in items if isinstance(item, Match)], reasons(items)) == (["a"], [])


def test_members_of_a_zip_whose_directory_lists_nothing_are_read() -> None:
    data = zipped({"a": b"x", "b": TEXT})
    begins = data.index(b"PK\1\2")
    end = b"PK\5\6" + bytes(12) + begins.to_bytes(4, "little") + bytes(2)
    items = searched(data[:begins] + end)

    assert ([item.member for item in items if isinstance(item, Match)], reasons(items)) == (["b"], [])


def test_a_member_that_no_directory_lists_and_that_cannot_be_read_is_said() -> None:
    items = searched(encrypted(zipped({"a": TEXT})) + zipped({"b": b"nothing"}))

    assert reasons(items) == ["a: it is encrypted"]


@given(st.binary(max_size=2000), st.sampled_from([b"PK\3\4", b"PK\5\6", b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\0"]))
@settings(max_examples=500)
def test_noise_behind_a_magic_raises_nothing(noise: bytes, magic: bytes) -> None:
    searched(magic + noise, SMALL)
    searched(noise + magic + bytes(18), SMALL)
