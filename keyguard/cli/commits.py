"""`keyguard commits`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from keyguard import ci
from keyguard.cli import base
from keyguard.cli.options import Options, common
from keyguard.git.command import Git
from keyguard.source.ranges import named, of_build


@click.command()
@click.argument("commits", metavar="[BASE..HEAD]", required=False)
@common
def commits(commits: str | None, options: Options) -> int:
    """Look for keys in what commits add: files, messages, authors, tags, names.

    What HEAD has and BASE has not; a BASE of forty zeros stands for every other remote branch. Keys that
    BASE's files hold already are not reported. Without BASE..HEAD the CI system that runs this is asked.

    Settings, allows and the baseline are those of BASE.
    """
    git = Git()
    if commits is None:
        build = ci.build(os.environ, lambda path: Path(path).read_text(encoding="utf-8"))
        return base.run(git, of_build(git, build), options)
    return base.run(git, named(git, commits), options)
