"""What of this package is also written in C (native/), where that could be built: `native`, or None.

All of it is there in Python, too, and gives the same.
"""

from __future__ import annotations

try:
    from keyguard.git.odb import _native as native
except ImportError:
    native = None  # type: ignore[assignment]

__all__ = ["native"]
