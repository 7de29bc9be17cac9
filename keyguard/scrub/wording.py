"""What stands where a key stood."""

from __future__ import annotations

import re
from dataclasses import dataclass

from keyguard.errors import UsageError
from keyguard.model import ELLIPSIS, Secret

MARKER = "-REMOVED"
LONGEST = 60

_UNNAMED = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Wording:
    """A key's redaction and a marker, in ASCII: it stands in files of any encoding."""

    marker: str = MARKER

    def __post_init__(self) -> None:
        """Raises UsageError for a marker that would break what it is written into."""
        if not (self.marker.isascii() and self.marker.isprintable()) or len(self.marker) > LONGEST:
            raise UsageError(f"--marker: take at most {LONGEST} printable ASCII characters")
        if set(self.marker) & set("\"'\\<>"):
            raise UsageError("--marker: quotes, backslashes and angle brackets would break the files it is in")

    def text(self, secret: Secret) -> bytes:
        """For a content or a message."""
        return (secret.redacted.replace(ELLIPSIS, "...") + self.marker).encode("ascii", "replace")

    def name(self, secret: Secret) -> bytes:
        """For a path, a ref or a person: letters, digits and underscores, another one for each key."""
        words = f"{secret.redacted}_{self.marker}_{secret.fingerprint[:8]}"
        return _UNNAMED.sub("_", words).strip("_").encode()

    def filler(self, secret: Secret, length: int) -> bytes:
        """Exactly `length` bytes, where nothing else may move."""
        return self.text(secret)[:length].ljust(length, b"_")
