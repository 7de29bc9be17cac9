"""What the reader gives, in a form that tests compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from keyguard.git.command import Git
from keyguard.git.odb.batch import Batch
from keyguard.git.odb.kinds import Kind
from keyguard.git.odb.reader import Reading, read
from keyguard.git.odb.store import find_store
from tests.git.repositories import Repository


@dataclass
class Result:
    """Everything a reading gave. `contents` are kind and content by id; `times` how often each id came."""

    contents: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    objects: int = 0


class Everything:
    """An examiner to which each object is a finding."""

    margins = 0, 0
    by_names = False

    def several(self, batch: Batch) -> tuple[list[tuple[int, bytes]], set[int]]:
        return list(enumerate(batch.contents())), set()

    def stream(self, _kind: int, _size: int, read: Callable[[int], bytes]) -> bytes:
        parts = []
        while part := read(100_000):
            parts.append(part)
        return b"".join(parts)


def read_everything(repository: Repository, jobs: int = 1, as_hook: bool = False) -> Result:
    git = Git(repository.path, as_hook=as_hook)
    return collected(read(git, find_store(git), Everything, jobs))


def collected(reading: Reading[bytes]) -> Result:
    result = Result(unread=[f"{unread.what}: {unread.reason}" for unread in reading.unread])
    result.objects = reading.objects
    for harvest in reading.harvests:
        result.lost |= {lost.oid: lost.reason for lost in harvest.lost}
        for found in harvest.found:
            result.contents[found.oid] = (Kind(found.kind).word, found.value)
            result.times[found.oid] = result.times.get(found.oid, 0) + 1
    return result
