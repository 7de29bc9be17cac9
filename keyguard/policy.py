"""What is accepted, and by what: remarks in place, configured allows, the baseline, the least confidence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from keyguard.baseline import Accepted
from keyguard.config import Allow
from keyguard.model import Confidence, Match


@dataclass(frozen=True, slots=True)
class Policy:
    """What of the found keys is reported. `today` decides which allows have expired."""

    min_confidence: Confidence = Confidence.LOW
    allows: tuple[Allow, ...] = ()
    baseline: tuple[Accepted, ...] = ()
    today: date = field(default_factory=date.today)

    def heard(self, match: Match) -> bool:
        """Whether a match is sure enough to be spoken of at all."""
        return match.confidence >= self.min_confidence

    def accepts(self, match: Match) -> str | None:
        """By what the key is accepted wherever it stands, or this place of it is; None where it is not."""
        if match.allowed:
            return f"the remark `{match.allowed}` on its line"
        fingerprint = match.secret.fingerprint
        for entry in self.baseline:
            if entry.fingerprint == fingerprint:
                return f"the baseline: {entry.reason}"
        for allow in self._held():
            if allow.fingerprint and fingerprint.startswith(allow.fingerprint):
                return f"an allow: {allow.reason}"
        return None

    def accepts_path(self, path: str | None) -> str | None:
        """By what a path is accepted, if it is."""
        if path is None:
            return None
        for allow in self._held():
            if allow.path and glob(allow.path).fullmatch(path.replace("\\", "/")):
                return f"an allow for {allow.path}: {allow.reason}"
        return None

    def expired(self) -> tuple[Allow, ...]:
        return tuple(allow for allow in self.allows if not allow.holds(self.today))

    def _held(self) -> Iterable[Allow]:
        return (allow for allow in self.allows if allow.holds(self.today))


@lru_cache(maxsize=256)
def glob(pattern: str) -> re.Pattern[str]:
    """A path glob as an expression: `*` and `?` stay within a folder, `**` goes through any number of them.

    One without a slash matches a name in any folder, as in `.gitignore`.
    """
    if "/" not in pattern:
        pattern = f"**/{pattern}"
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.lstrip("/"))
    meaning = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), re.DOTALL)
