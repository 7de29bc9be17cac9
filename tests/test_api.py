"""The library, as `docs/api.md` describes it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import keyguard
from keyguard import (
    Allow,
    Policy,
    UsageError,
    api,
    load_patterns,
    render,
    scan_commits,
    scan_history,
    scan_paths,
    scan_staged,
    scan_text,
)
from keyguard.report import REPORTERS
from tests.keys import Keys
from tests.report import results

DOCS = Path(__file__).parent.parent / "docs"
KEY = Keys("api").modern()


def test_a_text_is_scanned() -> None:
    result = scan_text(f"first\nkey = {KEY}\n")

    place = result.findings[0].locations[0]
    assert (result.findings[0].secret.reveal(), place.kind, place.line, place.column) == (KEY, "stdin", 2, 7)


def test_bytes_are_scanned() -> None:
    assert len(scan_text(f"key = {KEY}".encode("utf-16")).findings) == 1


def test_paths_are_scanned(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text(KEY)

    assert [place.path for place in scan_paths([tmp_path]).findings[0].locations] == [str(tmp_path / "a.env")]


def test_what_is_staged_is_scanned(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text(KEY)
    for arguments in (["init", "-q"], ["add", "a.env"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)

    whole, named = scan_staged(tmp_path), scan_staged(tmp_path, ["a.env"])

    assert [len(result.findings) for result in (whole, named)] == [1, 1]


def test_history_and_commits_are_scanned(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)

    git("init", "-q")
    for name, text in {"a.env": "nothing", "b.env": KEY}.items():
        (tmp_path / name).write_text(text)
        git("add", name)
        git("commit", "-q", "-m", name)

    history, commits = scan_history(tmp_path), scan_commits("HEAD~1..HEAD", tmp_path)

    assert [(place.path, place.line) for place in history.findings[0].locations] == [("b.env", 1)]
    assert [commit.author for commit in commits.findings[0].commits] == ["Ada"]
    assert history.repository and history.repository.head == commits.findings[0].locations[0].commit


def test_a_policy_is_heard() -> None:
    fingerprint = scan_text(KEY).findings[0].secret.fingerprint

    result = scan_text(KEY, policy=Policy(allows=(Allow("a closed account", fingerprint=fingerprint),)))

    assert (result.findings, [entry.by for entry in result.allowed]) == ((), ["an allow: a closed account"])


def test_patterns_can_be_loaded() -> None:
    assert "openai-modern" in load_patterns()


@pytest.mark.parametrize("name", REPORTERS)
def test_each_format_is_rendered(name: str) -> None:
    assert render(results.one(), name)


def test_a_rendered_report_shows_keys_when_it_is_asked_to() -> None:
    result = results.one()

    shown = json.loads(render(result, "json", show_secrets=True))

    assert shown["findings"][0]["secret"] == result.findings[0].secret.reveal()


@pytest.mark.parametrize(("name", "show"), [("nonsense", False), ("sarif", True)])
def test_what_cannot_be_rendered_is_told(name: str, show: bool) -> None:
    with pytest.raises(UsageError):
        render(results.one(), name, show_secrets=show)


def test_every_name_is_to_be_had_from_keyguard_itself() -> None:
    assert [name for name in api.__all__ if getattr(keyguard, name) is not getattr(api, name)] == []
    assert keyguard.__all__ == api.__all__
    assert set(api.__all__) <= set(dir(keyguard))
    with pytest.raises(AttributeError):
        keyguard.no_such_name  # noqa: B018


def test_importing_keyguard_imports_nothing_of_the_library() -> None:
    program = "import sys, keyguard; print(sorted(name for name in sys.modules if name.startswith('keyguard.')))"

    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, encoding="utf-8")

    assert done.stdout == "[]\n"


def test_every_name_is_on_the_page() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")

    assert [name for name in api.__all__ if not re.search(rf"\b{name}\b", page)] == []


@pytest.mark.parametrize("example", re.findall(r"```python\n(.*?)```", (DOCS / "api.md").read_text("utf-8"), re.DOTALL))
def test_every_example_on_the_page_runs(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "settings.py").write_text(f'KEY = "{KEY}"')
    monkeypatch.chdir(tmp_path)

    exec(compile(example, "api.md", "exec"), {})  # noqa: S102


def test_every_format_is_on_the_page_of_reports() -> None:
    page = (DOCS / "reports.md").read_text(encoding="utf-8")

    assert [name for name in REPORTERS if f"\n## {name}\n" not in page or f"[`{name}`](#{name})" not in page] == []
