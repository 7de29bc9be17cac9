"""No report holds a key, but text and JSON that were asked to show it."""

from __future__ import annotations

import io

import pytest

from keyguard.report import REPORTERS, json, text
from tests.report import results
from tests.report.written import written


@pytest.mark.parametrize("name", REPORTERS)
def test_no_format_shows_a_key(name: str) -> None:
    result = results.every()

    report = written(name, result)

    # Half a key would be one too many.
    assert [f for f in result.findings if f.secret.reveal()[8:28] in report or f.secret.reveal()[-20:] in report] == []


@pytest.mark.parametrize("write", [text.write, json.write])
def test_text_and_json_show_keys_when_they_are_asked_to(write) -> None:  # type: ignore[no-untyped-def]
    result, out = results.one(), io.StringIO()

    write(result, out, show_secrets=True)

    assert result.findings[0].secret.reveal() in out.getvalue()
