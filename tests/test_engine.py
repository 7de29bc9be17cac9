"""What one examination of a blob costs, and what none of its parts may hide from another."""

from __future__ import annotations

import pytest

from keyguard.decode import base64
from keyguard.engine import Engine
from keyguard.judge import context
from keyguard.model import Blob, Match, StandardInput
from keyguard.patterns import bundled
from tests.keys import Keys

ENGINE = Engine(bundled())
KEYS = Keys("engine")
FIRST, SECOND = KEYS.modern(), KEYS.modern(number=1)


def found(data: bytes) -> list[str]:
    items = ENGINE.examine(Blob(data, StandardInput()))
    return [item.secret.reveal() for item in items if isinstance(item, Match)]


@pytest.mark.parametrize("apart", range(1, 5))
def test_keys_in_utf_16_that_begin_at_even_and_at_odd_places_are_found(apart: int) -> None:
    binary = bytes([1, 2, 3, 4]) * 300
    first, second = (f" {key} ".encode("utf-16-le") for key in (FIRST, SECOND))

    assert found(binary + first + b"\1" * apart + second + binary) == [FIRST, SECOND]


@pytest.mark.parametrize("between", ["0a", "a", "abc"])
def test_keys_in_one_run_of_hex_that_begin_at_even_and_at_odd_digits_are_found(between: str) -> None:
    digits = FIRST.encode().hex() + between + SECOND.encode().hex()

    assert set(found(digits.encode())) == {FIRST, SECOND}


def test_words_that_may_stand_anywhere_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_through: list[int] = []
    folded = context._folded
    monkeypatch.setattr(context, "_folded", lambda data: looked_through.append(len(data)) or folded(data))
    values = [KEYS.unmarked("azure-openai-hex", number) for number in range(50)]
    data = "".join(f"api_key={value}\n" for value in values).encode()

    assert found(data) == []
    assert looked_through.count(len(data)) == 1
    assert found(b"# openai.azure.com\n" + data) == values


def test_a_run_too_short_for_a_key_has_no_readings() -> None:
    trace = next(iter(base64.disguises(b"T3BlbkFJ")))

    assert list(base64.readings(b"! " + trace + b" !", 2)) == []
    assert list(base64.readings(b"!" + trace * 20 + b"!", 1))
