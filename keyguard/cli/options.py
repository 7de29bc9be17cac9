"""The options that commands share, and what they come to once the configuration is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from keyguard import baseline as baselines
from keyguard import config as configs
from keyguard.cli.reports import (
    STANDARD_OUTPUT,
    Manner,
    Report,
    ReportOption,
    configured,
    planned,
    wants_repository,
    write,
)
from keyguard.config import FORMATS, Config
from keyguard.engine import Engine
from keyguard.git.command import Git
from keyguard.model import Confidence, ScanResult
from keyguard.pattern_check import checked
from keyguard.patterns import Library, bundled
from keyguard.pipeline import scan
from keyguard.policy import Policy
from keyguard.source import Source
from keyguard.source.remote import repository

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. None where it says nothing."""

    format: str | None
    output: Path | None
    report: tuple[Report, ...]
    exit_zero: bool | None
    config: Path | None
    baseline: Path | None
    patterns: tuple[Path, ...]
    min_confidence: str | None
    show_secrets: bool | None
    quiet: bool | None
    verbose: bool


def common(command: F) -> F:
    """Add the options that every scanning command has; they arrive as one value, `options`."""

    def collected(**arguments: Any) -> Any:
        names = {field.name for field in fields(Options)}
        options = Options(**{name: arguments.pop(name) for name in names})
        return command(options=options, **arguments)

    collected.__name__ = command.__name__
    collected.__doc__ = command.__doc__
    collected.__click_params__ = list(getattr(command, "__click_params__", []))  # type: ignore[attr-defined]
    for option in reversed(_COMMON):
        collected = option(collected)
    return collected  # type: ignore[return-value]


_FILE = click.Path(path_type=Path, dir_okay=False)
_COMMON = (
    click.option("--format", type=click.Choice(FORMATS), help="What the report looks like.  [default: text]"),
    click.option("--output", type=_FILE, metavar="FILE", help="Write the report to a file."),
    click.option(
        "--report",
        type=ReportOption(),
        multiple=True,
        metavar="FORMAT=FILE",
        help="Write a further report. Can be repeated.",
    ),
    click.option(
        "--exit-zero", is_flag=True, default=None, help="Exit with 0 where keys are found (3 stays: not all was seen)."
    ),
    click.option("--config", type=_FILE, metavar="FILE", help="The configuration to use, in place of the one found."),
    click.option("--baseline", type=_FILE, metavar="FILE", help="Keys that are accepted, by fingerprint."),
    click.option("--patterns", type=_FILE, multiple=True, metavar="FILE", help="Further patterns. Can be repeated."),
    click.option(
        "--min-confidence",
        type=click.Choice([level.word for level in Confidence]),
        help="Report only what is this sure to be a key.  [default: low]",
    ),
    click.option("--show-secrets", is_flag=True, default=None, help="Show keys in full (text and JSON only)."),
    click.option("--quiet", "-q", is_flag=True, default=None, help="Say nothing but findings and what was not read."),
    click.option("--verbose", "-v", is_flag=True, help="List every place, and what was allowed."),
)


def run(
    source: Source, options: Options, where: str | None = ".", *, searched: Callable[[], None] | None = None
) -> int:
    """Scan a source and report: the exit code.

    `where` is in the repository that the source belongs to, if any; `searched` is called between the two.
    """
    config = configuration(options)
    reporting = Reporting(options, config)
    result = scan(source, Engine(library(options, config)), policy(options, config))
    if searched:
        searched()
    return reporting.done(result, where)


class Reporting:
    """What is written of a result, and what it comes to: settled before the scan begins.

    Raises UsageError where the options contradict each other.
    """

    def __init__(self, options: Options, config: Config) -> None:
        self._manner = Manner(
            show_secrets=bool(_either(options.show_secrets, config.show_secrets)),
            quiet=bool(_either(options.quiet, config.quiet)),
            verbose=options.verbose,
        )
        self._reports = planned(_main(options, config), options.report or configured(config), self._manner)
        self._exit_zero = bool(_either(options.exit_zero, config.exit_zero))

    def done(self, result: ScanResult, where: str | None) -> int:
        """Write the reports: the exit code. `where` is in the repository that was scanned, if any.

        Raises ConfigError where a file cannot be written.
        """
        if where is not None and wants_repository(self._reports):
            result = replace(result, repository=repository(Git(where)))
        write(result, self._reports, self._manner)
        if self._exit_zero:
            # Findings are somebody else's gate then; what could not be read still is this one's.
            return 0 if result.complete else 3
        return result.exit_code


def _main(options: Options, config: Config) -> Report:
    file = options.output or config.output
    return Report(options.format or config.format or "text", None if str(file) == STANDARD_OUTPUT else file)


def _either(said: bool | None, configured: bool | None) -> bool | None:
    return configured if said is None else said


def configuration(options: Options) -> Config:
    """The configuration that holds: the one named, or the nearest one above the current folder.

    Raises ConfigError.
    """
    path = options.config or configs.find(Path.cwd())
    return configs.read(path) if path else Config()


def library(options: Options, config: Config, text: Callable[[Path], str] | None = None) -> Library:
    """The bundled patterns and the user's own, these proved by their own examples.

    Raises PatternError.
    """
    return checked(bundled(), (*config.patterns, *options.patterns), text)


def policy(options: Options, config: Config, text: Callable[[Path], str] | None = None) -> Policy:
    """What is accepted. A baseline counts only where it is named.

    Raises ConfigError.
    """
    named = options.baseline or config.baseline
    word = options.min_confidence
    level = Confidence[word.upper()] if word else config.min_confidence or Confidence.LOW
    accepted = baselines.read(named, text) if named else ()
    return Policy(level, config.allows, accepted, top=config.path.parent if config.path else None)
