"""Which reports a call writes, and where to."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from keyguard.config import FORMATS, Config
from keyguard.errors import ConfigError, UsageError
from keyguard.model import ScanResult
from keyguard.report import SHOWING_SECRETS, reporter

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from keyguard.report import Reporter

    _ReportType = click.ParamType["Report"]
else:
    # Generic since click 8.5 alone.
    _ReportType = click.ParamType

STANDARD_OUTPUT = "-"

_OPEN = re.compile(r"/dev/(stdout|stderr|fd/(\d{1,9}))")
_STREAMS = {"stdout": 1, "stderr": 2}


@dataclass(frozen=True, slots=True)
class Report:
    """A report to be written. Without a file it goes to standard output."""

    format: str
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How the reports that can be told are to be written."""

    show_secrets: bool = False
    quiet: bool = False
    verbose: bool = False


class ReportOption(_ReportType):
    """`FORMAT=FILE`, or `FORMAT=-` for standard output."""

    name = "report"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Report:
        if isinstance(value, Report):
            return value
        name, _, file = str(value).partition("=")
        if name not in FORMATS or not file:
            self.fail(f"{value!r} is not FORMAT=FILE with one of {', '.join(FORMATS)}", param, ctx)
        return Report(name, None if file == STANDARD_OUTPUT else Path(file))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(f"{name}=") for name in FORMATS if name.startswith(incomplete)]


def planned(main: Report, further: tuple[Report, ...], manner: Manner) -> tuple[Report, ...]:
    """The reports of a call, known to be possible before the scan begins.

    Raises UsageError or ConfigError.
    """
    named = any(report.file is None for report in further)
    # What a --report sends to standard output takes the place of the text that stands there otherwise.
    reports = further if named and main == Report("text") else (main, *further)
    if manner.show_secrets and (other := next((r.format for r in reports if r.format not in SHOWING_SECRETS), None)):
        raise UsageError(f"--show-secrets is for text and json alone: a report as {other} never holds a key")
    twice = [target for target, times in Counter(report.file for report in reports).items() if times > 1]
    if twice:
        raise UsageError(f"two reports would go to {twice[0] or 'standard output'}: name a file of its own for each")
    for report in reports:
        if report.file and not report.file.parent.is_dir():
            raise ConfigError(f"{report.file}: cannot be written: there is no folder {report.file.parent}")
    return reports


def configured(config: Config) -> tuple[Report, ...]:
    return tuple(Report(name, file) for name, file in config.reports)


def wants_repository(reports: tuple[Report, ...]) -> bool:
    """Whether a report links to the repository, or names files from its top."""
    formats = {report.format for report in reports} - {"json", "jsonl", "csv"}
    return bool(formats - {"text"}) or ("text" in formats and sys.stdout.isatty())


def write(result: ScanResult, reports: tuple[Report, ...], manner: Manner) -> None:
    """Write all of the reports.

    Raises ConfigError where a file cannot be written.
    """
    for report in reports:
        with _opened(report, private=manner.show_secrets) as out:
            _reporter(report.format, manner)(result, out)
        if report.format == "github":
            _summarize(result)


def _reporter(name: str, manner: Manner) -> Reporter:
    if name == "json":
        from keyguard.report import json

        return partial(json.write, show_secrets=manner.show_secrets)
    if name == "text":
        from keyguard.report import text

        return partial(
            text.write,
            show_secrets=manner.show_secrets,
            quiet=manner.quiet,
            verbose=manner.verbose,
            links=_has_hyperlinks(),
        )
    return reporter(name)


@contextmanager
def _opened(report: Report, *, private: bool) -> Iterator[TextIO]:
    """Standard output, or a file that takes the place of an older one only when all of it is written."""
    if report.file is None:
        if report.format != "text":
            # What programs read is UTF-8, wherever it is written: XML and HTML say that they are.
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        yield sys.stdout
        sys.stdout.flush()
        return
    # A link stays a link, and what is no file (a pipe) or is open already (/dev/stderr) is written as it is.
    as_it_is = _OPEN.fullmatch(str(report.file)) or (report.file.exists() and not report.file.is_file())
    path = report.file if as_it_is else Path(os.path.realpath(report.file))
    aside = path if as_it_is else path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(_descriptor(aside, private), "w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            yield out
        if aside != path:
            aside.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        if aside != path:
            aside.unlink(missing_ok=True)


def _descriptor(path: Path, private: bool) -> int:
    """The file, open for writing: readable by its owner alone where it shows keys."""
    if opened := _OPEN.fullmatch(str(path)):
        # Opened by its name, what a shell appends to would be emptied.
        return os.dup(_STREAMS.get(opened[1]) or int(opened[2]))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o666)


def _summarize(result: ScanResult) -> None:
    """Append the report as Markdown to the summary of a GitHub step, if this is one."""
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    from keyguard.report import github, markdown

    path = Path(name)
    try:
        held = path.stat().st_size if path.exists() else 0
        with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            markdown.write(result, out, most_bytes=github.SUMMARY_BYTES - held)
    except OSError as error:
        raise ConfigError(f"GITHUB_STEP_SUMMARY {path}: cannot be written: {error.strerror}") from error


def _has_hyperlinks() -> bool:
    """Whether the terminal is one of those that say they know hyperlinks (OSC 8); no other can be asked."""
    environment = os.environ
    forced = environment.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced not in ("", "0")
    named = environment.get("TERM_PROGRAM", "") in ("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper")
    kind = environment.get("TERM", "")
    known = any(word in kind for word in ("kitty", "alacritty", "foot", "ghostty"))
    vte = environment.get("VTE_VERSION", "")
    recent = vte.isdigit() and int(vte) >= 5000
    return named or known or recent or "WT_SESSION" in environment or "KONSOLE_VERSION" in environment
