"""Inline allows: a remark on the line of a key says that it may stand there."""

from __future__ import annotations

import re

_REMARK = re.compile(rb"keyguard:\s?allow|gitleaks:allow|pragma: allowlist secret")
REACH = 4096
"""How far from a key its line is looked at: a minified file is one line."""


def remark(data: bytes, start: int, end: int) -> str | None:
    """The remark on the line that a key stands in, if there is one."""
    begin = data.rfind(b"\n", max(0, start - REACH), start) + 1 or max(0, start - REACH)
    stop = data.find(b"\n", end, end + REACH)
    line = data[begin : stop if stop >= 0 else end + REACH]
    found = _REMARK.search(line)
    return found[0].decode("ascii") if found else None
