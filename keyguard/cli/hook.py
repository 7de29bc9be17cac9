"""`keyguard hook`: what the hooks call."""

from __future__ import annotations

import os

import click

from keyguard.cli.options import Options, common, run
from keyguard.git.command import Git
from keyguard.git.index import staged_changes
from keyguard.source.staged import StagedChanges, StagedFiles


@click.group()
def hook() -> None:
    """What git's hooks call. To set them up see the README."""


@hook.command("pre-commit")
@click.argument("files", nargs=-1, type=click.Path())
@common
def pre_commit(files: tuple[str, ...], options: Options) -> int:
    """Keep keys out of the next commit.

    The pre-commit framework names the FILES of a commit, and then what they add counts; run over files that
    are not staged (`--all-files`) it means their whole content.
    """
    git = Git(as_hook=True)
    staged = {os.fsdecode(change.path) for change in staged_changes(git)} if files else set()
    whole = any(os.path.normpath(file) not in staged for file in files)
    return run(StagedFiles(git, files) if whole else StagedChanges(git), options)
