"""JSON Lines: an object a finding, one for whatever was not read, and a last one for the scan as a whole.

Whoever reads it knows by the last line, `"type": "scan"`, that nothing is missing.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, TextIO

from keyguard.model import ScanResult
from keyguard.report.json import document, of_finding, of_unread, valid


def write(result: ScanResult, out: TextIO) -> None:
    """The objects, each on a line of its own, the worst finding first."""
    for finding in result.findings:
        _line(out, {"type": "finding", **of_finding(finding)})
    for entry in result.unread:
        _line(out, {"type": "unread", **of_unread(entry)})
    _line(out, {"type": "scan", **_whole(result)})


def _whole(result: ScanResult) -> dict[str, Any]:
    whole = document(replace(result, findings=(), unread=()))
    counts = {"findings": len(result.findings), "unread": sum(entry.count for entry in result.unread)}
    return whole | {"complete": result.complete} | counts


def _line(out: TextIO, entry: dict[str, Any]) -> None:
    out.write(json.dumps(valid(entry), ensure_ascii=True, separators=(",", ":")) + "\n")
