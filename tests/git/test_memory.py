"""How much of a pack is in memory while it is read."""

from __future__ import annotations

import mmap
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyguard.git.odb import memory
from keyguard.git.odb.memory import CALM, MOST, Pages


class _System:
    """Stands in for the system: what is in memory, and how often it was asked for that and told to take it back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, tells: bool = True) -> None:
        self.held = self.most = self.asked = self.released = 0
        self._tells = tells
        monkeypatch.setattr(memory._Statm, "of_files", lambda _statm: self._ask())
        monkeypatch.setattr(memory, "release", self._release)

    def bring(self, count: int) -> None:
        self.held += count
        self.most = max(self.most, self.held)

    def _ask(self) -> int | None:
        self.asked += 1
        return self.held if self._tells else None

    def _release(self, _mapped: mmap.mmap) -> None:
        self.released += 1
        self.held = 0


@pytest.fixture
def mapped(tmp_path: Path) -> Iterator[mmap.mmap]:
    path = tmp_path / "pack"
    path.write_bytes(b"PACK")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as made:
        yield made


@pytest.mark.parametrize("brought", [1 << 12, 1 << 18, 1 << 20, 8 << 20])
def test_no_more_is_held_than_is_allowed_and_what_comes_in_one_step(
    brought: int, mapped: mmap.mmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = _System(monkeypatch)
    pages = Pages(mapped)
    for _ in range(10_000):
        system.bring(brought)
        pages.settle()
    assert system.most <= MOST + 2 * brought
    assert system.released >= 10_000 * brought // (MOST + 2 * brought)


def test_a_sudden_rush_is_noticed_before_the_calm_is_over_twice(
    mapped: mmap.mmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = _System(monkeypatch)
    pages = Pages(mapped)
    for _ in range(1_000):
        pages.settle()
    for _ in range(1_000):
        system.bring(2 << 20)
        pages.settle()
    assert system.most <= MOST + CALM * (2 << 20)


def test_where_little_comes_the_system_is_asked_rarely(mapped: mmap.mmap, monkeypatch: pytest.MonkeyPatch) -> None:
    system = _System(monkeypatch)
    pages = Pages(mapped)
    for _ in range(CALM * 100):
        pages.settle()
    assert system.asked <= 100 + CALM
    assert not system.released


def test_a_system_that_does_not_tell_gets_them_back_again_and_again(
    mapped: mmap.mmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = _System(monkeypatch, tells=False)
    pages = Pages(mapped)
    for _ in range(10 * CALM):
        system.bring(1 << 20)
        pages.settle()
    assert system.most == CALM << 20
    assert system.released == 10


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell it in a file")
def test_what_the_system_tells_grows_with_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    path.write_bytes(b"x" * (4 << 20))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as made:
        statm = memory._Statm()
        before = statm.of_files()
        assert before is not None
        made.find(b"y")
        during = statm.of_files()
        memory.release(made)
        after = statm.of_files()
    assert during is not None
    assert after is not None
    assert during - before > 3 << 20
    assert during - after > 3 << 20


def test_where_nothing_is_told_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "_STATM", str(tmp_path / "absent"))
    assert memory._Statm().of_files() is None
