"""The JSON report: the contract `keyguard.report/1`, described in `docs/reports.md`."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from dataclasses import asdict
from typing import Any, TextIO

from keyguard import __version__
from keyguard.model import Commit, Exposure, Finding, Location, ScanResult, Unread
from keyguard.report.wording import printable

SCHEMA = "keyguard.report/1"


def write(result: ScanResult, out: TextIO, *, show_secrets: bool = False) -> None:
    """One object, with a line end behind it."""
    json.dump(valid(document(result, show_secrets=show_secrets)), out, indent=2, ensure_ascii=True)
    out.write("\n")


def valid(value: Any) -> Any:
    """Plain data with no half of a surrogate pair in it, which is no Unicode: a byte of no text stands as `\\xff`."""
    if isinstance(value, str):
        return value if value.isascii() else _readable(value)
    if isinstance(value, dict):
        return {name: valid(entry) for name, entry in value.items()}
    return [valid(entry) for entry in value] if isinstance(value, list | tuple) else value


def _readable(text: str) -> str:
    return "".join(printable(c) if "\ud800" <= c <= "\udfff" else c for c in text)


def document(result: ScanResult, *, show_secrets: bool = False) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "keyguard", "version": __version__},
        "scan": {
            "kind": result.kind,
            "target": result.target,
            "seconds": round(result.seconds, 3),
            "blobs": result.examined.blobs,
            "bytes": result.examined.bytes,
            "patterns": result.patterns,
        },
        "complete": result.complete,
        "unread": [of_unread(entry) for entry in result.unread],
        "findings": [of_finding(finding, show_secrets=show_secrets) for finding in result.findings],
    }


def of_unread(entry: Unread) -> dict[str, Any]:
    """One entry of `unread`."""
    return {"what": entry.what, "reason": entry.reason, "count": entry.count}


def of_finding(finding: Finding, *, show_secrets: bool = False) -> dict[str, Any]:
    """One entry of `findings`."""
    shown = {"secret": finding.secret.reveal()} if show_secrets else {}
    exposure = {"exposure": _exposure(finding.exposure)} if finding.exposure else {}
    return {
        "sha256": finding.secret.fingerprint,
        "rule": finding.rule.id,
        "title": finding.rule.title,
        "provider": finding.rule.provider,
        "kind": finding.kind,
        "confidence": finding.confidence.word,
        "evidence": list(finding.evidence),
        "redacted": finding.secret.redacted,
        **shown,
        "length": len(finding.secret),
        "encoding": list(finding.encoding),
        "status": finding.status,
        **exposure,
        "locations": [_location(place) for place in finding.locations],
    }


def _location(place: Location) -> dict[str, Any]:
    """A place; of a path that is not UTF-8 the bytes too, since another path may read the same."""
    path = place.path or ""
    whole = {} if _readable(path) == path else {"path_base64": b64encode(os.fsencode(path)).decode()}
    return asdict(place) | whole


def _exposure(exposure: Exposure) -> dict[str, Any]:
    return {
        "introduced": _commit(exposure.introduced),
        "removed": _commit(exposure.removed),
        "days": exposure.days,
        "reachable": exposure.reachable,
        "refs": list(exposure.refs),
        "in_head": exposure.in_head,
        "pushed": exposure.pushed,
    }


def _commit(commit: Commit | None) -> dict[str, str] | None:
    if commit is None:
        return None
    return {"commit": commit.oid, "author": commit.author, "email": commit.email, "date": commit.date}
