"""The options that commands share, and what they come to once the configuration is read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from keyguard import baseline as baselines
from keyguard import config as configs
from keyguard.config import FORMATS, Config
from keyguard.engine import Engine
from keyguard.errors import ConfigError, UsageError
from keyguard.model import Confidence, ScanResult
from keyguard.pattern_check import checked
from keyguard.patterns import Library, bundled
from keyguard.pipeline import scan
from keyguard.policy import Policy
from keyguard.source import Source

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says. None where it says nothing."""

    format: str | None
    output: Path | None
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


def run(source: Source, options: Options) -> int:
    """Scan a source and report: the exit code."""
    config = configuration(options)
    engine = Engine(library(options, config))
    result = scan(source, engine, policy(options, config))
    report(result, options, config)
    return result.exit_code


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
    """What is accepted. A baseline of the usual name beside the configuration counts without being named.

    Raises ConfigError.
    """
    named = options.baseline or config.baseline
    word = options.min_confidence
    level = Confidence[word.upper()] if word else config.min_confidence or Confidence.LOW
    accepted = baselines.read(named, text) if named else ()
    return Policy(level, config.allows, accepted)


def report(result: ScanResult, options: Options, config: Config) -> None:
    """Write the report where it is wanted.

    Raises ConfigError where a file cannot be written.
    """
    show = bool(options.show_secrets if options.show_secrets is not None else config.show_secrets)
    quiet = bool(options.quiet if options.quiet is not None else config.quiet)
    path = options.output or config.output
    with _opened(path) as out:
        if (options.format or config.format or "text") == "json":
            from keyguard.report import json

            json.write(result, out, show_secrets=show)
        else:
            from keyguard.report import text

            text.write(result, out, show_secrets=show, quiet=quiet, verbose=options.verbose)


@contextmanager
def _opened(path: Path | None) -> Any:
    """Standard output, or a file that takes the place of `path` only when all of it is written."""
    if path is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        out: TextIO
        with aside.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
            yield out
        aside.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)


def existing(paths: tuple[str, ...]) -> None:
    """Raises UsageError where a path that was named is not there."""
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(f"{path}: there is no such file or folder")
