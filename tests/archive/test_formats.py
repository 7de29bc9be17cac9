"""A key in an archive is found at its line of its member, whatever the format and the nesting."""

from __future__ import annotations

import io
import subprocess
import tarfile
import zipfile

import pytest

from keyguard.archive_shape import kind
from keyguard.engine import Engine
from tests.archive.packing import COMPRESSED, Pipe, gzipped, tarred, zipped
from tests.archive.searching import ENGINE, KEY, OTHER, TEXT, found, members, reasons, searched

HERE = (3, 7, KEY)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_key_in_a_zip(method: int) -> None:
    assert found(zipped({"a.txt": b"nothing", "b/c.env": TEXT}, method)) == [("b/c.env", *HERE)]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_key_in_a_tar(form: int) -> None:
    assert found(tarred({"a.txt": b"nothing", "b/c.env": TEXT}, form)) == [("b/c.env", *HERE)]


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["long/" * 60 + "name", "ümläut/" * 20])
def test_a_name_that_a_tars_header_has_no_room_for(form: int, name: str) -> None:
    assert members(tarred({name.rstrip("/"): TEXT}, form)) == [name.rstrip("/")]


def test_a_name_split_over_a_tars_two_fields() -> None:
    name = "/".join(["folder" * 5] * 4)

    assert members(tarred({name: TEXT}, tarfile.USTAR_FORMAT)) == [name]


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_key_in_a_compressed_file_stands_in_what_it_unpacks_to(ending: str) -> None:
    assert found(COMPRESSED[ending](TEXT), f"logs/app.log.{ending}") == [("app.log", *HERE)]


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_compressed_tar_is_one_archive(ending: str) -> None:
    assert found(COMPRESSED[ending](tarred({"b/c.env": TEXT})), f"x.tar.{ending}") == [("b/c.env", *HERE)]


@pytest.mark.parametrize("ending", COMPRESSED)
def test_several_streams_are_one_content(ending: str) -> None:
    compress = COMPRESSED[ending]

    assert [m[1:] for m in found(compress(TEXT[:40]) + compress(TEXT[40:]))] == [HERE]


@pytest.mark.parametrize("ending", ["gz", "xz"])
def test_streams_behind_zeros_are_one_content_too(ending: str) -> None:
    compress = COMPRESSED[ending]

    assert [m[1:] for m in found(compress(TEXT[:40]) + bytes(4) + compress(TEXT[40:]) + bytes(70_000))] == [HERE]
    assert [m[1:] for m in found(compress(b"") + bytes(70_000) + compress(TEXT))] == [HERE]


def test_the_name_in_a_gzips_header_is_its_members() -> None:
    assert members(gzipped(TEXT, "told.env")) == ["told.env"]


def test_a_compressed_file_without_any_name_is_called_by_its_kind() -> None:
    assert members(gzipped(TEXT), "noname") == ["gzip"]


@pytest.mark.parametrize("before", [b"#!/usr/bin/env python3\n", b"MZ" + bytes(5000), b"# a script\n" * 500])
@pytest.mark.parametrize("comment", [b"", b"a comment"])
def test_a_zip_behind_something_else(before: bytes, comment: bytes) -> None:
    data = before + zipped({"a.env": TEXT}, comment=comment)

    assert members(data) == ["a.env"]


def test_what_stands_before_a_zip_is_searched_too() -> None:
    assert found(f"#!/bin/sh\n# {OTHER}\n".encode() + zipped({"a.env": TEXT})) == [
        ("a.env", *HERE),
        (None, 2, 3, OTHER),
    ]


def test_a_zip_with_numbers_of_64_bits() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a.env", "w", force_zip64=True) as member:
        member.write(TEXT)

    assert members(out.getvalue()) == ["a.env"]


def test_a_directory_of_more_entries_than_16_bits_count() -> None:
    data = zipped({**{f"{number}": b"" for number in range(0x10000)}, "a.env": TEXT})

    assert members(data) == ["a.env"]


def test_a_zip_written_to_a_pipe() -> None:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.env", TEXT)

    assert members(pipe.data) == ["a.env"]


