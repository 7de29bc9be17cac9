"""The report for people: panels and colour on a terminal, plain and stable when piped."""

from __future__ import annotations

from typing import TextIO

from keyguard.model import Finding, ScanResult
from keyguard.report import wording


def write(
    result: ScanResult,
    out: TextIO,
    *,
    show_secrets: bool = False,
    quiet: bool = False,
    verbose: bool = False,
    links: bool = False,
) -> None:
    """The findings, the worst first; what could not be read; and a closing line that is true.

    On a terminal in panels, with hyperlinks where `links` says that it knows them. rich is imported only there.
    """
    if out.isatty():
        from keyguard.report.terminal import write as to_terminal

        to_terminal(result, out, show_secrets=show_secrets, quiet=quiet, verbose=verbose, links=links)
        return
    lines = _Lines(out)
    for finding in result.findings:
        _finding(lines, finding, show_secrets, verbose)
    if result.findings and not quiet:
        for number, step in enumerate(wording.ways_out(result), 1):
            lines.add(f"{number}. {step}")
        lines.add("")
    for note in () if quiet else result.notes:
        lines.add(wording.printable(note))
    for accepted in wording.allowed(result) if verbose else ():
        lines.add(accepted)
    for entry in result.unread:
        lines.add(f"not read: {wording.unread(entry.what, entry.reason, entry.count)}")
    if not quiet or result.exit_code:
        lines.add(wording.closing(result))


class _Lines:
    """Lines for a stream that may take UTF-8 alone."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def add(self, text: str) -> None:
        self._out.write(text.encode("utf-8", "replace").decode("utf-8") + "\n")


def _finding(lines: _Lines, finding: Finding, show_secrets: bool, verbose: bool) -> None:
    key = finding.secret.reveal() if show_secrets else finding.secret.redacted
    disguise = f", disguised as {wording.disguise(finding)}" if finding.encoding else ""
    places = finding.locations if verbose else finding.locations[: wording.SHOWN_PLACES]
    for place in places:
        lines.add(f"{wording.place(place)}: {finding.rule.title}")
    if len(places) < len(finding.locations):
        lines.add(f"  … and {len(finding.locations) - len(places):,} more places (--verbose lists them)")
    lines.add(f"  key       {key} ({len(finding.secret)} characters{disguise})")
    lines.add(f"  sure      {finding.confidence.word}: {wording.why(finding)}")
    if finding.status != "unverified":
        lines.add(f"  status    {finding.status}: {wording.STATUS.get(finding.status, finding.status)}")
    if finding.exposure:
        lines.add(f"  exposed   {wording.exposed(finding.exposure)}")
    lines.add(f"  remedy    {finding.rule.remedy}")
    if finding.rule.revoke_url:
        lines.add(f"            {finding.rule.revoke_url}")
    lines.add(f"  sha256    {finding.secret.fingerprint[:16]}")
    lines.add("")
