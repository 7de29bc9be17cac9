"""A key taken out of gzip, bzip2 and xz: headers, the number of streams and what stands behind them stay."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import subprocess
import tarfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard.scrub.replace import ScrubError
from tests.archive.packing import COMPRESSED, gzipped, tarred, zipped
from tests.archive.searching import KEY, TEXT
from tests.repack.editing import CLEAN, REMOVED, cleaned, cleaner, name_of_the_key

UNPACKED = {"gz": gzip.decompress, "bz2": bz2.decompress, "xz": lzma.decompress}


def with_header(content: bytes, name: bytes, comment: bytes, extra: bytes = b"") -> bytes:
    """A gzip with all that a header can have, its own checksum included."""
    header = b"\x1f\x8b\x08" + bytes([2 | 4 | 8 | 16]) + struct.pack("<L", 1_700_000_000) + b"\2\3"
    header += struct.pack("<H", len(extra)) + extra + name + b"\0" + comment + b"\0"
    header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    return header + gzip.compress(content)[10:]


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_content_is_replaced(ending: str) -> None:
    assert UNPACKED[ending](cleaned(COMPRESSED[ending](TEXT))) == CLEAN


@pytest.mark.parametrize("ending", COMPRESSED)
@given(
    parts=st.lists(st.binary(max_size=50).map(lambda part: part.hex().encode() + b"\n"), max_size=4),
    at=st.integers(0, 4),
)
def test_streams_that_hold_nothing_of_it_keep_their_bytes(ending: str, parts: list[bytes], at: int) -> None:
    place = at % (len(parts) + 1)
    contents = [*parts[:place], TEXT, *parts[place:]]
    streams = list(map(COMPRESSED[ending], contents))

    new = cleaned(b"".join(streams))

    assert UNPACKED[ending](new) == b"".join([*parts[:place], CLEAN, *parts[place:]])
    assert new.startswith(b"".join(streams[:place]))
    assert new.endswith(b"".join(streams[place + 1 :]))


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_key_over_two_streams(ending: str) -> None:
    streams = [COMPRESSED[ending](part) for part in (b"first\n", TEXT[:40], TEXT[40:], b"last\n")]

    new = cleaned(b"".join(streams))

    assert UNPACKED[ending](new) == b"first\n" + CLEAN + b"last\n"
    assert new.startswith(streams[0])
    assert new.endswith(streams[-1])


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_compressed_tar(ending: str) -> None:
    data = COMPRESSED[ending](tarred({"a": TEXT, "b.zip": zipped({"c": TEXT, "d": b"d"})}))

    with tarfile.open(fileobj=io.BytesIO(cleaned(data))) as archive:
        assert archive.extractfile("a").read() == CLEAN  # type: ignore[union-attr] # a file


@pytest.mark.parametrize("ending", ["gz", "xz"])
def test_zeros_between_streams_stay(ending: str) -> None:
    streams = [COMPRESSED[ending](part) for part in (b"first\n", TEXT, b"last\n")]

    new = cleaned(bytes(8).join(streams) + bytes(4))

    assert new.startswith(streams[0] + bytes(8))
    assert new.endswith(bytes(8) + streams[2] + bytes(4))


def test_a_gzips_header_stays_and_its_checksum_is_right() -> None:
    data = with_header(TEXT, b"a.env", b"a comment", b"AB\1\0x")

    assert cleaned(data)[:35] == data[:35]


def test_names_and_comments_in_a_gzips_header_are_replaced() -> None:
    new = cleaned(with_header(b"content\n", f"{KEY}.env".encode(), f"by {KEY}".encode()))

    header = new[: new.index(b"REMOVED\0", new.index(b"by ")) + 8]
    assert header[12:] == f"{name_of_the_key()}.env\0by {REMOVED}\0".encode()
    assert new[len(header) :][:2] == struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    assert gzip.decompress(new) == b"content\n"


def test_blocks_whose_lengths_stand_in_headers_are_not_rewritten() -> None:
    with pytest.raises(ScrubError, match="bgzip"):
        cleaner().clean(with_header(TEXT, b"a", b"b", b"BC\2\0xx"))


@pytest.mark.parametrize("check", [lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_SHA256])
def test_an_xz_keeps_its_kind_of_checksum(check: int) -> None:
    data = lzma.compress(TEXT, check=check)

    assert cleaned(data)[:12] == data[:12]


def test_a_bzip2_keeps_its_level() -> None:
    assert cleaned(bz2.compress(TEXT, 3))[:4] == b"BZh3"


@pytest.mark.parametrize("tool", ["gzip", "bzip2", "xz"])
def test_the_tools_themselves_find_it_whole(tool: str) -> None:
    data = subprocess.run([tool, "-c"], input=TEXT, capture_output=True, check=True).stdout

    done = subprocess.run([tool, "-dc"], input=cleaned(data), capture_output=True, check=True)

    assert done.stdout == CLEAN


def test_what_stands_behind_a_gzip_stays() -> None:
    assert cleaned(gzipped(TEXT) + bytes(512)).endswith(bytes(512))


@pytest.mark.parametrize("ending", COMPRESSED)
def test_what_is_cut_off_is_not_rewritten(ending: str) -> None:
    data = COMPRESSED[ending](TEXT * 5000 + bytes(range(256)) * 90)

    with pytest.raises(ScrubError, match=r"cut off|damaged"):
        cleaner().clean(data[:-20])


def test_what_only_looks_like_a_gzip_is_cleaned_as_any_content() -> None:
    data = b"\x1f\x8b\x08" + b"x" * 30 + f"\n{KEY}\n".encode()

    assert cleaner().clean(data) == data.replace(KEY.encode(), REMOVED.encode())
