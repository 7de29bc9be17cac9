"""No key leaves keyguard: wherever a report repeats text of the scanned thing, known keys in it are replaced."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace

from keyguard.model import ELLIPSIS, Commit, Finding, Location, Match, Secret, Stored, Unread

_MARKED = re.compile(r"[A-Za-z0-9_-]*(?:T3BlbkFJ|JFkblB3T)[A-Za-z0-9_-]*")

_NAMES = ("path", "ref-name")
"""What is found in these stands in the name itself."""


class Redaction:
    """The keys that a scan has met."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._shortest = sys.maxsize

    def learn(self, secret: Secret) -> None:
        self._known.setdefault(secret.reveal(), secret.redacted)
        self._shortest = min(self._shortest, len(secret))

    def learn_place(self, match: Match) -> None:
        """Remember how a key is written in a name, which reports repeat: in base64 it is no less of a key."""
        if isinstance(match.origin, Stored) and match.origin.kind in _NAMES and match.origin.path and match.encoding:
            written = os.fsencode(match.origin.path)[match.span.start : match.span.end]
            self._known.setdefault(os.fsdecode(written), match.secret.redacted)
            self._shortest = min(self._shortest, len(written))

    def text(self, text: str) -> str:
        """`text` without the keys that are known, and without whatever bears OpenAI's marker."""
        # Most texts are shorter than any key: a thousand keys are not looked for in each.
        known = self._known if len(text) >= self._shortest else {}
        for key, redacted in known.items():
            if key in text:
                text = text.replace(key, redacted)
        return unmarked(text)

    def finding(self, finding: Finding) -> Finding:
        """The finding with no key in its paths or in its authors' names."""
        exposure = finding.exposure
        if exposure:
            exposure = replace(
                exposure,
                introduced=self._commit(exposure.introduced),
                removed=self._commit(exposure.removed),
                refs=tuple(map(self.text, exposure.refs)),
            )
        return replace(
            finding,
            locations=tuple(map(self._location, finding.locations)),
            exposure=exposure,
            commits=tuple(commit for known in finding.commits if (commit := self._commit(known))),
        )

    def unread(self, entry: Unread) -> Unread:
        """The entry with no key in what it names."""
        return replace(entry, what=self.text(entry.what), reason=self.text(entry.reason))

    def _location(self, place: Location) -> Location:
        member = place.archive_member
        return replace(
            place,
            path=None if place.path is None else self.text(place.path),
            archive_member=None if member is None else self.text(member),
        )

    def _commit(self, commit: Commit | None) -> Commit | None:
        if commit is None:
            return None
        return replace(commit, author=self.text(commit.author), email=self.text(commit.email))


def unmarked(text: str) -> str:
    """`text` without runs that bear OpenAI's marker and are long enough to be a key or half of one."""
    return _MARKED.sub(lambda run: run[0] if len(run[0]) < 28 else ELLIPSIS, text)
