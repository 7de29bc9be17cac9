"""CSV: a row a place, for spreadsheets. No cell can be taken for a formula."""

from __future__ import annotations

import csv
from typing import TextIO

from keyguard.model import Commit, Finding, Location, ScanResult
from keyguard.report import wording
from keyguard.report.severity import severity

COLUMNS = (
    *("severity", "rule", "title", "provider", "kind", "confidence", "status", "redacted", "length", "encoding"),
    *("place", "path", "line", "column", "commit", "blob", "archive_member"),
    *("introduced_commit", "introduced_author", "introduced_email", "introduced_date"),
    *("removed_commit", "removed_date", "days", "reachable", "in_head", "pushed", "sha256"),
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, unless a quote stands before it."""


def write(result: ScanResult, out: TextIO) -> None:
    """A row of names, then a row a place, the worst first, and one for whatever was not read (`not-read`)."""
    rows = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    rows.writerow(COLUMNS)
    for finding in result.findings:
        head, tail = _key(finding), _exposure(finding)
        for location in finding.locations:
            rows.writerow(map(_cell, (*head, *_place(location), *tail, finding.secret.fingerprint)))
    for entry in result.unread:
        text = wording.unread(entry.what, entry.reason, entry.count)
        rows.writerow([_cell({"rule": "not-read", "title": text, "path": entry.what}.get(name)) for name in COLUMNS])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = wording.printable(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _key(finding: Finding) -> tuple[object, ...]:
    rule = finding.rule
    return (
        *(severity(finding).word, rule.id, rule.title, rule.provider, finding.kind),
        *(finding.confidence.word, finding.status, finding.secret.redacted, len(finding.secret)),
        " ".join(finding.encoding),
    )


def _place(location: Location) -> tuple[object, ...]:
    return (
        *(location.kind, location.path, location.line, location.column),
        *(location.commit, location.blob, location.archive_member),
    )


def _exposure(finding: Finding) -> tuple[object, ...]:
    exposure = finding.exposure
    if exposure is None:
        return (None,) * 10
    introduced, removed = exposure.introduced, exposure.removed
    return (
        *(_commit(introduced) if introduced else (None,) * 4),
        *((removed.oid, removed.date) if removed else (None, None)),
        *(exposure.days, exposure.reachable, exposure.in_head, exposure.pushed),
    )


def _commit(commit: Commit) -> tuple[object, ...]:
    return commit.oid, commit.author, commit.email, commit.date
