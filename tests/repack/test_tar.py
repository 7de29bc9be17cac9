"""A key taken out of a tar: all else is as `tarfile`, and tar itself, saw it before."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard.scrub.replace import ScrubError
from tests.archive.packing import tarred
from tests.archive.searching import KEY, TEXT
from tests.repack.editing import CLEAN, REMOVED, cleaned, cleaner, name_of_the_key

FORMS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
FIELDS = ("name", "mode", "uid", "gid", "mtime", "type", "linkname", "uname", "gname", "devmajor", "devminor")


def described(data: bytes) -> list[tuple[object, ...]]:
    """All that is known of each member but its size, place and content."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return [(*(getattr(info, field) for field in FIELDS), _pax(info)) for info in archive]


def _pax(info: tarfile.TarInfo) -> dict[str, str]:
    return {keyword: value for keyword, value in info.pax_headers.items() if keyword != "size"}


def contents(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive if info.isreg()}  # type: ignore[union-attr] # a file


def packed(*infos: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for info, content in infos:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def info_of(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("times", [1, 7, 40])
def test_a_member_is_replaced(form: int, times: int) -> None:
    data = tarred({"a": b"first", "b/c.env": TEXT * times, "d": bytes(600)}, form)

    new = cleaned(data)

    assert contents(new) == {"a": b"first", "b/c.env": CLEAN * times, "d": bytes(600)}
    assert described(new) == described(data)
    assert len(new) % 10240 == 0


member = st.fixed_dictionaries(
    {
        "mode": st.integers(0, 0o7777),
        "uid": st.integers(0, 3_000_000),
        "gid": st.integers(0, 3_000_000),
        "mtime": st.integers(0, 2**33),
        "uname": st.text("abcü", max_size=8),
        "gname": st.text("abc", max_size=8),
    }
)


@given(
    members=st.lists(st.tuples(member, st.binary(max_size=1200)), min_size=1, max_size=5),
    names=st.lists(st.text("abcü/.", min_size=1, max_size=150), min_size=5, max_size=5),
    at=st.integers(0, 4),
    form=st.sampled_from((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)),
    pax=st.dictionaries(st.sampled_from(("comment", "SCHILY.xattr.user.a")), st.text("xyü", min_size=1, max_size=9)),
)
def test_of_any_tar_only_the_member_with_the_key_changes(
    members: list[tuple[dict[str, object], bytes]], names: list[str], at: int, form: int, pax: dict[str, str]
) -> None:
    place = at % len(members)
    infos = [
        (info_of(f"{number}{name}e", **fields, pax_headers=pax), TEXT if number == place else content)
        for number, (name, (fields, content)) in enumerate(zip(names, members, strict=False))
    ]
    data = packed(*infos, form=form)

    new = cleaned(data)

    assert described(new) == described(data)
    assert contents(new) == contents(data) | {f"{place}{names[place]}e": CLEAN}


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_links_and_owners_are_replaced_and_nothing_of_the_key_is_left_of_a_long_one(form: int) -> None:
    link = info_of("link", type=tarfile.SYMTYPE, linkname=f"to/{KEY}")
    long = "folder/" * 20 + f"{KEY}/{KEY}.env"
    data = packed((info_of(long, uname="someone"), b"x"), (link, b""), (info_of(f"{KEY}/short"), b""), form=form)

    new = cleaned(data)

    shown = name_of_the_key()
    assert [fields[0] for fields in described(new)] == [
        "folder/" * 20 + f"{shown}/{shown}.env",
        "link",
        f"{shown}/short",
    ]
    assert described(new)[1][6] == f"to/{shown}"
    assert KEY[12:40].encode() not in new


def test_a_hard_link_still_leads_to_its_member() -> None:
    data = packed((info_of(f"{KEY}/a"), b"a"), (info_of("b", type=tarfile.LNKTYPE, linkname=f"{KEY}/a"), b""))

    with tarfile.open(fileobj=io.BytesIO(cleaned(data))) as archive:
        assert archive.extractfile("b").read() == b"a"  # type: ignore[union-attr] # a link to a file


def test_records_of_pax_are_replaced_and_their_lengths_with_them() -> None:
    data = packed((info_of("a", pax_headers={"comment": f"by {KEY}", "other": "ä"}), b"a"))

    assert described(cleaned(data))[0][-1] == {"comment": f"by {REMOVED}", "other": "ä"}


def test_a_size_that_stands_in_a_pax_record() -> None:
    data = packed((info_of("a", pax_headers={"size": str(len(TEXT))}), TEXT), (info_of("b"), b"b"))
    assert f"size={len(TEXT)}".encode() in data

    new = cleaned(data)

    assert contents(new) == {"a": CLEAN, "b": b"b"}
    assert f"size={len(CLEAN)}".encode() in new


def test_tars_one_after_another() -> None:
    new = cleaned(tarred({"a": TEXT}) + tarred({"b": TEXT}))

    with tarfile.open(fileobj=io.BytesIO(new), ignore_zeros=True) as archive:
        assert [(info.name, info.size) for info in archive] == [("a", len(CLEAN)), ("b", len(CLEAN))]


@pytest.mark.parametrize("form", ["v7", "ustar", "gnu", "oldgnu", "pax"])
def test_what_tar_itself_packs_it_unpacks(form: str, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.env").write_bytes(TEXT)
    (tmp_path / "d" / "b").write_bytes(b"b" * 700)
    (tmp_path / "l").symlink_to("d/b")
    data = subprocess.run(
        ["tar", f"--format={form}", "-cf", "-", "d", "l"], cwd=tmp_path, capture_output=True, check=True
    ).stdout
    if form == "v7":
        # It has no magic by which a search would know it.
        assert cleaner().matches(data)
        return

    new = cleaned(data)

    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "-xf", "-"], input=new, cwd=tmp_path / "out", check=True)
    assert (tmp_path / "out" / "d" / "a.env").read_bytes() == CLEAN
    assert (tmp_path / "out" / "d" / "b").read_bytes() == b"b" * 700
    assert (tmp_path / "out" / "l").readlink() == Path("d/b")


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_a_sparse_file_is_not_rewritten(form: str, tmp_path: Path) -> None:
    with open(tmp_path / "holes", "wb") as file:
        for number in range(12):
            file.seek(number << 20)
            file.write(TEXT if number == 7 else b"x")
        file.truncate(16 << 20)
    data = subprocess.run(
        ["tar", f"--format={form}", "--sparse", "-cf", "-", "holes"], cwd=tmp_path, capture_output=True, check=True
    ).stdout

    try:
        new = cleaner().clean(data)
    except ScrubError as error:
        assert "sparse" in str(error)
    else:
        # What lies between NULs keeps its length.
        subprocess.run(["tar", "-xf", "-"], input=new, cwd=tmp_path, check=True)
        assert (tmp_path / "holes").stat().st_size == 16 << 20
        assert KEY.encode() not in (tmp_path / "holes").read_bytes()


def test_a_damaged_header_is_a_reason() -> None:
    data = bytearray(tarred({"a": TEXT, "b": b"b"}))
    data[1024] ^= 1

    with pytest.raises(ScrubError, match="damaged"):
        cleaner().clean(bytes(data))
