"""What of this package is also written in C (native/), where that could be built: `native`, or None.

All of it is there in Python, too, and gives the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyguard.git.odb._native import TreeNames, Unpacker

try:
    from keyguard.git.odb import _native as native
except ImportError:
    native = None  # type: ignore[assignment]

__all__ = ["TreeNames", "Unpacker", "inflates", "native"]


def inflates() -> bool:
    """Whether it was built with libdeflate, and inflates by itself."""
    return hasattr(native, "inflate")
