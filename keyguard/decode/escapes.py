r"""Escapes: `%2D`, `\u002d`, `\x2d`, `&#45;` and `&#x2d;`, of some of the characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from keyguard.decode.reading import Reading, pieced
from keyguard.model import Span

ENCODING = "escaped"
REACH = 2048
_ESCAPE = re.compile(
    rb"%([0-9a-fA-F]{2})|\\{1,4}u00([0-9a-fA-F]{2})|\\{1,4}x([0-9a-fA-F]{2})|&#[xX]([0-9a-fA-F]{2});|&#(\d{2,3});"
)


def disguises(keyword: bytes) -> Iterable[bytes]:
    # A key of which every character is escaped was never seen; five more traces would cost each search.
    return ()


def readings(data: bytes, at: int) -> Iterator[Reading]:
    start, end = max(0, at - REACH), min(len(data), at + REACH)
    escapes = list(_ESCAPE.finditer(data, start, end))
    if escapes:
        yield pieced(_unescaped(data, start, end, escapes), ENCODING)


def _unescaped(data: bytes, start: int, end: int, escapes: list[re.Match[bytes]]) -> Iterator[tuple[bytes, Span, bool]]:
    place = start
    for escape in escapes:
        if escape.start() > place:
            yield data[place : escape.start()], Span(place, escape.start()), True
        yield _character(escape), Span(escape.start(), escape.end()), False
        place = escape.end()
    yield data[place:end], Span(place, end), True


def _character(escape: re.Match[bytes]) -> bytes:
    decimal = escape[5]
    code = int(decimal) if decimal else int(escape[1] or escape[2] or escape[3] or escape[4], 16)
    return bytes((min(code, 255),))
