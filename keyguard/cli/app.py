"""The commands, each imported when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from keyguard import __version__
from keyguard.errors import UsageError

COMMANDS = {
    "scan": "keyguard.cli.scan:scan",
    "staged": "keyguard.cli.staged:staged",
    "commits": "keyguard.cli.commits:commits",
    "history": "keyguard.cli.history:history",
    "scrub": "keyguard.cli.scrub:scrub",
    "hook": "keyguard.cli.hook:hook",
    "install": "keyguard.cli.install:install",
    "uninstall": "keyguard.cli.install:uninstall",
    "patterns": "keyguard.cli.patterns:patterns",
    "baseline": "keyguard.cli.baseline:baseline",
    "completion": "keyguard.cli.completion:completion",
    "man": "keyguard.cli.completion:man",
}


class Commands(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="keyguard")
def keyguard() -> None:
    """Keep OpenAI keys out of git.

    Exit codes: 0 nothing found, 1 keys found, 2 the call or the environment is wrong, 3 nothing found by a
    scan that could not see everything.
    """


def cli(arguments: list[str]) -> int:
    """Run a command; its exit code.

    Raises UsageError where the call is not understood, and whatever the command raises.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal of an old encoding must not turn a report into an error.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        outcome: Any = keyguard.main(arguments, prog_name="keyguard", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return 2
    except click.ClickException as error:
        raise UsageError(_told(error)) from None
    except click.Abort:
        raise KeyboardInterrupt from None
    return outcome if isinstance(outcome, int) else 0


def _told(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" (see `{context.command_path} --help`)" if context else ""
    return f"{error.format_message()}{hint}"
