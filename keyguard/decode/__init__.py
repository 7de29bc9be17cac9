"""Other readings of what is left after the prefilter, a file a disguise.

`ENCODED` are found by the traces that a keyword leaves in them; `BROKEN` leave the keyword itself readable and
are tried where it stands without a key around it.
"""

from __future__ import annotations

from keyguard.decode import base64, codes, escapes, hexadecimal, joined, utf16
from keyguard.decode.reading import Decoder, Reading

ENCODED: tuple[Decoder, ...] = (base64, utf16, hexadecimal, codes)
BROKEN: tuple[Decoder, ...] = (escapes, joined)
OF_PAIRS: tuple[Decoder, ...] = (utf16, hexadecimal)
"""Of these two bytes stand for one: a reading holds the traces that begin at a place as even, or as odd, as its own."""

DEPTH = 3
"""How many disguises may lie one in another."""

__all__ = ["BROKEN", "DEPTH", "ENCODED", "OF_PAIRS", "Decoder", "Reading", "traces"]


def traces(keyword: bytes, disguised: str) -> dict[bytes, Decoder]:
    """What the prefilter must look for to find `keyword` in disguise, and who reads it.

    `disguised` is a pattern's: `never`, `base64`, or `any`.

    base64 within base64 and UTF-16 within base64 (`powershell -EncodedCommand`) leave traces of their own.
    """
    if disguised == "never":
        return {}
    found: dict[bytes, Decoder] = {part: base64 for trace in base64.disguises(keyword) for part in base64.halves(trace)}
    if disguised == "base64":
        return found
    for decoder in ENCODED[1:]:
        for trace in decoder.disguises(keyword):
            found[trace] = decoder
    nested = [*base64.disguises(keyword), *utf16.disguises(keyword)]
    for inner in nested:
        for trace in base64.disguises(inner):
            found[trace] = base64
    return found
