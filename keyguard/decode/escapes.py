r"""Escapes of some of the characters: `%2D`, `=2D`, `\u002d`, `\u{2d}`, `\x2d`, `\055`, `&#45;`, `&#x2d;` and
`&hyphen;`; and a terminal's colours, which stand for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from keyguard.decode.reading import Reading, pieced
from keyguard.model import Span

ENCODING = "escaped"
REACH = 2048
_ESCAPE = re.compile(
    rb"%(?P<url>[0-9a-fA-F]{2})"
    rb"|=(?P<quoted>[0-9A-F]{2})"
    rb"|\\{1,4}(?:u00|U000000|x)(?P<code>[0-9a-fA-F]{2})"
    rb"|\\{1,4}u\{0{0,6}(?P<point>[0-9a-fA-F]{2})\}"
    rb"|\\{1,4}(?P<octal>[01][0-7]{2})"
    rb"|&#[xX]0{0,6}(?P<html>[0-9a-fA-F]{2});"
    rb"|&#0{0,6}(?P<decimal>\d{2,3});"
    rb"|&(?P<name>hyphen|dash|lowbar|UnderBar);"
    rb"|\x1b\[[0-9;]{0,20}[mK]"
)
_BASES = {"octal": 8, "decimal": 10}
_NAMED = {b"hyphen": b"-", b"dash": b"-", b"lowbar": b"_", b"UnderBar": b"_"}


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
        if character := _character(escape):
            yield character, Span(escape.start(), escape.end()), False
        place = escape.end()
    yield data[place:end], Span(place, end), True


def _character(escape: re.Match[bytes]) -> bytes:
    kind = escape.lastgroup
    if kind is None:
        return b""
    if kind == "name":
        return _NAMED[escape[kind]]
    return bytes((min(int(escape[kind], _BASES.get(kind, 16)), 255),))
