"""`keyguard scrub --apply` against bare git-filter-repo replacing the same text: 5,000 commits, keys from the first on.

python -m benchmarks.scrub

keyguard's time holds two audits of the whole repository, the backup and its verification, and the comparison of trees.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.history import made
from benchmarks.measure import Contender, alternate, keyguard, table

RUNS = 5
COMMITS, FILES, SIZE, KEYS = 5_000, 300, 5_000, 50
RULE = r"regex:sk-proj-[A-Za-z0-9_-]{140,170}==>***REMOVED***"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        origin = made(folder / "origin", COMMITS, FILES, SIZE, KEYS)
        (folder / "rules").write_text(RULE + "\n")
        ours, theirs = folder / "ours", folder / "theirs"
        filter_repo = str(Path(sys.executable).parent / "git-filter-repo")
        timings = alternate(
            [
                Contender(
                    "keyguard scrub --apply", [keyguard(), "scrub", "--apply", "--yes"], ours, _fresh(origin, ours)
                ),
                Contender(
                    "git-filter-repo --replace-text",
                    [filter_repo, "--force", "--quiet", "--replace-text", str(folder / "rules")],
                    theirs,
                    _fresh(origin, theirs),
                ),
            ],
            RUNS,
        )
    print(table(timings))


def _fresh(origin: Path, path: Path) -> Callable[[], None]:
    return partial(_cloned, origin, path)


def _cloned(origin: Path, path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    for backup in path.parent.glob("*.bundle"):
        backup.unlink()
    subprocess.run(["git", "clone", "--quiet", "--mirror", "--no-local", str(origin), str(path)], check=True)


if __name__ == "__main__":
    main()
