"""`keyguard scrub`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from keyguard.cli.history import processors
from keyguard.cli.options import Options, configuration, library, policy
from keyguard.engine import Engine
from keyguard.errors import ConfigError, UsageError
from keyguard.model import Confidence
from keyguard.report.sizes import count
from keyguard.report.wording import quoted
from keyguard.scrub import certificate, described
from keyguard.scrub.act import Done, act, refuse
from keyguard.scrub.afterwards import afterwards
from keyguard.scrub.backup import check_path, default_path
from keyguard.scrub.leftovers import clear
from keyguard.scrub.plan import Plan, plan
from keyguard.scrub.search import Searcher
from keyguard.scrub.undo import undo as restore
from keyguard.scrub.wording import MARKER, Wording

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("repository", metavar="[REPO]", default=".", type=click.Path(path_type=Path))
@click.option("--apply", "applied", is_flag=True, help="Act. Without it nothing is written.")
@click.option("--yes", is_flag=True, help="Do not ask before acting; undo even what came after.")
@click.option("--undo", type=_FILE, metavar="BACKUP", help="Restore what was there before a scrub.")
@click.option("--backup", type=_FILE, metavar="FILE", help="Where the backup goes.  [default: beside the repository]")
@click.option("--certificate", "proof", type=_FILE, metavar="FILE", help="Write the certificate: .json or .md.")
@click.option("--marker", default=MARKER, show_default=True, help="What follows a key's redaction in its place.")
@click.option(
    "--containers",
    type=click.Choice(("refuse", "drop")),
    default="refuse",
    show_default=True,
    help="What to do where an archive with keys cannot be rewritten: not begin, or put a note in its place.",
)
@click.option("--jobs", "-j", type=click.IntRange(1), help="Processes to read with.  [default: one a processor]")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="Of plan and certificate.")
@click.option("--config", type=_FILE, metavar="FILE", help="The configuration to use, in place of the one found.")
@click.option("--baseline", type=_FILE, metavar="FILE", help="Keys that are accepted, by fingerprint: they stay.")
@click.option("--patterns", type=_FILE, multiple=True, metavar="FILE", help="Further patterns. Can be repeated.")
@click.option(
    "--min-confidence",
    type=click.Choice([level.word for level in Confidence]),
    help="Scrub only what is this sure to be a key.  [default: low]",
)
def scrub(
    repository: Path,
    applied: bool,
    yes: bool,
    undo: Path | None,
    backup: Path | None,
    proof: Path | None,
    marker: str,
    containers: str,
    jobs: int | None,
    form: str,
    config: Path | None,
    baseline: Path | None,
    patterns: tuple[Path, ...],
    min_confidence: str | None,
) -> int:
    """Take keys out of all of a repository's history, with proof.

    Without --apply: say what would change. With it: back up, rewrite with git-filter-repo and beyond it, throw
    the old objects away, and look through everything again. Exit code 0 only where no key is left.

    Revoke the keys first. What other clones and the host hold stays there: the commands for it are printed.
    """
    if proof and not undo:
        _check_certificate(proof, written=applied)
    if undo or applied:
        for line in clear(repository):
            click.echo(f"keyguard: {line}", err=True)
    if undo:
        return _undone(repository, undo, yes)
    searcher = _searcher(Options(
        format=None, output=None, report=(), exit_zero=None, config=config, baseline=baseline, patterns=patterns,
        min_confidence=min_confidence, show_secrets=None, quiet=None, verbose=False,
    ), jobs)  # fmt: skip
    made = plan(repository, searcher, Wording(marker), drops=containers == "drop")
    if not applied:
        return _planned(made, form)
    return _applied(made, searcher, backup, yes, proof, form)


def _check_certificate(path: Path, *, written: bool) -> None:
    """See that a certificate can be written there, if one is to be `written`; nothing is left of that.

    Raises UsageError for a name that says no format, and ConfigError where no file can be.
    """
    if path.suffix not in (".json", ".md"):
        raise UsageError(f"--certificate {path}: give it the ending .json or .md")
    if not written:
        return
    real = Path(os.path.realpath(path))
    there = real.exists()
    try:
        real.open("ab").close()
        if not there:
            real.unlink()
    except OSError as error:
        raise ConfigError(
            f"{path}: the certificate cannot be written ({error.strerror}); nothing was changed"
        ) from error


def _searcher(options: Options, jobs: int | None) -> Searcher:
    config = configuration(options)
    return Searcher(Engine(library(options, config)), policy(options, config), jobs or processors())


def _undone(repository: Path, backup: Path, force: bool) -> int:
    refs = restore(repository, backup, force=force)
    click.echo(f"Restored {refs} refs, with stashes, reflogs and work trees, from {backup}. The keys are back.")
    return 0


def _planned(made: Plan, form: str) -> int:
    _say_plan(made, form)
    return made.exit_code


def _say_plan(made: Plan, form: str) -> None:
    text = json.dumps(described.document(made), indent=2) if form == "json" else "\n".join(described.lines(made))
    click.echo(text)


def _applied(made: Plan, searcher: Searcher, backup: Path | None, yes: bool, proof: Path | None, form: str) -> int:
    if not made.search.result.findings:
        return _planned(made, form)
    refuse(made)
    where = (backup or default_path(made.snapshot)).absolute()
    check_path(made.snapshot, where)
    if form == "text":
        _say_plan(made, form)
    if not yes and not _agreed(where):
        click.echo("Nothing was changed.")
        return made.exit_code
    done = act(made, searcher, where, _say_stage)
    try:
        _say_done(done, form)
    finally:
        # Whatever keeps one of the two from being written, the other is.
        _certify(done, proof)
    return 0 if done.proven and not made.elsewhere else 1


def _agreed(backup: Path) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("scrub asks before it acts, and nobody is there to answer: add --yes")
    return click.confirm(f"\nHave the keys been revoked, and shall history be rewritten? The backup will be {backup}")


def _say_stage(stage: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"keyguard: {stage}", err=True)


def _certify(done: Done, path: Path | None) -> None:
    if path is None:
        return
    write = certificate.as_json if path.suffix == ".json" else certificate.as_markdown
    try:
        path.write_text(write(done, described.redaction_of(done.plan)), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: the certificate cannot be written ({error.strerror}); the scrub is done") from error


def _say_done(done: Done, form: str) -> None:
    redaction = described.redaction_of(done.plan)
    if form == "json":
        click.echo(certificate.as_json(done, redaction), nl=False)
        return
    click.echo("")
    left = done.left.result
    click.echo(
        f"Scrubbed and proven: no key is left in {left.examined.blobs:,} objects."
        if done.proven
        else f"NOT proven: {', '.join(_missing(done))}."
    )
    for line in described.packed(done.plan, done.compared.members):
        click.echo(line)
    for finding in left.findings:
        click.echo(f"  {finding.secret.redacted}: {finding.locations[0].kind} {finding.locations[0].path or ''}")
    for line in described.submodules(done.plan, redaction):
        click.echo(line)
    click.echo(f"The backup {done.backup} holds the keys: delete it when all is well. The way back:")
    click.echo(f"  keyguard scrub --undo {quoted(str(done.backup))}")
    click.echo("\n".join(("", *afterwards(done, redaction))))


def _missing(done: Done) -> Iterator[str]:
    """What keeps a scrub from being proven."""
    left = done.left.result
    if left.findings:
        yield f"{count(len(left.findings), 'key')} left"
    if left.unread:
        yield f"{count(len(left.unread), 'thing')} not read (`keyguard history` tells which)"
    if not done.sound:
        yield "git does not find the repository whole (`git fsck --full` tells why)"
