"""What is done to the parts of an archive, as the formats ask for it."""

from __future__ import annotations

import hashlib
from typing import Protocol


class Edit(Protocol):
    """New bytes for old ones; the same ones where nothing is to be changed. Each may raise ArchiveError."""

    def content(self, data: bytes) -> bytes:
        """The content of a member, which may be an archive itself."""
        ...

    def name(self, data: bytes) -> bytes:
        """The name of a member, what a link leads to, an owner."""
        ...

    def text(self, data: bytes) -> bytes:
        """A comment, or a value that the format does not read."""
        ...

    def fixed(self, data: bytes) -> bytes:
        """Bytes among which nothing may move: as many as there were."""
        ...


class Noted:
    """An edit that knows afterwards what it has done: as an edit it gives the same once more, at no cost."""

    def __init__(self, edit: Edit) -> None:
        self._edit = edit
        self._contents: dict[bytes, bytes | None] = {}
        self._names: dict[bytes, bytes] = {}

    def content(self, data: bytes) -> bytes:
        identity = hashlib.sha256(data).digest()
        if identity not in self._contents:
            new = self._edit.content(data)
            # What stays as it is need not be kept.
            self._contents[identity] = new if new != data else None
        known = self._contents[identity]
        return data if known is None else known

    def name(self, data: bytes) -> bytes:
        if data not in self._names:
            self._names[data] = self._edit.name(data)
        return self._names[data]

    def text(self, data: bytes) -> bytes:
        return self._edit.text(data)

    def fixed(self, data: bytes) -> bytes:
        return self._edit.fixed(data)

    @property
    def misnames(self) -> bool:
        """Whether a member is named by the SHA-256 of a content that was changed, as in images of containers."""
        digests = [identity.hex().encode() for identity, new in self._contents.items() if new is not None]
        return any(digest in name.lower() for name in self._names for digest in digests)
