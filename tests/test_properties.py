"""Any key in any text is found with its exact place, and noise gives nothing."""

from __future__ import annotations

import base64
import json
import string
import uuid
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keyguard.engine import Engine
from keyguard.model import Blob, Match, Span, StandardInput
from keyguard.patterns import bundled
from keyguard.patterns.templates import ALNUM
from tests.keys import LEGACY, MODERN, Keys

ENGINE = Engine(bundled())
PLAIN = Engine(bundled(), fast=False)

any_modern = st.builds(
    lambda seed, kind: Keys(seed).modern(kind), st.integers(0, 10**9), st.sampled_from(sorted(MODERN))
)
any_legacy = st.builds(lambda seed, kind: Keys(seed).legacy(kind), st.integers(0, 10**9), st.sampled_from(LEGACY))
any_azure = st.builds(lambda seed: Keys(seed).azure(), st.integers(0, 10**9))
any_key = st.one_of(any_modern, any_legacy, any_azure)
any_text = st.text(st.characters(blacklist_categories=["Cs"]), max_size=200)


def found(data: bytes, engine: Engine = ENGINE) -> list[Match]:
    return [item for item in engine.examine(Blob(data, StandardInput())) if isinstance(item, Match)]


def delimited(text: str) -> bool:
    """Whether no character of a key stands at the ends of a text: what touches a key then is no part of one."""
    return not (set(text[:1] + text[-1:]) & set(ALNUM + "-_*"))


@given(any_key, any_text.filter(delimited), any_text.filter(delimited))
@settings(max_examples=300)
def test_a_key_in_any_text_is_found_with_its_span_line_and_column(key: str, before: str, after: str) -> None:
    (match,) = found(f"{before}{key}{after}".encode())
    start = len(before.encode())
    line = before.rsplit("\n", 1)[-1]

    assert match.secret.reveal() == key
    assert match.span == Span(start, start + len(key))
    assert (match.line, match.column) == (before.count("\n") + 1, len(line) + 1)


@given(any_key, st.binary(max_size=300), st.binary(max_size=300))
@settings(max_examples=300)
def test_a_key_in_any_bytes_is_found_with_its_span(key: str, before: bytes, after: bytes) -> None:
    data = before + b"\x00" + key.encode() + b"\x00" + after
    assume(b"T3BlbkFJ" not in before + after)

    assert [(m.secret.reveal(), m.span.start) for m in found(data)] == [(key, len(before) + 1)]


@given(any_key, any_text, any_text)
def test_a_key_glued_to_any_text_is_not_missed(key: str, before: str, after: str) -> None:
    assert [m.rule.provider for m in found(f"{before}{key}{after}".encode())]


@given(st.lists(any_key, min_size=1, max_size=6, unique=True), st.sampled_from(["\n", " ", ", ", '"', "\t|\t"]))
def test_all_of_several_keys_are_found_in_order(keys: list[str], between: str) -> None:
    assert [m.secret.reveal() for m in found(between.join(keys).encode())] == keys


@given(any_key, any_text, st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_a_key_in_any_text_of_utf_16_is_found(key: str, text: str, encoding: str) -> None:
    assert key in [m.secret.reveal() for m in found(f"{text}\n{key}\n{text}".encode(encoding))]


@given(any_key, any_text, st.integers(0, 3))
def test_a_key_in_json_in_json_is_found(key: str, text: str, depth: int) -> None:
    document = f"{text}\n{key}\n{text}"
    for _ in range(depth):
        document = json.dumps({"cell": [document]})

    assert key in [m.secret.reveal() for m in found(document.encode())]


@given(any_key, any_text, any_text)
def test_the_plain_prefilter_finds_the_same(key: str, before: str, after: str) -> None:
    data = f"{before}{key}{after}\n{base64.b64encode(key.encode()).decode()}".encode()

    assert found(data, PLAIN) == found(data)


@given(st.binary(max_size=2000))
def test_any_bytes_are_an_answer(data: bytes) -> None:
    assert ENGINE.examine(Blob(data, StandardInput())) == []


@given(st.lists(st.sampled_from([a[0] for a in ENGINE.prefilter.anchors]) | st.binary(max_size=90), max_size=12))
@settings(max_examples=300)
def test_bytes_full_of_anchors_are_an_answer(parts: list[bytes]) -> None:
    for item in ENGINE.examine(Blob(b"".join(parts), StandardInput())):
        assert isinstance(item, Match)


def lines(make: Callable[[Random], str], size: int = 1 << 20) -> bytes:
    random = Random(make.__name__)
    made: list[str] = []
    length = 0
    while length < size:
        made.append(make(random))
        length += len(made[-1]) + 1
    return "\n".join(made).encode()


def prose(random: Random) -> str:
    return " ".join("".join(random.choices(string.ascii_lowercase, k=random.randrange(1, 9))) for _ in range(12))


def letters_and_digits(random: Random) -> str:
    return "".join(random.choices(ALNUM, k=200))


def url_safe(random: Random) -> str:
    return "".join(random.choices(ALNUM + "-_", k=200))


def base64_lines(random: Random) -> str:
    return base64.b64encode(random.randbytes(57)).decode()


def hexadecimal(random: Random) -> str:
    return random.randbytes(100).hex()


def hashes(random: Random) -> str:
    name = f"package-{random.randrange(10**6)}"
    digest = base64.b64encode(random.randbytes(64)).decode()
    return f'"{name}": {{"version": "1.{random.randrange(99)}.0", "integrity": "sha512-{digest}"}},'


def uuids(random: Random) -> str:
    return f"id: {uuid.UUID(int=random.getrandbits(128), version=4)}, hex: {uuid.UUID(int=random.getrandbits(128)).hex}"


def minified(random: Random) -> str:
    names = ["".join(random.choices(string.ascii_letters, k=2)) for _ in range(6)]
    a, b, c, d, e, f = names
    return f'function {a}({b},{c}){{return {b}["task-{d}"]?sk-{c}:{e}[{random.randrange(99)}]&&"disk-{f}"}};' * 4


def near_openai(random: Random) -> str:
    return f"openai azure_openai litellm api_key = {random.randbytes(20).hex()}  # {random.randbytes(20).hex()}"


def words_with_sk(random: Random) -> str:
    words = ["task", "risk", "disk", "desk", "mask", "ask", "sk", "sess", "ek", "rt", "at", "openai", "key", "test"]
    return "-".join(random.choices(words, k=9))


def character_codes(random: Random) -> str:
    return ", ".join(str(random.randrange(32, 127)) for _ in range(60))


NOISE = [
    prose, letters_and_digits, url_safe, base64_lines, hexadecimal, hashes, uuids, minified, near_openai,
    words_with_sk, character_codes,
]  # fmt: skip


@pytest.mark.parametrize("make", NOISE, ids=lambda make: make.__name__)
def test_noise_gives_nothing(make: Callable[[Random], str]) -> None:
    assert found(lines(make)) == []


@pytest.mark.parametrize("make", NOISE, ids=lambda make: make.__name__)
def test_noise_in_one_line_gives_nothing(make: Callable[[Random], str]) -> None:
    assert found(lines(make, 1 << 18).replace(b"\n", b"")) == []


def test_random_bytes_give_nothing() -> None:
    assert found(Random(7).randbytes(4 << 20)) == []


@pytest.mark.parametrize("encode", [base64.b64encode, base64.b85encode, base64.b32encode, base64.encodebytes])
def test_encoded_random_bytes_give_nothing(encode: Callable[[bytes], bytes]) -> None:
    assert found(encode(Random(8).randbytes(1 << 20))) == []
