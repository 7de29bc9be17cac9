"""An end to waiting for a git that does not answer: a hostile pack can send it round in circles for ever."""

from __future__ import annotations

import threading

from keyguard.git.command import Process

PATIENCE_S = 60.0
"""Seconds without a sign of life."""


class Watch:
    """Kills a process that gives no sign of life while the `with` block runs. `beat` is that sign."""

    def __init__(self, process: Process, patience_s: float | None = None) -> None:
        self._process = process
        self._patience_s = PATIENCE_S if patience_s is None else patience_s
        self._beats = 0
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
        self._process.kill()
