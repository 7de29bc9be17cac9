"""Archives, as tests search them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace

from keyguard.archive.bounds import BOUNDS
from keyguard.engine import Engine
from keyguard.model import Match, OnDisk, Unread
from keyguard.patterns import bundled
from keyguard.search import search
from tests.keys import Keys

KEY = Keys("archives").modern()
OTHER = Keys("archives").modern(number=1)
TEXT = f"# settings\n\nkey = {KEY}\n".encode()
ENGINE = Engine(bundled())


def searched(data: bytes, engine: Engine = ENGINE, path: str = "a/file") -> list[Match | Unread]:
    return list(search(engine, io.BytesIO(data).read, OnDisk(path), len(data)))


def found(data: bytes, path: str = "a/file") -> list[tuple[str | None, int, int, str]]:
    """Member, line, column and key of each match. All must have been read."""
    items = searched(data, path=path)
    assert not reasons(items)
    return [(m.member, m.line, m.column, m.secret.reveal()) for m in items if isinstance(m, Match)]


def members(data: bytes, path: str = "a/file") -> list[str | None]:
    """The members in which KEY stands, and nothing else."""
    assert {key for *_, key in found(data, path)} <= {KEY}
    return [member for member, *_ in found(data, path)]


def reasons(items: Iterable[Match | Unread]) -> list[str]:
    return [item.reason for item in items if isinstance(item, Unread)]


def bounded(**bounds: int) -> Engine:
    """An engine that unpacks less."""
    return Engine(ENGINE.library, bounds=replace(BOUNDS, **bounds))
