"""rdjson, as reviewdog reads it: a diagnostic a place that is a line of a file."""

from __future__ import annotations

import json
from typing import Any, TextIO

from keyguard.model import Finding, ScanResult
from keyguard.report import wording
from keyguard.report.places import Place, places
from keyguard.report.severity import Severity, severity

_SEVERITIES = {
    Severity.CRITICAL: "ERROR",
    Severity.HIGH: "ERROR",
    Severity.MEDIUM: "WARNING",
    Severity.LOW: "INFO",
}


def write(result: ScanResult, out: TextIO) -> None:
    """One object, the worst finding first. What was not read is a warning without a line."""
    diagnostics = [_diagnostic(finding, place) for finding in result.findings for place in places(finding, result)]
    diagnostics += [_unread(wording.unread(entry.what, entry.reason, entry.count)) for entry in result.unread]
    json.dump({"source": {"name": "keyguard"}, "diagnostics": diagnostics}, out, indent=1, ensure_ascii=True)
    out.write("\n")


def _diagnostic(finding: Finding, place: Place) -> dict[str, Any]:
    code = {"value": finding.rule.id} | ({"url": finding.rule.revoke_url} if finding.rule.revoke_url else {})
    return {
        "message": f"{wording.headline(finding)}. {wording.next_steps(finding)[0]}",
        # A column would count the bytes of UTF-8 before the key, which are not known here; the line is.
        "location": {"path": place.name, "range": {"start": {"line": place.line}}},
        "severity": _SEVERITIES[severity(finding)],
        "code": code,
    }


def _unread(text: str) -> dict[str, Any]:
    return {
        "message": f"not read: {text}",
        "location": {"path": "."},
        "severity": "WARNING",
        "code": {"value": "not-read"},
    }
