"""The reports, a file a format.

Nothing is imported here: a clean commit passes through this folder (`keyguard.report.sizes`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol, TextIO

    from keyguard.model import ScanResult

    class Reporter(Protocol):
        """What each format's `write` is."""

        def __call__(self, result: ScanResult, out: TextIO, /) -> None: ...


REPORTERS = {
    "text": "keyguard.report.text",
    "json": "keyguard.report.json",
    "jsonl": "keyguard.report.jsonl",
    "sarif": "keyguard.report.sarif",
    "junit": "keyguard.report.junit",
    "gitlab": "keyguard.report.gitlab",
    "codequality": "keyguard.report.codequality",
    "github": "keyguard.report.github",
    "rdjson": "keyguard.report.rdjson",
    "csv": "keyguard.report.csv",
    "markdown": "keyguard.report.markdown",
    "html": "keyguard.report.html",
}
"""The modules whose `write` makes a format, each imported when it is asked for."""

SHOWING_SECRETS = ("text", "json")
"""The formats that can show keys in full."""


def reporter(name: str) -> Reporter:
    """The `write` of a format.

    Raises KeyError where there is no such format.
    """
    import importlib

    write: Reporter = importlib.import_module(REPORTERS[name]).write
    return write
