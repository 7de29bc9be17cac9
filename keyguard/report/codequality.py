"""GitLab's Code Quality report: an entry a place, which a merge request shows in its diff."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TextIO

from keyguard.model import Finding, ScanResult, Unread
from keyguard.report import wording
from keyguard.report.places import Place, places
from keyguard.report.severity import Severity, severity

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
}


def write(result: ScanResult, out: TextIO) -> None:
    """A list, empty where nothing was found."""
    entries = [_entry(finding, place) for finding in result.findings for place in places(finding, result)]
    entries += [_unread(entry) for entry in result.unread]
    json.dump(entries, out, indent=1, ensure_ascii=True)
    out.write("\n")


def _entry(finding: Finding, place: Place) -> dict[str, Any]:
    location = place.location
    member = f", in {wording.printable(location.archive_member)}" if location.archive_member else ""
    return {
        "description": f"{wording.headline(finding)}{member}",
        "check_name": finding.rule.id,
        "fingerprint": _digest(finding.secret.fingerprint, repr(location)),
        "severity": _SEVERITIES[severity(finding)],
        "location": {"path": place.name, "lines": {"begin": place.line}},
    }


def _unread(entry: Unread) -> dict[str, Any]:
    return {
        "description": f"not read: {wording.unread(entry.what, entry.reason, entry.count)}",
        "check_name": "not-read",
        "fingerprint": _digest("not read", entry.what, entry.reason),
        "severity": "info",
        "location": {"path": wording.printable(entry.what), "lines": {"begin": 1}},
    }


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
