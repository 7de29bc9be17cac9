"""Archives: what is packed in a content, read within bounds and in memory. A file a format.

Nothing is written, nothing is executed, and no link is followed. Each format gives its members one after another
(`Format`); which format it is says `keyguard.archive_shape`, and what to do with the members `keyguard.search`.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from keyguard.archive.member import Format


def format_of(kind: str) -> Format:
    """The module that reads a kind of archive (`gzip`, `bzip2`, `xz`, `tar` or `zip`), imported when first needed."""
    return cast(Format, import_module(f"keyguard.archive.{kind}"))
