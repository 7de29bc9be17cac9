"""Which scrub or undo is under way in a repository, and which scrub was the last: where its backup is, what it did.

One file holds it, under one name until all is done and under another from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

JOURNAL = "keyguard-scrub"
"""The file in a repository's folder that says a scrub has begun; its first line is the path of the backup."""

AFTER = "keyguard-scrubbed"
"""The same of a scrub that has come to its end. The lines after the first are refs and heads as it leaves them."""

PART = f"{JOURNAL}.part"
"""The first while it is written."""

Refs = Mapping[str, str]


def begin(common_dir: Path, backup: Path, after: Refs) -> None:
    """Write down that what follows, a scrub or an undo, is either finished or undone."""
    lines = [f"{backup.absolute()}\n", *(f"{after[name]} {name}\n" for name in sorted(after))]
    (common_dir / PART).write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
    (common_dir / PART).replace(common_dir / JOURNAL)


def finish(common_dir: Path) -> None:
    """Write down that a scrub has come to its end."""
    (common_dir / JOURNAL).replace(common_dir / AFTER)


def take_back(common_dir: Path) -> None:
    """Write down that what was begun has done nothing."""
    for name in (PART, JOURNAL):
        (common_dir / name).unlink(missing_ok=True)


def forget(common_dir: Path) -> None:
    """Write down that there is nothing to undo."""
    for name in (PART, JOURNAL, AFTER):
        (common_dir / name).unlink(missing_ok=True)


def is_interrupted(common_dir: Path) -> bool:
    """Whether a scrub, or an undo, did not come to its end."""
    return (common_dir / JOURNAL).exists()


def backup_named(common_dir: Path) -> str:
    """The path of the backup that leads back from what was interrupted."""
    return _text(common_dir / JOURNAL).partition("\n")[0]


def left(common_dir: Path) -> dict[str, str]:
    """Refs and heads by name, as the scrub that was the last leaves them."""
    for name in (JOURNAL, AFTER):
        _, *lines = _text(common_dir / name).split("\n")
        if any(lines):
            return {ref: oid for oid, _, ref in (line.partition(" ") for line in lines if line)}
    return {}


def is_way_back(common_dir: Path, backup: Path) -> bool:
    """Whether a backup is what leads back from a scrub that has moved refs, finished or not."""
    first = f"{backup.absolute()}\n"
    return any(_text(common_dir / name).startswith(first) for name in (JOURNAL, AFTER))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else ""
