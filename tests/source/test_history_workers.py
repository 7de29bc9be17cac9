"""What is found does not depend on how many processes look for it, nor on how they are started."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyguard.model import ScanResult
from tests.git.repositories import Repository, with_history
from tests.source.auditing import KEY, OTHER, audit


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Keys in a pack, in a delta of it and in a loose object; and a pack with damage in it."""
    made = with_history(Repository(tmp_path), commits=60)
    made.commit({"a.env": f"KEY={KEY}\n".encode()})
    made.commit({"a.env": b"none\n"}, f"with {OTHER}")
    made("gc", "-q")
    with_history(made, commits=30, seed=2)
    made("repack", "-d", "-q")
    pack = max(made.packs(), key=lambda path: path.stat().st_mtime)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 0xFF
    pack.chmod(0o600)
    pack.write_bytes(content)
    made.blob(b"loose " + KEY.encode())
    return made


@pytest.fixture
def shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest store is enough for several processes."""
    monkeypatch.setattr("keyguard.git.odb.shares.ALONE", 0.0)
    monkeypatch.setattr("keyguard.git.odb.shares.LEAST", 1e-4)


@pytest.mark.parametrize("forks", [True, False], ids=["fork", "spawn"])
def test_several_processes_find_what_one_does(
    forks: bool, repository: Repository, shared_out: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyguard.git.odb.crew.FORKS", forks)
    alone = audit(repository.path)

    together = audit(repository.path, jobs=3)

    assert len(alone.findings) == 2
    assert alone.unread
    assert told(together) == told(alone)


def told(result: ScanResult) -> tuple[object, ...]:
    """All of a result but the time that it took."""
    unread = sorted((entry.what, entry.reason, entry.count) for entry in result.unread)
    return result.findings, unread, result.examined, result.exit_code
