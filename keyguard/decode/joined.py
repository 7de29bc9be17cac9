"""Text in several literals, or over several lines, that the program joins: `"sk-proj-" + "…"`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from keyguard.decode.reading import Reading, pieced
from keyguard.model import Span

ENCODING = "joined"
REACH = 2048
# Between two parts of a key: a closing and an opening quote with nothing but joining between them, or a
# backslash at the end of a line within a literal.
_SEAM = re.compile(
    rb"""\\?["'`][ \t]{0,8}(?:[+.&,\\][ \t]{0,8})?(?:\\?\r?\n[ \t]{0,120})?(?:[+.&][ \t]{0,8})?[rbuf]{0,2}\\?["'`]"""
    rb"""|\\\r?\n[ \t]{0,120}"""
)


def disguises(keyword: bytes) -> Iterable[bytes]:
    return ()


def readings(data: bytes, at: int) -> Iterator[Reading]:
    start, end = max(0, at - REACH), min(len(data), at + REACH)
    seams = [seam for seam in _SEAM.finditer(data, start, end) if len(seam[0]) > 1]
    if seams:
        yield pieced(_without(data, start, end, seams), ENCODING)


def _without(data: bytes, start: int, end: int, seams: list[re.Match[bytes]]) -> Iterator[tuple[bytes, Span, bool]]:
    place = start
    for seam in seams:
        if seam.start() > place:
            yield data[place : seam.start()], Span(place, seam.start()), True
        place = seam.end()
    yield data[place:end], Span(place, end), True
