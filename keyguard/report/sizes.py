"""Numbers for people."""

from __future__ import annotations


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 key`, `3 keys`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: int) -> str:
    """A number of bytes: `12.3 MB`."""
    amount = float(number)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return count(number, "byte") if unit == "bytes" else f"{amount:.1f} {unit}"


def examined(things: int, thing: str, bytes_: int) -> str:
    """`3 files, 1.2 kB examined`."""
    return f"{count(things, thing)}, {size(bytes_)} examined"
