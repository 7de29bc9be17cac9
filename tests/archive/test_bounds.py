"""What is not unpacked is said, with the member and why, and costs neither memory nor time."""

from __future__ import annotations

import gzip
import io
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest

from keyguard import windows
from keyguard.archive_shape import LOCAL
from keyguard.model import Match, OnDisk, Unread
from keyguard.search import TOLD, anywhere, search
from tests.archive.packing import COMPRESSED, encrypted, gzipped, tarred, zipped
from tests.archive.searching import ENGINE, KEY, TEXT, bounded, reasons, searched

MB = 1 << 20


def keys(items: list[Match | Unread]) -> list[str | None]:
    return [item.member for item in items if isinstance(item, Match)]


def nested(depth: int, wrap: Callable[[bytes], bytes] = lambda data: zipped({"a": data})) -> bytes:
    data = TEXT
    for _ in range(depth):
        data = wrap(data)
    return data


def test_ten_archives_lie_in_one_another_and_no_more() -> None:
    assert keys(searched(nested(10))) == ["!/".join("a" * 10)]
    assert reasons(searched(nested(11))) == ["!/".join("a" * 10) + ": archives lie more than 10 deep in one another"]


def test_a_compressed_tar_counts_for_two() -> None:
    def wrap(data: bytes) -> bytes:
        return gzipped(tarred({"a": data}))

    assert keys(searched(nested(5, wrap))) == ["!/".join("a" * 5)]
    assert len(reasons(searched(nested(6, wrap)))) == 1


def test_a_gzip_that_holds_itself_ends() -> None:
    """The end of a quine: whatever is unpacked is one more of its kind."""
    assert reasons(searched(nested(40, gzip.compress)))[0].endswith("archives lie more than 10 deep in one another")


@pytest.mark.parametrize("pack", [lambda data: zipped({"a": data}), *COMPRESSED.values()])
def test_a_bomb_is_given_up(pack: Callable[[bytes], bytes]) -> None:
    small = bounded(least=MB, ratio=2)
    data = pack(bytes(8 * MB))
    items = searched(data, small)

    assert keys(items) == []
    assert [reason.rpartition(": ")[2] for reason in reasons(items)] == [
        "it unpacks to more than 1 MB, where keyguard stops"
    ]


def test_what_came_before_a_bound_is_searched() -> None:
    items = searched(zipped({"first": TEXT, "bomb": bytes(8 * MB), "behind": TEXT}), bounded(least=MB, ratio=2))

    assert (keys(items), len(reasons(items))) == (["first"], 1)


def test_a_zip_of_zips_of_zips_costs_no_more_than_its_bound() -> None:
    data = bytes(4 * MB)
    for _ in range(4):
        data = zipped({f"{number}.zip": data for number in range(16)})
    began = time.monotonic()
    items = searched(data)

    # 42.zip's way: 256 GB, of which 64 MB and a hundred times the archive's size are unpacked.
    assert (len(reasons(items)), time.monotonic() - began < 30) == (1, True)


def overlapping(count: int, content: bytes) -> bytes:
    """A zip whose directory lists one member under many names (as David Fifield's bombs do, with more art)."""
    packed = zlib.compress(content, 9)[2:-4]
    sizes = struct.pack("<LLL", zlib.crc32(content), len(packed), len(content))
    member = LOCAL + struct.pack("<HHHHH", 20, 0, 8, 0, 0x21) + sizes + struct.pack("<HH", 1, 0) + b"a" + packed
    entry = (
        b"PK\1\2" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0x21) + sizes + struct.pack("<HHHHHLL", 1, 0, 0, 0, 0, 0, 0)
    )
    directory = b"".join(entry + b"%c" % (97 + number % 26) for number in range(count))
    return member + directory + b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), len(member), 0)


def test_members_that_share_their_bytes_count_each() -> None:
    assert keys(searched(overlapping(2, TEXT))) == ["a", "b"]
    assert len(reasons(searched(overlapping(1000, bytes(MB)), bounded(least=16 * MB, ratio=1)))) == 1


def test_too_many_members() -> None:
    items = searched(zipped({f"{number}": TEXT for number in range(30)}), bounded(members=20))

    assert (len(keys(items)), reasons(items)) == (20, ["it has more than 20 members, where keyguard stops"])


def test_very_many_streams_one_after_another() -> None:
    items = searched(gzip.compress(b"x", mtime=0) * 500, bounded(members=100))

    assert reasons(items) == ["gzip: it has more than 100 members, where keyguard stops"]


