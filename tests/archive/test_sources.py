"""Every source looks into archives, the short way of a clean commit leaves them alone, and allows reach into them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from keyguard import Allow, Policy, scan_paths, scan_text
from keyguard.archive.recognized import recognized
from keyguard.cli import quick
from keyguard.engine import Engine
from keyguard.pipeline import scan as scanned
from keyguard.source.history import History
from keyguard.windows import WINDOW
from tests.archive.packing import COMPRESSED, encrypted, gzipped, tarred, zipped
from tests.archive.searching import ENGINE, KEY, OTHER, TEXT
from tests.conftest import Call, Ran, Repo, run_apart
from tests.git.repositories import Repository

PACKED = zipped({"in.tar.gz": gzipped(tarred({"b/c.env": TEXT}))})
MEMBER = "in.tar.gz!/b/c.env"
PLACE = (MEMBER, 3, 7)

Places = list[tuple[str | None, int | None, int | None]]


def places(ran: Ran) -> Places:
    assert ran.report["complete"]
    found = [place for finding in ran.findings for place in finding["locations"]]
    return [(place["archive_member"], place["line"], place["column"]) for place in found]


def unread(ran: Ran) -> list[tuple[str, str]]:
    return [(entry["what"], entry["reason"]) for entry in ran.report["unread"]]


def test_scan(scan: Call, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(PACKED)
    ran = scan(cwd=tmp_path)

    assert (ran.code, ran.paths, places(ran)) == (1, ["a.bin"], [PLACE])


def test_a_zip_of_several_windows_on_disk(scan: Call, tmp_path: Path) -> None:
    (tmp_path / "a.exe").write_bytes(b"MZ" + bytes(WINDOW + 200_000) + PACKED)

    assert places(scan(cwd=tmp_path)) == [PLACE]


def test_standard_input() -> None:
    (finding,) = scan_text(PACKED).findings

    assert finding.locations[0].archive_member == MEMBER


def test_a_text_report_names_the_member(keyguard: Call, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(PACKED)

    assert f"a.zip:3:7 in {MEMBER}" in keyguard("scan", cwd=tmp_path).out


@pytest.mark.parametrize("data", [PACKED, *(compress(TEXT) for compress in COMPRESSED.values()), tarred({"b": TEXT})])
def test_staged(started: Repo, staged: Callable[..., Ran], data: bytes) -> None:
    started.stage("a.bin", data)
    ran = staged(started)

    assert (ran.code, ran.paths, [place[1:] for place in places(ran)]) == (1, ["a.bin"], [(3, 7)])


def test_a_hook_stops_an_archive_with_a_key(started: Repo) -> None:
    started.stage("a.zip", PACKED)

    assert run_apart("hook", "pre-commit", cwd=started.path).returncode == 1


@pytest.mark.parametrize(
    "data", [PACKED, b"#!/bin/sh\n" * 900 + zipped({"a": b"x"}), gzipped(b"x" * 50), tarred({"a": b"x"})]
)
def test_an_archive_is_not_for_the_short_way(started: Repo, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    started.stage("a", data)
    monkeypatch.chdir(started.path)

    assert quick.run(["staged"]) is None


def test_a_key_that_was_in_the_archive_before_is_not_added(started: Repo, staged: Callable[..., Ran]) -> None:
    started.committed("a.zip", zipped({"v1/a": TEXT}))
    started.stage("a.zip", zipped({"v2/a": TEXT, "v2/b": b"more"}))
    unchanged = staged(started)
    started.stage("a.zip", zipped({"v2/a": TEXT, "v2/b": OTHER.encode()}))
    changed = staged(started)

    assert (unchanged.code, places(changed)) == (0, [("v2/b", 1, 1)])


def test_a_renamed_archive_adds_no_key(started: Repo, staged: Callable[..., Ran]) -> None:
    started.committed("a.zip", PACKED)
    started.git("mv", "a.zip", "b.zip")

    assert staged(started).code == 0


@pytest.mark.parametrize("size", [2000, WINDOW + 200_000])
def test_all_commands_agree_on_a_zip_with_a_comment_behind_a_script(
    started: Repo, keyguard: Call, staged: Callable[..., Ran], size: int
) -> None:
    data = b"# a license\n" * (size // 12) + zipped({"a": TEXT}, comment=b"by a tool")
    base = started.head()
    started.stage("run.sh", data)
    of_index = staged(started)
    head = started.committed("run.sh", data)
    rans = [
        of_index,
        *(
            keyguard(*command, "--format", "json", cwd=started.path)
            for command in (["scan", "run.sh"], ["commits", f"{base}..{head}"], ["history"])
        ),
    ]

    assert [(ran.code, places(ran)) for ran in rans] == [(1, [("a", 3, 7)])] * 4
    assert recognized(data) == "zip"


def test_named_staged_files(started: Repo, staged: Callable[..., Ran]) -> None:
    started.committed("a.zip", PACKED)

    assert places(staged(started, "a.zip")) == [PLACE]


def test_commits(started: Repo, keyguard: Call) -> None:
    base = started.head()
    head = started.committed("a.zip", PACKED)
    ran = keyguard("commits", f"{base}..{head}", "--format", "json", cwd=started.path)

    assert (ran.paths, places(ran), ran.findings[0]["locations"][0]["commit"]) == (["a.zip"], [PLACE], head)


def test_a_key_that_the_base_holds_in_an_archive_is_not_new(started: Repo, keyguard: Call) -> None:
    base = started.committed("a.zip", PACKED)
    head = started.committed("b.tgz", gzipped(tarred({"x": TEXT})))

    assert keyguard("commits", f"{base}..{head}", cwd=started.path).code == 0


@pytest.mark.parametrize("packed", [False, True])
def test_history(tmp_path: Path, packed: bool, keyguard: Call) -> None:
    repository = Repository(tmp_path)
    repository.commit({"old/a.zip": PACKED, "same": b"text\n"})
    (tmp_path / "old/a.zip").unlink()
    repository.commit({})
    if packed:
        repository("gc", "-q", "--prune=now")
    ran = keyguard("history", "--format", "json", "--jobs", "2", cwd=tmp_path)

    assert (ran.paths, places(ran)) == (["old/a.zip"], [PLACE])


def test_an_encrypted_archive_in_history_is_named_by_its_paths(tmp_path: Path, keyguard: Call) -> None:
    repository = Repository(tmp_path)
    repository.commit({"fixtures/a.zip": encrypted(zipped({"a": TEXT})), "b.zip": encrypted(zipped({"a": TEXT}))})
    ran = keyguard("history", "--format", "json", cwd=tmp_path)

    assert (ran.code, sorted(unread(ran))) == (
        3,
        [("b.zip", "a: it is encrypted"), ("fixtures/a.zip", "a: it is encrypted")],
    )


LOCKED = encrypted(zipped({"a.env": TEXT}))


def test_what_cannot_be_read_makes_a_scan_incomplete(scan: Call, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(LOCKED)
    ran = scan(cwd=tmp_path)

    assert (ran.code, unread(ran)) == (3, [("a.zip", "a.env: it is encrypted")])


@pytest.mark.parametrize("command", [["scan"], ["staged"], ["hook", "pre-commit"], ["history"]])
def test_an_allow_for_its_path_accepts_that_an_archive_cannot_be_read(
    started: Repo, keyguard: Call, command: list[str]
) -> None:
    started.committed(".keyguard.toml", '[[allow]]\npath = "fixtures/*.zip"\nreason = "a test\'s"\n')
    if command == ["history"]:
        started.committed("fixtures/a.zip", LOCKED)
    started.stage("fixtures/a.zip", LOCKED)
    ran = keyguard(*command, cwd=started.path)

    assert (ran.code, "a.env: it is encrypted" in ran.out + ran.err) == (0, True)


def test_an_allow_for_another_path_does_not(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(LOCKED)
    policy = Policy(allows=(Allow("another", path="b.zip"),), top=tmp_path)

    assert scan_paths([tmp_path], policy=policy).exit_code == 3


def test_an_allow_for_a_path_is_one_for_its_members(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(PACKED)
    policy = Policy(allows=(Allow("known", path="a.zip"),), top=tmp_path)

    assert scan_paths([tmp_path], policy=policy).exit_code == 0


def test_a_remark_in_a_member_allows_its_key() -> None:
    (allowed,) = scan_text(zipped({"a": f"{KEY}  # keyguard: allow".encode()})).allowed

    assert allowed.match.member == "a"


def test_a_placeholder_in_a_member_is_none() -> None:
    assert scan_text(zipped({"a": b"OPENAI_API_KEY=sk-your-key-here"})).exit_code == 0


def test_no_key_in_a_name_is_shown(keyguard: Call, tmp_path: Path) -> None:
    hidden = base64.urlsafe_b64encode(KEY.encode()).decode()
    (tmp_path / "a.zip").write_bytes(zipped({f"{KEY}/{hidden}.zip": LOCKED, f"{hidden}/x": TEXT}))
    for form in ("text", "json", "sarif", "csv", "html", "markdown", "gitlab", "junit"):
        out = keyguard("scan", "--format", form, "--verbose", cwd=tmp_path).out

        assert KEY not in out
        assert hidden not in out


def test_a_searching_process_keeps_to_the_bounds(tmp_path: Path) -> None:
    Repository(tmp_path).commit({"a.zip": PACKED})
    result = scanned(History([str(tmp_path)], jobs=2), Engine(ENGINE.library, bounds=None), Policy())

    assert result.findings == ()


def test_a_file_that_cannot_be_sought_is_read_as_it_comes(tmp_path: Path) -> None:
    done = run_apart("scan", "-", cwd=tmp_path, given=b"MZ" + bytes(WINDOW + 200_000) + PACKED)

    assert (done.returncode, MEMBER.encode() in done.stdout) == (1, True)
