"""The timeline of an HTML report: when each key came in, and when it went out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

from keyguard.model import Finding, ScanResult
from keyguard.report import wording
from keyguard.report.sizes import count

SHOWN = 40
"""How many keys have a bar: more would be no picture any more."""
_MOST_TICKS = 7
_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)
"""The months between two ticks that the axis chooses from."""


@dataclass(frozen=True, slots=True)
class _Bar:
    """One key's time: from its first commit to its removal, or to the scan."""

    number: int
    finding: Finding
    start: datetime
    end: datetime
    open: bool


@dataclass(frozen=True, slots=True)
class _Axis:
    """The time that the bars lie in."""

    start: datetime
    end: datetime

    def at(self, moment: datetime) -> float:
        """Where a moment lies, in per cent."""
        return 100 * (moment - self.start) / (self.end - self.start)

    def ticks(self) -> list[datetime]:
        months = (self.end.year - self.start.year) * 12 + self.end.month - self.start.month
        step = next((step for step in _STEPS if months // step <= _MOST_TICKS), _STEPS[-1])
        first = (self.start.year * 12 + self.start.month - 1) // step * step
        moments = [_month(number) for number in range(first, first + months + step + 1, step)]
        return [moment for moment in moments if self.start <= moment <= self.end]


def section(result: ScanResult) -> Iterator[str]:
    """The timeline, where history is known."""
    bars = _bars(result)
    if not bars:
        return
    axis = _axis(bars)
    shown = bars[:SHOWN]
    yield '<section aria-labelledby="time"><h2 id="time">When they were exposed</h2>'
    if len(bars) > len(shown):
        yield f'<p class="note">The worst {len(shown)} of {len(bars):,} keys with a known history.</p>'
    rows = "".join(_row(bar, axis) for bar in shown)
    yield f'<div class="card timeline"><ol>{rows}</ol>{_scale(axis)}{_LEGEND}</div></section>'


_LEGEND = (
    '<ul class="legend"><li><svg aria-hidden="true"><rect class="open" width="22" height="10" rx="5"/></svg>'
    'still in HEAD</li><li><svg aria-hidden="true"><rect class="shut" width="22" height="10" rx="5"/></svg>'
    "not in HEAD, still stored</li></ul>"
)


def _bars(result: ScanResult) -> list[_Bar]:
    now = result.began or datetime.fromtimestamp(0, UTC)
    bars = []
    for number, finding in enumerate(result.findings, 1):
        exposure = finding.exposure
        start = _moment(exposure.introduced.date) if exposure and exposure.introduced else None
        if exposure and start:
            removed = _moment(exposure.removed.date) if exposure.removed else None
            end = removed or now
            bars.append(_Bar(number, finding, start, max(start, end), exposure.in_head))
    return bars


def _moment(date: str) -> datetime | None:
    """A commit's date; None for one that is no date, as anybody can write into a commit."""
    try:
        moment = datetime.fromisoformat(date)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _axis(bars: list[_Bar]) -> _Axis:
    start, end = min(bar.start for bar in bars), max(bar.end for bar in bars)
    margin = max((end - start) / 50, timedelta(days=1))
    earliest, latest = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
    return _Axis(max(start, earliest + margin) - margin, min(end, latest - margin) + margin)


def _month(number: int) -> datetime:
    """The first of a month, counted from January of the year 0 (which is no year of `datetime`'s)."""
    return datetime(min(9999, max(1, number // 12)), number % 12 + 1, 1, tzinfo=UTC)


def _row(bar: _Bar, axis: _Axis) -> str:
    left, right = axis.at(bar.start), axis.at(bar.end)
    said = f"from {bar.start:%Y-%m-%d} to {'now' if bar.open else f'{bar.end:%Y-%m-%d}'}"
    days = bar.finding.exposure.days if bar.finding.exposure else None
    lasted = count(days if days is not None else (bar.end - bar.start).days, "day")
    return (
        f'<li class="row"><a class="mono" href="#key-{bar.number}">{_e(bar.finding.secret.redacted)}</a>'
        f'<span class="bar"><svg role="img" aria-label="{said}"><title>{said}</title>'
        f'<rect class="rail" y="7" width="100%" height="2"/>{_bar(left, right, bar.open)}</svg></span>'
        f'<span class="long">{lasted}</span></li>'
    )


def _bar(left: float, right: float, still: bool) -> str:
    # A key that came and went on one day has a bar too.
    width = max(right - left, 0.8)
    return (
        f'<rect class="{"open" if still else "shut"}" x="{left:.2f}%" y="3" width="{width:.2f}%" height="10" rx="5"/>'
    )


def _scale(axis: _Axis) -> str:
    ticks = axis.ticks()
    words = "%Y" if all(tick.month == 1 for tick in ticks) else "%b %Y"
    marks = "".join(_tick(axis.at(tick), tick.strftime(words)) for tick in ticks)
    return (
        '<div class="row axis" aria-hidden="true"><span class="empty"></span>'
        f'<span class="bar"><svg>{marks}</svg></span><span class="empty"></span></div>'
    )


def _tick(place: float, label: str) -> str:
    return (
        f'<line class="grid" x1="{place:.2f}%" x2="{place:.2f}%" y1="0" y2="5"/>'
        f'<text x="{place:.2f}%" y="18" text-anchor="{_anchor(place)}">{label}</text>'
    )


def _anchor(place: float) -> str:
    return "start" if place < 6 else "end" if place > 94 else "middle"


def _e(text: str) -> str:
    return escape(wording.printable(text), quote=True)
