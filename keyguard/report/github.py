"""GitHub Actions: annotations, as many as GitHub shows. The rest stands in the step's summary, as Markdown."""

from __future__ import annotations

from collections import defaultdict
from typing import TextIO

from keyguard.model import Finding, ScanResult
from keyguard.report import wording
from keyguard.report.places import places
from keyguard.report.severity import Severity, severity
from keyguard.report.sizes import count

SHOWN = 10
"""GitHub shows this many errors, warnings and notices of a step each."""
SUMMARY_BYTES = 1 << 20
"""The most that a step's summary can hold; with a byte more GitHub shows none of it."""

_COMMANDS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
}


def write(result: ScanResult, out: TextIO) -> None:
    """The worst of each severity, one notice for what is not shown, and a closing line for the log."""
    room = {"error": SHOWN, "warning": SHOWN - bool(result.unread), "notice": SHOWN - 1}
    shown: dict[str, int] = defaultdict(int)
    for finding in result.findings:
        command = _COMMANDS[severity(finding)]
        if shown[command] < room[command]:
            shown[command] += 1
            out.write(_annotation(command, finding, result))
    if result.unread:
        missed = "; ".join(wording.unread(entry.what, entry.reason, entry.count) for entry in result.unread[:SHOWN])
        out.write(f"::warning title=keyguard could not read everything::{_message(missed)}\n")
    if left := len(result.findings) - sum(shown.values()):
        out.write(f"::notice title=keyguard::{count(left, 'more key')}: the summary of this step lists them.\n")
    out.write(f"{wording.closing(result)}\n")


def _annotation(command: str, finding: Finding, result: ScanResult) -> str:
    found = places(finding, result)
    first = found[0]
    values = {"file": first.name, "line": str(first.line)}
    values |= {"col": str(first.column)} if first.column else {}
    values["title"] = finding.rule.title
    more = f" It stands in {count(len(found) - 1, 'further place')}." if len(found) > 1 else ""
    text = f"{wording.headline(finding)}.{more} {wording.next_steps(finding)[0]}"
    return f"::{command} {','.join(f'{name}={_value(value)}' for name, value in values.items())}::{_message(text)}\n"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
