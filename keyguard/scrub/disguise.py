"""A key in disguise, taken out of its disguise's digits: everything around it keeps its bytes and its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from keyguard.model import Match
from keyguard.scrub.wording import Wording

STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
VALUES = {digit: value for value, digit in enumerate(STANDARD)} | {ord("-"): 62, ord("_"): 63}
HEX = frozenset(b"0123456789abcdefABCDEF")

Splice = Callable[[bytes], bytes | None]
"""Gives bytes of the same length without the key, or None where the key is not seen in them."""


def stand_in(chunk: bytes, match: Match, wording: Wording, *, rigid: bool) -> bytes:
    """What to write in place of `chunk`, the bytes that a key stands in.

    `rigid` asks for as many bytes as there were: a binary format may count them.
    """
    if not rigid and (free := _free(chunk, match, wording)) is not None:
        return free
    found = _spliced(match.encoding, match, wording)(chunk)
    return found if found is not None else blunt(chunk, match, wording)


def blunt(chunk: bytes, match: Match, wording: Wording) -> bytes:
    """As many bytes as there were, whatever they meant."""
    return wording.filler(match.secret, len(chunk))


def _free(chunk: bytes, match: Match, wording: Wording) -> bytes | None:
    """A replacement of any length, where the outermost disguise allows one."""
    text = wording.text(match.secret)
    match match.encoding:
        case () | ("escaped" | "joined" | "reversed", *_):
            return text
        case ("utf-16",) | ("utf-16", "reversed"):
            order = "utf-16-le" if _low_first(chunk) else "utf-16-be"
            return text.decode("ascii").encode(order)
        case ("character-codes", *_):
            return _codes(chunk, text)
        case _:
            return None


def _spliced(encodings: Sequence[str], match: Match, wording: Wording) -> Splice:
    secret = match.secret.reveal().encode("latin-1", "replace")
    filler = wording.filler(match.secret, len(secret))

    def plain(chunk: bytes) -> bytes | None:
        return chunk.replace(secret, filler) if secret in chunk else None

    splice: Splice = plain
    for encoding in reversed([name for name in encodings if name != "reversed"]):
        layer = _LAYERS.get(encoding)
        splice = layer(splice) if layer else (lambda _chunk: None)
    return splice


def _base64(inner: Splice) -> Splice:
    def splice(chunk: bytes) -> bytes | None:
        places = _digits(chunk)
        # A byte of the text may begin at a digit's first bit, or two or four bits later.
        for shift in (0, 2, 4):
            changed = _resettled([VALUES[chunk[place]] for place in places], shift, inner)
            if changed is not None:
                return _written(chunk, places, changed)
        return None

    return splice


def _digits(chunk: bytes) -> list[int]:
    """Where the digits are; the letter of a `\\n` written in a literal is none."""
    escaped = {place + 1 for place, byte in enumerate(chunk) if byte == 0x5C}
    return [place for place, byte in enumerate(chunk) if byte in VALUES and place not in escaped]


def _resettled(values: list[int], shift: int, inner: Splice) -> list[int] | None:
    """The digits' values after `inner` has changed the whole bytes that begin `shift` bits in."""
    bits = 6 * len(values)
    size = (bits - shift) // 8
    if size <= 0:
        return None
    number = 0
    for value in values:
        number = number << 6 | value
    rest = bits - shift - 8 * size
    text = (number >> rest & (1 << 8 * size) - 1).to_bytes(size, "big")
    changed = inner(text)
    if changed is None:
        return None
    number ^= (int.from_bytes(text, "big") ^ int.from_bytes(changed, "big")) << rest
    return [number >> 6 * (len(values) - 1 - at) & 63 for at in range(len(values))]


def _written(chunk: bytes, places: Sequence[int], values: Sequence[int]) -> bytes:
    out = bytearray(chunk)
    for place, value in zip(places, values, strict=True):
        # A digit that did not change stays as it was written: 62 and 63 have two ways.
        if VALUES[chunk[place]] != value:
            out[place] = STANDARD[value]
    return bytes(out)


def _hex(inner: Splice) -> Splice:
    def splice(chunk: bytes) -> bytes | None:
        if len(chunk) % 2 or not HEX.issuperset(chunk):
            return None
        changed = inner(bytes.fromhex(chunk.decode("ascii")))
        if changed is None:
            return None
        digits = changed.hex().encode()
        return digits.upper() if chunk != chunk.lower() else digits

    return splice


def _utf16(inner: Splice) -> Splice:
    def splice(chunk: bytes) -> bytes | None:
        for low in (0, 1):
            changed = inner(chunk[low::2])
            if changed is not None and len(changed) == len(chunk[low::2]):
                out = bytearray(chunk)
                out[low::2] = changed
                return bytes(out)
        return None

    return splice


_LAYERS: dict[str, Callable[[Splice], Splice]] = {"base64": _base64, "hex": _hex, "utf-16": _utf16}

_CODE = re.compile(rb"(0[xX])?([0-9a-fA-F]+)")


def _codes(chunk: bytes, text: bytes) -> bytes | None:
    """The text as a list of character codes, written as the first two of `chunk` are."""
    codes = [found for _, found in zip(range(2), _CODE.finditer(chunk), strict=False)]
    if len(codes) < 2:
        return None
    style = "0x{:02x}" if codes[0][1] else "{}"
    between = chunk[codes[0].end() : codes[1].start()]
    return between.join(style.format(byte).encode() for byte in text)


def _low_first(chunk: bytes) -> bool:
    return chunk[1::2].count(0) >= chunk[0::2].count(0)
