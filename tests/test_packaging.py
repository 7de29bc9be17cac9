"""What is installed is whole: the patterns are in a wheel and in an editable install, and no extra is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from keyguard.git.odb import compiled
from keyguard.patterns import bundled
from tests.conftest import Repo
from tests.keys import Keys

PROJECT = Path(__file__).parent.parent
EXTRAS = (
    "ahocorasick_rs",
    "isal",
    "dulwich",
    "numpy",
    "httpx",
    "distributed",
    "git_filter_repo",
    "hypothesis",
    "jsonschema",
)


def built(folder: Path, what: str = "wheel", cwd: Path = PROJECT, **environment: str) -> tuple[Path, str]:
    """What the project's own backend builds, and what it says of that."""
    folder.mkdir(exist_ok=True)
    build = f"from hatchling.build import build_{what} as build; build({str(folder)!r})"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=cwd, check=True, capture_output=True, env={**os.environ, **environment}
    )
    (path,) = folder.iterdir()
    return path, (done.stdout + done.stderr).decode()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files as an sdist has them, in which building disturbs nobody."""
    folder = tmp_path_factory.mktemp("source")
    path, _ = built(folder / "sdist", "sdist")
    shutil.unpack_archive(path, folder, filter="data")
    (unpacked,) = (entry for entry in folder.iterdir() if entry.name != "sdist")
    return unpacked


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the project's own backend."""
    return built(tmp_path_factory.mktemp("wheel"), cwd=source)[0]


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    shutil.unpack_archive(wheel, folder, "zip")
    return folder


def test_a_wheel_holds_every_pattern_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {Path(name).name for name in archive.namelist() if name.startswith("keyguard/patterns/bundled/")}

    assert held == {path.name for path in (PROJECT / "patterns").iterdir()}


def test_a_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"keyguard"}


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


# The extension in C.

needs_compiler = pytest.mark.skipif(
    compiled.native is None, reason="keyguard is installed without its extension in C: so could none be built here"
)


@needs_compiler
def test_a_wheel_holds_the_extension_and_not_its_sources(wheel: Path) -> None:
    extensions = [name for name in names(wheel) if "/_native." in name and not name.endswith(".pyi")]

    assert len(extensions) == 1
    assert "-cp311-abi3-" in wheel.name
    assert not any(name.endswith((".c", ".h")) for name in names(wheel))


@needs_compiler
def test_the_extension_works_without_libdeflate_too(unpacked: Path, repo: Repo) -> None:
    repo.committed("a.txt", "nothing\n")
    code = (
        "sys.modules['deflate'] = None; from keyguard.git.odb import compiled; from keyguard.cli.entry import run; "
        "print(run(['history', '--quiet']), compiled.native is not None, compiled.inflates())"
    )

    assert installed(unpacked, code, repo.path).endswith("0 True False")


def test_without_a_compiler_it_is_installed_without_the_extension(source: Path, repo: Repo, tmp_path: Path) -> None:
    path, said = built(tmp_path / "wheel", cwd=source, CC="no-such-compiler")
    shutil.unpack_archive(path, tmp_path / "installed", "zip")
    repo.committed("a.txt", "nothing\n")
    code = (
        "from keyguard.git.odb import compiled; from keyguard.cli.entry import run; "
        "print(run(['history', '--quiet']), compiled.native)"
    )

    assert path.name.endswith("-py3-none-any.whl")
    assert not any("/_native." in name and not name.endswith(".pyi") for name in names(path))
    assert "without its extension in C: " in said
    assert installed(tmp_path / "installed", code, repo.path).endswith("0 None")


