"""A small repository with one key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.git.repositories import Repository
from tests.keys import Keys

KEY = Keys("command").modern()


@pytest.fixture
def leaky(tmp_path: Path) -> Repository:
    """Three commits, the second of which brings a key that the third takes away."""
    repository = Repository(tmp_path / "repository")
    repository.commit({"a.txt": b"clean\n"}, "first")
    repository.commit({"a.env": f"KEY={KEY}\n".encode()}, "second")
    (repository.path / "a.env").write_text("KEY=\n")
    repository.commit({}, "third")
    repository("remote", "add", "origin", "git@github.com:someone/something.git")
    return repository
