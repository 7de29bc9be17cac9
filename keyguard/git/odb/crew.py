"""Worker processes that share out a list of tasks, whatever becomes of one of them.

`multiprocessing` is imported only where a second process is wanted: a small store is read sooner than that takes.
"""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext, SpawnContext
    from multiprocessing.process import BaseProcess

Task = TypeVar("Task")
Result = TypeVar("Result")

# What a worker does with a task. It is made anew in each worker.
Work = Callable[[Task], Result]


# A fork shares all that is known about the packs. Where forking is not safe it is sent to each process.
FORKS = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Done(Generic[Task, Result]):
    """A task and what came of it; None where the worker's process ended in the middle of it."""

    task: Task
    result: Result | None


def share_out(tasks: Sequence[Task], make: Callable[[], Work[Task, Result]], jobs: int) -> Iterator[Done[Task, Result]]:
    """Do `tasks` in `jobs` processes, or here where one is enough; results as they come.

    Raises what the work raises. No process is left behind, also where the iteration is given up or is
    interrupted.
    """
    if not tasks:
        return
    if jobs <= 1:
        work = make()
        for task in tasks:
            yield Done(task, work(task))
        return
    crew = _Crew(tasks, make, min(jobs, len(tasks)))
    try:
        yield from crew.results()
    finally:
        crew.end()


class _Crew(Generic[Task, Result]):
    def __init__(self, tasks: Sequence[Task], make: Callable[[], Work[Task, Result]], jobs: int) -> None:
        self.make = make
        self.waiting = list(reversed(tasks))
        self.jobs = jobs
        self.busy: dict[Connection, Task] = {}
        self.processes: list[BaseProcess] = []

    def results(self) -> Iterator[Done[Task, Result]]:
        from multiprocessing.connection import wait

        for _ in range(self.jobs):
            self._engage()
        while self.busy:
            ready = wait(list(self.busy))
            for pipe in [pipe for pipe in self.busy if pipe in ready]:
                yield self._received(pipe)

    def end(self) -> None:
        for pipe in self.busy:
            pipe.close()
        for process in self.processes:
            process.terminate()
            process.join()

    def _engage(self) -> None:
        """Start a worker and give it its first task."""
        from multiprocessing import get_context

        context: ForkContext | SpawnContext = get_context("fork") if FORKS else get_context("spawn")
        ours, theirs = context.Pipe()
        # A fork has these too, and would keep them from ending when this process is gone.
        others = [ours, *self.busy] if FORKS else []
        process = context.Process(target=_serve, args=(theirs, self.make, others), daemon=True)
        # An interrupt waits: amid this it would leave a process that nobody knows.
        with _undisturbed():
            process.start()
            self.processes.append(process)
        theirs.close()
        self._next(ours)

    def _received(self, pipe: Connection) -> Done[Task, Result]:
        task = self.busy.pop(pipe)
        try:
            result, error = pipe.recv()
        except (EOFError, OSError):
            pipe.close()
            # Each worker that ends takes a task along, so that there is an end to this.
            if self.waiting:
                self._engage()
            return Done(task, None)
        if error:
            raise error
        self._next(pipe)
        return Done(task, result)

    def _next(self, pipe: Connection) -> None:
        """Give the worker behind `pipe` its next task, or let it go."""
        if not self.waiting:
            pipe.close()
            return
        task = self.waiting.pop()
        self.busy[pipe] = task
        try:
            pipe.send(task)
        except OSError:
            # It is gone: the wait for its result says so.
            return


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put interrupts off while the block runs."""
    # Elsewhere there are none, nor may their handler be set. One that is not Python's could not be put back.
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is None:
        yield
        return
    put_off: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: put_off.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if put_off:
        signal.raise_signal(signal.SIGINT)


def _serve(pipe: Connection, make: Callable[[], Work[Task, Result]], others: Sequence[Connection]) -> None:
    for other in others:
        other.close()
    # An interrupt is the parent's to handle. It ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What was made before stays, and the work makes no rings: looking for them again and again costs a fortieth.
    gc.freeze()
    gc.set_threshold(100_000)
    work = make()
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        answer: tuple[Result | None, Exception | None]
        try:
            answer = work(task), None
        except Exception as error:  # it is raised in the parent
            answer = None, error
        try:
            pipe.send(answer)
        except OSError:
            # Whoever waited for it was killed.
            return
