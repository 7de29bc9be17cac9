"""Objects that lie each in a file of its own.

Source: gitformat-loose(5): a zlib stream of the object's kind, a space, its size, a NUL and its content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from keyguard.errors import DamagedError
from keyguard.git.odb import files
from keyguard.git.odb.inflate import INFLATE_ERRORS, decompress, pieces
from keyguard.git.odb.objects import KIND_OF, STREAM_LIMIT, Examiner, Harvest, Lost, Value
from keyguard.git.odb.streams import LONGER, PIECE, Stream
from keyguard.model import Unread

FOLDER = re.compile(r"[0-9a-f]{2}\Z")
NAME = re.compile(r"[0-9a-f]+\Z")
HEADER = re.compile(rb"(commit|tree|blob|tag) (0|[1-9][0-9]{0,18})\0")
LONGEST_HEADER = 32

# deflate gives at most 1032 bytes for one: what is packed in less than this stays below STREAM_LIMIT.
SHORT = STREAM_LIMIT // 1032


# Is given an object's id, kind and content.
Show = Callable[[str, int, bytes], None]

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
    objects: Path, oids: Sequence[str], examiner: Examiner[Value], show: Show | None = None
) -> Harvest[Value]:
    """Examine the loose objects `oids` below an `objects` folder; `show` is given each of them that is held whole."""
    harvest: Harvest[Value] = Harvest()
    for oid in oids:
        try:
            with files.opened(objects / oid[:2] / oid[2:]) as file:
                _examine(harvest, oid, file, examiner, show)
        except DamagedError as error:
            harvest.lost.append(Lost(oid, str(error), final=str(error) in NOT_FOR_GIT))
        except OSError as error:
            harvest.lost.append(Lost(oid, f"it cannot be read: {error.strerror}"))
    return harvest


def _examine(harvest: Harvest[Value], oid: str, file: BinaryIO, examiner: Examiner[Value], show: Show | None) -> None:
    packed = file.read(SHORT)
    if len(packed) == SHORT:
        kind, size, content = _in_pieces(chain([packed], files.blocks(file)))
        if size > STREAM_LIMIT:
            harvest.take_stream(oid, kind, size, content, examiner)
            return
        whole = Stream(content, size)
        data = whole.read(size)
        whole.finish()
    else:
        kind, data = _at_once(packed)
    harvest.take(oid, kind, data, examiner)
    if show:
        show(oid, kind, data)


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
