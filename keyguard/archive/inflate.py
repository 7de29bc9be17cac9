"""Inflating streams piece by piece, whatever their compression."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from keyguard.archive.bounds import Budget
from keyguard.archive.stream import CUT_OFF, READ, Read
from keyguard.deflate import decompressobj
from keyguard.errors import ArchiveError

PIECE = 1 << 18
"""How much is inflated at a time, in bytes."""

KEPT = 4 << 20
"""How long a stream may be, packed, to be inflated once more where it is damaged."""

STEP, LITTLE = 512, 64
"""How much is then given to an inflater at a time, and how much it gives at a time next to the damage."""

LONGEST_HEADER = 16
"""As many bytes as tell a stream's header, at most."""

DAMAGED = "it is damaged"


class Inflater(Protocol):
    """A decompressor of the standard library, as `bz2` and `lzma` have it."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Deflated:
    """An inflater of deflate, with the window bits of `zlib.decompressobj`."""

    def __init__(self, wbits: int) -> None:
        self._inflater = decompressobj(wbits)
        self._full = False

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def needs_input(self) -> bool:
        # After a full piece there may be more in the inflater although its input is used up.
        return not self._full and not self._inflater.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inflater.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        given = self._inflater.decompress(self._inflater.unconsumed_tail + data, max_length)
        self._full = len(given) == max_length
        return given


@dataclass(frozen=True, slots=True)
class Form:
    """A form of compressed streams: `made` makes its inflater, `errors` are what that may raise.

    Where there is `again`, further streams that begin with it may follow, as one, also behind zeros. Behind anything
    else one has to begin with all that `header` asks for.
    """

    made: Callable[[], Inflater]
    errors: tuple[type[Exception], ...]
    again: bytes = b""
    header: re.Pattern[bytes] | None = None


def inflated(read: Read, form: Form, budget: Budget) -> Iterator[bytes]:
    """What the compressed stream that `read` gives inflates to, and those that follow it.

    Raises ArchiveError where a stream is damaged or ends early, and BoundError. What was packed before the damage is
    given first.
    """
    waiting: bytes | None = read(READ)
    while waiting is not None:
        inflater = form.made()
        given = _Given()
        while not inflater.eof:
            if inflater.needs_input and not waiting:
                waiting = read(READ)
                if not waiting:
                    raise ArchiveError(CUT_OFF)
            given.add(waiting)
            try:
                piece = inflater.decompress(waiting, PIECE)
            except form.errors as error:
                for piece in given.salvaged(form):
                    budget.spend(len(piece))
                    yield piece
                raise ArchiveError(DAMAGED) from error
            waiting = b""
            if piece:
                given.taken += len(piece)
                budget.spend(len(piece))
                yield piece
        waiting = _next_stream(inflater.unused_data, form, read)
        if waiting is not None:
            budget.member()


class _Given:
    """What a stream's inflater was given, as long as that is little, and how much was `taken` from it.

    An inflater that meets damage keeps what it had inflated on the way there to itself, up to a piece.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._room = KEPT
        self.taken = 0

    def add(self, part: bytes) -> None:
        self._room -= len(part)
        if self._room < 0:
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def salvaged(self, form: Form) -> Iterator[bytes]:
        """What the stream inflates to before the damage, and was not taken yet."""
        packed = b"".join(self._parts) if self._room >= 0 else b""
        sound = _sound(packed, form)
        left = self.taken
        inflater = form.made()
        for piece in _in_steps(inflater, form, packed, sound):
            if len(piece) > left:
                yield piece[left:]
            left = max(0, left - len(piece))


def _sound(packed: bytes, form: Form) -> int:
    """How many bytes of a damaged stream can be given to an inflater at least before it meets the damage."""
    inflater = form.made()
    sound = 0
    try:
        for sound in range(0, len(packed), STEP):
            for _ in _drained(inflater, packed[sound : sound + STEP], PIECE):
                pass
    except form.errors:
        pass
    return sound


def _in_steps(inflater: Inflater, form: Form, packed: bytes, sound: int) -> Iterator[bytes]:
    """What a damaged stream inflates to: what comes behind the `sound` bytes is given to the inflater one by one."""
    try:
        for place in range(0, sound, STEP):
            yield from _drained(inflater, packed[place : place + STEP], PIECE)
        for place in range(sound, len(packed)):
            yield from _drained(inflater, packed[place : place + 1], LITTLE)
    except form.errors:
        pass


def _drained(inflater: Inflater, packed: bytes, most: int) -> Iterator[bytes]:
    """All that an inflater makes of some bytes, in pieces of `most`."""
    while not inflater.eof:
        if piece := inflater.decompress(packed, most):
            yield piece
        if inflater.needs_input:
            return
        packed = b""


def _next_stream(waiting: bytes, form: Form, read: Read) -> bytes | None:
    """What comes next where that is one more stream, without what stands before it; None where there is none."""
    if not form.again:
        return None
    waiting = _unpadded(waiting, len(form.again), read)
    if waiting.startswith(form.again) or form.header is None:
        return waiting if waiting.startswith(form.again) else None
    while waiting:
        if found := form.header.search(waiting):
            return waiting[found.start() :]
        piece = read(READ)
        waiting = waiting[-LONGEST_HEADER:] + piece if piece else b""
    return None


def _unpadded(waiting: bytes, least: int, read: Read) -> bytes:
    """What comes next, `least` bytes of it if there are so many, without the zeros before it.

    xz fills up with them (2.2, Stream Padding), and gzip passes over them (manual, "Using gzip on tapes").
    """
    while len(waiting := waiting.lstrip(b"\0")) < least and (piece := read(READ)):
        waiting += piece
    return waiting
