"""Objects that lie each in a file of its own.

Source: gitformat-loose(5): a zlib stream of the object's kind, a space, its size, a NUL and its content.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from keyguard.errors import DamagedError
from keyguard.git.odb import files
from keyguard.git.odb.batch import TOGETHER, Batch
from keyguard.git.odb.inflate import INFLATE_ERRORS, decompress, pieces
from keyguard.git.odb.kinds import KIND_OF
from keyguard.git.odb.objects import STREAM_LIMIT, Examiner, Harvest, Lost, Value, Witness
from keyguard.git.odb.streams import LONGER, PIECE, Stream
from keyguard.model import Unread

FOLDER = re.compile(r"[0-9a-f]{2}\Z")
NAME = re.compile(r"[0-9a-f]+\Z")
HEADER = re.compile(rb"(commit|tree|blob|tag) (0|[1-9][0-9]{0,18})\0")
LONGEST_HEADER = 32

# deflate gives at most 1032 bytes for one: what is packed in less than this stays below STREAM_LIMIT.
SHORT = STREAM_LIMIT // 1032


# Gives what objects are called as holders of links, by their ids.
Name = Callable[[Sequence[str]], list[int]]

# git would wait for a pipe to be written to, and gives of too long a content the beginning.
NOT_FOR_GIT = (files.IRREGULAR, LONGER)


def loose_objects(objects: Path, oid_size: int) -> Iterator[str | Unread]:
    """The ids, in hex, of the loose objects below an `objects` folder, and the folders that cannot be read."""
    for folder in _listed(objects):
        if isinstance(folder, Unread):
            yield folder
        elif FOLDER.match(folder):
            for name in _listed(objects / folder):
                if isinstance(name, Unread):
                    yield name
                elif len(name) == 2 * oid_size - 2 and NAME.match(name):
                    yield folder + name


def _listed(folder: Path) -> Sequence[str | Unread]:
    try:
        return files.listed(folder)
    except DamagedError as error:
        return [Unread(f"folder {folder}", str(error))]


def examine_loose(
    objects: Path,
    oids: Sequence[str],
    examiner: Examiner[Value],
    witness: Witness | None = None,
    name: Name | None = None,
) -> Harvest[Value]:
    """Examine the loose objects `oids` below an `objects` folder.

    They are shown to `witness` too, to which they go by what `name` gives for their ids.
    """
    harvest: Harvest[Value] = Harvest()
    waiting = _Waiting()
    for oid in oids:
        try:
            with files.opened(objects / oid[:2] / oid[2:]) as file:
                _read(harvest, waiting, oid, file, examiner, witness)
        except DamagedError as error:
            harvest.lost.append(Lost(oid, str(error), final=str(error) in NOT_FOR_GIT))
        except OSError as error:
            harvest.lost.append(Lost(oid, f"it cannot be read: {error.strerror}"))
        if waiting.held > TOGETHER:
            waiting.examine(harvest, examiner, witness, name)
            waiting = _Waiting()
    waiting.examine(harvest, examiner, witness, name)
    return harvest


@dataclass(slots=True)
class _Waiting:
    """Objects that wait to be examined together with others of their kind."""

    _objects: dict[int, list[tuple[str, bytes]]] = field(default_factory=lambda: defaultdict(list))
    held: int = 0

    def add(self, oid: str, kind: int, content: bytes) -> None:
        self._objects[kind].append((oid, content))
        self.held += len(content)

    def examine(
        self, harvest: Harvest[Value], examiner: Examiner[Value], witness: Witness | None, name: Name | None
    ) -> None:
        for kind, objects in self._objects.items():
            oids = [oid for oid, _ in objects]
            batch = Batch.of(kind, [content for _, content in objects])
            harvest.examine(batch, oids.__getitem__, examiner)
            if witness and name:
                witness.add(name(oids), batch)


def _read(
    harvest: Harvest[Value],
    waiting: _Waiting,
    oid: str,
    file: BinaryIO,
    examiner: Examiner[Value],
    witness: Witness | None,
) -> None:
    packed = file.read(SHORT)
    if len(packed) < SHORT:
        waiting.add(oid, *_at_once(packed))
        return
    kind, size, content = _in_pieces(chain([packed], files.blocks(file)))
    if size > STREAM_LIMIT:
        harvest.take_stream(oid, kind, size, content, examiner)
        if witness:
            witness.pass_over(kind)
        return
    whole = Stream(content, size)
    data = whole.read(size)
    whole.finish()
    waiting.add(oid, kind, data)


def _at_once(packed: bytes) -> tuple[int, bytes]:
    """Kind and content of an object."""
    try:
        content = decompress(packed)
    except INFLATE_ERRORS as error:
        raise DamagedError(f"its zlib stream is damaged: {error}") from error
    kind, size, start = _header(content)
    if len(content) - start != size:
        raise DamagedError(LONGER if len(content) - start > size else "it is shorter than it announces")
    return kind, content[start:]


def _in_pieces(packed: Iterable[bytes]) -> tuple[int, int, Iterable[bytes]]:
    """Kind, size and the pieces of the content of an object."""
    content = pieces(packed, PIECE)
    first = next(content, b"")
    kind, size, start = _header(first)
    return kind, size, chain([first[start:]], content)


def _header(content: bytes) -> tuple[int, int, int]:
    """Kind, size and where the content starts."""
    header = HEADER.match(content, 0, LONGEST_HEADER)
    if not header:
        raise DamagedError("it has no header that git knows")
    return KIND_OF[header[1]], int(header[2]), header.end()
