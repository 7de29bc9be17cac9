"""Markdown, for a step's summary, a comment or an issue. What the repository named itself stands in code spans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from keyguard.model import Commit, Finding, Location, ScanResult
from keyguard.report import forge, wording
from keyguard.report.places import commits
from keyguard.report.severity import severity
from keyguard.report.sizes import count

SHOWN_PLACES = 25
"""How many places of one key are listed."""
_ROWS = 100
_MARKUP = re.compile(r"([\\*_{}\[\]<>#|~&])")


def write(result: ScanResult, out: TextIO, *, most_bytes: int | None = None) -> None:
    """A headline, a table of the keys, and a section a key.

    With `most_bytes` the report is no longer than that in UTF-8: what does not fit is counted in its last line.
    """
    room = _Room(out, most_bytes)
    room.add(_head(result))
    written = 0
    for number, finding in enumerate(result.findings, 1):
        if not room.add(_section(number, finding, result)):
            break
        written = number
    if left := len(result.findings) - written:
        room.last(f"\n{count(left, 'more key')} did not fit here; the JSON report has all of them.\n")


class _Room:
    """A stream that takes no more than a number of bytes, with a little kept for a last line."""

    KEPT = 200

    def __init__(self, out: TextIO, most: int | None) -> None:
        self._out = out
        self._left = None if most is None else most - self.KEPT

    def add(self, text: str) -> bool:
        """Write `text`, if it fits whole."""
        if self._left is not None:
            size = len(text.encode("utf-8"))
            if size > self._left:
                return False
            self._left -= size
        self._out.write(text)
        return True

    def last(self, text: str) -> None:
        self._out.write(text)


def _head(result: ScanResult) -> str:
    lines = ["## keyguard", "", f"**{_plain(wording.closing(result))}**", ""]
    if result.findings:
        lines += ["| | severity | key | places | first place | exposed |", "|---|---|---|---|---|---|"]
        lines += [_row(number, finding, result) for number, finding in enumerate(result.findings[:_ROWS], 1)]
        if len(result.findings) > _ROWS:
            lines += ["", f"The worst {_ROWS} of {len(result.findings):,} are in this table."]
        lines.append("")
    for entry in result.unread[:_ROWS]:
        lines.append(f"- not read: {code(wording.unread(entry.what, entry.reason, entry.count))}")
    if len(result.unread) > _ROWS:
        lines.append(f"- and {len(result.unread) - _ROWS:,} more things that were not read")
    lines += [f"- {code(note)}" for note in result.notes]
    return "\n".join(lines) + "\n"


def _row(number: int, finding: Finding, result: ScanResult) -> str:
    exposure = finding.exposure
    exposed = wording.exposed(exposure) if exposure else ""
    first = wording.place(finding.locations[0])
    cells = (
        str(number),
        severity(finding).word,
        code(finding.secret.redacted, table=True),
        f"{len(finding.locations):,}",
        code(first, table=True),
        code(exposed, table=True) if exposed else "",
    )
    return f"| {' | '.join(cells)} |"


def _section(number: int, finding: Finding, result: ScanResult) -> str:
    lines = ["", f"### {number}. {_plain(finding.rule.title)}, {severity(finding).word}", ""]
    lines.append(f"- key {code(finding.secret.redacted)}, {len(finding.secret)} characters")
    if finding.encoding:
        lines.append(f"- disguised as {code(wording.disguise(finding))}")
    lines.append(f"- confidence {finding.confidence.word}: {_plain(wording.why(finding))}")
    if finding.exposure:
        lines.append(f"- exposed {code(wording.exposed(finding.exposure))}")
    lines.append(f"- SHA-256 {code(finding.secret.fingerprint)}")
    lines += ["", "Next:", ""]
    lines += [f"{step}. {_plain(text)}" for step, text in enumerate(wording.next_steps(finding), 1)]
    if finding.rule.revoke_url:
        lines += ["", f"<{finding.rule.revoke_url}>"]
    lines += ["", f"{count(len(finding.locations), 'place').capitalize()}:", ""]
    lines += _places(finding, result)
    return "\n".join(lines) + "\n"


def _places(finding: Finding, result: ScanResult) -> Iterator[str]:
    known = commits(finding)
    for location in finding.locations[:SHOWN_PLACES]:
        yield f"- {_linked(location, result)}{_by(known.get(location.commit or ''))}"
    if len(finding.locations) > SHOWN_PLACES:
        yield f"- and {len(finding.locations) - SHOWN_PLACES:,} more"


def _linked(location: Location, result: ScanResult) -> str:
    text = code(wording.place(location))
    url = forge.place_link(location, result)
    return f"[{text}]({url})" if url else text


def _by(commit: Commit | None) -> str:
    return f", {code(f'{commit.author}, {commit.date[:10]}')}" if commit else ""


def code(text: str, *, table: bool = False) -> str:
    """`text` as a code span, in which nothing is markup, mention or link."""
    text = wording.printable(text)
    runs = {len(run) for run in re.findall(r"`+", text)}
    fence = "`" * next(length for length in range(1, len(runs) + 2) if length not in runs)
    padding = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    # In a table a pipe ends the cell, even within a code span.
    text = text.replace("|", "\\|") if table else text
    return f"{fence}{padding}{text}{padding}{fence}"


def _plain(text: str) -> str:
    """Words of keyguard's or of a pattern's: nothing in them but a code span is taken for markup."""
    return _MARKUP.sub(r"\\\1", text)
