"""Real repositories for the tests, made by git under an environment that is the same everywhere."""

from __future__ import annotations

import os
import random
import re
import subprocess
from pathlib import Path

import pytest

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": os.devnull,
    "LC_ALL": "C",
    # No file of this name can be: nothing is read there, and nothing can be written.
    "GIT_CONFIG_GLOBAL": os.devnull + "/none",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A U Thor",
    "GIT_AUTHOR_EMAIL": "author@example.com",
    "GIT_AUTHOR_DATE": "2024-01-02T03:04:05 +0000",
    "GIT_COMMITTER_NAME": "C O Mitter",
    "GIT_COMMITTER_EMAIL": "committer@example.com",
    "GIT_COMMITTER_DATE": "2024-01-02T03:04:05 +0000",
}

VERSION = tuple(map(int, re.findall(r"\d+", subprocess.check_output(["git", "version"], text=True))[:2]))

needs_reftable = pytest.mark.skipif(VERSION < (2, 45), reason="git knows reftable from 2.45 on")


class Repository:
    """A repository below `path`, and what a test does to it."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self("init", "-q", "-b", "main", *options)
        # What it packs it packs when it is told to, and on one core.
        self("config", "gc.auto", "0")
        self("config", "pack.threads", "1")

    def __call__(self, *arguments: str | Path, given: bytes | None = None, env: dict[str, str] | None = None) -> str:
        return self.bytes(*arguments, given=given, env=env).decode().strip()

    def bytes(self, *arguments: str | Path, given: bytes | None = None, env: dict[str, str] | None = None) -> bytes:
        done = subprocess.run(
            ["git", "-C", self.path, *arguments],
            input=given,
            capture_output=True,
            env=ENVIRONMENT | (env or {}),
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    @property
    def git_dir(self) -> Path:
        return Path(self("rev-parse", "--absolute-git-dir"))

    @property
    def objects(self) -> Path:
        return self.git_dir / "objects"

    def packs(self) -> list[Path]:
        return sorted(self.objects.glob("pack/*.pack"))

    def blob(self, content: bytes) -> str:
        """Store a loose blob that nothing refers to."""
        return self("hash-object", "-w", "--stdin", given=content)

    def commit(self, files: dict[str, bytes], message: str = "a change") -> str:
        """Commit `files`, added to what is there."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self("add", "-A")
        self("commit", "-q", "--allow-empty", "-m", message)
        return self("rev-parse", "HEAD")

    def contents(self) -> dict[str, tuple[str, bytes]]:
        """Kind and content of every object, by its id, as git gives them."""
        printed = self.bytes("cat-file", "--batch-all-objects", "--batch")
        found = {}
        at = 0
        while at < len(printed):
            end = printed.index(b"\n", at)
            oid, kind, size = printed[at:end].split()
            at = end + 1 + int(size) + 1
            found[oid.decode()] = (kind.decode(), printed[end + 1 : at - 1])
        return found


def with_history(repository: Repository, commits: int = 60, seed: int = 1) -> Repository:
    """Give it a history of growing and changing files, with a tag, a branch and much to make deltas of."""
    repository("fast-import", "--quiet", "--force", given=history(commits, seed))
    repository("tag", "-f", "-m", f"tag {seed}", f"v{seed}", "main")
    return repository


def history(commits: int, seed: int) -> bytes:
    """A stream for `git fast-import`."""
    chance = random.Random(seed)
    files = {f"folder-{n % 3}/file-{n}.txt": _lines(chance, 40) for n in range(8)}
    stream = []
    for number in range(commits):
        name = chance.choice(sorted(files))
        lines = files[name]
        lines[chance.randrange(len(lines))] = _line(chance)
        lines.append(_line(chance))
        changed = files if number == 0 else {name: lines}
        stream.append(_commit(f"commit {number} of {seed}", changed, 1_700_000_000 + 60 * number))
    stream.append(b"reset refs/heads/other\nfrom refs/heads/main\n\n")
    return b"".join(stream)


def _commit(message: str, files: dict[str, list[str]], seconds: int) -> bytes:
    parts = [
        b"commit refs/heads/main\n",
        b"committer C O Mitter <committer@example.com> %d +0000\n" % seconds,
        _data(message.encode()),
    ]
    for name, lines in files.items():
        parts += [b"M 100644 inline %s\n" % name.encode(), _data("\n".join(lines).encode())]
    return b"".join(parts)


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _lines(chance: random.Random, count: int) -> list[str]:
    return [_line(chance) for _ in range(count)]


def _line(chance: random.Random) -> str:
    return " ".join(str(chance.getrandbits(40)) for _ in range(chance.randrange(1, 8)))
