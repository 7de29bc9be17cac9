"""bzip2: one stream or several, one after another, which are one content."""

from __future__ import annotations

import bz2
from collections.abc import Iterator

from keyguard.archive.bounds import Budget
from keyguard.archive.inflate import inflated
from keyguard.archive.member import Member
from keyguard.archive.stream import Content, Stream

# What bz2's inflater raises for damage.
ERRORS = (OSError, ValueError)


def members(content: Content, budget: Budget) -> Iterator[Member]:
    """The content, which has no name."""
    yield Member(b"", Stream(inflated(content.read, bz2.BZ2Decompressor, ERRORS, budget, b"BZh")), layer=True)
