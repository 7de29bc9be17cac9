"""The configuration: `.keyguard.toml`, or `[tool.keyguard]` in `pyproject.toml`."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from keyguard.errors import ConfigError
from keyguard.model import Confidence

OWN = ".keyguard.toml"
SHARED = "pyproject.toml"
FORMATS = (
    "text",
    "json",
    "jsonl",
    "sarif",
    "junit",
    "gitlab",
    "codequality",
    "github",
    "rdjson",
    "csv",
    "markdown",
    "html",
)
"""The reports that there are: each is a module of `keyguard.report`."""
_FINGERPRINT = re.compile(r"[0-9a-f]{12,64}")


@dataclass(frozen=True, slots=True)
class Allow:
    """A key or a path that is accepted, with the reason, perhaps until a day."""

    reason: str
    fingerprint: str | None = None
    path: str | None = None
    expires: date | None = None

    def holds(self, today: date) -> bool:
        """Whether it still counts: it does on the day of its expiry, and not after."""
        return self.expires is None or today <= self.expires


@dataclass(frozen=True, slots=True)
class Config:
    """What a configuration file says. None where it says nothing. `path` is the file, for messages."""

    path: Path | None = None
    min_confidence: Confidence | None = None
    patterns: tuple[Path, ...] = ()
    baseline: Path | None = None
    format: str | None = None
    output: Path | None = None
    reports: tuple[tuple[str, Path], ...] = ()
    exit_zero: bool | None = None
    jobs: int | None = None
    quiet: bool | None = None
    ignored: bool | None = None
    show_secrets: bool | None = None
    allows: tuple[Allow, ...] = field(default=())


def find(start: Path) -> Path | None:
    """The configuration that holds for a folder: the nearest one, looked for up to the repository's top."""
    folder = start.resolve()
    for here in (folder, *folder.parents):
        if (here / OWN).is_file():
            return here / OWN
        if _has_section(here / SHARED):
            return here / SHARED
        if (here / ".git").exists():
            return None
    return None


def _has_section(path: Path) -> bool:
    try:
        return b"[tool.keyguard" in path.read_bytes()
    except OSError:
        return False


def read(path: Path, text: Callable[[Path], str] | None = None) -> Config:
    """A configuration file. `text` gives what stands in it, if that is not what is on disk.

    Raises ConfigError, naming the file and the field, where it cannot be used.
    """
    try:
        found = text(path) if text else path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8") from error
    return parse(found, path)


def parse(text: str, path: Path) -> Config:
    """A configuration from its text; relative paths in it start at the folder of `path`.

    Raises ConfigError.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is no valid TOML: {error}") from error
    if path.name == SHARED:
        tools = document.get("tool", {})
        document = tools.get("keyguard", {}) if isinstance(tools, dict) else tools
        if not isinstance(document, dict):
            raise ConfigError(f"{path}: `tool.keyguard` must be a table")
    return _Reader(document, path).config()


class _Reader:
    """A configuration's table, read field by field."""

    def __init__(self, table: Mapping[str, Any], path: Path) -> None:
        self._table = dict(table)
        self._path = path

    def config(self) -> Config:
        config = Config(
            path=self._path,
            min_confidence=self._confidence(),
            patterns=tuple(self._file(name) for name in self._list("patterns", str, "texts")),
            baseline=self._optional_file("baseline"),
            format=self._choice("format", FORMATS),
            output=self._output(),
            reports=tuple(self._report(text) for text in self._list("reports", str, "texts")),
            exit_zero=self._take("exit-zero", bool, "true or false"),
            jobs=self._jobs(),
            quiet=self._take("quiet", bool, "true or false"),
            ignored=self._take("no-ignore", bool, "true or false"),
            show_secrets=self._take("show-secrets", bool, "true or false"),
            allows=tuple(self._allow(entry) for entry in self._list("allow", dict, "tables")),
        )
        if self._table:
            raise self._error(f"`{next(iter(self._table))}` is no setting")
        return config

    def _error(self, reason: str) -> ConfigError:
        return ConfigError(f"{self._path}: {reason}")

    def _take(self, name: str, kind: type, expected: str) -> Any:
        value = self._table.pop(name, None)
        if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise self._error(f"`{name}` must be {expected}")
        return value

    def _list(self, name: str, kind: type, expected: str) -> list[Any]:
        values = self._take(name, list, f"a list of {expected}") or []
        if not all(isinstance(value, kind) for value in values):
            raise self._error(f"`{name}` must be a list of {expected}")
        return list(values)

    def _choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self._take(name, str, "a text")
        if value is not None and value not in choices:
            raise self._error(f"`{name}` must be one of {', '.join(choices)}")
        return None if value is None else str(value)

    def _report(self, text: str) -> tuple[str, Path]:
        name, _, file = text.partition("=")
        if name not in FORMATS or not file:
            raise self._error(f"`reports` holds {text!r}, which is not FORMAT=FILE with one of {', '.join(FORMATS)}")
        return name, self._written(file, "reports")

    def _output(self) -> Path | None:
        name = self._take("output", str, "a text")
        return None if name is None else self._written(str(name), "output")

    def _written(self, name: str, setting: str) -> Path:
        """A file to be written: below the configuration's folder, lest a hostile repository choose another."""
        path = self._file(name)
        folder, real = Path(os.path.realpath(self._path.parent)), Path(os.path.realpath(path))
        within = folder in real.parents and ".git" not in (part.lower() for part in real.relative_to(folder).parts)
        if not within:
            raise self._error(f"`{setting}` names {name}, which is not below the folder of this file")
        return path

    def _confidence(self) -> Confidence | None:
        word = self._choice("min-confidence", tuple(level.word for level in Confidence))
        return None if word is None else Confidence[word.upper()]

    def _jobs(self) -> int | None:
        jobs = self._take("jobs", int, "a whole number")
        if jobs is not None and jobs < 1:
            raise self._error("`jobs` must be 1 or more")
        return None if jobs is None else int(jobs)

    def _file(self, name: str) -> Path:
        return self._path.parent / name

    def _optional_file(self, name: str) -> Path | None:
        value = self._take(name, str, "a text")
        return None if value is None else self._file(value)

    def _allow(self, entry: dict[str, Any]) -> Allow:
        unknown = entry.keys() - {"fingerprint", "path", "reason", "expires"}
        if unknown:
            raise self._error(f"`{min(unknown)}` is no field of an [[allow]]")
        reason, expires = entry.get("reason"), entry.get("expires")
        fingerprint, path = entry.get("fingerprint"), entry.get("path")
        if not isinstance(reason, str) or not reason.strip():
            raise self._error("each [[allow]] needs a `reason`")
        if (fingerprint is None) == (path is None):
            raise self._error("each [[allow]] needs either a `fingerprint` or a `path`")
        if fingerprint is not None and not (isinstance(fingerprint, str) and _FINGERPRINT.fullmatch(fingerprint)):
            raise self._error("an [[allow]]'s `fingerprint` must be 12 to 64 hexadecimal digits of a key's sha256")
        if path is not None and not (isinstance(path, str) and path):
            raise self._error('an [[allow]]\'s `path` must be a glob such as "docs/**"')
        if expires is not None and (not isinstance(expires, date) or isinstance(expires, datetime)):
            raise self._error("an [[allow]]'s `expires` must be a day, such as 2027-01-31, without quotes")
        return Allow(reason, fingerprint, path, expires)
