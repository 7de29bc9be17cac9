"""Real repositories for tests, made by git itself, and calls of keyguard in them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keyguard.cli.entry import run

_CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("GIT_", "CI", "GITHUB_", "PRE_COMMIT", "KEYGUARD_"))
}
ENVIRONMENT = _CLEAN | {
    "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
    "GIT_CONFIG_NOSYSTEM": "1",
    # No file of this name can be: nothing is read there, and nothing can be written.
    "GIT_CONFIG_GLOBAL": os.devnull + "/none",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    "GIT_EDITOR": "true",
    "NO_COLOR": "1",
    "PYTHONUTF8": "1",
}


@dataclass(frozen=True)
class Outcome:
    """What a call came to: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err

    @property
    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


@dataclass(frozen=True)
class Repo:
    """A repository in a folder, made and changed by git."""

    path: Path

    @classmethod
    def made(cls, path: Path, *options: str) -> Repo:
        path.mkdir(parents=True)
        repo = cls(path)
        repo.git("init", "--quiet", "--initial-branch=main", *options)
        return repo

    def git(self, *arguments: str, env: dict[str, str] | None = None, given: str | None = None) -> str:
        """What git prints, without the line end. Fails where git does."""
        done = self.tried(*arguments, env=env, given=given)
        assert done.code == 0, done.said
        return done.out.strip()

    def tried(self, *arguments: str, env: dict[str, str] | None = None, given: str | None = None) -> Outcome:
        return called(["git", *arguments], self.path, env, given)

    def keyguard(self, *arguments: str, env: dict[str, str] | None = None, given: str = "") -> Outcome:
        """What the command comes to, run in this process: a new one would take longer to start than to work."""
        return _in_process(list(arguments), self.path, ENVIRONMENT | (env or {}), given)

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def commit(self, message: str = "a change", **files: str | bytes | None) -> str:
        """Commit files by their content (None: delete), `__` in a name standing for a dot; the commit's id."""
        for name, text in files.items():
            path = name.replace("__", ".")
            if text is None:
                self.git("rm", "--quiet", "--", path)
            else:
                self.write(path, text)
                self.git("add", "--force", "--", path)
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", message)
        return self.head

    def clone(self, path: Path, *options: str) -> Repo:
        done = called(["git", "clone", "--quiet", *options, self.path.as_uri(), str(path)], path.parent)
        assert done.code == 0, done.said
        return Repo(path)

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")


def _in_process(arguments: list[str], where: Path, env: dict[str, str], given: str) -> Outcome:
    streams = [io.TextIOWrapper(io.BytesIO(text), encoding="utf-8") for text in (given.encode(), b"", b"")]
    kept = sys.stdin, sys.stdout, sys.stderr, dict(os.environ), Path.cwd()
    sys.stdin, sys.stdout, sys.stderr = streams
    os.environ.clear()
    os.environ.update(env)
    os.chdir(where)
    try:
        code = run(arguments)
    finally:
        sys.stdin, sys.stdout, sys.stderr = kept[:3]
        os.environ.clear()
        os.environ.update(kept[3])
        os.chdir(kept[4])
    out, err = (_written(stream) for stream in streams[1:])
    return Outcome(code, out, err)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.detach().getvalue().decode("utf-8", "replace")  # type: ignore[attr-defined, no-any-return]


def called(argv: list[str], where: Path, env: dict[str, str] | None = None, given: str | None = None) -> Outcome:
    """Run a command in a folder, in an environment without this machine's settings."""
    done = subprocess.run(
        argv,
        cwd=where,
        env=ENVIRONMENT | (env or {}),
        input=given.encode() if given is not None else None,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
