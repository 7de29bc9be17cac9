"""Example keys from a seed: `sk-{alnum:20}T3BlbkFJ{alnum:20}` becomes text that is valid in structure.

The pattern library's examples are such templates, so that no literal key lies in it. A template's holes are
`{name}` or `{name:arguments}`, followed by any number of `|filter`; `{{` and `}}` stand for braces.
"""

from __future__ import annotations

import base64
import json
import re
import string
import uuid
from collections.abc import Callable
from random import Random

from keyguard import structure

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
_HOLE = re.compile(r"\{\{|\}\}|\{(?P<name>\w+)(?::(?P<arguments>[^{}|]*))?(?P<filters>(?:\|\w+)*)\}")


def fill(template: str, random: Random) -> str:
    """The template with every hole filled.

    Raises ValueError, with the hole's text, where a hole has no such generator or filter.
    """

    def filled(hole: re.Match[str]) -> str:
        if hole["name"] is None:
            return hole[0][0]
        try:
            text = GENERATORS[hole["name"]](random, *(hole["arguments"] or "").split(","))
            for name in filter(None, hole["filters"].split("|")):
                text = FILTERS[name](text)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{hole[0]} is no hole that can be filled") from error
        return text

    return _HOLE.sub(filled, template)


def _of(alphabet: str) -> Callable[[Random, str], str]:
    return lambda random, length: "".join(random.choices(alphabet, k=int(length)))


def alnum(random: Random, length: str) -> str:
    """Letters and digits with all three classes in it, as a random key of 20 characters or more has."""
    while True:
        text = "".join(random.choices(ALNUM, k=int(length)))
        if int(length) < 3 or all(any(c in group for c in text) for group in _CLASSES):
            return text


def modern(random: Random, left: str, right: str) -> str:
    """The body of a modern OpenAI key: two halves around the marker whose joined last byte is zero."""
    length = int(left) + int(right)
    body = structure.with_zero_tail("".join(random.choices(structure.BASE64URL, k=length)))
    return body[: int(left)] + structure.MARKER + body[int(left) :]


def azure84(random: Random, signature: str = "ACOG", provider: str = "AAAB") -> str:
    """An Azure AI key with its checksum."""
    while True:
        platform = "AC" + alnum(random, "5") + "XJ3w3"
        signed = f"{alnum(random, '52')}JQQJ99BC{platform}{provider}{signature}"
        checksum = structure.azure_checksums(signed)[0]
        # A checksum with `+` or `/` in it is not given out.
        if checksum.isalnum():
            return signed + checksum


def one_api(random: Random, _: str = "") -> str:
    """The 48 characters that one-api puts after `sk-`: 16 of any kind, then a UUID in alternating case."""
    digits = _uuid4hex(random, "")
    cased = (c.upper() if place % 2 == 0 else c for place, c in enumerate(digits))
    return alnum(random, "16") + "".join(cased)


def ephemeral(random: Random, _: str = "") -> str:
    """The 32 hex digits of a Realtime client secret: the issue time, then what was seen to follow."""
    issued = random.randrange(0x67000000, 0x6B000000)
    return f"{issued:08x}{_of(HEX)(random, '4')}819{_of(HEX)(random, '17')}"


def jwt(random: Random, kind: str) -> str:
    """A JSON Web Token signed by nobody, with the claims of `kind`."""
    times = {"iat": 1_780_000_000, "exp": 1_780_864_000}
    claims = {
        "audience": {"aud": ["https://api.openai.com/v1"], "iss": "https://auth.openai.com", **times},
        "issuer": {"iss": "https://auth.openai.com", "sub": f"user-{alnum(random, '24')}", **times},
        "profile": {"https://api.openai.com/profile": {"email": "a@example.org"}, **times},
        "agent": {"agent_private_key": _of(structure.BASE64URL)(random, "43"), **times},
        "other": {"iss": "https://accounts.example.org", "sub": alnum(random, "12"), **times},
    }[kind]
    header = {"alg": "RS256", "kid": str(uuid.UUID(int=random.getrandbits(128), version=4)), "typ": "JWT"}
    segments = (_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return ".".join([*segments, _base64url(random.randbytes(256))])


def _uuid4hex(random: Random, _: str = "") -> str:
    return uuid.UUID(int=random.getrandbits(128), version=4).hex


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)

GENERATORS: dict[str, Callable[..., str]] = {
    "same": lambda _, character, length: character * int(length),
    "alnum": alnum,
    "upper": _of(string.ascii_uppercase),
    "lower": _of(string.ascii_lowercase),
    "digits": _of(string.digits),
    "hex": _of(HEX),
    "b64": _of(ALNUM + "+/"),
    "b64u": _of(structure.BASE64URL),
    "uuid4hex": _uuid4hex,
    "uuid4": lambda random, _="": str(uuid.UUID(int=random.getrandbits(128), version=4)),
    "modern": modern,
    "azure84": azure84,
    "one_api": one_api,
    "ephemeral": ephemeral,
    "jwt": jwt,
}

FILTERS: dict[str, Callable[[str], str]] = {
    "reversed": lambda text: text[::-1],
    "starred": lambda text: text.replace("-", "*"),
    "upper": str.upper,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
}
