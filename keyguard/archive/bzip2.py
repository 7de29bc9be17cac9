"""bzip2: one stream or several, one after another, which are one content."""

from __future__ import annotations

import bz2
import re
from collections.abc import Iterator

from keyguard.archive.bounds import Budget
from keyguard.archive.inflate import Form, inflated
from keyguard.archive.member import Member
from keyguard.archive.stream import Content, Stream

# What bz2's inflater raises for damage.
ERRORS = (OSError, ValueError)

# The size of the blocks, then a block's magic or that of an end without blocks.
HEADER = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
FORM = Form(bz2.BZ2Decompressor, ERRORS, b"BZh", HEADER)


def members(content: Content, budget: Budget) -> Iterator[Member]:
    """The content, which has no name."""
    yield Member(b"", Stream(inflated(content.read, FORM, budget)), layer=True)
