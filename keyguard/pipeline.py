"""The stages joined: search, judge by policy, attribute, and one finding a key."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from keyguard.engine import Engine
from keyguard.model import Allowed, Finding, Location, Match, ScanResult, Unread
from keyguard.policy import Policy
from keyguard.redaction import Redaction
from keyguard.source import Attribution, Source


def scan(source: Source, engine: Engine, policy: Policy) -> ScanResult:
    """Everything that a source holds, searched: all that a reporter needs.

    Raises KeyguardError where the scan cannot begin; what cannot be read on the way is in the result.
    """
    began, clock = datetime.now(UTC), time.monotonic()
    keys: dict[str, list[Match]] = defaultdict(list)
    allowed: list[Allowed] = []
    unread: list[Unread] = []
    unheard: list[str] = []
    redaction = Redaction()
    for item in source.search(engine):
        if isinstance(item, Unread):
            if by := policy.accepts_unread(item):
                unheard.append(f"Not read and accepted: {item.what}: {item.reason} ({by}).")
            else:
                unread.append(item)
            continue
        redaction.learn(item.secret)
        redaction.learn_place(item)
        if not policy.heard(item):
            continue
        if by := policy.accepts(item):
            allowed.append(Allowed(item, by))
        else:
            keys[item.secret.fingerprint].append(item)
    findings, by_path = _findings(keys, source.attribute(keys) if keys else {}, policy)
    return ScanResult(
        kind=source.kind,
        target=redaction.text(source.target),
        findings=tuple(redaction.finding(finding) for finding in findings),
        allowed=(*allowed, *by_path),
        unread=tuple(redaction.unread(entry) for entry in _counted(unread)),
        examined=source.examined,
        patterns=len(engine.library),
        seconds=time.monotonic() - clock,
        notes=(*map(redaction.text, (*source.notes, *dict.fromkeys(unheard))), *_expired(policy)),
        began=began,
    )


def _findings(
    keys: Mapping[str, Sequence[Match]], attributions: Mapping[str, Attribution], policy: Policy
) -> tuple[list[Finding], list[Allowed]]:
    """One finding a key, the surest first, without the places that a path allow accepts."""
    findings, allowed = [], []
    for key, matches in keys.items():
        attribution = attributions[key]
        accepted = {place: policy.accepts_place(place) for place in attribution.locations}
        left = tuple(sorted({p for p, by in accepted.items() if by is None}, key=_reading_order))
        if left:
            findings.append(_finding(matches, left, attribution))
        else:
            allowed.append(Allowed(matches[0], next(by for by in accepted.values() if by)))
    return sorted(findings, key=_worst_first), allowed


def _finding(matches: Sequence[Match], places: tuple[Location, ...], attribution: Attribution) -> Finding:
    surest = max(matches, key=lambda match: (match.confidence, len(match.evidence), -len(match.encoding)))
    return Finding(
        rule=surest.rule,
        kind=surest.kind,
        secret=surest.secret,
        confidence=surest.confidence,
        evidence=surest.evidence,
        encoding=surest.encoding,
        locations=places,
        exposure=attribution.exposure,
        commits=attribution.commits,
    )


def _reading_order(place: Location) -> tuple[str, str, int, int, str]:
    return place.path or "", place.kind, place.line or 0, place.column or 0, place.commit or ""


def _worst_first(finding: Finding) -> tuple[object, ...]:
    exposure = finding.exposure
    open_now = exposure is not None and exposure.in_head
    pushed = exposure is not None and exposure.pushed
    own = finding.rule.provider in ("openai", "azure-openai")
    first = _reading_order(finding.locations[0])
    return not open_now, not pushed, not own, -finding.confidence, first, finding.secret.fingerprint


def _counted(unread: Sequence[Unread]) -> list[Unread]:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for entry in unread:
        counts[entry.what, entry.reason] += entry.count
    return [Unread(what, reason, count) for (what, reason), count in counts.items()]


def _expired(policy: Policy) -> list[str]:
    return [
        f"An allow for {allow.path or allow.fingerprint} has expired on {allow.expires}: {allow.reason}"
        for allow in policy.expired()
    ]
