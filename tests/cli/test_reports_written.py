"""Where reports go: standard output, files that are whole or not there, several at once, a step's summary."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from keyguard.cli.entry import run
from keyguard.config import FORMATS
from tests.keys import Keys

KEY = Keys("reports").modern()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a key in a file, to be scanned from within."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "settings.py").write_text(f'KEY = "{KEY}"\n')
    return tmp_path


def test_several_reports_are_written_in_one_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["scan", "src", "--report", "sarif=out.sarif", "--report", "html=out.html"])

    assert code == 1
    assert json.loads((folder / "out.sarif").read_text())["version"] == "2.1.0"
    assert (folder / "out.html").read_text().startswith("<!doctype html>")
    assert "src/settings.py:1:8: OpenAI API key" in capsys.readouterr().out


def test_a_report_can_take_the_place_of_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    run(["scan", "src", "--report", "codequality=-"])

    assert len(json.loads(capsys.readouterr().out)) == 1


def test_reports_can_be_configured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".keyguard.toml").write_text('reports = ["csv=found.csv"]\nexit-zero = true\n')

    code = run(["scan", "src"])

    assert code == 0
    assert (folder / "found.csv").read_text().startswith('"severity"')


@pytest.mark.parametrize("name", ["sarif", "html", "csv", "github", "markdown", "jsonl"])
def test_a_format_that_never_shows_keys_says_so(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["scan", "src", "--show-secrets", "--report", f"{name}=out"])

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert told.err == f"keyguard: --show-secrets is for text and json alone: a report as {name} never holds a key\n"


def test_a_file_that_shows_keys_is_its_owners_alone(folder: Path) -> None:
    run(["scan", "src", "--show-secrets", "--format", "json", "--output", "out.json"])

    assert KEY in (folder / "out.json").read_text()
    assert stat.S_IMODE((folder / "out.json").stat().st_mode) == 0o600


def test_a_report_takes_the_place_of_an_older_one_only_when_it_is_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "out.csv").write_text("older")

    def half(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr("keyguard.report.csv.write", half)

    assert run(["scan", "src", "--format", "csv", "--output", "out.csv"]) == 2
    assert (folder / "out.csv").read_text() == "older"
    assert sorted(os.listdir(folder)) == ["out.csv", "src"]


def test_a_link_stays_a_link(folder: Path) -> None:
    (folder / "latest").symlink_to("report.txt")

    run(["scan", "src", "--output", "latest"])

    assert (folder / "latest").is_symlink()
    assert "OpenAI API key" in (folder / "report.txt").read_text()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--report", "sarif"], "is not FORMAT=FILE"),
        (["--report", "nonsense=x"], "is not FORMAT=FILE"),
        (["--report", "csv=x", "--report", "html=x"], "two reports would go to x"),
        (["--report", "csv=-", "--report", "html=-"], "two reports would go to standard output"),
        (["--output", "no/such/folder.txt"], "there is no folder no/such"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_scanned(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["scan", "src", *arguments])

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert complaint in told.err


def test_exit_zero_is_for_findings_alone(folder: Path) -> None:
    assert run(["scan", "src", "--exit-zero", "--format", "gitlab"]) == 0


def test_exit_zero_does_not_hide_that_something_was_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, *_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("keyguard.source.files.os.open", refuse)

    assert run(["scan", "src", "--exit-zero", "--format", "json"]) == 3


def test_the_summary_of_a_github_step_gets_the_report_as_markdown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = folder / "summary.md"
    summary.write_text("# An earlier tool\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    run(["scan", "src", "--format", "github"])

    assert capsys.readouterr().out.startswith("::error file=src/settings.py,line=1,col=8,title=OpenAI API key::")
    assert summary.read_text().startswith("# An earlier tool\n## keyguard\n")


def test_paths_are_told_from_the_top_of_the_repository(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    os.system("git init -q .")  # noqa: S605
    monkeypatch.chdir(folder / "src")

    run(["scan", "settings.py", "--format", "codequality"])

    assert json.loads(capsys.readouterr().out)[0]["location"]["path"] == "src/settings.py"


def test_what_programs_read_is_utf_8_in_any_locale(folder: Path) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "keyguard", "scan", "src", "--format", "junit"]

    done = subprocess.run(command, env=environment, capture_output=True)

    assert "…" in done.stdout.decode("utf-8")


def test_a_hostile_name_goes_through_every_format(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = b"src/<b>\n]]>\x1b[31m\xff::error::%,=.py"
    Path(os.fsdecode(name)).write_text(KEY)

    code = run(["scan", *(argument for name in FORMATS for argument in ("--report", f"{name}=out.{name}"))])

    assert code == 1
    assert [name for name in FORMATS if b"\x1b" in Path(f"out.{name}").read_bytes()] == []


@pytest.mark.parametrize("name", ["/tmp/x", "../x", "sub/../../x", ".git/hooks/x", "sub/.GIT/config", "out", "."])  # noqa: S108
def test_a_configuration_writes_below_its_own_folder_alone(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "out").symlink_to("/etc/passwd")
    (folder / ".keyguard.toml").write_text(f'reports = ["csv={name}"]\n')

    code = run(["scan", "src"])

    assert (code, f"`reports` names {name}, which is not below the folder" in capsys.readouterr().err) == (2, True)
