"""An audit of a repository, as tests look at it."""

from __future__ import annotations

from pathlib import Path

from keyguard.engine import Engine
from keyguard.model import Finding, ScanResult
from keyguard.patterns import bundled
from keyguard.pipeline import scan
from keyguard.policy import Policy
from keyguard.source.history import History
from keyguard.source.repository import Narrowing
from tests.keys import Keys

KEY = Keys("history").modern()
OTHER = Keys("history").modern(number=1)
ENGINE = Engine(bundled())


def audit(*paths: Path, jobs: int = 1, narrowing: Narrowing | None = None) -> ScanResult:
    source = History([str(path) for path in paths], jobs=jobs, narrowing=narrowing)
    return scan(source, ENGINE, Policy())


def only(result: ScanResult) -> Finding:
    """The one finding, which is KEY's."""
    (finding,) = result.findings
    assert finding.secret.reveal() == KEY
    return finding


def places(finding: Finding) -> set[tuple[str, str | None, int | None, str | None]]:
    """Kind, path, line and commit of each place."""
    return {(place.kind, place.path, place.line, place.commit) for place in finding.locations}
