"""`keyguard baseline`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from keyguard import baseline as baselines
from keyguard.baseline import DEFAULT, Accepted
from keyguard.cli.entry import without_keys
from keyguard.cli.options import Options, common, configuration, library, policy
from keyguard.engine import Engine
from keyguard.errors import ConfigError, UsageError
from keyguard.pipeline import scan
from keyguard.report.json import SCHEMA
from keyguard.report.wording import quoted
from keyguard.source.files import Files

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--reason", required=True, metavar="TEXT", help="Why these keys are accepted.")
@click.option(
    "--from", "found", type=_FILE, metavar="REPORT", help="Accept the findings of a JSON report, not of a scan."
)
@common
def baseline(paths: tuple[str, ...], reason: str, found: Path | None, options: Options) -> int:
    """Accept the keys that are there today, by fingerprint.

    Looks at PATHS (or the current folder) as `keyguard scan` does, or reads a JSON report of any command, and
    adds what is found to the baseline file (--baseline, or .keyguard-baseline.json). Keys that are found
    later are reported as ever.
    """
    if not reason.strip():
        raise UsageError("--reason must say why these keys are accepted")
    config = configuration(options)
    path = options.baseline or config.baseline or Path(DEFAULT)
    known = baselines.read(path) if path.exists() else ()
    # It is there to be committed.
    reason = without_keys(reason, library(options, config))
    entries = _reported(found, reason) if found else _scanned(paths, reason, options)
    taken = {entry.fingerprint for entry in known}
    new = [entry for entry in entries if entry.fingerprint not in taken]
    baselines.write(path, (*known, *new))
    click.echo(
        f"{path}: {len(new)} accepted now, {len(known) + len(new)} in all. Name it with --baseline {quoted(str(path))},"
    )
    click.echo(f'or in .keyguard.toml: baseline = "{path}"')
    return 0


def _scanned(paths: tuple[str, ...], reason: str, options: Options) -> list[Accepted]:
    config = configuration(options)
    source = Files(paths, sys.stdin.buffer if sys.stdin else None, ignored=bool(config.ignored))
    # What the baseline has already stays accepted, and what allows accept needs no entry.
    rules = policy(replace(options, baseline=None), replace(config, baseline=None))
    result = scan(source, Engine(library(options, config)), rules)
    if result.unread:
        first = result.unread[0]
        raise UsageError(f"{first.what} could not be read ({first.reason}): nothing was accepted")
    return [Accepted(finding.secret.fingerprint, finding.rule.id, reason) for finding in result.findings]


def _reported(path: Path, reason: str) -> list[Accepted]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        findings = {SCHEMA: document["findings"]}[document["schema"]]
        return [Accepted(str(entry["sha256"]), str(entry["rule"]), reason) for entry in findings]
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: is no JSON report of keyguard's") from error
