"""The report for people: coloured on a terminal, plain and stable when piped."""

from __future__ import annotations

from typing import TextIO

from keyguard.model import Exposure, Finding, ScanResult
from keyguard.report import wording
from keyguard.report.sizes import count

SHOWN_PLACES = 10
"""How many places of one key are listed; `--verbose` lists all."""

OWN = ("openai", "azure-openai")


def write(
    result: ScanResult, out: TextIO, *, show_secrets: bool = False, quiet: bool = False, verbose: bool = False
) -> None:
    """The findings, the worst first; what could not be read; and a closing line that is true."""
    lines = _Lines(out)
    for finding in result.findings:
        _finding(lines, finding, show_secrets, verbose)
    if result.findings and not quiet:
        _ways_out(lines, result)
    for note in () if quiet else result.notes:
        lines.add(wording.printable(note), "yellow")
    if verbose:
        for accepted in result.allowed:
            lines.add(f"allowed: {accepted.match.secret.redacted}, by {wording.printable(accepted.by)}", "dim")
    for entry in result.unread:
        times = f" ({entry.count} times)" if entry.count > 1 else ""
        lines.add(f"not read: {wording.printable(entry.what)}: {wording.printable(entry.reason)}{times}", "yellow")
    if not quiet or result.exit_code:
        style = "bold red" if result.findings else "bold" if result.complete else "bold yellow"
        lines.add(wording.closing(result), style)


class _Lines:
    """Lines for a stream, in colour where it is a terminal. rich is imported only there."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._console = None
        if out.isatty():
            from rich.console import Console

            self._console = Console(file=out, highlight=False, soft_wrap=True)

    def add(self, text: str, style: str = "") -> None:
        if self._console is None:
            self._out.write(text.encode("utf-8", "replace").decode("utf-8") + "\n")
        else:
            self._console.print(text, style=style or None, markup=False)


def _finding(lines: _Lines, finding: Finding, show_secrets: bool, verbose: bool) -> None:
    key = finding.secret.reveal() if show_secrets else finding.secret.redacted
    disguise = f", disguised as {' in '.join(reversed(finding.encoding))}" if finding.encoding else ""
    places = finding.locations if verbose else finding.locations[:SHOWN_PLACES]
    for place in places:
        lines.add(f"{wording.place(place)}: {finding.rule.title}", "bold")
    if len(places) < len(finding.locations):
        lines.add(f"  … and {len(finding.locations) - len(places)} more places (--verbose lists them)", "dim")
    lines.add(f"  key       {key} ({len(finding.secret)} characters{disguise})", "red")
    lines.add(f"  sure      {finding.confidence.word}: {wording.why(finding)}")
    if finding.exposure:
        lines.add(f"  exposed   {wording.printable(_exposure(finding.exposure))}")
    lines.add(f"  remedy    {finding.rule.remedy}")
    if finding.rule.revoke_url:
        lines.add(f"            {finding.rule.revoke_url}", "cyan")
    lines.add(f"  sha256    {finding.secret.fingerprint[:16]}", "dim")
    lines.add("")


def _exposure(exposure: Exposure) -> str:
    parts = []
    if exposure.introduced:
        commit = exposure.introduced
        parts.append(f"since {commit.date[:10]} ({commit.oid[:12]} by {commit.author})")
    if exposure.removed:
        parts.append(f"until {exposure.removed.date[:10]} ({exposure.removed.oid[:12]})")
    if exposure.days is not None:
        parts.append(count(exposure.days, "day"))
    parts.append("in HEAD" if exposure.in_head else "not in HEAD")
    parts.append("pushed" if exposure.pushed else "not known to be pushed")
    if not exposure.reachable:
        parts.append("no ref reaches it")
    return ", ".join(parts)


def _ways_out(lines: _Lines, result: ScanResult) -> None:
    """What to do now: the ways out of a blocked commit, or the next steps for what is stored already."""
    first = result.findings[0].secret.fingerprint[:16]
    if result.kind == "staged":
        path = next((place.path for place in result.findings[0].locations if place.path), "FILE")
        steps = (
            f"Take it out: `git restore --staged -- {wording.printable(path)}`, read the key from an environment "
            "variable, stage again.",
            "Revoke it, if it was ever shared or pushed: the link above. A key that is out stays out.",
            f"Allow it, if it is no secret: `# keyguard: allow` on its line, or an [[allow]] with "
            f'fingerprint = "{first}" and a reason in .keyguard.toml.',
        )
    else:
        steps = (
            "Revoke each key first: a leaked key is safe only when it is dead.",
            "Take it out of the files and read it from an environment variable instead.",
            f'Accept what is no secret: `keyguard baseline --reason …`, or an [[allow]] with fingerprint = "{first}" '
            "and a reason in .keyguard.toml.",
        )
    for number, step in enumerate(steps, 1):
        lines.add(f"{number}. {step}")
    lines.add("")