def installed(unpacked: Path, code: str, cwd: Path) -> str:
    """What code prints that imports keyguard from the wheel's files alone."""
    path = f"import sys; sys.path.insert(0, {str(unpacked)!r})\n"
    done = subprocess.run([sys.executable, "-c", path + code], cwd=cwd, capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_an_installed_wheel_finds_its_patterns(unpacked: Path, tmp_path: Path) -> None:
    code = "import keyguard; from keyguard.patterns import bundled; print(len(bundled()), keyguard.__file__)"
    count, where = installed(unpacked, code, tmp_path).split(maxsplit=1)

    assert (int(count), Path(where).is_relative_to(unpacked)) == (len(bundled()), True)


def test_a_checkout_finds_its_patterns() -> None:
    assert len(bundled()) > 40


def test_an_installed_wheel_finds_a_key(unpacked: Path, repo: Repo, keys: Keys) -> None:
    repo.stage("a.env", keys.modern())
    code = "from keyguard.cli.entry import run; print(run(['staged', '--quiet']))"

    assert installed(unpacked, code, repo.path).endswith("\n1")


def test_an_installation_without_its_patterns_says_so(unpacked: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(unpacked, broken)
    shutil.rmtree(broken / "keyguard" / "patterns" / "bundled")
    code = "from keyguard.cli.entry import run; print(run(['patterns', 'list']))"

    assert installed(broken, code, tmp_path) == "2"


def test_the_manifest_of_hooks_has_only_keys_that_pre_commit_knows() -> None:
    import yaml

    known = {
        "id", "name", "entry", "language", "alias", "files", "exclude", "types", "types_or", "exclude_types",
        "additional_dependencies", "args", "always_run", "fail_fast", "pass_filenames", "description",
        "language_version", "log_file", "minimum_pre_commit_version", "require_serial", "stages", "verbose",
    }  # fmt: skip
    hooks = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    assert [set(hook) - known for hook in hooks] == [set()] * len(hooks)
    assert "keyguard" in [hook["id"] for hook in hooks]


# Without the extra: plain search, the same answers.

WITHOUT = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
from keyguard.cli.entry import run
sys.exit(run(sys.argv[1:]))
"""


def without_extras(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", WITHOUT, *arguments], cwd=cwd, capture_output=True, check=False)


def test_without_the_extra_a_clean_commit_is_clean(started: Repo) -> None:
    started.stage("a", "x")

    assert without_extras("staged", cwd=started.path).returncode == 0


def test_without_the_extra_the_same_is_found(repo: Repo, keys: Keys) -> None:
    for number, key in enumerate(keys.every_kind()):
        repo.stage(f"{number}.txt", f"some text\n{key}\n".encode(("utf-8", "utf-16")[number % 2]))
    with_it = subprocess.run(
        [sys.executable, "-m", "keyguard", "scan", "--format", "csv"], cwd=repo.path, capture_output=True, check=False
    )
    ran = without_extras("scan", "--format", "csv", cwd=repo.path)

    assert (ran.returncode, ran.stdout) == (1, with_it.stdout)


@pytest.mark.parametrize(
    "arguments", [("patterns", "check"), ("patterns", "list"), ("patterns", "show", "openai-modern")]
)
def test_without_the_extra_the_patterns_are_sound(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert without_extras(*arguments, cwd=tmp_path).returncode == 0


def test_keyguards_own_repository_holds_no_key(keyguard) -> None:  # type: ignore[no-untyped-def]
    ran = keyguard("scan", "--format", "json", cwd=PROJECT)

    assert (ran.paths, ran.code) == ([], 0)


# The framework, for real: it installs keyguard from this repository into an environment of its own.


def test_the_hook_works_under_pre_commit(tmp_path: Path, keys: Keys) -> None:
    source = Repo(tmp_path / "source")
    shutil.copytree(
        PROJECT,
        source.path,
        ignore=lambda _, names: {n for n in names if n.startswith((".git", ".venv")) or n == "dist"},
    )
    shutil.copy(PROJECT / ".gitignore", source.path)
    source.git("init", "--quiet", "--initial-branch=main")
    source.git("add", "--all")
    source.commit()
    repo = Repo.made(tmp_path / "repo")
    repo.committed("old.env", f"{keys.modern()}\n")
    repo.stage("clean.py", "x = 1\n")
    # pip's settings of this machine count; git's are the test's.
    env = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache")}

    def tried(*options: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "pre_commit", "try-repo", str(source.path), "keyguard", "--verbose", *options]
        return subprocess.run(command, cwd=repo.path, env=env, capture_output=True, check=False)

    clean = tried()
    repo.stage("new.env", f"A=1\nKEY={keys.modern('admin')}\n")
    blocked = tried()
    everything = tried("--all-files")
    said = blocked.stdout.decode()

    assert (clean.returncode, clean.stdout.count(b"Passed")) == (0, 1), clean.stdout.decode()
    assert (blocked.returncode, "new.env:2:5: OpenAI API key" in said, "old.env" in said) == (1, True, False), said
    assert keys.modern("admin") not in said
    assert (everything.returncode, b"old.env:1:1: " in everything.stdout) == (1, True)
