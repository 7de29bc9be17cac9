"""The short way of a clean commit: it says clean only where the full way would, and imports next to nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from keyguard.cli import anchors, entry, quick
from tests.conftest import Call, Repo, run_apart
from tests.keys import UNMARKED, Keys
from tools import write_anchors

DEAR = {"click", "rich", "regex", "git", "dataclasses", "subprocess", "re", "tomllib", "json", "hashlib", "pathlib"}

LOADED = """
import sys
from keyguard.cli import entry
code = entry.run(sys.argv[1:])
print(code, *sorted(sys.modules))
"""


def loaded(repo: Repo, *arguments: str) -> tuple[str, set[str]]:
    """The exit code and the modules that a call had imported at its end."""
    # -S: what site's .pth files import is no doing of keyguard's.
    path = f"import sys; sys.path[:0] = {sys.path!r}\n"
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", path + LOADED, *arguments], cwd=repo.path, capture_output=True, check=True
    )
    code, *modules = done.stdout.decode().splitlines()[-1].split()
    return code, set(modules)


@pytest.mark.parametrize("arguments", [("staged",), ("hook", "pre-commit"), ("hook", "pre-commit", "a.py")])
def test_a_clean_commit_imports_nothing_dear(started: Repo, arguments: tuple[str, ...]) -> None:
    started.stage("a.py", "x = 1\n")
    code, modules = loaded(started, *arguments)

    assert (code, modules & DEAR) == ("0", set())


def test_a_commit_with_a_key_imports_the_rest(started: Repo, keys: Keys) -> None:
    started.stage("a.py", keys.modern())
    code, modules = loaded(started, "staged")

    assert (code, {"click", "regex"} - modules) == ("1", set())


def test_the_written_anchors_are_what_the_patterns_say() -> None:
    assert Path(anchors.__file__).read_text(encoding="utf-8") == write_anchors.text()


@pytest.fixture
def short(started: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.chdir(started.path)
    return started


def test_a_clean_commit_goes_the_short_way(short: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    short.stage("a.py", "x = 1\n")

    assert (quick.run(["staged"]), capsys.readouterr().out) == (0, "No keys found: 1 file, 6 bytes examined.\n")


def test_both_ways_say_the_same(short: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b/c", "d e"):
        short.stage(name, f"clean {name}\n")
    quick.run(["staged"])
    first = capsys.readouterr().out
    entry.run(["staged", "--min-confidence", "low"])

    assert capsys.readouterr().out == first


def test_of_nothing_staged_both_ways_say_the_same(short: Repo, capsys: pytest.CaptureFixture[str]) -> None:
    short.git("rm", "-q", "README")
    assert quick.run(["hook", "pre-commit"]) == 0
    first = capsys.readouterr().out
    entry.run(["staged", "--min-confidence", "low"])

    assert first == capsys.readouterr().out
    assert first.startswith("Nothing is staged")


@pytest.mark.parametrize("name", UNMARKED)
def test_no_key_goes_the_short_way(short: Repo, keys: Keys, name: str) -> None:
    short.stage("a", keys.in_context(name)[1])

    assert quick.run(["staged"]) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_no_marked_key_goes_the_short_way(short: Repo, keys: Keys, encoding: str) -> None:
    for number, key in enumerate(keys.every_kind()):
        short.stage("a", f"some text: {key}\n".encode(encoding))
        assert quick.run(["staged"]) is None, number


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["scan"],
        ["staged", "a"],
        ["staged", "--format", "json"],
        ["staged", "-q"],
        ["hook"],
        ["hook", "pre-commit", "-q"],
        ["--version"],
    ],
)
def test_any_other_call_goes_the_full_way(short: Repo, arguments: list[str]) -> None:
    short.stage("a", "x")

    assert quick.run(arguments) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".keyguard.toml", 'patterns = ["own.toml"]\n'),
        (".keyguard.toml", 'format = "json"\n'),
        (".keyguard.toml", 'output = "report.txt"\n'),
        (".keyguard.toml", "quiet = true\n"),
        ("pyproject.toml", '[tool.keyguard]\npatterns = ["own.toml"]\n'),
        ("pyproject.toml", '[tool.keyguard]\nformat = "json"\n'),
    ],
)
def test_a_configuration_that_has_a_say_is_heard(short: Repo, name: str, text: str) -> None:
    short.stage("sub/a", "x")
    (short.path / name).write_text(text)

    assert quick.run(["staged"]) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".keyguard.toml", '[[allow]]\npath = "docs/**"\nreason = "examples"\n'),
        ("pyproject.toml", '[project]\nname = "x"\n[tool.other]\nformat = "json"\npatterns = []\nquiet = 1\n'),
    ],
)
def test_a_configuration_that_has_none_costs_nothing(short: Repo, name: str, text: str) -> None:
    short.stage("a", "x")
    (short.path / name).write_text(text)

    assert quick.run(["staged"]) == 0


def test_a_configuration_above_the_repository_has_no_say(short: Repo) -> None:
    (short.path.parent / ".keyguard.toml").write_text('patterns = ["own.toml"]\n')
    short.stage("a", "x")

    assert quick.run(["staged"]) == 0


def test_a_large_file_goes_the_full_way(short: Repo) -> None:
    short.stage("a", b"x" * (quick.LARGEST + 1))

    assert quick.run(["staged"]) is None


def test_many_staged_files_are_all_examined(short: Repo, keys: Keys) -> None:
    for number in range(300):
        short.write(f"many/{number}", f"clean {number}\n")
    short.git("add", "many")
    clean = quick.run(["staged"])
    short.stage("many/150", keys.modern())

    assert (clean, quick.run(["staged"])) == (0, None)


def test_under_pre_commit_a_clean_commit_is_silent(
    short: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    short.stage("a", "x")
    monkeypatch.setenv("PRE_COMMIT", "1")

    assert (quick.run(["hook", "pre-commit", "a"]), capsys.readouterr().out) == (0, "")


def test_files_that_are_not_staged_go_the_full_way(short: Repo) -> None:
    short.stage("a", "x")

    assert quick.run(["hook", "pre-commit", "a", "README"]) is None


# `keyguard hook pre-commit FILES`, as the framework calls it.


def test_the_files_of_a_commit_count_by_what_it_adds(started: Repo, keyguard: Call, keys: Keys) -> None:
    started.committed("a.env", f"{keys.modern()}\n")
    started.stage("a.env", f"{keys.modern()}\nmore\n")

    assert keyguard("hook", "pre-commit", "a.env", cwd=started.path).code == 0


def test_files_that_are_not_staged_count_whole(started: Repo, keyguard: Call, keys: Keys) -> None:
    started.committed("a.env", f"{keys.modern()}\n")

    assert keyguard("hook", "pre-commit", "a.env", "README", cwd=started.path).code == 1


def test_a_run_over_all_files_of_a_clean_repository_passes(started: Repo, keyguard: Call) -> None:
    ran = keyguard("hook", "pre-commit", "README", cwd=started.path)

    assert (ran.code, ran.out) == (0, "No keys found: 1 file, 14 bytes examined.\n")


@pytest.mark.parametrize("name", ["-x.env", "--quiet", "--output=stolen", "--config=evil.toml", "-q", "--", "-"])
@pytest.mark.parametrize("where", ["staged", "committed"])
def test_a_file_whose_name_looks_like_an_option_is_a_file(
    started: Repo, keyguard: Call, keys: Keys, name: str, where: str
) -> None:
    started.stage(name, keys.modern())
    if where == "committed":
        started.commit()
    ran = keyguard("hook", "pre-commit", "README", name, cwd=started.path)

    assert (ran.code, name in ran.out, (started.path / "stolen").exists()) == (1, True, False)


def test_options_may_stand_before_the_files(started: Repo, keyguard: Call, keys: Keys) -> None:
    started.stage("a.env", keys.modern())

    assert keyguard("hook", "pre-commit", "--format", "json", "a.env", cwd=started.path).paths == ["a.env"]


def test_the_module_can_be_run(started: Repo) -> None:
    started.stage("a", "x")
    ran = run_apart("staged", cwd=started.path)

    assert (ran.returncode, ran.stdout) == (0, b"No keys found: 1 file, 1 byte examined.\n")
