"""`keyguard history`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click

from keyguard.cli.options import Options, common, run
from keyguard.source.history import History
from keyguard.source.repository import Narrowing, Step


@click.command()
@click.argument("repositories", metavar="[REPO]...", nargs=-1, type=click.Path())
@click.option("--jobs", "-j", type=click.IntRange(1), help="Processes to read with.  [default: one a processor]")
@click.option("--since", metavar="DATE", help="Only what commits since then brought: 2024-01-31, 3 weeks ago, …")
@click.option("--ref", "--branch", "refs", multiple=True, help="Only what REF leads to; can be repeated.")
@click.option("--no-unreachable", is_flag=True, help="Leave out what no ref leads to.")
@common
def history(
    repositories: tuple[str, ...],
    jobs: int | None,
    since: str | None,
    refs: tuple[str, ...],
    no_unreachable: bool,
    options: Options,
) -> int:
    """Look for keys in everything that repositories store.

    Every blob, commit, tag, note, path and ref name is looked at, also what no ref leads to any more, and the
    repositories of submodules. Without REPO: the one of the current folder.
    """
    # numpy's linear algebra starts a thread a processor when it is imported, and nothing here asks it for any.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    narrowing = Narrowing(refs, since, no_unreachable)
    with ExitStack() as bar:
        progress = bar.enter_context(_progress(bool(options.quiet)))
        source = History(repositories, jobs=jobs or processors(), narrowing=narrowing, progress=progress)
        # The bar is gone before the report is written.
        return run(source, options, _where(repositories), searched=bar.close)


def _where(repositories: tuple[str, ...]) -> str | None:
    """The repository that reports link to, where it is one."""
    if len(repositories) > 1:
        return None
    return repositories[0] if repositories else "."


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Step], None] | None]:
    """A bar on standard error where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    # Refreshed as the reading goes on: a thread of its own would be copied, half alive, into each process.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("looking through the indexes of packs", total=None)

        def show(step: Step) -> None:
            bar.update(task, completed=step.done, total=step.total, description=_said(step, bar.tasks[task].elapsed))
            bar.refresh()

        yield show


def _said(step: Step, elapsed: float | None) -> str:
    if step.done >= step.total:
        return "read; asking git what is missing and where keys were"
    megabytes = step.volume >> 20
    rate = int(megabytes / elapsed) if elapsed else 0
    return f"{step.done:,} of {step.total:,} objects, {megabytes:,} MB, {rate:,} MB/s"
