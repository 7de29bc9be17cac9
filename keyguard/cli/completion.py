"""`keyguard completion` and `keyguard man`: what a shell and `man` know of the commands, made from the commands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import click
from click.shell_completion import get_completion_class

from keyguard import __version__

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_KEYGUARD_COMPLETE"
"""The variable by which a shell asks click for completions."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete keyguard's commands, options and formats.

    \b
    bash:  keyguard completion bash > ~/.local/share/bash-completion/completions/keyguard
    zsh:   keyguard completion zsh > ~/.zfunc/_keyguard     (with ~/.zfunc in fpath)
    fish:  keyguard completion fish > ~/.config/fish/completions/keyguard.fish
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click {click.__version__} does not know {shell}")
    click.echo(kind(context.find_root().command, {}, "keyguard", VARIABLE).source())


@click.command()
@click.pass_context
def man(context: click.Context) -> None:
    """Print the manual page, of all commands.

    \b
    keyguard man > ~/.local/share/man/man1/keyguard.1
    """
    root = context.find_root()
    for line in _page(root):
        click.echo(line)


def _page(root: click.Context) -> Iterator[str]:
    command = root.command
    yield f'.TH KEYGUARD 1 "{date.today():%Y-%m-%d}" "keyguard {__version__}" "User Commands"'
    yield from (".SH NAME", rf"keyguard \- {_roff(command.get_short_help_str(200))}")
    yield from (".SH SYNOPSIS", r".B keyguard", r".I COMMAND", r"[\fIOPTION\fR]...")
    yield from (".SH DESCRIPTION", *_prose(command))
    yield ".SH COMMANDS"
    for inner in _commands(root):
        yield from _section(inner)


def _commands(context: click.Context) -> Iterator[click.Context]:
    """The context of every command, in the order of `--help`."""
    group = context.command
    if not isinstance(group, click.Group):
        yield context
        return
    for name in group.list_commands(context):
        inner = group.get_command(context, name)
        if inner and not inner.hidden:
            yield from _commands(click.Context(inner, info_name=name, parent=context))


def _section(context: click.Context) -> Iterator[str]:
    usage = " ".join(context.command.collect_usage_pieces(context))
    yield f".SS {_roff(context.command_path)} {_roff(usage)}"
    yield from _prose(context.command)
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record and record[1]:
            yield from (".TP", rf"\fB{_roff(record[0])}\fR", _roff(record[1]))


def _prose(command: click.Command) -> Iterator[str]:
    """A command's help: its paragraphs filled, and those that it marks with \\b as they are."""
    for paragraph in (command.help or "").split("\n\n"):
        lines = [line.strip() for line in paragraph.strip().splitlines()]
        if lines[:1] == ["\b"]:
            yield from (".nf", *map(_roff, lines[1:]), ".fi")
        else:
            yield from (".PP", _roff(" ".join(lines)))


def _roff(text: str) -> str:
    """Text in which roff sees no request, escape or hyphenation."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("…", "...")
    return rf"\&{text}" if text.startswith((".", "'")) else text
