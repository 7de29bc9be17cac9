"""Which kind of archive a content is, seen by more than its shape."""

from __future__ import annotations

from keyguard.archive import format_of
from keyguard.archive.bounds import BOUNDS, Budget
from keyguard.archive.stream import held
from keyguard.archive_shape import GZIP, ZIP, kind, may_be_archive, zip_end
from keyguard.windows import WINDOW


def recognized(data: bytes) -> str | None:
    """The kind of archive that a search unpacks `data` as (see `keyguard.archive_shape`); None for what it does not."""
    found = kind(data) if may_be_archive(data) else None
    if found is None and len(data) > WINDOW and zip_end(data, len(data)) >= 0:
        # Of what is read in windows a search always looks at the end, also behind a long script.
        found = ZIP
    if found == GZIP and next(format_of(found).members(held(data), Budget(BOUNDS, len(data))), None) is None:
        # It only looks like one.
        return None
    return found
