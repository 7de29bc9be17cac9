"""What settles a candidate: structure, fakes, context, remarks, and which of two that overlap counts."""

from __future__ import annotations

import base64
import string
from random import Random

import pytest

from keyguard import match, structure
from keyguard.engine import Engine
from keyguard.judge import fakes
from keyguard.model import Blob, Match, StandardInput, Unread
from keyguard.patterns import Library
from keyguard.patterns.pattern import parse
from keyguard.patterns.templates import fill
from tests.conftest import Finder
from tests.keys import Keys


def test_an_unbalanced_key_is_none(find: Finder, keys: Keys) -> None:
    assert find.texts(keys.unbalanced()) == []


def test_a_key_with_a_wrong_last_byte_is_less_sure(find: Finder, keys: Keys) -> None:
    key = keys.without_zero_tail()

    assert [(m.secret.reveal(), m.confidence.word) for m in find.matches(key)] == [(key, "medium")]


def test_a_legacy_key_that_lacks_a_character_is_none(find: Finder, keys: Keys) -> None:
    assert find.texts(keys.short_legacy()) == []


def test_an_azure_key_with_a_wrong_checksum_is_none(find: Finder, keys: Keys) -> None:
    assert find.texts(f"AZURE_OPENAI_API_KEY={keys.wrong_checksum()}") == []


def test_an_azure_key_that_was_cut_is_none(find: Finder, keys: Keys) -> None:
    assert find.texts(keys.azure()[:83]) == []


def test_hex_digits_that_are_no_uuid_are_no_azure_key(find: Finder, keys: Keys) -> None:
    assert find.texts(f"AZURE_OPENAI_API_KEY={keys.no_uuid()}") == []


def test_a_one_api_key_of_wrong_case_is_not_one_apis(find: Finder, keys: Keys) -> None:
    assert "one-api" not in find.rules(keys.wrong_case())


@pytest.mark.parametrize(
    "kind", ["{alnum:40}", "{alnum:48}", "{alnum:64}", "{b64u:93}", "{modern:42,42}", "{modern:74,74}", "{alnum:52}"]
)
def test_no_random_body_is_taken_for_a_fake(kind: str) -> None:
    random = Random(kind)
    strength = "marked" if "modern" in kind else "unmarked"
    bodies = [fill(kind, random).replace(structure.MARKER, "") for _ in range(2000)]
    lost = sum(any(test(body) for test in fakes.TESTS[strength]) for body in bodies)

    # A body with separators holds a short word now and then.
    assert lost <= (4 if "b64u" in kind else 0)


@pytest.mark.parametrize("kind", ["{alnum:20}{alnum:20}", "{modern:42,42}", "{modern:74,74}"])
def test_no_random_body_is_spelled_in_words(kind: str) -> None:
    random = Random(kind)

    assert not any(fakes.spelled(fill(kind, random).replace(structure.MARKER, "")) for _ in range(20_000))


def test_few_random_hex_digits_are_taken_for_a_fake() -> None:
    random = Random(1)
    lost = sum(any(test(fill("{hex:32}", random)) for test in fakes.TESTS["hex"]) for _ in range(5000))

    assert lost < 25


@pytest.mark.parametrize(
    ("test", "body"),
    [
        (fakes.repeats, "k8Yq2aaaaab0pZ"),
        (fakes.one_character, "xaxbxcxdxexfxg"),
        (fakes.sequence, "kabcdefz"),
        (fakes.sequence, "a1b2c3d4e5f6g7"),
        (fakes.sequence, "z9y8x7w6v5u4"),
        (fakes.periodic, "k8Yqk8Yqk8Yq"),
        (fakes.keyboard, "9Qwertyz"),
        (fakes.words, "service-account-reminder-banner"),
        (fakes.spelled, "MyVerySecretApiKey01ThisIsNotARealKey123"),
        (fakes.stopword, "my-secret-3f9a"),
        (fakes.low_entropy, "aabbaabbccaabbaabbccaabb"),
    ],
)
def test_each_test_tells_its_fake(test: fakes.Test, body: str) -> None:
    assert test(body)


@pytest.mark.parametrize(
    "halves", [("MyVerySecretApiKey01", "ThisIsNotARealKey123"), ("PutYOURSecretKEYhere", "8rJq2InsteadOfThis0Z")]
)
def test_a_marked_key_that_is_spelled_in_words_is_a_fake(find: Finder, halves: tuple[str, str]) -> None:
    assert find.texts(f"OPENAI_API_KEY=sk-{structure.MARKER.join(halves)}") == []


def test_a_client_secret_without_the_layout_of_the_samples_is_less_sure(find: Finder, keys: Keys) -> None:
    secret = keys.unmarked("openai-ephemeral")
    other = secret[:15] + "42f" + secret[18:]

    assert [m.confidence.word for m in find.matches(f"{secret} {other}")] == ["high", "medium"]


def test_a_client_secret_of_before_there_were_any_is_none(find: Finder, keys: Keys) -> None:
    secret = keys.unmarked("openai-ephemeral")

    assert find.texts(f"ek_66e{secret[6:]} ek_60{secret[5:]} ek_6f{secret[5:]}") == [f"ek_6f{secret[5:]}"]


LOGIN = '{{"OPENAI_API_KEY": null, "tokens": {{"id_token": "e", "refresh_token": "{}", "account_id": "x"}}}}'


