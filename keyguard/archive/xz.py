"""xz: one stream or several, one after another, which are one content (The .xz File Format, 1.2)."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator

from keyguard.archive.bounds import Budget
from keyguard.archive.inflate import Form, inflated
from keyguard.archive.member import Member
from keyguard.archive.stream import Content, Stream

MAGIC = b"\xfd7zXZ\0"

# xz -9 needs 65 MB; what asks for more than this counts as damaged.
MOST_MEMORY = 128 << 20


def members(content: Content, budget: Budget) -> Iterator[Member]:
    """The content, which has no name."""
    yield Member(b"", Stream(inflated(content.read, FORM, budget)), layer=True)


def _inflater() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, MOST_MEMORY)


FORM = Form(_inflater, (lzma.LZMAError,), MAGIC, re.compile(re.escape(MAGIC)))
