"""`keyguard hook`: what the hooks call."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from keyguard.cli import base
from keyguard.cli.options import Options, common, run
from keyguard.errors import UsageError
from keyguard.git.command import Git
from keyguard.git.index import staged_changes
from keyguard.source.message import CommitMessage
from keyguard.source.ranges import CommitRange, Update, is_zeros, of_push, received, unpushed
from keyguard.source.staged import StagedChanges, StagedFiles

BYPASS = "keyguard.bypass"
"""The setting of a server's repository that lets a push in: the id of what a ref shall be."""


class OfFiles(click.Command):
    """A command to which the framework gives names of files alone: one that looks like an option is a name too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = [f"./{name}" if name.startswith("-") and os.path.lexists(name) else name for name in args]
        return super().parse_args(ctx, named)


@click.group()
def hook() -> None:
    """What git's hooks call. `keyguard install` sets them up."""


@hook.command("pre-commit", cls=OfFiles)
@click.argument("files", nargs=-1, type=click.Path())
@common
def pre_commit(files: tuple[str, ...], options: Options) -> int:
    """Keep keys out of the next commit.

    The pre-commit framework names the FILES of a commit, and then what they add counts; run over files that
    are not staged (`--all-files`) it means their whole content.
    """
    return _staged(files, options)


@hook.command("pre-merge-commit", cls=OfFiles)
@click.argument("files", nargs=-1, type=click.Path())
@common
def pre_merge_commit(files: tuple[str, ...], options: Options) -> int:
    """Keep keys out of the next merge: what git makes without asking, pre-commit does not see."""
    return _staged(files, options)


@hook.command("commit-msg")
@click.argument("file", type=click.Path(path_type=Path))
@common
def commit_msg(file: Path, options: Options) -> int:
    """Keep keys out of a commit's message, which FILE holds."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: the message cannot be read: {error.strerror}") from error
    # git says so where it opens no editor. Then it keeps what looks like its own remarks.
    return run(CommitMessage(text, edited=os.environ.get("GIT_EDITOR") != ":"), options)


@hook.command("pre-push")
@click.argument("remote", default="")
@click.argument("url", default="")
@common
def pre_push(remote: str, url: str, options: Options) -> int:
    """Keep keys out of a push to REMOTE, of which git tells the refs on standard input.

    Where it tells none, as under the pre-commit framework, which keeps them to itself, this looks at all that
    local branches and tags have and the remote has not.
    """
    git = Git(as_hook=True)
    updates = [Update(there, _object(new), _object(old)) for _, new, there, old in _told(4)]
    return base.run_here(git, _outgoing(git, remote, updates), options)


@hook.command("pre-receive")
@common
def pre_receive(options: Options) -> int:
    """Keep keys out of a repository on a server: the refs of a push come on standard input.

    Settings are those of the repository's own default branch. An administrator can let one push in with
    `git config --add keyguard.bypass COMMIT` in the repository.
    """
    git = Git(as_hook=True)
    updates = [Update(ref, _object(new), _object(old)) for old, new, ref in _told(3)]
    commits = _incoming(git, updates)
    code = base.run(git, commits, options)
    if code:
        heads = " ".join(f"`git config --add {BYPASS} {oid}`" for oid in commits.heads)
        click.echo("keyguard refuses this push, and nothing of it is taken. What it names stands in commits, so a")
        click.echo("further commit does not take it out: change these (`git rebase --interactive`), and push again.")
        click.echo(f"An administrator can let exactly this push in, with {heads} in the repository on the server.")
    return code


def _outgoing(git: Git, remote: str, updates: list[Update]) -> CommitRange:
    if updates:
        return of_push(git, remote, updates, f"a push to {remote or 'a remote'}")
    pushed = os.environ.get("PRE_COMMIT_TO_REF")
    return unpushed(git, remote or os.environ.get("PRE_COMMIT_REMOTE_NAME", ""), [pushed] if pushed else [])


def _incoming(git: Git, updates: list[Update]) -> CommitRange:
    """What a push brings, without what an administrator lets in."""
    commits = received(git, updates)
    _, listed, _ = git.attempt("config", "--get-all", BYPASS)
    let_in = set(listed.decode("ascii", "replace").split()) & set(commits.heads)
    if not let_in:
        return commits
    return replace(
        commits,
        heads=tuple(oid for oid in commits.heads if oid not in let_in),
        bases=(*commits.bases, *sorted(let_in)),
        notes=(f"Not examined, as an administrator has set {BYPASS}: {', '.join(sorted(let_in))}.",),
    )


def _told(fields: int) -> Iterator[list[str]]:
    """The lines that git gives a hook, cut into their fields."""
    if sys.stdin is None or sys.stdin.isatty():
        return
    for line in sys.stdin.buffer.read().decode("utf-8", "surrogateescape").split("\n"):
        if not line:
            continue
        parts = line.split(" ")
        if len(parts) != fields:
            raise UsageError("standard input is not what git tells this hook, so nothing was examined")
        yield parts


def _object(oid: str) -> str | None:
    return None if is_zeros(oid) else oid


def _staged(files: tuple[str, ...], options: Options) -> int:
    git = Git(as_hook=True)
    staged = {os.fsdecode(change.path) for change in staged_changes(git)} if files else set()
    whole = any(os.path.normpath(file) not in staged for file in files)
    return run(StagedFiles(git, files) if whole else StagedChanges(git), options)
