"""What a shell completes, and what `man` shows."""

from __future__ import annotations

import pytest

from keyguard.cli.app import COMMANDS
from keyguard.cli.entry import run
from keyguard.config import FORMATS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_keyguard(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert f"_KEYGUARD_COMPLETE={shell}_complete" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("keyguard st", ["staged"]),
        ("keyguard scan --format js", ["json", "jsonl"]),
        ("keyguard scan --report sa", ["sarif="]),
        ("keyguard completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_a_shell_is_told_what_can_follow(
    line: str, answers: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_KEYGUARD_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))

    with pytest.raises(SystemExit):
        run([])

    assert capsys.readouterr().out.split() == [f"plain,{answer}" for answer in answers]


def test_the_manual_page_has_every_command_and_format(capsys: pytest.CaptureFixture[str]) -> None:
    run(["man"])

    page = capsys.readouterr().out
    assert page.startswith(".TH KEYGUARD 1 ")
    assert [name for name in COMMANDS if f".SS keyguard {name}" not in page] == []
    assert "|".join(FORMATS) in page
