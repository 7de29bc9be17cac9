"""Formats that keyguard does not read: what is packed there is said not to have been seen."""

from __future__ import annotations

from collections.abc import Iterator

from keyguard.archive.bounds import Budget
from keyguard.archive.member import Member
from keyguard.archive.stream import Content
from keyguard.archive_shape import LEAST_CLOSED, closed
from keyguard.errors import ArchiveError


def members(content: Content, _budget: Budget) -> Iterator[Member]:
    """Raises ArchiveError."""
    raise ArchiveError(f"it is packed as {closed(content.read(LEAST_CLOSED))}, which keyguard does not read")