def test_a_tars_header_of_absurd_size_is_not_read() -> None:
    data = bytearray(tarred({"x" * 200: TEXT}))
    data[124:136] = b"\x80" + (1 << 40).to_bytes(11, "big")
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])

    assert reasons(searched(bytes(data))) == ["an extended header in it has more than 1 MB"]


def test_encrypted_members_are_named() -> None:
    items = searched(encrypted(zipped({"a": TEXT, "b": TEXT})))

    assert (keys(items), reasons(items)) == ([], ["a: it is encrypted", "b: it is encrypted"])


def test_of_many_members_some_are_named_and_the_others_counted() -> None:
    items = searched(encrypted(zipped({f"{number}": TEXT for number in range(30)})))
    last = items[-1]

    assert len(items) == TOLD + 1
    assert isinstance(last, Unread)
    assert (last.reason, last.count) == ("further members: it is encrypted", 20)


def test_an_unknown_compression_is_said() -> None:
    data = zipped({"a": TEXT}).replace(b"\x08\0\0\0\x21\0", b"\x09\0\0\0\x21\0")

    assert reasons(searched(data)) == ["a: it is compressed by method 9, which keyguard does not read"]


# Large ones, in windows.


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WINDOW", 1 << 16)
    monkeypatch.setattr(windows, "BEFORE", 1 << 14)


FILLING = bytes(range(1, 250)) * 2000


@pytest.mark.parametrize("place", [0, 60_000, 65_500, 65_536, 200_000, len(FILLING)])
@pytest.mark.parametrize("ending", ["zip", "tar", *COMPRESSED])
def test_a_member_of_several_windows(small_windows: None, ending: str, place: int) -> None:
    content = FILLING[:place] + b"\n" + TEXT + FILLING[place:]
    pack = {"zip": lambda data: zipped({"a": data}), "tar": lambda data: tarred({"a": data}), **COMPRESSED}[ending]
    (match,) = searched(pack(content), path=f"a.{ending}")

    assert (match.member, match.span.start) == ("a", place + TEXT.index(KEY.encode()) + 1)  # type: ignore[union-attr]


def noise(size: int) -> bytes:
    """Bytes that no compression makes fewer."""
    out, state = bytearray(), b"seed"
    while len(out) < size:
        state = zlib.crc32(state).to_bytes(4, "big") + state[:60]
        out += state
    return bytes(out[:size])


@pytest.mark.parametrize("inside", [lambda data: data, lambda data: tarred({"in.zip": data})])
def test_a_zip_of_several_windows_is_held_as_far_as_there_is_room(
    small_windows: None, inside: Callable[[bytes], bytes]
) -> None:
    data = inside(zipped({"x": noise(400_000), "a": TEXT}, zipfile.ZIP_STORED))

    assert [(member or "").rpartition("!/")[2] for member in keys(searched(data))] == ["a"]
    assert reasons(searched(data, bounded(held=100_000)))[0].endswith(
        "a zip of 0 MB is more than keyguard holds here, which is 0 MB"
    )


def test_a_zip_of_any_size_on_disk_is_read_there(small_windows: None) -> None:
    data = zipped({"x": noise(400_000), "a": TEXT})
    file = io.BytesIO(data)
    items = list(search(bounded(held=0), file.read, OnDisk("f"), len(data), anywhere(file)))

    assert (keys(items), reasons(items)) == (["a"], [])


@pytest.mark.parametrize("ending", COMPRESSED)
def test_a_stream_of_several_windows_of_unknown_length(small_windows: None, ending: str) -> None:
    data = COMPRESSED[ending](tarred({"x": noise(400_000), "a": TEXT}))
    items = list(search(ENGINE, io.BytesIO(data).read, OnDisk("f")))

    assert (keys(items), reasons(items)) == (["a"], [])


def test_a_key_behind_the_end_of_a_large_archive_is_found(small_windows: None) -> None:
    items = searched(gzip.compress(noise(400_000)) + FILLING + TEXT)

    assert keys(items) == [None]


@pytest.mark.parametrize("pack", [lambda data: zipped({"a": data}), COMPRESSED["xz"]])
def test_memory_does_not_grow_with_what_is_packed(pack: Callable[[bytes], bytes]) -> None:
    data = pack(bytes(60 * MB))
    engine = bounded(held=0)
    tracemalloc.start()
    searched(data, engine)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 50 * MB
