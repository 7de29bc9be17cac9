"""The library: what the commands do, as functions that give a value and print nothing.

    from keyguard import render, scan_paths

    result = scan_paths(["src"])
    if result.findings:
        print(render(result, "markdown"))

Everything here is importable from `keyguard` itself, and documented in `docs/api.md`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from keyguard.config import FORMATS, Allow
from keyguard.engine import Engine
from keyguard.errors import ConfigError, GitError, KeyguardError, NotARepositoryError, PatternError, UsageError
from keyguard.git.command import Git
from keyguard.model import Commit, Confidence, Examined, Exposure, Finding, Location, Rule, ScanResult, Secret, Unread
from keyguard.pattern_check import checked
from keyguard.patterns import Library, bundled
from keyguard.pipeline import scan
from keyguard.policy import Policy
from keyguard.report import SHOWING_SECRETS, reporter
from keyguard.source import Source
from keyguard.source.commits import Commits
from keyguard.source.files import STDIN, Files
from keyguard.source.history import History
from keyguard.source.ranges import named
from keyguard.source.remote import repository
from keyguard.source.repository import Narrowing
from keyguard.source.staged import StagedChanges, StagedFiles

__all__ = [
    "Allow",
    "Commit",
    "Confidence",
    "ConfigError",
    "Examined",
    "Exposure",
    "Finding",
    "GitError",
    "KeyguardError",
    "Library",
    "Location",
    "Narrowing",
    "NotARepositoryError",
    "PatternError",
    "Policy",
    "Rule",
    "ScanResult",
    "Secret",
    "Unread",
    "UsageError",
    "load_patterns",
    "render",
    "scan_commits",
    "scan_history",
    "scan_paths",
    "scan_source",
    "scan_staged",
    "scan_text",
    "write_report",
]

StrPath = str | os.PathLike[str]


def scan_text(text: str | bytes, *, patterns: Library | None = None, policy: Policy | None = None) -> ScanResult:
    """The keys in a text, or in bytes of any kind.

    Locations have the kind `stdin`, and a line and a column from 1.
    """
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    result = scan_source(Files([STDIN], io.BytesIO(data)), patterns=patterns, policy=policy)
    return replace(result, target="text")


def scan_paths(
    paths: Iterable[StrPath] = (),
    *,
    ignored: bool = False,
    patterns: Library | None = None,
    policy: Policy | None = None,
) -> ScanResult:
    """The keys in files and folders; without `paths`, in the current folder.

    What git ignores is left out, unless `ignored` asks for it. What cannot be read is in `unread` of the
    result, which is then not `complete`.

    Raises UsageError where a path is not there.
    """
    source = Files([os.fspath(path) for path in paths], ignored=ignored)
    return scan_source(source, patterns=patterns, policy=policy, where=".")


def scan_staged(
    folder: StrPath = ".",
    files: Iterable[StrPath] = (),
    *,
    patterns: Library | None = None,
    policy: Policy | None = None,
) -> ScanResult:
    """The keys that the next commit of the repository around `folder` would add.

    With `files`, paths from its top, their whole content in the index instead.

    Raises NotARepositoryError where there is none, GitError where git fails.
    """
    git = Git(folder)
    named = [os.fspath(file) for file in files]
    source = StagedFiles(git, named) if named else StagedChanges(git)
    return scan_source(source, patterns=patterns, policy=policy, where=folder)


def scan_commits(
    commits: str, folder: StrPath = ".", *, patterns: Library | None = None, policy: Policy | None = None
) -> ScanResult:
    """The keys that commits of the repository around `folder` add, written as `BASE..HEAD`.

    Settings are those of `policy`, and not of the base as with `keyguard commits`.

    Raises UsageError where the range names no commits, GitError where git fails.
    """
    git = Git(folder)
    rules = policy or Policy()
    source = Commits(git, named(git, commits), rules.accepts_path)
    return scan_source(source, patterns=patterns, policy=rules, where=folder)


def scan_history(
    repository: StrPath = ".",
    *,
    jobs: int = 1,
    narrowing: Narrowing | None = None,
    patterns: Library | None = None,
    policy: Policy | None = None,
) -> ScanResult:
    """The keys in everything that a repository stores, also what no ref leads to, read by `jobs` processes.

    `narrowing` leaves only what some refs lead to, or what came since a date.

    Raises NotARepositoryError where there is none, GitError where git refuses it.
    """
    source = History([os.fspath(repository)], jobs=jobs, narrowing=narrowing)
    return scan_source(source, patterns=patterns, policy=policy, where=repository)


def scan_source(
    source: Source,
    *,
    patterns: Library | None = None,
    policy: Policy | None = None,
    where: StrPath | None = None,
) -> ScanResult:
    """The keys in a source of your own, or in one of keyguard's.

    `where` is a folder of the repository that it belongs to: reports then link to its remote, and name files
    from its top.
    """
    engine = Engine(bundled() if patterns is None else patterns)
    result = scan(source, engine, policy or Policy())
    return result if where is None else in_repository(result, where)


def in_repository(result: ScanResult, where: StrPath) -> ScanResult:
    """The result with what reports say of the repository around a folder."""
    return replace(result, repository=repository(Git(where)))


def load_patterns(*files: StrPath) -> Library:
    """The bundled patterns, and those of `files`, proved by their own examples.

    Raises PatternError.
    """
    return checked(bundled(), tuple(map(Path, files)))


def render(result: ScanResult, format: str = "text", *, show_secrets: bool = False) -> str:  # noqa: A002 - as on the command line
    """The result as text in one of the formats.

    Raises UsageError as `write_report` does.
    """
    out = io.StringIO()
    write_report(result, out, format, show_secrets=show_secrets)
    return out.getvalue()


def write_report(
    result: ScanResult,
    out: TextIO,
    format: str = "text",  # noqa: A002 - as on the command line
    *,
    show_secrets: bool = False,
) -> None:
    """Write the result to a stream in one of the formats. `show_secrets` is for text and JSON alone.

    Raises UsageError where there is no such format, or where it never shows a key.
    """
    if format not in FORMATS:
        raise UsageError(f"there is no format {format!r}; there are {', '.join(FORMATS)}")
    if not show_secrets:
        reporter(format)(result, out)
    elif format == "json":
        from keyguard.report import json

        json.write(result, out, show_secrets=True)
    elif format == "text":
        from keyguard.report import text

        text.write(result, out, show_secrets=True)
    else:
        raise UsageError(f"a report as {format} never holds a key; {' and '.join(SHOWING_SECRETS)} can show one")
