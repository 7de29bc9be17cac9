"""Sentences that several reports share."""

from __future__ import annotations

from keyguard.model import Finding, Location, ScanResult
from keyguard.report.sizes import count, examined

REASONS = {
    "marker": "it bears its provider's marker",
    "balance": "its two halves are of equal length",
    "zero-tail": "its last byte is zero, as in every genuine key",
    "azure-checksum": "its checksum is right",
    "uuid4": "it is a version 4 UUID",
    "alternating-case": "its letters alternate in case as its maker writes them",
    "jwt-openai": "its claims name OpenAI",
    "jwt-agent": "its claims hold a private key",
    "claims": "it is a token with claims",
    "signing-key": "it is signed with OpenAI's key",
    "reversed": "read backwards it is whole",
    "classes": "it mixes upper case, lower case and digits",
    "shape": "it has the provider's shape",
    "prefix": "it has the provider's prefix",
    "context": "the words around it say whose it is",
}


def why(finding: Finding) -> str:
    """Why keyguard is sure, in a sentence's half."""
    reasons = [REASONS.get(name, name) for name in finding.evidence]
    return "; ".join(dict.fromkeys(reasons))


def place(location: Location) -> str:
    """`path:line:column`, with what else says where it is. Control characters are escaped."""
    parts = [printable(location.path)] if location.path is not None else [location.kind.replace("-", " ")]
    if location.path is not None and location.kind == "path":
        return f"{parts[0]} (the file's name)"
    if location.line is not None:
        parts.append(str(location.line))
        if location.column is not None:
            parts.append(str(location.column))
    text = ":".join(parts)
    if location.archive_member:
        text += f" in {printable(location.archive_member)}"
    return text + (f" @ {location.commit[:12]}" if location.commit else "")


def printable(text: str) -> str:
    """`text` with everything that a terminal could act on escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def closing(result: ScanResult) -> str:
    """The one line that says what was found, where, and what was not seen."""
    keys = len(result.findings)
    places = sum(len(finding.locations) for finding in result.findings)
    looked = examined(result.examined.blobs, unit(result), result.examined.bytes)
    parts = [f"{count(keys, 'key')} in {count(places, 'place')}; {looked}" if keys else f"No keys found: {looked}"]
    if result.allowed:
        parts.append(f"{len(result.allowed)} allowed")
    if result.unread:
        missed = sum(entry.count for entry in result.unread)
        parts.append(f"{count(missed, 'thing')} could not be read, so this is not the whole")
    return "; ".join(parts) + "."


def unit(result: ScanResult) -> str:
    """What the scan counts."""
    return "object" if result.kind == "history" else "file"
