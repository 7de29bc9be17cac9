"""What can be checked of a key offline."""

from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard import structure
from tests.keys import Keys

BODY = st.text(structure.BASE64URL, min_size=4, max_size=200).filter(lambda text: len(text) % 4 != 1)


@given(BODY)
def test_a_zero_tail_means_that_the_last_decoded_byte_is_zero(body: str) -> None:
    padded = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    spare = structure.sixbits(body) & ((1 << (6 * len(body) % 8)) - 1)

    assert structure.has_zero_tail(body) == (padded[-1] == 0 and spare == 0)


@given(BODY)
def test_with_zero_tail_has_one_and_changes_only_the_end(body: str) -> None:
    changed = structure.with_zero_tail(body)

    assert structure.has_zero_tail(changed)
    assert (changed[:-4], len(changed)) == (body[:-4], len(body))


def test_a_body_that_is_no_base64_has_no_zero_tail() -> None:
    assert not structure.has_zero_tail("AAAAA")


@pytest.mark.parametrize(("left", "run", "right"), [(20, 19, None), (20, 20, 20), (74, 74, 74), (74, 200, None)])
def test_the_right_half_is_as_long_as_the_left(left: int, run: int, right: int | None) -> None:
    half = structure.balanced_right("a" * left, "b" * run)

    assert len(half or "") == (right if right is not None else min(run, left) if run >= left else 0)


def test_of_two_that_fit_the_one_with_the_zero_tail_is_the_right_half(keys: Keys) -> None:
    left, right = keys.modern("service-57").removeprefix("sk-svcacct-").split(structure.MARKER)

    assert structure.balanced_right(left, right + "glued") == right


def test_one_wrong_character_breaks_an_azure_checksum(keys: Keys) -> None:
    key = keys.azure()
    broken = [key[:place] + ("x" if key[place] != "x" else "y") + key[place + 1 :] for place in range(84)]

    assert not any(map(structure.has_azure_checksum, broken))


@given(st.text(string.printable, max_size=100))
def test_an_azure_checksum_of_anything_is_an_answer(text: str) -> None:
    assert structure.has_azure_checksum(text) in (True, False)


def test_marvin32_of_nothing_depends_on_the_seed() -> None:
    assert structure.marvin32(b"", 0) != structure.marvin32(b"", structure.AZURE_SEED)


@given(st.binary(max_size=64))
def test_marvin32_is_32_bits(data: bytes) -> None:
    assert 0 <= structure.marvin32(data, structure.AZURE_SEED) < 1 << 32


# Computed with the reference implementation's own published test vectors (System.Private.CoreLib, Marvin).
@pytest.mark.parametrize(
    ("seed", "data", "expected"),
    [
        (0x004FB61A001BDBCC, "", 0x30ED35C100CD3C7D),
        (0x004FB61A001BDBCC, "af", 0x48E73FC77D75DDC1),
        (0x004FB61A001BDBCC, "e70f", 0xB5F6E1FC485DBFF8),
        (0x004FB61A001BDBCC, "37f495", 0xF0B07C789B8CF7E8),
        (0x004FB61A001BDBCC, "8642dc59", 0x7008F2E87E9CF556),
        (0x004FB61A001BDBCC, "153fb79826", 0xE6C08C6DA2AFA997),
        (0x004FB61A001BDBCC, "0932e6246c47", 0x6F04BF1A5EA24060),
        (0x004FB61A001BDBCC, "ab427ea8d10fc7", 0xE11847E4F0678C41),
    ],
)
def test_marvin32_agrees_with_the_published_vectors(seed: int, data: str, expected: int) -> None:
    assert structure.marvin32(bytes.fromhex(data), seed) == (expected >> 32) ^ (expected & 0xFFFFFFFF)


def test_a_uuid_is_told_by_its_version_and_variant(keys: Keys) -> None:
    digits = keys.unmarked("azure-openai-hex")

    assert structure.is_uuid4_hex(digits)
    assert not structure.is_uuid4_hex(keys.no_uuid())
    assert not structure.is_uuid4_hex(digits[:16] + "c" + digits[17:])
    assert not structure.is_uuid4_hex(digits + "0")


def test_a_one_api_keys_case_alternates(keys: Keys) -> None:
    key = keys.unmarked("one-api")

    assert structure.alternates_case(key[19:])
    assert not structure.alternates_case(keys.wrong_case()[19:])


@given(st.text(max_size=60))
def test_a_text_that_is_no_token_has_no_claims(text: str) -> None:
    assert structure.jwt_claims(text) is None or "." in text


@pytest.mark.parametrize("payload", [b"[1]", b"null", b"7", b"{", b"\xff", b"[" * 5000])
def test_a_payload_that_is_no_object_has_no_claims(payload: bytes) -> None:
    encoded = base64.urlsafe_b64encode(payload).decode().rstrip("=")

    assert structure.jwt_claims(f"e30.{encoded}.x") is None


@pytest.mark.parametrize(
    ("claims", "is_openais"),
    [
        ({"iss": "https://auth.openai.com"}, True),
        ({"iss": "https://auth0.openai.com/"}, True),
        ({"aud": "https://api.openai.com/v1"}, True),
        ({"aud": ["x", "https://api.openai.com/v1"]}, True),
        ({"https://api.openai.com/auth": {}}, True),
        ({"https://api.openai.com/profile": {}}, True),
        ({"iss": "https://auth.openai.com.example.org"}, False),
        ({"iss": ["https://auth.openai.com"]}, False),
        ({"aud": None}, False),
        ({}, False),
    ],
)
def test_a_token_is_openais_by_its_claims(claims: dict[str, object], is_openais: bool) -> None:
    assert structure.is_openai_claims(claims) == is_openais
