"""Formats that keyguard does not read, and so cannot write."""

from __future__ import annotations

from keyguard.archive.bounds import Budget
from keyguard.archive_shape import closed
from keyguard.errors import ArchiveError
from keyguard.repack.edit import Edit


def repacked(data: bytes, _edit: Edit, _budget: Budget) -> bytes:
    """Raises ArchiveError."""
    raise ArchiveError(f"it is packed as {closed(data)}, which keyguard does not read")
