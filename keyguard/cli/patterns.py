"""`keyguard patterns`."""

from __future__ import annotations

from pathlib import Path

import click

from keyguard.errors import UsageError
from keyguard.pattern_check import checked, faults
from keyguard.patterns import Pattern, bundled

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def patterns() -> None:
    """The pattern library: what keyguard knows, and a check of your own."""


@patterns.command("list")
@click.option("--provider", metavar="NAME", help="Only those of one provider.")
def list_(provider: str | None) -> None:
    """List the patterns: id, provider, confidence, title."""
    shown = [pattern for pattern in bundled() if provider in (None, pattern.rule.provider)]
    if not shown:
        known = ", ".join(sorted({pattern.rule.provider for pattern in bundled()}))
        raise UsageError(f"there is no provider {provider!r}; there are {known}")
    widths = [max(len(row[column]) for row in map(_row, shown)) for column in range(3)]
    for pattern in shown:
        *cells, title = _row(pattern)
        click.echo("  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), title]))


def _row(pattern: Pattern) -> tuple[str, str, str, str]:
    return pattern.id, pattern.rule.provider, pattern.confidence.word, pattern.rule.title


@patterns.command()
@click.argument("name", metavar="ID")
def show(name: str) -> None:
    """Show all of one pattern."""
    library = bundled()
    if name not in library:
        raise UsageError(f"there is no pattern {name!r}; `keyguard patterns list` lists them")
    pattern = library[name]
    rows = {
        "id": pattern.id,
        "title": pattern.rule.title,
        "provider": pattern.rule.provider,
        "kind": ", ".join(dict.fromkeys([pattern.kind, *pattern.kinds.values()])),
        "confidence": pattern.confidence.word + (f", or {pattern.doubtful.word}" if pattern.supporting else ""),
        "anchors": ", ".join(pattern.anchors),
        "regex": pattern.expression,
        "checks": ", ".join((*pattern.required, *pattern.supporting)) or "none",
        "context": "; ".join(" or ".join(context.words) for context in pattern.context) or "none needed",
        "disguises": pattern.disguised,
        "examples": "\n".join(pattern.examples),
        "not these": "\n".join(pattern.counterexamples),
        "when it leaks": "\n".join(filter(None, (pattern.rule.remedy, pattern.rule.revoke_url))),
        "source": pattern.source,
    }
    for label, value in rows.items():
        first, *others = value.split("\n")
        click.echo(f"{label:<14}{first}")
        for line in others:
            click.echo(f"{'':<14}{line}")


@patterns.command()
@click.argument("files", nargs=-1, type=_FILE)
def check(files: tuple[Path, ...]) -> int:
    """Check pattern files: fields, expression, anchors, examples and counterexamples.

    Without FILES the bundled patterns are checked.
    """
    library = bundled()
    if not files:
        found = list(faults(library, library))
        for pattern, fault in found:
            click.echo(f"{pattern.id}: {fault}")
        click.echo(f"{len(library)} patterns, {len(found)} faults")
        return 2 if found else 0
    longer = checked(library, files)
    click.echo(f"{len(longer) - len(library)} patterns, no faults")
    return 0
