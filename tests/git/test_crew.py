"""Tasks are all answered for, however the worker processes are started and whatever becomes of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from keyguard.git.odb import crew
from keyguard.git.odb.crew import share_out

DEADLY, FAULTY = 7, 11


@pytest.fixture(params=[True, False], ids=["fork", "spawn"], autouse=True)
def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyguard.git.odb.crew.FORKS", request.param)


def doubling() -> Callable[[int], int]:
    def work(task: int) -> int:
        if task == DEADLY:
            os._exit(1)
        if task == FAULTY:
            raise ValueError("a fault")
        return 2 * task

    return work


def test_every_task_is_done_once() -> None:
    done = list(share_out(range(100, 120), doubling, 2))

    assert sorted((one.task, one.result) for one in done) == [(task, 2 * task) for task in range(100, 120)]


def test_a_task_that_ends_its_process_takes_no_other_along() -> None:
    done = {one.task: one.result for one in share_out([1, DEADLY, 2, 3], doubling, 2)}

    assert done == {1: 2, DEADLY: None, 2: 4, 3: 6}


def test_a_fault_in_a_worker_is_raised_here_and_leaves_no_process() -> None:
    with pytest.raises(ValueError, match="a fault"):
        list(share_out([1, FAULTY, 2], doubling, 2))

    assert multiprocessing.active_children() == []


def test_work_that_is_given_up_leaves_no_process() -> None:
    results = share_out(range(100, 200), doubling, 2)
    next(results)
    results.close()

    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_the_one_that_it_works_for(start: None, number: int) -> None:
    argv = [sys.executable, "-c", KILLED, str(crew.FORKS), str(int(number))]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as process:
        # Whoever holds the output keeps this waiting.
        process.communicate(timeout=30)

    assert process.returncode == -number


KILLED = """
import os, sys
from keyguard.git.odb import crew

crew.FORKS = sys.argv[1] == "True"

def doubling():
    return lambda task: 2 * task

if __name__ == "__main__":
    results = crew.share_out(range(1_000), doubling, 3)
    for _ in range(10):
        next(results)
    os.kill(os.getpid(), int(sys.argv[2]))
"""
