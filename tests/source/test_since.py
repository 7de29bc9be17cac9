"""Dates as people name them, and what is none."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from keyguard.errors import UsageError
from keyguard.source.since import moment

NOW = datetime(2024, 3, 31, 12, 0, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31T12:00Z", "2024-01-31T12:00+00:00"),
        ("2024-01-31 12:00:05 +0100", "2024-01-31T11:00:05+00:00"),
        ("Wed, 31 Jan 2024 12:00:00 +0100", "2024-01-31T11:00+00:00"),
        ("31 Jan 2024 12:00 GMT", "2024-01-31T12:00+00:00"),
        ("@1706702400", "2024-01-31T12:00+00:00"),
        ("1706702400", "2024-01-31T12:00+00:00"),
        ("@0", "1970-01-01T00:00+00:00"),
        ("today", "2024-03-31T00:00+02:00"),
        ("Yesterday", "2024-03-30T00:00+02:00"),
        ("90 minutes ago", "2024-03-31T10:30+02:00"),
        ("2.weeks.ago", "2024-03-17T12:00+02:00"),
        ("1 month ago", "2024-02-29T12:00+02:00"),
        ("15 months ago", "2022-12-31T12:00+02:00"),
        ("3 years ago", "2021-03-31T12:00+02:00"),
    ],
)
def test_a_date_is_understood(text: str, expected: str) -> None:
    assert moment(text, NOW) == datetime.fromisoformat(expected).timestamp()


def test_a_day_begins_at_its_beginning_here() -> None:
    assert moment("2024-01-31") == datetime(2024, 1, 31).astimezone().timestamp()


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "2024-13-45", "2024-01", "20240131", "31/01/2024", "noon", "99999 years ago", "weeks ago", "10:00",
     "31 Foo 2024 12:00", "2024-01-31 noon", "2024-01-31T25:00"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no date that can be understood"):
        moment(text, NOW)
