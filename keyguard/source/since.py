"""Dates, as a person names them.

git's own reading of dates knows no error: what it does not understand is now to it, and nothing would be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from keyguard.errors import UsageError

FORMS = "2024-01-31, 2024-01-31T12:00Z, an RFC 2822 date, @1706659200, yesterday, or `3 weeks ago`"

_STAMP = re.compile(r"@(\d{1,11})|(\d{9,11})", re.ASCII)
_AGO = re.compile(r"(\d{1,5})[ .](second|minute|hour|day|week|month|year)s?[ .]ago", re.ASCII | re.IGNORECASE)
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d.*)?", re.ASCII)
_RFC_2822 = re.compile(r"(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(?::\d\d)?(?: [+-]\d{4}| GMT)?", re.ASCII)


def moment(text: str, now: datetime | None = None) -> int:
    """The Unix time of a date. What names no zone is in this machine's.

    Raises UsageError where the date is not one of `FORMS`.
    """
    for reading in (_stamp, _named, _written):
        try:
            time = reading(text.strip(), now or datetime.now().astimezone())
            if time is not None:
                return max(0, int(time.timestamp()))
        except (ValueError, OverflowError, OSError):
            # Of the right form, and yet no date: the 30th of February.
            break
    raise UsageError(f"{text!r} is no date that can be understood: write {FORMS}")


def _stamp(text: str, now: datetime) -> datetime | None:
    found = _STAMP.fullmatch(text)
    return datetime.fromtimestamp(int(found[1] or found[2]), now.tzinfo) if found else None


def _named(text: str, now: datetime) -> datetime | None:
    days = {"today": 0, "yesterday": 1}.get(text.lower())
    if days is not None:
        return now.replace(hour=0, minute=0, second=0) - timedelta(days)
    found = _AGO.fullmatch(text)
    return _AGES[found[2].lower()](now, int(found[1])) if found else None


def _written(text: str, _now: datetime) -> datetime | None:
    if _ISO.fullmatch(text):
        return datetime.fromisoformat(text)
    if not _RFC_2822.fullmatch(text):
        return None
    # It brings a good part of the network's modules along.
    from email.utils import parsedate_to_datetime

    return parsedate_to_datetime(text)


def _months(now: datetime, count: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 - count, 12)
    # What is no day of that month is the last that is.
    for day in range(now.day, now.day - 4, -1):
        try:
            return now.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise ValueError


_AGES: dict[str, Callable[[datetime, int], datetime]] = {
    "second": lambda now, count: now - timedelta(seconds=count),
    "minute": lambda now, count: now - timedelta(minutes=count),
    "hour": lambda now, count: now - timedelta(hours=count),
    "day": lambda now, count: now - timedelta(days=count),
    "week": lambda now, count: now - timedelta(weeks=count),
    "month": _months,
    "year": lambda now, count: _months(now, 12 * count),
}
