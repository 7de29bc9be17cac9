"""50 MB and more of what is no key: none of it may be reported.

python -m benchmarks.noise
"""

from __future__ import annotations

import base64
import json
import sys
import uuid
from collections.abc import Callable
from hashlib import sha256
from random import Random

from keyguard.engine import Engine
from keyguard.model import Blob, Match, StandardInput
from keyguard.patterns import bundled

EACH = 10 << 20
_SYLLABLES = "ta sk ri di ma ke de we api key token openai client value get set on of".split()
_CODE = [
    "function ",
    "return ",
    "var ",
    "const ",
    "{",
    "}",
    "(",
    ")",
    "=>",
    "this.",
    "api_key",
    "sk-",
    ";",
    ",",
    "=",
    '"',
]


def text(random: Random, size: int) -> bytes:
    """Words that hold anchors' beginnings: `task-`, `disk-`, `api_key`."""
    words = ("".join(random.choices(_SYLLABLES, k=random.randrange(1, 4))) for _ in range(size // 6))
    return "".join(word + random.choice(" -_.\n") for word in words).encode()[:size]


def minified(random: Random, size: int) -> bytes:
    """One line of something like minified code."""
    parts = (random.choice(_CODE) + f"{random.randrange(36**4):x}" for _ in range(size // 6))
    return "".join(parts).encode()[:size]


def encoded(random: Random, size: int) -> bytes:
    """base64 in lines of 76."""
    raw = base64.b64encode(random.randbytes(size * 3 // 4))
    return b"\n".join(raw[place : place + 76] for place in range(0, len(raw), 76))


def hashes(random: Random, size: int) -> bytes:
    """Hashes and UUIDs as assignments."""
    rows = (
        f"sha256:{sha256(random.randbytes(8)).hexdigest()} id={uuid.UUID(int=random.getrandbits(128), version=4)}\n"
        for _ in range(size // 116)
    )
    return "".join(rows).encode()


def lock_file(random: Random, size: int) -> bytes:
    """A package lock: names, versions, integrity digests."""
    entries = {
        f"task-{number}": {
            "version": f"{random.randrange(20)}.{random.randrange(20)}.0",
            "resolved": f"https://registry.example.org/task-{number}/-/task-{number}.tgz",
            "integrity": "sha512-" + base64.b64encode(random.randbytes(64)).decode(),
        }
        for number in range(size // 250)
    }
    return json.dumps(entries, indent=2).encode()


def random_bytes(random: Random, size: int) -> bytes:
    return random.randbytes(size)


SAMPLES: dict[str, Callable[[Random, int], bytes]] = {
    "words with anchors' beginnings": text,
    "minified code": minified,
    "base64": encoded,
    "hashes and UUIDs": hashes,
    "lock file of packages named task-": lock_file,
    "random bytes": random_bytes,
}


def main() -> None:
    engine = Engine(bundled())
    reported = searched = 0
    for seed, (name, make) in enumerate(SAMPLES.items()):
        data = make(Random(seed), EACH)
        found = [item for item in engine.examine(Blob(data, StandardInput())) if isinstance(item, Match)]
        searched += len(data)
        reported += len(found)
        print(f"{name}: {len(data) / 1e6:.0f} MB, {len(found)} findings", *(match.rule.id for match in found[:5]))
    print(f"{searched / 1e6:.0f} MB searched, {reported} findings")
    sys.exit(bool(reported))


if __name__ == "__main__":
    main()