def test_a_document_of_words() -> None:
    body = f"<w:p><w:r><w:t>{KEY}</w:t></w:r></w:p>".encode()

    assert members(zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": body})) == ["word/document.xml"]


def test_archives_in_one_another_are_joined() -> None:
    data = zipped({"in.tar.gz": gzipped(tarred({"b/c.zip": zipped({"d.env": TEXT})}))})

    assert found(data) == [("in.tar.gz!/b/c.zip!/d.env", *HERE)]


def test_a_stored_member_is_not_told_of_twice() -> None:
    assert members(tarred({"a": zipped({"b": TEXT}, zipfile.ZIP_STORED)})) == ["a!/b"]


def test_a_key_in_disguise_in_a_member() -> None:
    (match,) = searched(zipped({"a": TEXT.decode().encode("utf-16")}))

    assert (match.member, match.encoding) == ("a", ("utf-16",))  # type: ignore[union-attr]


def test_a_key_in_the_name_of_a_member_is_found_and_not_shown() -> None:
    for data in (zipped({f"x/{KEY}/y": b""}), tarred({f"x/{KEY}/y": b""}), tarred({f"x/{KEY}/y": b""}, 1)):
        (match,) = searched(data)

        assert (match.secret.reveal(), match.member) == (KEY, f"x/{match.secret.redacted}/y")  # type: ignore[union-attr]


def test_a_key_in_a_name_and_below_it_stands_in_two_places() -> None:
    assert [line for _, line, *_ in found(zipped({f"{KEY}": TEXT}))] == [1, 3]


def test_a_link_in_a_tar_has_its_target_as_content() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, f"to/{KEY}"
        archive.addfile(link)

    assert found(out.getvalue()) == [("link", 1, 4, KEY)]


@pytest.mark.parametrize("packed", [zipped({}, comment=KEY.encode()), gzipped(b"", KEY)])
def test_a_key_in_a_comment_or_a_header(packed: bytes) -> None:
    assert [key for *_, key in found(packed)] == [KEY]


def test_tars_one_after_another_are_one() -> None:
    assert members(tarred({"a": b"x"}) + tarred({"b": TEXT})) == ["b"]


def test_a_sparse_file_of_gnu_tar(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("sparse")
    with open(folder / "holes", "wb") as file:
        for number in range(12):
            file.seek(number << 20)
            file.write(TEXT if number == 7 else b"x")
        file.truncate(16 << 20)
    (folder / "z").write_bytes(TEXT)
    for form in ("gnu", "pax"):
        made = subprocess.run(
            ["tar", f"--format={form}", "--sparse", "-cf", "-", "holes", "z"],
            cwd=folder,
            capture_output=True,
            check=True,
        )
        assert {*members(made.stdout)} == {"holes", "z"}


@pytest.mark.parametrize(
    "data",
    [
        b"PK",
        b"PK\3\4",
        b"PK\3\4" + bytes(100),
        b"PK\5\6 and more text than a record has",
        b"PK\3\4 is how a zip begins, and this is a text about it",
        b"\x1f\x8b",
        b"\x1f\x8b\x08" + b"x" * 100,
        b"\x1f\x8b\x08" + bytes(300),
        b"BZh9 text",
        b"\xfd7zXZ",
        bytes(257) + b"ustar" + bytes(300),
    ],
)
def test_what_only_looks_like_an_archive_is_plain_data(data: bytes) -> None:
    assert reasons(searched(data)) == []
    assert found(data + b"\n" + KEY.encode())[0][0] is None


def test_a_damaged_beginning_of_what_surely_is_an_archive_is_said() -> None:
    data = COMPRESSED["xz"](TEXT)

    assert reasons(searched(data[:12] + bytes(40), path="a.xz")) == ["a: it is damaged"]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 100_000])
def test_tar_and_zip_of_any_size(size: int) -> None:
    content = bytes(size) + TEXT
    assert members(tarred({"a": content, "b": TEXT})) == ["a", "b"]
    assert members(zipped({"a": content, "b": TEXT})) == ["a", "b"]


def test_without_bounds_nothing_is_unpacked() -> None:
    assert searched(zipped({"a": TEXT}), Engine(ENGINE.library, bounds=None)) == []


def test_text_is_no_archive() -> None:
    assert kind(TEXT * 100) is None
