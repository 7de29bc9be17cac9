"""What a key's place holds afterwards, in every disguise; all around it stays as it was."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from keyguard.engine import Engine
from keyguard.errors import UsageError
from keyguard.model import Blob, Match, StandardInput
from keyguard.scrub.replace import Cleaner
from keyguard.scrub.wording import Wording
from tests.keys import Keys

KEY = Keys("scrub").modern()
SHOWN = f"{KEY[:12]}...{KEY[-4:]}-REMOVED"

Encode = Callable[[bytes], bytes]


def cleaned(engine: Engine, data: bytes) -> bytes:
    cleaner = Cleaner(engine, {match.secret.fingerprint for match in everything(engine, data)}, Wording())
    return cleaner.clean(data)


def everything(engine: Engine, data: bytes) -> list[Match]:
    return [match for match in engine.examine(Blob(data, StandardInput())) if isinstance(match, Match)]


def test_a_key_in_a_text_becomes_its_redaction_and_the_marker(engine: Engine) -> None:
    found = cleaned(engine, f"a = 1\r\nkey = '{KEY}'\r\nlast\xff".encode("latin-1"))

    assert found == f"a = 1\r\nkey = '{SHOWN}'\r\nlast\xff".encode("latin-1")


@pytest.mark.parametrize("around", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes])
def test_base64_still_decodes_to_all_that_was_around_the_key(
    engine: Engine, around: str, encode: Callable[[bytes], bytes]
) -> None:
    data = encode(f"{around}>>user:{KEY}??{around}".encode())

    found = cleaned(engine, data)

    assert len(found) == len(data)
    text = base64.b64decode(found.translate(bytes.maketrans(b"-_", b"+/"))).decode()
    assert text.startswith(f"{around}>>user:{SHOWN}___")
    assert text.endswith(f"__??{around}")
    assert len(text) == len(f"{around}>>user:{KEY}??{around}")


def test_base64_within_base64_and_utf_16_within_base64_are_taken_apart(engine: Engine) -> None:
    for inner in (base64.b64encode(f"--{KEY}--".encode()), f"--{KEY}--".encode("utf-16-le")):
        data = base64.b64encode(inner)

        found = cleaned(engine, b'x = "' + data + b'"')

        assert everything(engine, found) == []
        assert len(base64.b64decode(found[5:-1])) == len(inner)


@pytest.mark.parametrize("order", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_stays_utf_16(engine: Engine, order: str) -> None:
    found = cleaned(engine, f"$env:X = 'h\u00e4'\r\n$key = '{KEY}'\r\nlast line of it\r\n".encode(order))

    assert found.decode(order) == f"$env:X = 'h\u00e4'\r\n$key = '{SHOWN}'\r\nlast line of it\r\n"


def test_hex_keeps_its_case_and_its_length(engine: Engine) -> None:
    data = f"<{KEY}>".encode().hex().upper().encode()

    found = cleaned(engine, data)

    assert len(found) == len(data)
    assert bytes.fromhex(found.decode()).startswith(f"<{KEY[:12]}...".encode())
    assert found == found.upper()


def test_character_codes_stay_character_codes(engine: Engine) -> None:
    data = ("[" + ", ".join(str(ord(c)) for c in KEY) + "]").encode()

    found = cleaned(engine, data).decode()

    assert bytes(int(code) for code in found[1:-1].split(", ")).startswith(f"{KEY[:12]}...".encode())


@pytest.mark.parametrize(
    "data",
    [
        KEY.replace("-", "%2D"),
        f'"{KEY[:30]}" + "{KEY[30:]}"',
        f'"{KEY[:30]}" +\n  "{KEY[30:]}"',
        KEY[::-1],
        KEY.replace("-", "\\u002d"),
    ],
    ids=["escaped", "joined", "joined over lines", "reversed", "unicode"],
)
def test_other_disguises_become_plain_text(engine: Engine, data: str) -> None:
    found = cleaned(engine, f"x = [{data}]".encode())

    assert b"-REMOVED" in found
    assert everything(engine, found) == []


def test_in_a_binary_content_nothing_moves(engine: Engine) -> None:
    data = b"\x00\x01\x02SQLite" + KEY.encode() + b"\x00\x00rest"

    found = cleaned(engine, data)

    assert len(found) == len(data)
    assert found.endswith(b"__\x00\x00rest")


def test_every_kind_of_key_is_replaced_by_what_is_none(engine: Engine) -> None:
    for key in Keys("scrub").every_kind():
        assert everything(engine, cleaned(engine, f"OPENAI_API_KEY={key}\n".encode())) == []


def test_a_marker_that_would_break_files_is_refused() -> None:
    for marker in ("a\nb", "ä", "'", '"', "<", "x" * 61):
        with pytest.raises(UsageError, match="--marker"):
            Wording(marker)
