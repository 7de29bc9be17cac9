"""A key is found whatever touches it, with exactly its own characters."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from tests.conftest import Finder
from tests.keys import LEGACY, MODERN, Keys

# Keys told by their own structure need no boundary. Where a glued one ends is ambiguous once in 400: this seed is not.
KINDS = [*MODERN, *LEGACY, "azure", "azure-ai-services"]


def key_of(keys: Keys, kind: str) -> str:
    if kind in MODERN:
        return keys.modern(kind)
    if kind in LEGACY:
        return keys.legacy(kind)
    return keys.azure("AAAB" if kind == "azure" else "AAAA")


def one_of_each_category() -> list[str]:
    """Up to three characters of each Unicode category that can be encoded."""
    found: dict[str, list[str]] = {}
    for code in range(sys.maxunicode + 1):
        members = found.setdefault(unicodedata.category(chr(code)), [])
        if len(members) < 3 and code > 127:
            members.append(chr(code))
    return [c for category, members in found.items() if category != "Cs" for c in members]


@pytest.mark.parametrize("kind", KINDS)
def test_any_byte_may_stand_before_a_key(find: Finder, keys: Keys, kind: str) -> None:
    key = key_of(keys, kind)
    missed = [b for b in range(256) if find.spans(b"x" + bytes([b]) + key.encode()) != [(key, 2, 2 + len(key))]]

    assert missed == []


@pytest.mark.parametrize("kind", KINDS)
def test_any_byte_may_stand_behind_a_key(find: Finder, keys: Keys, kind: str) -> None:
    key = key_of(keys, kind)
    missed = [b for b in range(256) if find.spans(b" " + key.encode() + bytes([b])) != [(key, 1, 1 + len(key))]]

    assert missed == []


@pytest.mark.parametrize("kind", KINDS)
def test_any_byte_may_stand_on_both_sides_of_a_key(find: Finder, keys: Keys, kind: str) -> None:
    key = key_of(keys, kind)
    missed = [
        b for b in range(256) if find.spans(bytes([b]) + key.encode() + bytes([b]) + b"\n") != [(key, 1, 1 + len(key))]
    ]

    assert missed == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16"])
def test_any_character_may_stand_on_both_sides_of_a_key(find: Finder, keys: Keys, kind: str, encoding: str) -> None:
    key = key_of(keys, kind)
    missed = [
        f"U+{ord(c):04X}" for c in one_of_each_category() if find.texts(f"a = {c}{key}{c}\n".encode(encoding)) != [key]
    ]

    assert missed == []


GLUE = [
    ('{{"a": "x\\n{}"}}'),
    ('{{"a": "\\"{}\\""}}'),
    ('{{"a": "\\\\\\"{}\\\\\\""}}'),
    ('{{"a": "\\u003d{}\\u0026"}}'),
    ("a=1%3D{}%26b"),
    ("a=1%3d{}%0A"),
    ("\x1b[32m{}\x1b[0m"),
    ("\x1b[1;32m{}\x1b[39;49m"),
    ("{},"),
    ("{})"),
    ("{}]"),
    ("{}}}"),
    ("{}<br>"),
    ("<w:t>{}</w:t>"),
    ("{}&x"),
    ("{}|x"),
    ("{}:x"),
    ("{}.x"),
    ("{};x"),
    ("{}\\"),
    ("{}'"),
    ('{}"'),
    ("`{}`"),
    ("{}..."),
    ("{}…"),
    ("**{}**"),
    ("{}xxx"),
    ("/{}/"),
    ("user:{}@host"),
    ("openai-insecure-api-key.{}"),
    ("Bearer{}"),
    ("key_{}_old"),
    ("key-{}-old"),
    ("abc123{}DEF456"),
    ("OPENAI_API_KEY{}OPENAI_ORG"),
    ("task-{}-done"),
    ("risk-{}"),
    ("disk-{}"),
    ("csk-{}"),
    ("sk-{}"),
    ("{}sk-"),
    ("{}sk-proj-"),
    ("{}T3BlbkFJ"),
    ("T3BlbkFJ{}"),
    ("sk-proj-your-key-here{}"),
    ("{}sk-proj-your-key-here"),
]


NAMED = "sk-my-backend-"
GLUED = [
    (kind, template)
    for kind in ["user", "service-57", "project", "admin", *LEGACY, "azure"]
    for template in GLUE
    # A service account may bear any name, that of another key among them.
    if not (kind == NAMED and template.startswith("sk-proj-your"))
]


@pytest.mark.parametrize(("kind", "template"), GLUED)
def test_glued_text_is_no_part_of_the_key(find: Finder, keys: Keys, kind: str, template: str) -> None:
    key = key_of(keys, kind)

    assert find.texts(template.format(key)) == [key]


@pytest.mark.parametrize("between", ["", " ", ",", "\n", "|", "-", "_", "\\n", "x", "0"])
@pytest.mark.parametrize("kind", ["user", "service-57", "project", "sk-", "sk-proj-", "azure"])
def test_two_keys_beside_each_other_are_two(find: Finder, keys: Keys, kind: str, between: str) -> None:
    first, second = key_of(keys, kind), keys.modern("admin", 3)

    assert find.texts(first + between + second) == [first, second]


@pytest.mark.parametrize("word", ["task-", "risk-", "disk-", "desk-", "mask-", "msk-", "csk-", "0sk-", "Zsk-"])
@pytest.mark.parametrize(
    "name",
    [
        "openai-2020",
        "gateway",
        "gateway-hex",
        "deepseek",
        "moonshot",
        "litellm",
        "one-api",
        "anthropic",
        "openrouter",
    ],
)
def test_an_unmarked_key_needs_a_boundary_before_it(find: Finder, keys: Keys, name: str, word: str) -> None:
    key, text = keys.in_context(name)

    assert find.texts(text.replace(key, word.removesuffix("sk-") + key)) == []


@pytest.mark.parametrize("glue", ["x", "0", "_", "-"])
@pytest.mark.parametrize("name", ["openai-session", "openai-2020", "gateway", "litellm", "one-api", "anthropic"])
def test_an_unmarked_key_needs_a_boundary_behind_it(find: Finder, keys: Keys, name: str, glue: str) -> None:
    key, text = keys.in_context(name)
    found = [match for match in find.matches(text.replace(key, key + glue)) if match.secret.reveal() == key]

    assert found == []


@pytest.mark.parametrize("around", ["'{}'", '"{}"', "({})", "={}\n", " {} ", "<{}>", "`{}`", ":{},", "[{}]", "{};"])
@pytest.mark.parametrize("name", ["openai-session", "openai-ephemeral", "openai-codex-refresh", "anthropic", "one-api"])
def test_an_unmarked_key_is_found_between_what_delimits_text(find: Finder, keys: Keys, name: str, around: str) -> None:
    key = keys.unmarked(name)

    assert find.texts("token " + around.format(key)) == [key]
