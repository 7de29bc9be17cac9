"""A key taken out of a zip: all else is as `zipfile` saw it before."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard.scrub.replace import ScrubError
from tests.archive.packing import Pipe, encrypted, zipped
from tests.archive.searching import KEY, TEXT
from tests.repack.editing import CLEAN, REMOVED, cleaned, cleaner, name_of_the_key

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
FIELDS = (
    "filename", "date_time", "compress_type", "comment", "extra", "create_system", "create_version", "extract_version",
    "flag_bits", "volume", "internal_attr", "external_attr",
)  # fmt: skip


def described(data: bytes) -> list[tuple[object, ...]]:
    """All that is known of each member but its sizes, place and content."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [tuple(getattr(info, field) for field in FIELDS) for info in archive.infolist()]


def contents(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def raw_members(data: bytes) -> dict[str, bytes]:
    """The packed bytes of each member with the header before them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {
            info.filename: data[info.header_offset :][: 30 + len(info.filename) + info.compress_size]
            for info in archive.infolist()
        }


def reason(data: bytes) -> str:
    """Why a zip cannot be rewritten."""
    with pytest.raises(ScrubError) as raised:
        cleaner().clean(data)
    assert KEY not in str(raised.value)
    assert cleaner(drops=True).clean(data).endswith(REMOVED.encode() + b"\n")
    return str(raised.value)


@pytest.mark.parametrize("method", METHODS)
def test_a_member_is_replaced_and_the_others_keep_their_bytes(method: int) -> None:
    data = zipped({"a.txt": b"first", "b/c.env": TEXT, "d.bin": bytes(1000)}, method, comment=b"a comment")

    new = cleaned(data)

    assert contents(new) == {"a.txt": b"first", "b/c.env": CLEAN, "d.bin": bytes(1000)}
    assert described(new) == described(data)
    for name in ("a.txt", "d.bin"):
        assert raw_members(new)[name] == raw_members(data)[name]


member = st.fixed_dictionaries(
    {
        "content": st.binary(max_size=200),
        "method": st.sampled_from(METHODS),
        "date": st.tuples(
            st.integers(1980, 2107), st.integers(1, 12), st.integers(1, 28), st.integers(0, 23), st.integers(0, 59),
            st.integers(0, 29).map(lambda half: 2 * half),
        ),
        "comment": st.binary(max_size=20),
        "extra": st.lists(
            st.binary(max_size=12).map(lambda body: struct.pack("<HH", 0x5455, len(body)) + body), max_size=2
        ).map(b"".join),
        "attributes": st.integers(0, 0xFFFFFFFF),
        "system": st.sampled_from((0, 3)),
    }
)  # fmt: skip


@given(
    members=st.lists(member, min_size=1, max_size=5),
    names=st.lists(st.text("abcä/ .", min_size=1, max_size=9), min_size=5, max_size=5, unique=True),
    at=st.integers(0, 4),
    before=st.sampled_from((b"", b"#!/usr/bin/env python3\n", bytes(100))),
    comment=st.binary(max_size=30).filter(lambda text: b"PK" not in text),
    piped=st.booleans(),
)
def test_of_any_zip_only_the_member_with_the_key_changes(
    members: list[dict[str, object]], names: list[str], at: int, before: bytes, comment: bytes, piped: bool
) -> None:
    place = at % len(members)
    out: Pipe | io.BytesIO = Pipe() if piped else io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:  # type: ignore[arg-type] # a pipe is enough to write to
        for number, (name, parts) in enumerate(zip(names, members, strict=False)):
            info = zipfile.ZipInfo(f"{number}{name}", parts["date"])  # type: ignore[arg-type]
            info.compress_type, info.comment, info.extra = parts["method"], parts["comment"], parts["extra"]  # type: ignore[assignment]
            info.external_attr, info.create_system = parts["attributes"], parts["system"]  # type: ignore[assignment]
            archive.writestr(info, TEXT if number == place else parts["content"])  # type: ignore[arg-type]
        archive.comment = comment
    data = before + (out.data if isinstance(out, Pipe) else out.getvalue())

    new = cleaned(data)

    changed = f"{place}{names[place]}"
    assert described(new) == described(data)
    assert contents(new) == contents(data) | {changed: CLEAN}
    assert new.startswith(before)
    with zipfile.ZipFile(io.BytesIO(new)) as archive:
        assert archive.comment == comment


def test_names_are_replaced_in_both_headers() -> None:
    new = cleaned(zipped({f"x/{KEY}/y": b"", "z": TEXT}))

    assert contents(new) == {f"x/{name_of_the_key()}/y": b"", "z": CLEAN}


def test_a_name_that_stands_in_utf_8_too() -> None:
    name = f"x/{KEY}".encode()

    def extra(text: bytes) -> bytes:
        body = b"\1" + struct.pack("<L", zipfile.crc32(text)) + text  # type: ignore[attr-defined] # zlib's
        return struct.pack("<HH", 0x7075, len(body)) + body

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo(name.decode())
        info.extra = extra(name)
        archive.writestr(info, b"")

    new = cleaned(out.getvalue())

    with zipfile.ZipFile(io.BytesIO(new)) as archive:
        assert archive.infolist()[0].extra == extra(f"x/{name_of_the_key()}".encode())


@pytest.mark.parametrize("comment", ["the archive", "a member"])
def test_comments_are_replaced(comment: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("a")
        (archive if comment == "the archive" else info).comment = f"by {KEY}".encode()
        archive.writestr(info, b"content")

    new = cleaned(out.getvalue())

    assert f"by {REMOVED}".encode() in new
    assert contents(new) == {"a": b"content"}


def test_numbers_of_64_bits_stay_so() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("a", TEXT), ("b", b"b")):
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(content)

    new = cleaned(out.getvalue())

    assert contents(new) == {"a": CLEAN, "b": b"b"}
    assert struct.pack("<HHQ", 1, 16, len(CLEAN)) in new


def test_a_directory_of_more_entries_than_16_bits_count() -> None:
    data = zipped({**{f"{number}": b"" for number in range(0x10000)}, "a.env": TEXT})

    new = cleaned(data)

    assert contents(new)["a.env"] == CLEAN
    assert described(new) == described(data)


def test_archives_in_one_another() -> None:
    inner = zipped({"d.env": TEXT, "e": b"e"})

    new = cleaned(zipped({"in.zip": inner, "f": b"f"}))

    assert contents(contents(new)["in.zip"]) == {"d.env": CLEAN, "e": b"e"}


def test_a_program_before_a_zip_keeps_its_length() -> None:
    before = f"#!/bin/sh\n# {KEY}\n".encode()

    new = cleaned(before + zipped({"a": b"a"}))

    assert contents(new) == {"a": b"a"}
    assert new.index(b"PK\3\4") == len(before)


def wheel(hashed: Callable[[bytes], str]) -> bytes:
    record = f"a/b.py,{hashed(TEXT)},{len(TEXT)}\r\n" + '"c, d.py",sha256=abc,3\r\na-1.dist-info/RECORD,,\r\n'
    return zipped({"a/b.py": TEXT, "c, d.py": b"c\n", "a-1.dist-info/RECORD": record.encode()})


def sha256(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def test_the_record_of_a_wheel_is_amended() -> None:
    new = contents(cleaned(wheel(sha256)))

    assert new["a-1.dist-info/RECORD"].decode() == (
        f'a/b.py,{sha256(CLEAN)},{len(CLEAN)}\r\n"c, d.py",sha256=abc,3\r\na-1.dist-info/RECORD,,\r\n'
    )


def test_the_record_of_a_wheel_names_members_anew() -> None:
    record = f"a/{KEY}.py,{sha256(b'x')},1\na-1.dist-info/RECORD,,\n".encode()

    new = contents(cleaned(zipped({f"a/{KEY}.py": b"x", "a-1.dist-info/RECORD": record})))

    name = f"a/{name_of_the_key()}.py"
    assert set(new) == {name, "a-1.dist-info/RECORD"}
    assert new["a-1.dist-info/RECORD"].decode() == f"{name},{sha256(b'x')},1\na-1.dist-info/RECORD,,\n"


def test_a_record_with_another_checksum_is_not_amended() -> None:
    assert "checksum" in reason(wheel(lambda content: "md5=x"))


@pytest.mark.parametrize(
    "name",
    ["META-INF/A.SF", "META-INF/cose.sig", "_xmlsignatures/sig1.xml", ".signature.p7s", "a-1.dist-info/RECORD.jws"],
)
def test_what_is_signed_is_not_rewritten(name: str) -> None:
    assert "it is signed" in reason(zipped({"a": TEXT, name: b"signature"}))


def test_a_signed_apk_is_not_rewritten() -> None:
    data = zipped({"a": TEXT})
    at = data.index(b"PK\1\2")
    block = b"\0" * 20 + b"APK Sig Block 42"
    end = data.index(b"PK\5\6")
    moved = data[end : end + 16] + struct.pack("<L", at + len(block)) + data[end + 20 :]

    assert "it is signed" in reason(data[:at] + block + data[at:end] + moved)


def test_what_stands_between_members_stays() -> None:
    data = zipped({"a": TEXT})
    at = data.index(b"PK\1\2")
    end = data.index(b"PK\5\6")
    moved = data[end : end + 16] + struct.pack("<L", at + 7) + data[end + 20 :]

    assert b"between" + b"PK\1\2" in cleaned(data[:at] + b"between" + data[at:end] + moved)


def test_a_member_that_is_named_by_its_checksum_is_not_rewritten() -> None:
    assert "named by its checksum" in reason(zipped({f"blobs/sha256/{hashlib.sha256(TEXT).hexdigest()}": TEXT}))


def test_members_that_share_their_bytes_are_not_rewritten() -> None:
    data = zipped({"a": TEXT})
    at, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    entry = data[at:end]
    twice = data[end : end + 8] + struct.pack("<HHLL", 2, 2, 2 * len(entry), at) + data[end + 20 :]

    assert "share their bytes" in reason(data[:at] + entry + entry + twice)


def test_an_encrypted_zip_is_not_rewritten() -> None:
    assert "it is encrypted" in reason(encrypted(zipped({KEY: b"x"})))


def test_a_damaged_zip_is_not_rewritten() -> None:
    data = bytearray(zipped({"a": TEXT, "b": bytes(1000)}))
    data[data.index(b"PK\3\4", 4) + 35] ^= 0xFF

    assert "it is damaged" in reason(bytes(data))


def test_without_keys_nothing_is_written() -> None:
    data = zipped({"a": b"a", "b": b"b"})

    assert cleaner().clean(data) == data


@pytest.mark.parametrize("before", [b"", b"# a script\n" * 900_000], ids=["alone", "behind a long script"])
def test_a_zip_larger_than_a_window_is_rewritten(before: bytes) -> None:
    noise = random.Random(1).randbytes(9 << 20)
    data = before + zipped({"noise": noise, "a": TEXT}, comment=b"a comment")

    assert contents(cleaner().clean(data)) == {"noise": noise, "a": CLEAN}
