"""The golden files: one a format, of the same result.

`python -m tests.report.golden` writes them anew; read the difference before it is committed.
"""

from __future__ import annotations

from pathlib import Path

from keyguard import __version__
from keyguard.report import REPORTERS
from tests.report import results
from tests.report.written import written

FOLDER = Path(__file__).parent / "golden"
_ENDINGS = {
    "text": "txt",
    "sarif": "sarif",
    "junit": "xml",
    "jsonl": "jsonl",
    "github": "txt",
    "csv": "csv",
    "markdown": "md",
    "html": "html",
}


def path(name: str) -> Path:
    return FOLDER / f"{name}.{_ENDINGS.get(name, 'json')}"


def content(name: str) -> str:
    """The report of every case, whatever keyguard's version is."""
    return written(name, results.every()).replace(__version__, "VERSION")


if __name__ == "__main__":
    for name in REPORTERS:
        path(name).write_text(content(name), encoding="utf-8", newline="\n")
