"""Sentences that several reports share."""

from __future__ import annotations

import shlex

from keyguard.model import Exposure, Finding, Location, ScanResult
from keyguard.report.sizes import count, examined, size

SHOWN_PLACES = 10
"""How many places of one key the text report lists; `--verbose` lists all."""

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

STATUS = {
    "unverified": "its provider was not asked",
    "live": "its provider accepts it",
    "restricted": "its provider knows it and limits what it may do",
    "dead": "its provider refuses it",
    "unknown": "its provider gave no clear answer",
}


def why(finding: Finding) -> str:
    """Why keyguard is sure, in a sentence's half."""
    reasons = [REASONS.get(name, name) for name in finding.evidence]
    return "; ".join(dict.fromkeys(reasons))


def place(location: Location) -> str:
    """`path:line:column`, with what else says where it is. Control characters are escaped."""
    parts = [printable(location.path) if location.path is not None else _nameless(location)]
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


def _nameless(location: Location) -> str:
    kind = location.kind.replace("-", " ")
    return f"{kind} {location.blob[:12]}" if location.blob and not location.commit else kind


def headline(finding: Finding) -> str:
    """What a key is, redacted, in one line: `OpenAI API key sk-proj-7Wxg…8L0A (164 characters)`."""
    disguised = f", disguised as {disguise(finding)}" if finding.encoding else ""
    return printable(f"{finding.rule.title} {finding.secret.redacted} ({len(finding.secret)} characters{disguised})")


def disguise(finding: Finding) -> str:
    """`base64 in utf-16`, from the inside out; nothing where the key stands in plain sight."""
    return " in ".join(reversed(finding.encoding))


def exposed(exposure: Exposure) -> str:
    """Since when and to whom a key was open, in one line."""
    parts = []
    if exposure.introduced:
        commit = exposure.introduced
        parts.append(f"since {commit.date[:10]} ({commit.oid[:12]} by {printable(commit.author)})")
    if exposure.removed:
        parts.append(f"until {exposure.removed.date[:10]} ({exposure.removed.oid[:12]})")
    if exposure.days is not None:
        parts.append(count(exposure.days, "day"))
    parts.append("in HEAD" if exposure.in_head else "not in HEAD")
    parts.append("pushed" if exposure.pushed else "not known to be pushed")
    if not exposure.reachable:
        parts.append("no ref reaches it")
    return ", ".join(parts)


def next_steps(finding: Finding) -> list[str]:
    """What to do about one key, in order."""
    exposure = finding.exposure
    here = exposure.in_head if exposure else True
    return [
        _death(finding),
        *(["Take it out of the files, and read it from an environment variable instead."] if here else []),
        *(_from_history(exposure) if exposure else []),
    ]


def _death(finding: Finding) -> str:
    if finding.status == "dead":
        return "It is dead already: its provider refuses it. Nothing needs to be revoked."
    urgent = "It works, now. " if finding.status == "live" else ""
    return urgent + finding.rule.remedy


def _from_history(exposure: Exposure) -> list[str]:
    if exposure.pushed:
        return [
            "It was pushed, so take it for known to others, whatever is done to the history: revoking it is what "
            "counts. `keyguard scrub` then removes it from history."
        ]
    return ["It is in history, and not known to be pushed: `keyguard scrub` removes it before it is."]


def allowed(result: ScanResult) -> list[str]:
    """What was found and is accepted, and by what."""
    return [f"allowed: {entry.match.secret.redacted}, by {printable(entry.by)}" for entry in result.allowed]


def ways_out(result: ScanResult) -> tuple[str, ...]:
    """What to do now: the ways out of a blocked commit, or the next steps for what is stored already."""
    first = result.findings[0].secret.fingerprint[:16]
    if result.kind == "staged":
        path = next((place.path for place in result.findings[0].locations if place.path), "FILE")
        return (
            f"Take it out: `git restore --staged -- {quoted(_pathspec(path))}`, read the key from an environment "
            "variable, stage again.",
            "Revoke it, if it was ever shared or pushed: the link above. A key that is out stays out.",
            f"Allow it, if it is no secret: `# keyguard: allow` on its line, or an [[allow]] with "
            f'fingerprint = "{first}" and a reason in .keyguard.toml.',
        )
    return (
        "Revoke each key first: a leaked key is safe only when it is dead.",
        "Take it out of the files and read it from an environment variable instead.",
        *(
            ["Take it out of history: `keyguard scrub` shows what it would do first."]
            if result.kind == "history"
            else []
        ),
        f'Accept what is no secret: `keyguard baseline --reason …`, or an [[allow]] with fingerprint = "{first}" '
        "and a reason in .keyguard.toml.",
    )


def unread(what: str, reason: str, times: int) -> str:
    """`what: reason (3 times)`, printable."""
    return f"{printable(what)}: {printable(reason)}" + (f" ({times:,} times)" if times > 1 else "")


def printable(text: str) -> str:
    """`text` with everything that a terminal could act on escaped."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        # A byte that is no text (PEP 383).
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape", "surrogatepass").decode()


def quoted(text: str) -> str:
    """`text` as a word of a shell's command, printable: what is not stands in it as `$'…'` has it."""
    if text.isprintable():
        return shlex.quote(text)
    escaped = (
        char if char.isprintable() and char not in "'\\" else "".join(f"\\{byte:03o}" for byte in _bytes(char))
        for char in text
    )
    return f"$'{''.join(escaped)}'"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _pathspec(path: str) -> str:
    """What names one path to git: what looks like a pattern or like magic (gitglossary(7), pathspec) is neither."""
    return f":(top,literal){path}" if path.startswith(":") or any(char in path for char in "*?[\\") else path


def number_of_places(result: ScanResult) -> int:
    return sum(len(finding.locations) for finding in result.findings)


def closing(result: ScanResult) -> str:
    """The one line that says what was found, where, and what was not seen."""
    keys = len(result.findings)
    places = number_of_places(result)
    looked = _looked_at(result)
    parts = [f"{count(keys, 'key')} in {count(places, 'place')}; {looked}" if keys else f"No keys found: {looked}"]
    if result.allowed:
        parts.append(f"{len(result.allowed)} allowed")
    if result.unread:
        missed = sum(entry.count for entry in result.unread)
        parts.append(f"{count(missed, 'thing')} could not be read, so this is not the whole")
    return "; ".join(parts) + "."


def _looked_at(result: ScanResult) -> str:
    """How much was examined. Of commits the target says which and how many, files are not all that they are."""
    if result.kind == "commits":
        return f"{printable(result.target)}, {size(result.examined.bytes)} examined"
    return examined(result.examined.blobs, unit(result), result.examined.bytes)


def unit(result: ScanResult) -> str:
    """What the scan counts."""
    return "object" if result.kind == "history" else "file"
