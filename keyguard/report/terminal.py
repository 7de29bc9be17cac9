"""The text report on a terminal: a panel a key, in the terminal's own sixteen colours, so that light and dark do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from keyguard.model import Finding, Location, ScanResult
from keyguard.report import forge, wording
from keyguard.report.places import commits
from keyguard.report.severity import Severity, severity
from keyguard.report.sizes import count

WIDEST = 110
"""Longer lines are hard to read; a wider terminal is not filled."""
PANELS, MOST_PANELS = 10, 20
"""Of more than twenty keys the worst ten have a panel, and the others a row of a table."""

_COLOURS = {
    Severity.CRITICAL: "red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
}


def write(result: ScanResult, out: TextIO, *, show_secrets: bool, quiet: bool, verbose: bool, links: bool) -> None:
    """A panel a key, what to do now, what was not read, and the closing line."""
    console = Console(file=out, highlight=False, emoji=False, markup=False)
    console.width = min(console.width, WIDEST)
    report = _Report(result, show_secrets, verbose, links)
    panels = len(result.findings) if verbose or len(result.findings) <= MOST_PANELS else PANELS
    for number, finding in enumerate(result.findings[:panels], 1):
        console.print(report.panel(number, finding))
    if panels < len(result.findings):
        console.print(report.table(panels))
    for part in report.after(quiet):
        console.print(part)
    if not quiet or result.exit_code:
        console.print(_closing(result))


def _closing(result: ScanResult) -> Text:
    style = "bold red" if result.findings else "bold green" if result.complete else "bold yellow"
    return Text(wording.closing(result), style)


class _Report:
    """The parts of one result's report."""

    def __init__(self, result: ScanResult, show_secrets: bool, verbose: bool, links: bool) -> None:
        self._result = result
        self._show_secrets = show_secrets
        self._verbose = verbose
        self._links = links

    def panel(self, number: int, finding: Finding) -> Panel:
        """One key: what it is in the border, where it stands and what it is known by inside."""
        bad = severity(finding)
        colour = _COLOURS[bad]
        title = Text.assemble((f" {number} ", f"bold reverse {colour}"), (f" {finding.rule.title} ", "bold"))
        subtitle = Text(f" {bad.word} ", colour)
        facts = Table.grid(padding=(0, 2))
        facts.add_column(style="dim", no_wrap=True)
        facts.add_column(overflow="fold", ratio=1)
        for label, value in self._facts(finding):
            facts.add_row(label, value)
        body = Group(*self._places(finding), Text(""), facts)
        return Panel(
            body, title=title, title_align="left", subtitle=subtitle, subtitle_align="right", border_style=colour
        )

    def table(self, shown: int) -> Table:
        """The keys that have no panel, a row each."""
        others = self._result.findings[shown:]
        title = f"{count(len(others), 'more key')} (--verbose shows all of each)"
        table = Table(title=title, title_style="bold", title_justify="left", box=box.SIMPLE_HEAD, expand=True)
        table.add_column(justify="right")
        table.add_column("severity", overflow="fold")
        table.add_column("key", overflow="fold")
        table.add_column("first place", overflow="fold", ratio=1)
        table.add_column("places", justify="right")
        for number, finding in enumerate(others, shown + 1):
            table.add_row(*self._row(number, finding))
        return table

    def _row(self, number: int, finding: Finding) -> tuple[RenderableType, ...]:
        bad = severity(finding)
        key = finding.secret.reveal() if self._show_secrets else finding.secret.redacted
        first = finding.locations[0]
        return (
            Text(str(number), "dim"),
            Text(bad.word, _COLOURS[bad]),
            Text(wording.printable(key)),
            self._linked(wording.place(first), self._target(first), ""),
            Text(f"{len(finding.locations):,}"),
        )

    def _places(self, finding: Finding) -> Iterator[Text]:
        known = commits(finding)
        shown = finding.locations if self._verbose else finding.locations[: wording.SHOWN_PLACES]
        for location in shown:
            line = Text(overflow="fold")
            line.append_text(self._linked(wording.place(location), self._target(location), "bold"))
            if commit := known.get(location.commit or ""):
                line.append(f"  {wording.printable(commit.author)}, {commit.date[:10]}", "dim")
            yield line
        if len(shown) < len(finding.locations):
            yield Text(f"and {count(len(finding.locations) - len(shown), 'more place')}: --verbose lists them", "dim")

    def _facts(self, finding: Finding) -> Iterator[tuple[str, RenderableType]]:
        key = finding.secret.reveal() if self._show_secrets else finding.secret.redacted
        disguise = f", disguised as {wording.disguise(finding)}" if finding.encoding else ""
        length = (f"  {len(finding.secret)} characters{disguise}", "")
        yield "key", Text.assemble((wording.printable(key), f"bold {_COLOURS[severity(finding)]}"), length)
        yield "sure", Text(f"{finding.confidence.word}: {wording.why(finding)}")
        if finding.status != "unverified":
            yield "status", Text(f"{finding.status}: {wording.STATUS.get(finding.status, finding.status)}", "bold")
        if finding.exposure:
            yield "exposed", Text(wording.exposed(finding.exposure))
        yield "remedy", Text(wording.printable(finding.rule.remedy))
        if url := finding.rule.revoke_url:
            yield "", self._linked(wording.printable(url), url, "cyan")
        yield "sha256", Text(finding.secret.fingerprint[:16], "dim")

    def after(self, quiet: bool) -> Iterator[RenderableType]:
        """What stands between the keys and the closing line."""
        if self._result.findings and not quiet:
            yield self._what_now()
        for note in () if quiet else self._result.notes:
            yield Text(wording.printable(note), "yellow")
        for accepted in wording.allowed(self._result) if self._verbose else ():
            yield Text(accepted, "dim")
        if self._result.unread:
            yield self._unread()

    def _what_now(self) -> Panel:
        steps = Table.grid(padding=(0, 1))
        steps.add_column(style="bold", no_wrap=True)
        steps.add_column(overflow="fold", ratio=1)
        for number, step in enumerate(wording.ways_out(self._result), 1):
            steps.add_row(f"{number}.", Text(step))
        return Panel(steps, title=Text(" What now ", "bold"), title_align="left", border_style="dim")

    def _unread(self) -> Panel:
        entries = [wording.unread(entry.what, entry.reason, entry.count) for entry in self._result.unread]
        lines = [Text(entry, overflow="fold") for entry in entries]
        return Panel(Group(*lines), title=Text(" Not read ", "bold"), title_align="left", border_style="yellow")

    def _linked(self, text: str, target: str | None, style: str) -> Text:
        link = target if self._links and target and target.isprintable() else None
        return Text(text, Style.parse(style) + Style(link=link))

    def _target(self, location: Location) -> str | None:
        """Where a click on a place leads: the forge, where it shows the commit, or the file on disk."""
        if location.kind == "worktree" and location.path is not None:
            path = os.path.abspath(location.path)
            return Path(os.fsdecode(os.fsencode(path))).as_uri()
        return forge.place_link(location, self._result)