@pytest.mark.parametrize(
    ("body", "confidence"),
    [
        ("{b64u:64}", "high"),
        ("{alnum:43}", "high"),
        ("rt_{alnum:24}", "high"),
        ("rt.1.AA{b64u:60}", "high"),
        ("k8Z2loadRefreshTokenSilentlyFromAuth{alnum:9}", "medium"),
        ("{hex:64}", "medium"),
    ],
)
def test_a_login_files_token_is_as_sure_as_its_shape(find: Finder, body: str, confidence: str) -> None:
    token = fill(body, Random("login"))

    assert [(m.secret.reveal(), m.confidence.word) for m in find.matches(LOGIN.format(token))] == [(token, confidence)]


@pytest.mark.parametrize(
    "body",
    [
        "settings.auth.refreshTokenValue1",
        "auth0.getRefreshTokenSilently2024",
        "/v2/Oauth2/TokenRefresh/7Hx",
        "v1.MRrtExampleRefreshToken0Zz",
        "{alnum:30}-...",
        "{alnum:32}",
        "sk_svcacct_{alnum:40}",
        f"sk-proj-{structure.MARKER}{{alnum:40}}",
        f"{{alnum:40}}{structure.MARKER[::-1]}-jorp-ks",
        "1//0g{alnum:60}",
        "v1.M{alnum:60}",
        "ghr_{alnum:76}",
        "xoxe-1-{alnum:60}",
        "0.AX{alnum:80}",
        "M.C5{alnum:60}",
        "eyJ{alnum:90}",
    ],
)
def test_what_is_no_login_files_token_is_none(find: Finder, body: str) -> None:
    assert find.texts(LOGIN.format(fill(body, Random("login")))) == []


@pytest.mark.parametrize("test", fakes.TESTS["unmarked"], ids=lambda test: test.__name__)
def test_no_test_fails_on_short_bodies(test: fakes.Test) -> None:
    for body in ("a", "-", "9Z", "é", string.ascii_letters):
        assert test(body) in (True, False)


@pytest.mark.parametrize("mask", ["...", "…", "*", "***", "xxx", "XXX"])
def test_an_unmarked_key_that_is_masked_is_a_fake(find: Finder, keys: Keys, mask: str) -> None:
    assert find.texts(f"token {keys.session()}{mask}") == []


@pytest.mark.parametrize("distance", [0, 100, 290])
@pytest.mark.parametrize("side", ["before", "behind"])
def test_a_word_near_by_is_context(find: Finder, keys: Keys, distance: int, side: str) -> None:
    key, gap = keys.unmarked("moonshot"), " " + "." * distance + " "

    assert find.texts(f"kimi{gap}{key}" if side == "before" else f"{key}{gap}kimi") == [key]


@pytest.mark.parametrize("side", ["before", "behind"])
def test_a_word_far_off_is_none(find: Finder, keys: Keys, side: str) -> None:
    key, gap = keys.unmarked("moonshot"), " " + "." * 400 + " "

    assert find.texts(f"kimi{gap}{key}" if side == "before" else f"{key}{gap}kimi") == []


@pytest.mark.parametrize("word", ["OPENAI", "openai", "OpenAI", "open_ai", "open-ai", "Open AI", "o.p.e.n.a.i"])
def test_context_is_compared_without_case_and_separators(find: Finder, keys: Keys, word: str) -> None:
    key = keys.unmarked("openai-2020")

    assert find.texts(f"{word} = {key}") == [key]


def test_of_two_providers_the_nearer_word_names_the_key(find: Finder, keys: Keys) -> None:
    key = keys.unmarked("deepseek")

    assert find.rules(f"qwen and much else; deepseek: {key}") == ["deepseek"]
    assert find.rules(f"deepseek and much else; qwen: {key}") == ["dashscope"]


@pytest.mark.parametrize(
    "remark",
    [
        "keyguard: allow",
        "keyguard:allow",
        "gitleaks:allow",
        "pragma: allowlist secret",
        "keyguard: allow, an example",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_remark_on_its_line_allows_a_key(find: Finder, keys: Keys, remark: str, encoding: str) -> None:
    text = f"größe\nkey = '{keys.modern()}'  # {remark}\nmore\n"

    assert [bool(m.allowed) for m in find.matches(text.encode(encoding))] == [True]


@pytest.mark.parametrize("place", ["# keyguard: allow\nkey = '{}'\n", "key = '{}'\n# keyguard: allow\n", "allow {}"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_remark_on_another_line_allows_nothing(find: Finder, keys: Keys, place: str, encoding: str) -> None:
    assert [m.allowed for m in find.matches(place.format(keys.modern()).encode(encoding))] == [None]


def test_a_remark_that_is_encoded_with_its_key_allows_nothing(find: Finder, keys: Keys) -> None:
    hidden = base64.b64encode(f"{keys.modern()} # keyguard: allow".encode()).decode()

    assert [m.allowed for m in find.matches(hidden)] == [None]


SLOW = {
    "id": "slow",
    "title": "A slow one",
    "provider": "mine",
    "kind": "api",
    "anchors": ["slow_"],
    "after": 4000,
    "regex": "slow_(?:a|aa|a+)+b",
    "confidence": "high",
    "fakes": "none",
    "examples": ["slow_ab"],
    "counterexamples": ["slow_"],
    "remedy": "None.",
    "source": "mine",
}


def test_a_pattern_that_runs_over_its_time_makes_a_blob_unread(
    keys: Keys, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match, "TIMEOUT_S", 0.05)
    engine = Engine(Library((*library.patterns, parse(SLOW, "slow.toml"))))
    items = engine.examine(Blob(b"slow_" + b"a" * 3000 + b"\n" + keys.modern().encode(), StandardInput()))

    assert [i.reason for i in items if isinstance(i, Unread)] == ["pattern slow ran over its time"]
    # Who adds such text to a file must not hide the keys in it.
    assert [i.secret.reveal() for i in items if isinstance(i, Match)] == [keys.modern()]
