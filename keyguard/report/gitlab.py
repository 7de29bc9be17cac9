"""GitLab's secret detection report, 15.2.1: a vulnerability a key."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

from keyguard import __version__
from keyguard.model import Finding, ScanResult
from keyguard.report import wording
from keyguard.report.places import Place, commits, places
from keyguard.report.severity import severity

VERSION = "15.2.1"
UNKNOWN_COMMIT = "0000000"
"""What GitLab's own analyzers write where no commit is known."""
SHOWN_PLACES = 100
_SPACE = uuid.UUID("5c6aa0a4-3b2c-5d0e-9b0c-6f0d7c1a52d1")
_NAME, _SOLUTION, _DESCRIPTION = 255, 7_000, 100_000


def write(result: ScanResult, out: TextIO) -> None:
    """One object, the worst key first."""
    report = {
        "version": VERSION,
        "scan": _scan(result),
        "vulnerabilities": [_vulnerability(finding, result) for finding in result.findings],
    }
    json.dump(report, out, indent=1, ensure_ascii=True)
    out.write("\n")


def _scan(result: ScanResult) -> dict[str, Any]:
    began = result.began or datetime.fromtimestamp(0, UTC)
    tool = {"id": "keyguard", "name": "keyguard", "version": __version__, "vendor": {"name": "keyguard"}}
    return {
        "analyzer": tool,
        "scanner": tool,
        "type": "secret_detection",
        "status": "success" if result.complete else "failure",
        "start_time": _time(began),
        "end_time": _time(began + timedelta(seconds=result.seconds)),
        "messages": _messages(result),
    }


def _time(moment: datetime) -> str:
    """UTC, without a zone and without fractions: what the schema asks for."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _messages(result: ScanResult) -> list[dict[str, str]]:
    unread = [wording.unread(entry.what, entry.reason, entry.count) for entry in result.unread]
    told = [{"level": "warn", "value": f"not read: {text}"} for text in unread]
    told += [{"level": "info", "value": wording.printable(note)} for note in result.notes if note]
    return [*told, {"level": "info", "value": wording.closing(result)}]


def _vulnerability(finding: Finding, result: ScanResult) -> dict[str, Any]:
    found = places(finding, result)
    rule = finding.rule
    links = {"links": [{"name": "Revoke it here", "url": rule.revoke_url}]} if _is_web(rule.revoke_url) else {}
    return {
        # Of the key's fingerprint, so that the same key is the same vulnerability in the next report.
        "id": str(uuid.uuid5(_SPACE, finding.secret.fingerprint)),
        "name": rule.title[:_NAME],
        "description": _description(finding, found)[:_DESCRIPTION],
        "severity": severity(finding).word.capitalize(),
        "solution": _solution(finding)[:_SOLUTION],
        "identifiers": [
            {"type": "keyguard_rule_id", "name": f"keyguard rule {rule.id}", "value": rule.id},
            {
                "type": "cwe",
                "name": "CWE-798",
                "value": "798",
                "url": "https://cwe.mitre.org/data/definitions/798.html",
            },
        ],
        **links,
        "location": _location(found[0], finding, result),
        "details": _details(finding, found),
    }


def _solution(finding: Finding) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(wording.next_steps(finding), 1))


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _description(finding: Finding, found: list[Place]) -> str:
    """Plain sentences: GitLab renders Markdown here, so what the repository named itself stands in `details`."""
    sure = f"{finding.confidence.word}: {wording.why(finding)}"
    more = f" It stands in {len(found):,} places." if len(found) > 1 else ""
    return f"{wording.headline(finding)}. Confidence {sure}.{more}"


def _location(place: Place, finding: Finding, result: ScanResult) -> dict[str, Any]:
    return {
        "file": place.name,
        "start_line": place.line,
        "end_line": place.line,
        "commit": _commit(place, finding, result),
    }


def _commit(place: Place, finding: Finding, result: ScanResult) -> dict[str, str]:
    head = result.repository.head if result.repository else None
    introduced = finding.exposure.introduced if finding.exposure else None
    oid = place.location.commit or (introduced.oid if introduced else None) or head or UNKNOWN_COMMIT
    commit = commits(finding).get(oid)
    if commit is None:
        return {"sha": oid}
    return {"sha": oid, "author": wording.printable(f"{commit.author} <{commit.email}>"), "date": commit.date}


def _details(finding: Finding, found: list[Place]) -> dict[str, Any]:
    exposed = {"exposure": _text("Exposed", wording.exposed(finding.exposure))} if finding.exposure else {}
    shown = [{"type": "text", "value": wording.place(place.location)} for place in found[:SHOWN_PLACES]]
    return {
        "key": _text("Key", finding.secret.redacted),
        "sha256": _text("SHA-256 of the key", finding.secret.fingerprint),
        **exposed,
        "places": {"type": "list", "name": f"Places ({len(found):,})", "items": shown},
    }


def _text(name: str, value: str) -> dict[str, str]:
    return {"type": "text", "name": name, "value": value}
