"""What can be checked of a key without asking anyone: pure functions over its text.

The rules were read off genuine keys in public code (44 of 44 modern OpenAI keys, 17 of 17 Azure AI keys);
`docs/keys.md` says how.
"""

from __future__ import annotations

import base64
import binascii
import json
import string
from typing import Any

MARKER = "T3BlbkFJ"
"""base64 of `OpenAI`, in the middle of every key of OpenAI's since about 2021."""

BASE64URL = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_VALUE = {character: value for value, character in enumerate(BASE64URL)}

AZURE_SEED = int.from_bytes(b"Default0", "big")
AZURE_SIGNED = 80
"""How many characters of an Azure key its checksum covers."""

_MASK = 0xFFFFFFFF


def sixbits(text: str) -> int:
    """The base64url digits of `text` as one number, the first digit the highest.

    Raises KeyError at a character that is no such digit.
    """
    number = 0
    for character in text:
        number = number << 6 | _VALUE[character]
    return number


def has_zero_tail(body: str) -> bool:
    """Whether `body` is unpadded base64url of bytes of which the last is zero.

    A genuine modern key's two halves, joined, always are; random text is once in 256.
    """
    bits = 6 * len(body)
    whole = bits // 8 * 8
    if len(body) % 4 == 1 or whole < 8:
        return False
    tail = 8 + bits - whole
    return sixbits(body[-4:]) & ((1 << tail) - 1) == 0


def with_zero_tail(body: str) -> str:
    """`body` with its last bits set to zero, so that `has_zero_tail` holds. For making keys in tests."""
    bits = 6 * len(body)
    tail = 8 + bits - bits // 8 * 8
    digits = sixbits(body[-4:]) >> tail << tail
    return body[:-4] + "".join(BASE64URL[digits >> shift & 63] for shift in (18, 12, 6, 0))


def balanced_right(left: str, run: str) -> str | None:
    """The right half of a modern key: `run` is what follows the marker, perhaps with other text glued to it.

    The right half is as long as the left, or one longer. Where both would fit, the one whose last byte is
    zero is it, and of two such the one that ends the run. None where `run` is too short.
    """
    fits = [run[: len(left) + extra] for extra in (0, 1) if len(run) >= len(left) + extra]
    if not fits:
        return None
    tailed = [right for right in fits if has_zero_tail(left + right)]
    whole = [right for right in tailed or fits if len(right) == len(run)]
    return (whole or tailed or fits)[0]


def is_uuid4_hex(text: str) -> bool:
    """Whether 32 hex digits are a version 4 UUID without its hyphens (RFC 9562, 5.4)."""
    return len(text) == 32 and text[12] == "4" and text[16].lower() in "89ab"


def alternates_case(text: str) -> bool:
    """Whether each hex letter is in upper case at even and in lower case at odd places, as one-api writes."""
    return all(not c.isalpha() or c.isupper() == (place % 2 == 0) for place, c in enumerate(text))


def marvin32(data: bytes, seed: int) -> int:
    """Microsoft's Marvin32 checksum of `data` under a 64-bit seed."""
    low, high = seed & _MASK, seed >> 32
    padded = data + b"\x80"
    padded += bytes(-len(padded) % 4)
    for place in range(0, len(padded), 4):
        low = low + int.from_bytes(padded[place : place + 4], "little") & _MASK
        low, high = _marvin_block(low, high)
    low, high = _marvin_block(low, high)
    return low ^ high


def _marvin_block(low: int, high: int) -> tuple[int, int]:
    high ^= low
    low = _rotl(low, 20) + high & _MASK
    high = _rotl(high, 9) ^ low
    low = _rotl(low, 27) + high & _MASK
    return low, _rotl(high, 19)


def _rotl(word: int, by: int) -> int:
    return (word << by | word >> (32 - by)) & _MASK


def azure_checksums(signed: str) -> tuple[str, str]:
    """The four characters that may end an Azure key after its first 80: in base64, and in base62.

    Raises ValueError where `signed` is no base64.
    """
    checksum = marvin32(base64.b64decode(signed, validate=True), AZURE_SEED)
    little = checksum.to_bytes(4, "little")
    return base64.b64encode(little)[:4].decode(), _base62(checksum)


def _base62(number: int) -> str:
    digits = string.ascii_uppercase + string.ascii_lowercase + string.digits
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = digits[digit] + text
    return text.rjust(4, digits[0])[:4]


def has_azure_checksum(key: str) -> bool:
    """Whether an Azure key's own checksum is right: a made-up key passes once in 2^24."""
    try:
        return key[AZURE_SIGNED : AZURE_SIGNED + 4] in azure_checksums(key[:AZURE_SIGNED])
    except (ValueError, binascii.Error):
        return False


def jwt_claims(token: str) -> dict[str, Any] | None:
    """The claims of a JSON Web Token (RFC 7519), read without its signature; None where it is none."""
    parts = token.split(".")
    if len(parts) < 2:
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def is_openai_claims(claims: dict[str, Any]) -> bool:
    """Whether a token's claims say that OpenAI gave it out, or that it is meant for OpenAI's API."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    return (
        claims.get("iss") in ("https://auth.openai.com", "https://auth0.openai.com/", "https://auth.openai.com/")
        or "https://api.openai.com/v1" in audiences
        or any(name.startswith("https://api.openai.com/") for name in claims)
    )
