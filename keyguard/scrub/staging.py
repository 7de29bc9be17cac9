"""A bare repository in a temporary folder of another, that borrows the other's objects and keeps its own apart.

Whatever happens in it, the other repository stays as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from keyguard.errors import GitError
from keyguard.git.command import Git, environment, executable
from keyguard.git.odb.store import Store
from keyguard.git.odb.writer import ObjectWriter
from keyguard.scrub.driver import Orders
from keyguard.scrub.leftovers import BACKUP, hold, let_go
from keyguard.scrub.replace import ScrubError
from keyguard.source.stored import STAGING


class Staging:
    """The repository; there within a `with` statement, at whose end it is gone."""

    def __init__(self, store: Store) -> None:
        # Inside the repository, for its owner alone: there it is found where this process is killed.
        self.path = Path(tempfile.mkdtemp(prefix=STAGING, dir=store.common_dir))
        self._held = hold(self.path)
        self.git = Git(self.path)
        self.sha256 = store.oid_size == 32
        self._alternates = self.path / "objects" / "info" / "alternates"
        self._lent = os.fsencode(store.objects[0]) + b"\n"
        self._names: dict[bytes, bytes] = {}
        self.scaffold: set[str] = set()
        """Objects that were made on the way, and that nothing is to lead to: they may hold keys."""
        self._writer = ObjectWriter(self.path / "objects", store.oid_size)

    def __enter__(self) -> Staging:
        try:
            kind = "sha256" if self.sha256 else "sha1"
            self.git.run("init", "--quiet", "--bare", "--template=", f"--object-format={kind}")
            self._alternates.parent.mkdir(exist_ok=True)
            self._alternates.write_bytes(self._lent)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        let_go(self._held)
        shutil.rmtree(self.path, ignore_errors=True)

    def note(self, backup: Path) -> None:
        """Let whoever finds the folder know where the backup is."""
        (self.path / BACKUP).write_bytes(os.fsencode(backup))

    def write(self, kind: str, data: bytes, known: str | None = None) -> str:
        """Store an object here; its id. `known` is the id of one that is there already, and may be the same."""
        return known if known and self._writer.identity(kind, data) == known else self._writer.write(kind, data)

    def name(self, refs: Mapping[str, str]) -> None:
        """Give objects names here.

        They are written as packed refs at once: git would wait for the disk at each of thousands of loose ones.
        """
        self._names |= {os.fsencode(name): oid.encode() for name, oid in refs.items()}
        lines = b"".join(b"%b %b\n" % (self._names[name], name) for name in sorted(self._names))
        (self.path / "packed-refs").write_bytes(b"# pack-refs with: sorted \n" + lines)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Without what is borrowed: only what is new is there."""
        self._alternates.unlink()
        try:
            yield
        finally:
            self._alternates.write_bytes(self._lent)

    def new_objects(self) -> list[str]:
        """The ids of what was made here to stay."""
        with self.alone():
            printed = self.git.run("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
        return [oid for oid in printed.decode().split() if oid not in self.scaffold]

    def packed(self, oids: Iterable[str]) -> bytes:
        """A pack of some objects, each whole."""
        return self.git.run("pack-objects", "--stdout", "-q", given="".join(f"{oid}\n" for oid in oids).encode())

    def filter(self, orders: Orders) -> dict[str, str]:
        """Run git-filter-repo: the new ids of commits by the old ones.

        Raises ScrubError where it is not installed, GitError where it gives up.
        """
        _need_filter_repo()
        shutil.rmtree(self.path / "filter-repo", ignore_errors=True)
        done = subprocess.run(
            [sys.executable, "-P", "-m", "keyguard.scrub.driver"],
            cwd=self.path,
            env=_environment(),
            input=orders.dumped(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            # What it says may hold what it rewrites.
            raise GitError(f"git-filter-repo ended with exit code {done.returncode}")
        lines = (self.path / "filter-repo" / "commit-map").read_text().splitlines()[1:]
        return {old: new for old, new in map(str.split, lines) if new.strip("0")}


def _need_filter_repo() -> None:
    from importlib.util import find_spec

    if find_spec("git_filter_repo") is None:
        raise ScrubError("scrub needs git-filter-repo: `pip install 'keyguard[scrub]'`")


def _environment() -> dict[str, str]:
    """The hardened environment of git, in which the first git on PATH is the one that keyguard calls."""
    env = environment(os.environ, as_hook=False)
    folders = [os.path.dirname(executable()), *env.get("PATH", os.defpath).split(os.pathsep)]
    env["PATH"] = os.pathsep.join(folder for folder in folders if os.path.isabs(folder))
    settings = {"core.hooksPath": os.devnull, "safe.directory": "*", "safe.bareRepository": "all", "gc.auto": "0"}
    env["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (name, value) in enumerate(settings.items()):
        env[f"GIT_CONFIG_KEY_{number}"], env[f"GIT_CONFIG_VALUE_{number}"] = name, value
    # The package may be known by the path alone that this process was started with.
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    return env
