"""`keyguard install` and `keyguard uninstall`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from keyguard import hooks
from keyguard.errors import UsageError

_WAYS = click.Choice(list(hooks.SETTINGS))


@click.command()
@click.option(
    "--hook",
    "names",
    multiple=True,
    type=click.Choice((*hooks.LOCAL, *hooks.SERVER)),
    help="Only this one. Can be repeated.",
)
@click.option("--global", "for_all", is_flag=True, help="For all of your repositories.")
@click.option("--by", "way", type=_WAYS, help="How: all repositories, or all new ones.  [default: template]")
def install(names: tuple[str, ...], for_all: bool, way: str | None) -> int:
    """Set up git's hooks, beside those that are there.

    In a work tree pre-commit, pre-merge-commit, commit-msg and pre-push; in a bare repository pre-receive. A
    hook that is there already is kept and runs first. Calling this again changes nothing.

    `--global --by template` copies the hooks into each repository that is made or cloned from now on (and, by
    `git init`, into one that is there); `--global --by hooks-path` has git look for all hooks in one folder,
    from where each repository's own are run too.
    """
    if (names and for_all) or (way and not for_all):
        raise UsageError("--by goes with --global, and --hook without it")
    if for_all:
        done = hooks.install_for_all(way or "template", _home(), _command(), os.environ)
    else:
        done = _installed_here(names)
    click.echo("\n".join(done))
    return 0


@click.command()
@click.option("--global", "for_all", is_flag=True, help="What `keyguard install --global` has set up.")
def uninstall(for_all: bool) -> int:
    """Take keyguard's hooks away, and put everything back as it was before."""
    done = hooks.uninstall_for_all(_home(), os.environ) if for_all else hooks.uninstall(Path.cwd())
    click.echo("\n".join(done))
    return 0


def _installed_here(names: tuple[str, ...]) -> list[str]:
    try:
        return hooks.install(Path.cwd(), _command(), names)
    except hooks.KeptByOthersError as error:
        click.echo(error.lines)
        raise


def _home() -> Path:
    """keyguard's own folder for hooks that stand for all repositories."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "keyguard"


def _command() -> list[str]:
    """How a hook is to call this keyguard. Never by way of the current folder, which is a scanned one."""
    folder = Path(sys.executable).parent
    for name in ("keyguard", "keyguard.exe"):
        if os.access(folder / name, os.X_OK):
            return [(folder / name).as_posix()]
    return [Path(sys.executable).as_posix(), "-P", "-m", "keyguard"]
