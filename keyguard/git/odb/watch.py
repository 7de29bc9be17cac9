"""An end to waiting for a git that does not answer: a hostile pack can send it round in circles for ever."""

from __future__ import annotations

import threading

from keyguard.errors import GitError
from keyguard.git.command import Git, Process, failure

PATIENCE_S = 60.0
"""Seconds without a sign of life."""


class Watch:
    """Kills a process that gives no sign of life while the `with` block runs. `beat` is that sign.

    `late` says that it had to.
    """

    def __init__(self, process: Process, patience_s: float | None = None) -> None:
        self._process = process
        self._patience_s = PATIENCE_S if patience_s is None else patience_s
        self._beats = 0
        self.late = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._wait, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def beat(self) -> None:
        """Say that the process lives."""
        self._beats += 1

    def _wait(self) -> None:
        before = -1
        while self._beats != before:
            before = self._beats
            if self._over.wait(self._patience_s):
                return
        self.late = True
        self._process.kill()


def answer(git: Git, *arguments: str) -> bytes:
    """What git prints for `arguments`, which takes it a moment unless it hangs.

    Raises GitError where it fails or does not answer.
    """
    with git.start(*arguments, given=b"") as process, Watch(process) as watch:
        printed = process.stdout.read()
        code = process.wait()
        if watch.late:
            raise GitError(f"git {arguments[0]} does not answer: a file that it reads there is a pipe, or has no end")
        if code:
            raise failure(arguments, code, process.complaint())
        return printed
