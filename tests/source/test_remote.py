"""Where a repository is browsed, and from which folder its paths count."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from keyguard.git.command import Git
from keyguard.model import Repository
from keyguard.source.remote import repository, web_address


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("git@github.com:owner/name.git", "https://github.com/owner/name"),
        ("github.com:owner/name", "https://github.com/owner/name"),
        ("ssh://git@gitlab.example.org:2222/group/sub/name.git", "https://gitlab.example.org/group/sub/name"),
        ("https://user:token@github.com/owner/name.git", "https://github.com/owner/name"),
        ("https://oauth2:token@host.example:8443/a/b/", "https://host.example:8443/a/b"),
        ("http://host.example/a/b.git", "http://host.example/a/b"),
        ("git://host.example/a/b.git", "https://host.example/a/b"),
        ("https://host.example/a%20b/ü <x>", "https://host.example/a%20b/%C3%BC%20%3Cx%3E"),
        ("https://host.example/a?token=x#y", "https://host.example/a"),
        ("/srv/git/name.git", None),
        ("../name", None),
        ("file:///srv/git/name", None),
        ("C:\\work\\name", None),
        ("https://host.example/", None),
        ("https://host.example/a/../../b", None),
        ("https://ho st/a", None),
        ("https://host.example:99999/a", None),
        ("javascript:alert(1)", "https://javascript/alert%281%29"),
        ("ext::sh -c id", None),
        ("https://[::1/a", None),
        ("", None),
    ],
)
def test_the_page_of_a_remote(remote: str, page: str | None) -> None:
    assert web_address(remote) == page


def test_a_key_in_a_remotes_path_is_not_told() -> None:
    from tests.keys import Keys

    assert Keys("remote").legacy() not in str(web_address(f"https://host.example/{Keys('remote').legacy()}/name"))


def _git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, encoding="utf-8")
    return done.stdout.strip()


def test_a_repository_is_told_by_its_remote_its_head_and_the_folder(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    _git(tmp_path, "remote", "add", "another", "git@host.example:x/y.git")
    _git(tmp_path, "remote", "add", "origin", "https://me:secret@github.com/owner/name.git")
    (tmp_path / "sub").mkdir()

    found = repository(Git(tmp_path / "sub"))

    head = _git(tmp_path, "rev-parse", "HEAD")
    assert found == Repository("https://github.com/owner/name", head, str(tmp_path.resolve()), "sub/")


def test_a_bare_repository_without_commits_has_neither_head_nor_top(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q", "--bare")

    assert repository(Git(tmp_path)) == Repository()


def test_a_folder_outside_of_any_repository_has_none(tmp_path: Path) -> None:
    assert repository(Git(tmp_path)) is None
