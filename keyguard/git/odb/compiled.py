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


def _with_libdeflate() -> bool:
    if native is None:
        return False
    # The package deflate is libdeflate and a few functions around it, each of which costs a call and a copy. Its
    # extension also names libdeflate's own, which C can call; where it does not, isal's are called through Python.
    try:
        from deflate import _deflate
    except ImportError:
        return False
    return native.use_libdeflate(_deflate.__file__)


_WITH_LIBDEFLATE = _with_libdeflate()


def inflates() -> bool:
    """Whether C inflates by itself."""
    return _WITH_LIBDEFLATE and hasattr(native, "inflate")
