"""The text report on a terminal: panels that fit, links where they are known, nothing that a terminal acts on."""

from __future__ import annotations

import io
import re

import pytest

from keyguard.model import ScanResult
from keyguard.report import text
from tests.report import results


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _shown(result: ScanResult, monkeypatch: pytest.MonkeyPatch, width: int = 80, **manner: bool) -> str:
    for name, value in {"COLUMNS": str(width), "LINES": "50", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    text.write(result, out, **manner)
    return out.getvalue()


def _plain(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\", "", shown)


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize(
    "result", [results.none(), results.every(), results.hostile()], ids=["none", "every", "hostile"]
)
def test_no_line_is_wider_than_the_terminal(result: ScanResult, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.cells import cell_len

    lines = _plain(_shown(result, monkeypatch, width)).split("\n")

    assert [line for line in lines if cell_len(line) > width] == []


def test_a_terminal_acts_on_nothing_that_the_repository_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = _plain(_shown(results.hostile(), monkeypatch, links=True, verbose=True))

    assert [character for character in plain if not character.isprintable() and character != "\n"] == []


def test_links_are_there_only_where_the_terminal_knows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    without, with_links = (_shown(results.every(), monkeypatch, links=links) for links in (False, True))

    assert "\x1b]8;" not in without
    assert "https://github.com/example/shop/blob/" in with_links


def test_without_colour_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()

    text.write(results.every(), out)

    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", out.getvalue())


def test_the_last_line_is_the_closing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = _plain(_shown(results.every(), monkeypatch, width=200)).rstrip("\n")

    assert plain.split("╯\n")[-1].replace("\n", " ").startswith("3 keys in 6 places; 1,234 objects")


def test_quiet_leaves_out_what_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = _plain(_shown(results.every(), monkeypatch, quiet=True))

    assert "What now" not in plain
    assert "Not read" in plain
    assert _shown(results.none(), monkeypatch, quiet=True) == ""


def test_verbose_says_what_was_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "by the remark `keyguard: allow`" in _plain(_shown(results.none(), monkeypatch, verbose=True))


def test_of_many_keys_the_worst_have_panels_and_the_others_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = _plain(_shown(results.many(26), monkeypatch, width=110))

    assert plain.count("╭─") == 10 + 1
    assert "16 more keys" in plain
    assert [n for n in range(11, 27) if f"services/part-{n - 1}/config-{n - 1}-0.yaml" not in plain] == []
