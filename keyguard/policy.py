"""What is accepted, and by what: remarks in place, configured allows, the baseline, the least confidence."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from keyguard.baseline import Accepted
from keyguard.config import Allow
from keyguard.model import Confidence, Location, Match, OnDisk, Unread


@dataclass(frozen=True, slots=True)
class Policy:
    """What of the found keys is reported. `today` decides which allows have expired.

    `top` is the folder that the allows' paths begin at: that of the configuration.
    """

    min_confidence: Confidence = Confidence.LOW
    allows: tuple[Allow, ...] = ()
    baseline: tuple[Accepted, ...] = ()
    today: date = field(default_factory=date.today)
    top: Path | None = None

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

    def accepts_place(self, place: Location) -> str | None:
        """By what a place is accepted for its path, if it is, however the path was given on the command line."""
        if place.kind != "worktree" or place.path is None or self.top is None:
            return self.accepts_path(place.path)
        folder, name = os.path.split(place.path)
        path = os.path.join(os.path.relpath(os.path.realpath(folder), os.path.realpath(self.top)), name)
        return self.accepts_path(os.path.normpath(path))

    def accepts_unread(self, entry: Unread) -> str | None:
        """By what it is accepted that something was not read, if it is: an allow for its path."""
        path = getattr(entry.origin, "path", None)
        if isinstance(entry.origin, OnDisk):
            return self.accepts_place(Location("worktree", path))
        return self.accepts_path(path)

    def accepts_path(self, path: str | None) -> str | None:
        """By what a path is accepted, if it is."""
        if path is None:
            return None
        for allow in self._held():
            if allow.path and glob(allow.path).fullmatch(path.replace(os.sep, "/")):
                return f"an allow for {allow.path}: {allow.reason}"
        return None

    def expired(self) -> tuple[Allow, ...]:
        return tuple(allow for allow in self.allows if not allow.holds(self.today))

    def _held(self) -> Iterable[Allow]:
        return (allow for allow in self.allows if allow.holds(self.today))


@lru_cache(maxsize=256)
def glob(pattern: str) -> re.Pattern[str]:
    """A path glob as an expression: `*` and `?` stay within a folder, `**` goes through any number of them.

    One without a slash matches a name in any folder, and one that ends with a slash all that is in the folder, as in
    `.gitignore`.
    """
    if "/" not in pattern.rstrip("/"):
        pattern = f"**/{pattern}"
    if pattern.endswith("/"):
        pattern = f"{pattern}**"
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.lstrip("/"))
    meaning = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), re.DOTALL)
