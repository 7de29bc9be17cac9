"""A report as text."""

from __future__ import annotations

import io

from keyguard.model import ScanResult
from keyguard.report import reporter


def written(name: str, result: ScanResult) -> str:
    out = io.StringIO()
    reporter(name)(result, out)
    return out.getvalue()
