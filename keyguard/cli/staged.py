"""`keyguard staged`."""

from __future__ import annotations

import click

from keyguard.cli.options import Options, common, run
from keyguard.git.command import Git
from keyguard.source.staged import StagedChanges, StagedFiles


@click.command()
@click.argument("files", nargs=-1, type=click.Path())
@common
def staged(files: tuple[str, ...], options: Options) -> int:
    """Look for keys in what the next commit would add.

    The index against HEAD, added lines alone. With FILES: these files' content in the index, whole.
    """
    git = Git(as_hook=True)
    return run(StagedFiles(git, files) if files else StagedChanges(git), options)
