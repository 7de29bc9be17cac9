"""What the tests share: keys from a seed, an engine, a real repository, and keyguard called in two ways."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from keyguard.cli import entry, quick
from keyguard.engine import Engine
from keyguard.git.odb import compiled
from keyguard.model import Blob, Match, StandardInput, Unread
from keyguard.patterns import Library, bundled
from tests.keys import Keys

# No claim depends on how fast a machine is, or on what an earlier run drew.
settings.register_profile("keyguard", deadline=None, derandomize=True, database=None)
settings.load_profile("keyguard")

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+00:00",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05+00:00",
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of whoever runs the tests has a say."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "PRE_COMMIT", "PREK_")) or name == "NO_COLOR":
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    # No file of this name can be: nothing is read there, and nothing can be written.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull + "/none")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=["in C", "in Python"])
def in_c_and_in_python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written in C and in Python is held to the same claims."""
    if request.param == "in Python":
        monkeypatch.setattr(compiled, "native", None)
    elif compiled.native is None:
        pytest.skip("keyguard is installed without its extension in C")


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys("tests")


@pytest.fixture(scope="session")
def library() -> Library:
    return bundled()


@pytest.fixture(scope="session")
def engine(library: Library) -> Engine:
    return Engine(library)


@dataclass(frozen=True)
class Finder:
    """What an engine finds in text or bytes."""

    engine: Engine

    def matches(self, content: str | bytes) -> list[Match]:
        found = self.engine.examine(Blob(encoded(content), StandardInput()))
        assert not any(isinstance(item, Unread) for item in found)
        return [item for item in found if isinstance(item, Match)]

    def texts(self, content: str | bytes) -> list[str]:
        return [match.secret.reveal() for match in self.matches(content)]

    def rules(self, content: str | bytes) -> list[str]:
        return [match.rule.id for match in self.matches(content)]

    def spans(self, content: str | bytes) -> list[tuple[str, int, int]]:
        return [(m.secret.reveal(), m.span.start, m.span.end) for m in self.matches(content)]


def encoded(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


@pytest.fixture(scope="session")
def find(engine: Engine) -> Finder:
    return Finder(engine)


class Repo:
    """A git repository in a temporary folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def made(cls, path: Path, *options: str) -> Repo:
        path.mkdir(parents=True, exist_ok=True)
        repo = cls(path)
        repo.git("init", "--quiet", "--initial-branch=main", *options)
        return repo

    def git(
        self,
        *arguments: str | bytes,
        given: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        fails: bool = False,
    ) -> bytes:
        """What git prints. `fails` where it is expected to."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.path,
            input=given,
            capture_output=True,
            env={**os.environ, **(env or {})},
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stderr.decode(errors="replace")
        return done.stdout

    def write(self, name: str | bytes, content: str | bytes) -> bytes:
        """Write a file of the work tree; its whole path."""
        path = os.path.join(os.fsencode(self.path), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(encoded(content))
        return path

    def stage(self, name: str | bytes, content: str | bytes) -> None:
        self.write(name, content)
        self.git("--literal-pathspecs", "add", "--force", "--", name)

    def commit(self, message: str = "a change", *options: str) -> str:
        self.git("commit", "--quiet", "--allow-empty", "--no-verify", "-m", message, *options)
        return self.head()

    def committed(self, name: str | bytes, content: str | bytes) -> str:
        self.stage(name, content)
        return self.commit()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").decode().strip()

    def blob(self, content: str | bytes) -> str:
        """Store a blob; its id."""
        return self.git("hash-object", "-w", "--stdin", given=encoded(content)).decode().strip()

    def cache(self, name: str, content: str | bytes) -> None:
        """Put content into the index as it is, past filters and the work tree."""
        self.git("update-index", "--add", "--cacheinfo", f"100644,{self.blob(content)},{name}")

    def config(self, name: str, value: str) -> None:
        self.git("config", "--add", name, value)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository, its HEAD not born yet."""
    return Repo.made(tmp_path / "repo")


@pytest.fixture
def started(repo: Repo) -> Repo:
    """A repository with one commit that holds `README` and nothing secret."""
    repo.committed("README", "one\ntwo\nthree\n")
    return repo


def path_of(location: Mapping[str, Any]) -> str | None:
    """The path in a location of a report as Python has it, whatever bytes it is made of."""
    if "path_base64" in location:
        return os.fsdecode(base64.b64decode(location["path_base64"]))
    path: str | None = location["path"]
    return path


@dataclass(frozen=True)
class Ran:
    """How one call of keyguard ended."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def findings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.report["findings"]
        return found

    @property
    def places(self) -> list[tuple[Any, ...]]:
        """path, line and column of every place, sorted."""
        places = [place for finding in self.findings for place in finding["locations"]]
        return sorted((path_of(place), place["line"], place["column"]) for place in places)

    @property
    def paths(self) -> list[str | None]:
        return [path for path, _, _ in self.places]


Call = Callable[..., Ran]


@pytest.fixture
def keyguard(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Call keyguard in this process, in a folder."""

    def call(*arguments: str, cwd: Path | None = None) -> Ran:
        capfd.readouterr()
        with monkeypatch.context() as here:
            here.chdir(cwd or tmp_path)
            code = entry.run(list(arguments))
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    return call


@pytest.fixture
def scan(keyguard: Call) -> Call:
    """`keyguard scan --format json`."""

    def call(*arguments: str | Path, cwd: Path | None = None) -> Ran:
        return keyguard("scan", "--format", "json", *map(str, arguments), cwd=cwd)

    return call


@pytest.fixture
def nobodys(keyguard: Call, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that an unprivileged user reaches; the test runs as such a one, from there.

    The checkout may lie where that user reaches nothing: what is needed of it is read and imported before.
    """
    made = Path(tempfile.mkdtemp(prefix="keyguard-tests-"))
    made.chmod(0o755)
    monkeypatch.chdir(made)
    library = bundled()
    monkeypatch.setattr("keyguard.cli.options.bundled", lambda: library)
    root = os.geteuid() == 0
    if root:
        os.chown(made, 65534, 65534)
        keyguard("scan", str(made))
        os.seteuid(65534)
    yield made
    if root:
        os.seteuid(0)
    for path in made.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(made)


@pytest.fixture
def staged(keyguard: Call, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """`keyguard staged --format json`, after the short way of a clean commit was held against it."""

    def call(repo: Repo, *arguments: str, cwd: Path | None = None) -> Ran:
        where = cwd or repo.path
        full = keyguard("staged", "--format", "json", *arguments, cwd=where)
        if not arguments:
            short = keyguard("staged", cwd=where)
            assert short.code == full.code
            with monkeypatch.context() as here:
                here.chdir(where)
                assert quick.run(["staged"]) in (None, full.code)
        return full

    return call


def run_apart(
    *arguments: str | bytes,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    given: bytes = b"",
    python: Sequence[str] = (sys.executable, "-m", "keyguard"),
) -> subprocess.CompletedProcess[bytes]:
    """keyguard in a process of its own."""
    return subprocess.run(
        [*python, *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=given,
        capture_output=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="session")
def placeholders() -> Iterator[list[str]]:
    """Fakes that were seen in public code."""
    path = Path(__file__).parent / "placeholders.txt"
    yield path.read_text(encoding="utf-8").splitlines()
