"""git as a process, started either way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from keyguard.git.command import Git
from tests.git.repositories import Repository

# More than any pipe holds.
LINES = 200_000


@pytest.fixture(params=["posix_spawn", "subprocess"])
def git(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    Repository(tmp_path).commit({"a.txt": b"no key\n"})
    if request.param == "subprocess":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    return Git(tmp_path)


def test_it_is_given_its_input_and_read(git: Git) -> None:
    with git.start("hash-object", "--stdin", given=b"no key\n") as process:
        printed, code = process.stdout.read(), process.wait()

    assert (code, len(printed)) == (0, 41)


def test_what_is_kept_aside_ends_unread(git: Git) -> None:
    with git.start("cat-file", "--batch-check", given=b"x\n" * LINES, aside=True) as process:
        assert process.wait() == 0
        assert process.answer() == (0, b"x missing\n" * LINES)


def test_its_complaint_is_kept(git: Git) -> None:
    with git.start("cat-file", "-t", "nothing", given=b"", aside=True) as process:
        code, printed = process.answer()

        assert (code, printed) == (128, b"")
        assert b"nothing" in process.complaint()
