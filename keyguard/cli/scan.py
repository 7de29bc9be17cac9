"""`keyguard scan`."""

from __future__ import annotations

import sys

import click

from keyguard.cli.options import Options, common, configuration, run
from keyguard.source.files import Files


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--no-ignore", is_flag=True, default=None, help="Also look at the files that git ignores.")
@common
def scan(paths: tuple[str, ...], no_ignore: bool | None, options: Options) -> int:
    """Look for keys in files and folders.

    Without PATH the current folder; `-` is standard input. What git ignores is left out; links are not
    followed.
    """
    ignored = no_ignore if no_ignore is not None else configuration(options).ignored
    return run(Files(paths, sys.stdin.buffer if sys.stdin else None, ignored=bool(ignored)), options)
