"""The baseline: keys that are accepted as they are today, by fingerprint, each with a reason.

One entry a line, sorted, without line numbers or times, so that two branches' baselines merge by themselves.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keyguard.errors import ConfigError

SCHEMA = "keyguard.baseline/1"
DEFAULT = ".keyguard-baseline.json"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Accepted:
    """A key that is accepted: its fingerprint, the pattern it is of, and why."""

    fingerprint: str
    rule: str
    reason: str


def read(path: Path, text: Callable[[Path], str] | None = None) -> tuple[Accepted, ...]:
    """The entries of a baseline file. `text` gives what stands in it, if that is not what is on disk.

    Raises ConfigError where it cannot be read or is none.
    """
    try:
        document = json.loads(text(path) if text else path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: is no valid JSON; make it anew with `keyguard baseline`") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ConfigError(f"{path}: is no baseline of keyguard's (its `schema` is not {SCHEMA!r})")
    entries = document.get("accepted")
    if not isinstance(entries, list):
        raise ConfigError(f"{path}: `accepted` must be a list")
    return tuple(_entry(path, place, entry) for place, entry in enumerate(entries, 1))


def _entry(path: Path, place: int, entry: Any) -> Accepted:
    if not isinstance(entry, dict):
        raise ConfigError(f"{path}: entry {place} must be an object")
    fingerprint, reason = entry.get("sha256"), entry.get("reason")
    if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
        raise ConfigError(f"{path}: entry {place}: `sha256` must be 64 hexadecimal digits")
    if not isinstance(reason, str) or not reason.strip():
        raise ConfigError(f"{path}: entry {place}: `reason` is missing")
    return Accepted(fingerprint, str(entry.get("rule", "")), reason)


def text(accepted: Iterable[Accepted]) -> str:
    """A baseline file's text."""
    entries = sorted({entry.fingerprint: entry for entry in accepted}.values(), key=lambda e: e.fingerprint)
    lines = (
        json.dumps({"sha256": entry.fingerprint, "rule": entry.rule, "reason": entry.reason}, ensure_ascii=False)
        for entry in entries
    )
    body = ",\n    ".join(lines)
    inner = f"[\n    {body}\n  ]" if entries else "[]"
    return f'{{\n  "schema": "{SCHEMA}",\n  "accepted": {inner}\n}}\n'


def write(path: Path, accepted: Iterable[Accepted]) -> None:
    """Write a baseline, at once or not at all.

    Raises ConfigError where the file cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(text(accepted), encoding="utf-8", newline="\n")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
