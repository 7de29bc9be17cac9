"""SARIF 2.1.0, as GitHub's code scanning reads it: a result a key, with every place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from keyguard import __version__
from keyguard.model import Commit, Confidence, Exposure, Finding, Rule, ScanResult
from keyguard.report import wording
from keyguard.report.places import Place, commits, end_column, places
from keyguard.report.severity import Severity, severity
from keyguard.report.sizes import count

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 5_000
"""GitHub keeps this many of a run; of more, the worst are written."""
MOST_PLACES = 100
"""GitHub keeps this many locations of a result."""
PLACES_IN_ALL = 50_000
"""Keeps the file below the 10 MB that GitHub takes, compressed."""
NAME, TEXT = 255, 1024
"""The longest name and description of a rule."""

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
_PRECISION = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "medium", Confidence.LOW: "low"}
_RECOMMENDATION = {"error": "error", "warning": "warning", "note": "recommendation"}


def write(result: ScanResult, out: TextIO) -> None:
    """One log with one run."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(result)]}
    json.dump(log, out, indent=1, ensure_ascii=True)
    out.write("\n")


def _run(result: ScanResult) -> dict[str, Any]:
    kept = result.findings[:MOST_RESULTS]
    rules = _rules(kept)
    numbers = {rule.rule.id: number for number, rule in enumerate(rules)}
    shown = max(1, min(MOST_PLACES, PLACES_IN_ALL // max(1, len(kept))))
    return {
        "tool": {"driver": _driver(rules)},
        # What stands before the last slash is the category: runs of one category replace each other.
        "automationDetails": {"id": f"keyguard/{result.kind}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result)],
        **_provenance(result),
        "results": [_result(finding, result, numbers[finding.rule.id], shown) for finding in kept],
    }


@dataclass(frozen=True, slots=True)
class _Worst:
    """A rule, and the worst and surest of its findings."""

    rule: Rule
    severity: Severity
    confidence: Confidence


def _rules(findings: Iterable[Finding]) -> list[_Worst]:
    worst: dict[str, _Worst] = {}
    for finding in findings:
        known = worst.get(finding.rule.id, _Worst(finding.rule, Severity.LOW, Confidence.LOW))
        bad, sure = max(known.severity, severity(finding)), max(known.confidence, finding.confidence)
        worst[finding.rule.id] = _Worst(finding.rule, bad, sure)
    return list(worst.values())


def _driver(rules: Sequence[_Worst]) -> dict[str, Any]:
    return {
        "name": "keyguard",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(entry) for entry in rules],
    }


def _rule(worst: _Worst) -> dict[str, Any]:
    rule, level = worst.rule, _LEVELS[worst.severity]
    page = {"helpUri": rule.revoke_url} if rule.revoke_url else {}
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.split("-"))[:NAME],
        "shortDescription": {"text": rule.title[:TEXT]},
        "fullDescription": {"text": f"{rule.title} in the repository. Whoever reads it can use it."[:TEXT]},
        **page,
        "help": {"text": _help(rule), "markdown": _help_markdown(rule)},
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": ["security", "secret", "external/cwe/cwe-798"],
            "precision": _PRECISION[worst.confidence],
            "problem.severity": _RECOMMENDATION[level],
            "security-severity": worst.severity.score,
        },
    }


def _help(rule: Rule) -> str:
    where = f" ({rule.revoke_url})" if rule.revoke_url else ""
    return "\n".join(
        (
            f"1. {rule.remedy}{where}",
            "2. Take it out of the files, and read it from an environment variable instead.",
            "3. Remove it from history: keyguard scrub.",
            "A key that was pushed stays known, whatever is done to the files and to the history.",
            "If it is no secret, accept it with a reason: keyguard baseline, or an [[allow]] in .keyguard.toml.",
        )
    )


def _help_markdown(rule: Rule) -> str:
    where = f" [{rule.revoke_url}]({rule.revoke_url})" if rule.revoke_url else ""
    return "\n".join(
        (
            f"1. **{rule.remedy}**{where}",
            "2. Take it out of the files, and read it from an environment variable instead.",
            "3. Remove it from history with `keyguard scrub`.",
            "",
            "A key that was pushed stays known, whatever is done to the files and to the history.",
            "",
            "If it is no secret, accept it with a reason: `keyguard baseline`, or an `[[allow]]` in `.keyguard.toml`.",
        )
    )


