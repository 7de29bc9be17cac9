"""Commands timed as whole processes, in turn, so that a machine that drifts drifts for all of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Contender:
    """A command to be timed in a folder. `before` prepares each run, untimed."""

    name: str
    argv: Sequence[str]
    cwd: Path
    before: Callable[[], None] | None = None


@dataclass(frozen=True)
class Timing:
    """Medians of a contender's runs: seconds, those of the processors, and peak memory of the largest process in MB."""

    name: str
    seconds: float
    processor: float
    fastest: float
    memory: float
    code: int


def alternate(contenders: Sequence[Contender], runs: int) -> list[Timing]:
    """Each contender once to warm up, then all of them in turn, `runs` times."""
    seconds: list[list[float]] = [[] for _ in contenders]
    processor: list[list[float]] = [[] for _ in contenders]
    memory: list[list[float]] = [[] for _ in contenders]
    codes = [0] * len(contenders)
    for number in range(runs + 1):
        for place, contender in enumerate(contenders):
            took, used, peak, codes[place] = _run(contender)
            if number:
                seconds[place].append(took)
                processor[place].append(used)
                memory[place].append(peak)
    return [
        Timing(c.name, statistics.median(s), statistics.median(p), min(s), statistics.median(m), code)
        for c, s, p, m, code in zip(contenders, seconds, processor, memory, codes, strict=True)
    ]


def _run(contender: Contender) -> tuple[float, float, float, int]:
    if contender.before:
        contender.before()
    with Path(os.devnull).open("wb") as nowhere:
        began = time.perf_counter()
        process = subprocess.Popen(contender.argv, cwd=contender.cwd, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode


def table(timings: Sequence[Timing]) -> str:
    """A Markdown table: the first contender, and its time as a ratio of each other's."""
    first = timings[0].seconds
    rows = ["| | median | fastest | keyguard's time is | peak memory | exit |", "| --- | --- | --- | --- | --- | --- |"]
    for timing in timings:
        ratio = "" if timing is timings[0] else f"{first / timing.seconds:.2f} of it"
        rows.append(
            f"| {timing.name} | {_time(timing.seconds)} | {_time(timing.fastest)} | {ratio} "
            f"| {timing.memory:.0f} MB | {timing.code} |"
        )
    return "\n".join(rows)


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def keyguard() -> str:
    """The keyguard command of the environment that runs the benchmark."""
    command = Path(sys.executable).parent / "keyguard"
    if not command.exists():
        sys.exit("install keyguard into this environment first: pip install -e '.[fast]'")
    return str(command)
