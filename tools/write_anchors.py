"""Write `keyguard/cli/anchors.py`: the bundled patterns' anchors, ready for the short way of a clean commit.

Reading them from TOML would take twice as long as the whole of that way. A test holds the file to be what
this writes: run `python tools/write_anchors.py` after a change of the patterns or the decoders.
"""

from __future__ import annotations

from pathlib import Path

from keyguard.engine import anchors
from keyguard.patterns import bundled

TARGET = Path(__file__).parent.parent / "keyguard" / "cli" / "anchors.py"
HEAD = '''"""What the prefilter looks for, of the bundled patterns. Written by tools/write_anchors.py."""

ANCHORS = (
'''


def text() -> str:
    """The module's text."""
    rows = (f"    {anchor!r},\n" for anchor in anchors(bundled()))
    return HEAD + "".join(rows) + ")\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8", newline="\n")
