"""Text in several literals, or over several lines, that the program joins: `"sk-proj-" + "…"`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from keyguard.decode.reading import Reading, pieced
from keyguard.model import Span

ENCODING = "joined"
REACH = 2048

# What may stand between two literals. All is possessive and bounded, so that no place is tried in two ways.
_OPERATOR = rb"(?:(?:\.concat\(|[+.&|<>^]{1,2}|,)[ \t]{0,8}+)?+"
_COMMENT = rb"(?:(?:\#|//|--)[^\r\n\\]{0,100}+|/\*[^\r\n*]{0,100}+\*/[ \t]{0,8}+)?+"
# The end of a line, also as it is written in a literal, or in a notebook, whose lines are literals of their own.
_LINE_END = rb"""(?:\r?\n|(?:\\{1,4}+r)?+\\{1,4}+n(?:",\r?\n[ \t]{0,40}+")?+)[ \t]{0,120}+"""
_LINES = rb"(?:%b(?:[\\`_](?=\r?\n))?+%b){0,4}+" % (_COMMENT, _LINE_END)

# Between two parts of a key: a closing and an opening quote with nothing but joining between them, or a
# backslash, or quoted-printable's `=`, at the end of a line.
_SEAM = re.compile(
    rb"""\\{0,4}+["'`]\)?+[ \t]{0,8}+%b%b%b%b[rbufLR8$@]{0,2}+\\{0,4}+["'`]|[\\=]\r?\n[ \t]{0,120}+"""
    % (_OPERATOR, _LINES, _COMMENT, _OPERATOR)
)

# A line of LDIF (RFC 2849) or iCalendar (RFC 5545, 3.1) goes on after the end of a line and one blank.
_FOLD = re.compile(rb"\r?\n[ \t](?=[A-Za-z0-9_-])")


def disguises(keyword: bytes) -> Iterable[bytes]:
    return ()


def readings(data: bytes, at: int) -> Iterator[Reading]:
    start, end = max(0, at - REACH), min(len(data), at + REACH)
    for between in (_SEAM, _FOLD):
        seams = [seam for seam in between.finditer(data, start, end) if len(seam[0]) > 1]
        if seams:
            yield pieced(_without(data, start, end, seams), ENCODING)


def _without(data: bytes, start: int, end: int, seams: list[re.Match[bytes]]) -> Iterator[tuple[bytes, Span, bool]]:
    place = start
    for seam in seams:
        if seam.start() > place:
            yield data[place : seam.start()], Span(place, seam.start()), True
        place = seam.end()
    yield data[place:end], Span(place, end), True
