"""Which kind of archive a content is, seen by more than its shape."""

from __future__ import annotations

from keyguard.archive import format_of
from keyguard.archive.bounds import BOUNDS, Budget
from keyguard.archive.stream import held
from keyguard.archive_shape import GZIP, kind


def recognized(data: bytes) -> str | None:
    """The kind of archive that a search unpacks `data` as (see `keyguard.archive_shape`); None for what it does not."""
    found = kind(data)
    if found == GZIP and next(format_of(found).members(held(data), Budget(BOUNDS, len(data))), None) is None:
        # It only looks like one.
        return None
    return found
