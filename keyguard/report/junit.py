"""JUnit XML, as GitLab and Jenkins read it: a failed test a key, an error for whatever was not read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from keyguard.model import Finding, ScanResult, Unread
from keyguard.report import wording
from keyguard.report.places import places

SHOWN_PLACES = 100
"""How many places of one key are listed: GitLab takes files below 30 MB."""


def write(result: ScanResult, out: TextIO) -> None:
    """One suite. A scan that found nothing is one test that passed, since some systems take none for a fault."""
    clean = not result.findings and result.complete
    counts = {
        "tests": str(len(result.findings) + len(result.unread) or 1),
        "failures": str(len(result.findings)),
        "errors": str(len(result.unread)),
        "time": f"{result.seconds:.3f}",
    }
    began = {"timestamp": result.began.strftime("%Y-%m-%dT%H:%M:%S")} if result.began else {}
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(_open("testsuites", {"name": "keyguard", **counts}) + "\n")
    out.write(_open("testsuite", {"name": f"keyguard {result.kind}", **counts, "skipped": "0", **began}) + "\n")
    for line in (_passed(result),) if clean else _cases(result):
        out.write(line + "\n")
    out.write("</testsuite>\n</testsuites>\n")


def _cases(result: ScanResult) -> Iterator[str]:
    for finding in result.findings:
        yield _failure(finding, result)
    for entry in result.unread:
        yield _error(entry)


def _passed(result: ScanResult) -> str:
    return _open("testcase", {"classname": "keyguard", "name": wording.closing(result), "time": "0"}, "/")


def _failure(finding: Finding, result: ScanResult) -> str:
    found = places(finding, result)
    first = found[0]
    # Tests of one class and name are taken for one: the key's fingerprint keeps them apart.
    name = f"{first.name}:{first.line}: {finding.rule.id} {finding.secret.fingerprint[:12]}"
    lines = [f"{wording.headline(finding)}, {finding.confidence.word}: {wording.why(finding)}"]
    lines += [wording.place(entry.location) for entry in found[:SHOWN_PLACES]]
    lines += [f"and {len(found) - SHOWN_PLACES:,} more places"] if len(found) > SHOWN_PLACES else []
    lines += [f"Exposed: {wording.exposed(finding.exposure)}"] if finding.exposure else []
    lines += [wording.printable(step) for step in wording.next_steps(finding)]
    lines += [wording.printable(finding.rule.revoke_url)] if finding.rule.revoke_url else []
    message = {"message": wording.headline(finding), "type": finding.rule.id}
    return _case(first.name, name, "failure", message, "\n".join(lines))


def _error(entry: Unread) -> str:
    name = wording.unread(entry.what, entry.reason, 1)
    text = wording.unread(entry.what, entry.reason, entry.count)
    return _case("not read", name, "error", {"message": f"not read: {text}", "type": "not-read"}, text)


def _case(classname: str, name: str, outcome: str, attributes: dict[str, str], text: str) -> str:
    case = _open("testcase", {"classname": classname, "name": name, "time": "0"})
    return f"{case}{_open(outcome, attributes)}{escape(text)}</{outcome}></testcase>"


def _open(tag: str, attributes: dict[str, str], end: str = "") -> str:
    """A start tag. Its values are printable already: XML 1.0 can carry no control character."""
    return f"<{tag}" + "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items()) + f"{end}>"
