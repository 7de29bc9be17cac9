"""The memory of `keyguard history`, over all its processes, against the bound that it sets itself.

python -m benchmarks.memory REPO…         these repositories
python -m benchmarks.memory --objects N   one that is made, of about N objects

What several processes share is counted once (the proportional set size of Linux), pages of packs included. The bound is
150 MB, 100 bytes an object, and the bytes of the longest chain of objects that stand on each other as deltas.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.history import made
from benchmarks.measure import keyguard

MB = 1e6
BASE, PER_OBJECT = 150 * MB, 100
PAUSE_S = 0.02
RUNS = 3

SHARE = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def peak(argv: list[str]) -> float:
    """The most bytes that a command and all that it starts hold, twice in a row.

    A process that is just being started may be its parent's double for a moment, and hold nothing.
    """
    most = before = 0.0
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            now = sum(map(_held, _family(process.pid)))
            most, before = max(most, min(before, now)), now
            time.sleep(PAUSE_S)
    return most


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in _listed(Path(f"/proc/{pid}/task")):
        for child in _read(task / "children").split():
            yield from _family(int(child))


def _held(pid: int) -> float:
    share = SHARE.search(_read(Path(f"/proc/{pid}/smaps_rollup")))
    return int(share[1]) * 1024 if share else 0


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _read(path: Path) -> str:
    """The text of a file, none where its process is gone."""
    try:
        return path.read_text()
    except OSError:
        return ""


def objects_and_path(repository: Path) -> tuple[int, int]:
    """How many objects git has there, and the bytes of the largest chain of objects that stand on each other."""
    words = "--batch-check=%(objectname) %(objectsize) %(deltabase)"
    argv = ["git", "-C", str(repository), "cat-file", "--batch-all-objects", "--unordered", words]
    size: dict[str, int] = {}
    base: dict[str, str] = {}
    for line in subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines():
        oid, length, stands_on = line.split()
        size[oid] = int(length)
        if stands_on.strip("0"):
            base[oid] = stands_on
    path: dict[str, int] = {}
    for oid in size:
        chain = [oid]
        while chain[-1] not in path and chain[-1] in base:
            chain.append(base[chain[-1]])
        total = path.get(chain[-1], size[chain[-1]])
        path[chain[-1]] = total
        for above in reversed(chain[:-1]):
            total += size[above]
            path[above] = total
    return len(size), max(path.values(), default=0)


def measured(repositories: dict[str, Path]) -> None:
    print("| repository | objects | largest path of deltas | bound | most held |\n| --- | --- | --- | --- | --- |")
    for name, repository in repositories.items():
        _row(name, repository)


def _row(name: str, repository: Path) -> None:
    objects, path = objects_and_path(repository)
    bound = BASE + PER_OBJECT * objects + path
    held = max(peak([keyguard(), "history", "--jobs", "2", str(repository)]) for _ in range(RUNS))
    print(f"| {name} | {objects:,} | {path / MB:.0f} MB | {bound / MB:.0f} MB | {held / MB:.0f} MB |")


def main() -> None:
    match sys.argv[1:]:
        case ["--objects", count]:
            with tempfile.TemporaryDirectory() as folder:
                measured({"made": made(Path(folder), int(count) // 3, 50, 600)})
        case [_, *_] as repositories if all(Path(repository).is_dir() for repository in repositories):
            measured({path.parent.name if path.name == "repo" else path.name: path for path in map(Path, repositories)})
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
