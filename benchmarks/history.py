"""`keyguard history` against `git cat-file` reading the same objects, and against `kingfisher scan`.

python -m benchmarks.history [REPO…]      these repositories; without any, one of 20,000 commits and 2 GB is made
python -m benchmarks.history --scale      time and memory an object at 10,000, 100,000 and 1,000,000 objects
python -m benchmarks.history --keys       1,000 leaked keys in 5,000 commits, against the same without keys
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks.measure import Contender, alternate, keyguard, table
from benchmarks.peers import program
from keyguard.patterns.templates import fill

RUNS = 5
COMMITS, FILES, SIZE = 20_000, 300, 100_000
KEYS, KEYED_COMMITS = 1_000, 5_000
SCALES = (10_000, 100_000, 1_000_000)
KEY = "sk-proj-{modern:74,74}"


def made(folder: Path, commits: int, files: int, size: int, keys: int = 0) -> Path:
    """A packed, bare repository of `commits` that each change a line in one of `files` of about `size` bytes.

    The first `keys` of them bring one key each.
    """
    subprocess.run(["git", "init", "--quiet", "--bare", str(folder)], check=True)
    fast_import = ["git", "-C", str(folder), "fast-import", "--quiet", "--depth=50"]
    with subprocess.Popen(fast_import, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        for part in stream(commits, files, size, keys):
            process.stdin.write(part)
    subprocess.run(["git", "-C", str(folder), "repack", "-adq", "--window=5"], check=True)
    return folder


def stream(commits: int, files: int, size: int, keys: int) -> Iterator[bytes]:
    """What `git fast-import` makes the repository of."""
    random = Random(3)
    contents = [[_line(random) for _ in range(max(1, size // 60))] for _ in range(files)]
    for number in range(commits):
        file = number % files
        lines = contents[file]
        lines[random.randrange(len(lines))] = _line(random)
        key = f"KEY = {fill(KEY, random)}\n".encode() if number < keys else b""
        content = key + b"".join(lines)
        yield b"commit refs/heads/main\ncommitter A <a@example.com> %d +0000\n" % (1_600_000_000 + 60 * number)
        yield b"data 1\nx\nM 100644 inline folder-%d/file-%d\n" % (file % 20, file)
        yield b"data %d\n%s\n" % (len(content), content)


def _line(random: Random) -> bytes:
    return random.randbytes(25).hex().encode() + b" = value\n"


def contenders(repository: Path) -> list[Contender]:
    every = ["git", "-C", str(repository), "cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer"]
    found = [
        Contender("keyguard history --jobs 2", [keyguard(), "history", "--jobs", "2", str(repository)], repository),
        Contender("git cat-file --batch-all-objects --batch --unordered --buffer", every, repository),
    ]
    if path := program("kingfisher"):
        argv = [path, "scan", str(repository), "--rule", "openai", "--no-validate", "--no-update-check", "--quiet"]
        found.append(Contender("kingfisher scan --rule openai --no-validate", argv, repository))
    return found


def compared(repositories: list[Path]) -> None:
    for repository in repositories:
        print(f"\n{repository.name if repository.name != 'repo' else repository.parent.name}\n")
        print(table(alternate(contenders(repository), RUNS)))


def scaled() -> None:
    """Processor time and memory an object: neither may grow with their number.

    What a run costs before it reads anything is told by a repository of one commit, and taken off for the last column.
    """
    print("| objects | median | processor time | an object | beyond one commit's | peak memory |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as least:
        one = contenders(made(Path(least), 1, 1, 600))[0]
        for objects in SCALES:
            with tempfile.TemporaryDirectory() as name:
                repository = made(Path(name), objects // 3, 50, 600)
                start, timing = alternate([one, contenders(repository)[0]], 5 if objects > 100_000 else 15)
            each = timing.processor / objects * 1e6
            beyond = (timing.processor - start.processor) / objects * 1e6
            times = f"{timing.seconds:.2f} s | {timing.processor:.2f} s"
            print(f"| {objects:,} | {times} | {each:.1f} µs | {beyond:.1f} µs | {timing.memory:.0f} MB |")


def keyed() -> None:
    """The same history with and without keys in it."""
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        with_keys = contenders(made(Path(first), KEYED_COMMITS, 100, 20_000, KEYS))[0]
        without = contenders(made(Path(second), KEYED_COMMITS, 100, 20_000))[0]
        named = [Contender(f"{KEYS} keys", with_keys.argv, Path(first)), Contender("clean", without.argv, Path(second))]
        print(table(alternate(named, RUNS)))


def main() -> None:
    match sys.argv[1:]:
        case ["--scale"]:
            scaled()
        case ["--keys"]:
            keyed()
        case []:
            with tempfile.TemporaryDirectory() as name:
                compared([made(Path(name), COMMITS, FILES, SIZE)])
        case repositories if all(Path(repository).is_dir() for repository in repositories):
            compared([Path(repository) for repository in repositories])
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
