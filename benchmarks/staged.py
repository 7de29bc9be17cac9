"""`keyguard staged` on a clean change of three lines, against the peers' commands for it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from benchmarks.measure import Contender, alternate, keyguard, table
from benchmarks.peers import program

RUNS = 20


def repository(folder: Path) -> Path:
    """A repository of 200 files with three changed lines staged."""
    git = ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for number in range(200):
        lines = (f"value_{number}_{line} = {line}\n" for line in range(60))
        (folder / f"module_{number}.py").write_text("".join(lines))
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "start"], check=True)
    changed = folder / "module_7.py"
    changed.write_text(changed.read_text() + "one = 1\ntwo = 2\nthree = 3\n")
    subprocess.run([*git, "add", "."], check=True)
    return folder


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = repository(Path(name))
        contenders = [Contender("keyguard staged", [keyguard(), "staged"], folder)]
        contenders += [
            Contender(f"{peer} git --staged", [path, "git", "--staged", "."], folder)
            for peer in ("betterleaks", "gitleaks")
            if (path := program(peer))
        ]
        if path := program("kingfisher"):
            argv = [path, "scan", ".", "--staged", "--quiet", "--no-update-check", "--no-validate"]
            contenders.append(Contender("kingfisher scan --staged", argv, folder))
        contenders.append(Contender("git diff-index --cached", ["git", "diff-index", "--cached", "HEAD"], folder))
        print(table(alternate(contenders, RUNS)))


if __name__ == "__main__":
    main()
