"""Each format is what it was: `tests/report/golden.py` writes the files anew."""

from __future__ import annotations

import pytest

from keyguard.config import FORMATS
from keyguard.report import REPORTERS
from tests.report import golden


@pytest.mark.parametrize("name", REPORTERS)
def test_a_format_is_what_its_golden_file_says(name: str) -> None:
    expected = golden.path(name).read_bytes().decode("utf-8")

    assert golden.content(name) == expected


def test_every_format_that_can_be_configured_has_a_reporter() -> None:
    assert tuple(REPORTERS) == FORMATS