def _invocation(result: ScanResult) -> dict[str, Any]:
    unread = [wording.unread(entry.what, entry.reason, entry.count) for entry in result.unread]
    told = [_notification("warning", f"not read: {text}") for text in unread]
    told += [_notification("note", wording.printable(note)) for note in result.notes]
    if len(result.findings) > MOST_RESULTS:
        left = f"{len(result.findings) - MOST_RESULTS:,} further keys are left out: the worst {MOST_RESULTS:,} are here"
        told.append(_notification("warning", left))
    return {"executionSuccessful": result.complete, "toolExecutionNotifications": told}


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}


def _provenance(result: ScanResult) -> dict[str, Any]:
    repository = result.repository
    if not repository or not repository.url:
        return {}
    revision = {"revisionId": repository.head} if repository.head else {}
    return {"versionControlProvenance": [{"repositoryUri": repository.url, **revision}]}


def _result(finding: Finding, result: ScanResult, rule: int, shown: int) -> dict[str, Any]:
    found = places(finding, result)
    others = [_location(place, finding, number) for number, place in enumerate(found[1:shown], 1)]
    fingerprint = finding.secret.fingerprint
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": rule,
        "level": _LEVELS[severity(finding)],
        "message": {"text": _message(finding, found)},
        "locations": [_location(found[0], finding)],
        **({"relatedLocations": others} if others else {}),
        # GitHub tells alerts apart by the first of these alone. It goes with the key, wherever the key goes.
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint[:32]}:1", "keySha256/v1": fingerprint},
        "properties": _properties(finding, len(found)),
    }


def _message(finding: Finding, found: Sequence[Place]) -> str:
    more = f" It stands in {count(len(found) - 1, 'further place')}." if len(found) > 1 else ""
    exposed = f" Exposed {wording.exposed(finding.exposure)}." if finding.exposure else ""
    return f"{wording.headline(finding)}.{more}{exposed} {wording.next_steps(finding)[0]}"


def _location(place: Place, finding: Finding, number: int | None = None) -> dict[str, Any]:
    end = end_column(place, finding)
    region = {
        "startLine": place.line,
        **({"startColumn": place.column} if place.column else {}),
        **({"endLine": place.line, "endColumn": end} if end else {}),
    }
    told = {} if number is None else {"id": number, "message": {"text": wording.place(place.location)}}
    return {
        **told,
        "physicalLocation": {
            "artifactLocation": {"uri": place.uri, "uriBaseId": "%SRCROOT%"},
            "region": region,
        },
        **_member(place),
        "properties": _of_place(place, commits(finding)),
    }


def _member(place: Place) -> dict[str, Any]:
    member = place.location.archive_member
    if not member:
        return {}
    return {"logicalLocations": [{"fullyQualifiedName": wording.printable(member), "kind": "member"}]}


def _of_place(place: Place, known: dict[str, Commit]) -> dict[str, Any]:
    location = place.location
    commit = known.get(location.commit or "")
    return {
        "kind": location.kind,
        **({"commit": location.commit} if location.commit else {}),
        **({"author": wording.printable(commit.author), "date": commit.date} if commit else {}),
        **({"blob": location.blob} if location.blob else {}),
    }


def _properties(finding: Finding, found: int) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "confidence": finding.confidence.word,
        "evidence": list(finding.evidence),
        "status": finding.status,
        "places": found,
        **(_exposure(finding.exposure) if finding.exposure else {}),
    }


def _exposure(exposure: Exposure) -> dict[str, Any]:
    return {
        "inHead": exposure.in_head,
        "pushed": exposure.pushed,
        "reachable": exposure.reachable,
        **({"exposedDays": exposure.days} if exposure.days is not None else {}),
        **({"introduced": exposure.introduced.oid} if exposure.introduced else {}),
        **({"removed": exposure.removed.oid} if exposure.removed else {}),
    }
