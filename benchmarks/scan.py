"""`keyguard scan` of a checkout, against `betterleaks filesystem` and `kingfisher scan`; and of a file of 1 GB.

    python -m benchmarks.scan [CHECKOUT]

Without CHECKOUT a folder of 6,000 files is made.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

from benchmarks.measure import Contender, alternate, keyguard, table
from benchmarks.peers import program

RUNS = 5
FILES = 6000
BIG = 1 << 30
_WORDS = "def return self import value = ( ) . , : index count name for in range if else not None".split()


def checkout(folder: Path) -> Path:
    """A repository of source files of 2 to 40 kB."""
    random = Random(1)
    for number in range(FILES):
        path = folder / f"package_{number % 120}" / f"module_{number}.py"
        path.parent.mkdir(exist_ok=True)
        lines = (
            " ".join(random.choices(_WORDS, k=9)) + f" {random.random()}\n" for _ in range(random.randrange(30, 600))
        )
        path.write_text("".join(lines))
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "add", "."], check=True)
    return folder


def contenders(folder: Path) -> list[Contender]:
    found = [Contender("keyguard scan", [keyguard(), "scan"], folder)]
    if path := program("betterleaks"):
        found.append(Contender("betterleaks filesystem", [path, "filesystem", "."], folder))
    if path := program("kingfisher"):
        argv = [path, "scan", ".", "--rule", "openai", "--no-validate", "--no-update-check", "--quiet"]
        found.append(Contender("kingfisher scan --rule openai", [*argv, "--git-history=none"], folder))
    return found


def big_file(folder: Path) -> list[Contender]:
    """One file of 1 GB, and the interpreter doing nothing, for the memory above it."""
    block = Random(2).randbytes(1 << 20)
    with (folder / "big.bin").open("wb") as file:
        for _ in range(BIG >> 20):
            file.write(block)
    nothing = [sys.executable, "-c", "import click, rich.console, regex"]
    return [
        Contender("keyguard scan big.bin", [keyguard(), "scan", "big.bin"], folder),
        Contender("the interpreter and its libraries", nothing, folder),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else checkout(Path(name))
        print(table(alternate(contenders(folder), RUNS)))
    with tempfile.TemporaryDirectory() as name:
        print()
        print(table(alternate(big_file(Path(name)), 1)))


if __name__ == "__main__":
    main()
