"""Anchors at which no pattern matches: remembered, and never taken for others at which one does."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard.engine import Engine
from keyguard.git.odb.batch import Batch
from keyguard.git.odb.kinds import BLOB
from keyguard.model import Blob, Match, Stored
from keyguard.patterns import load
from keyguard.source import dull
from keyguard.source.dull import DullPlaces
from keyguard.source.objects import ObjectExaminer
from tests.keys import Keys
from tests.source.auditing import ENGINE

KEYS = Keys("dull")
HEX = KEYS.unmarked("azure-openai-hex").encode()
SESSION = KEYS.session().encode()

# Anchors, what looks like a key behind one, and what tells one from another.
PARTS = (
    b"API_KEY", b"api_key", b"apiKey", b"sk-", b"sess-", b"AZURE_", b"openai.azure.com", b"...........",
    b"=", b" = ", b'": "', b'"', b"\n", b"# ", b"x" * 40, b"0" * 40,
    HEX, SESSION, KEYS.legacy().encode(), KEYS.unmarked("anthropic").encode(), KEYS.unmarked("kimi-code").encode(),
)  # fmt: skip

OWN = """
[[pattern]]
id = "own"
title = "Own"
provider = "own"
kind = "api"
anchors = ["tok_"]
after = 40
shortest = 32
regex = '{regex}'
confidence = "high"
fakes = "none"
examples = ['{example}']
counterexamples = []
remedy = "Revoke it."
source = "own"
"""
TOKEN = "tok_" + "".join(islice(cycle("0f3a9b7c"), 32))


def found(matches: list[object]) -> list[tuple[str, int, int]]:
    return [(match.rule.id, match.span.start, match.span.end) for match in matches if isinstance(match, Match)]


def plainly(engine: Engine, content: bytes) -> list[tuple[str, int, int]]:
    return found([*engine.examine(Blob(content, Stored("blob")))])


def together(examiner: ObjectExaminer, contents: list[bytes]) -> list[list[tuple[str, int, int]]]:
    results = dict(examiner.several(Batch.of(BLOB, contents))[0])
    return [found([*results.get(number, [])]) for number in range(len(contents))]


def alone(examiner: ObjectExaminer, content: bytes) -> list[tuple[str, int, int]]:
    return together(examiner, [content])[0]


@pytest.mark.parametrize(
    "content",
    [
        b"# API_KEY\nAZURE_API_KEY=%s\n# openai.azure.com" % HEX,
        b'{"api_key": {"api_key": "%s", "api_base": "https://x.openai.azure.com"}}\n' % HEX,
        b"sess-...........%s\n" % SESSION,
        b"sk-" + KEYS.unmarked("anthropic").encode(),
        b"key=sk-/%s\n" % KEYS.unmarked("kimi-code").encode(),
    ],
    ids=["names in lines", "names in JSON", "a session", "sk- before a key", "sk-/ before a key"],
)
def test_a_dull_anchor_hides_no_other_one_of_the_same_small_content(content: bytes) -> None:
    expected = plainly(ENGINE, content)

    assert expected
    assert together(ObjectExaminer(ENGINE, 20), [content]) == [expected]
    assert alone(ObjectExaminer(ENGINE, 20), content) == expected


@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=12).map(b"".join), min_size=1, max_size=6))
def test_the_same_is_found_together_alone_and_plainly(contents: list[bytes]) -> None:
    expected = [plainly(ENGINE, content) for content in contents]
    examiner = ObjectExaminer(ENGINE, 20)

    assert together(examiner, contents) == expected
    assert [alone(examiner, content) for content in contents] == expected
    assert together(examiner, contents) == expected


@pytest.mark.parametrize(
    ("regex", "example", "dull_ones", "content"),
    [
        (r'(?<=inner_token=")(?P<prefix>tok_)(?P<body>[0-9a-f]{32})', 'inner_token="{}"', ['outer_token="{}"'], None),
        (r"\A(?P<prefix>tok_)(?P<body>[0-9a-f]{32})\s*\Z", "{}", ["# {}\n"], "{}\n"),
        (r"^(?P<prefix>tok_)(?P<body>[0-9a-f]{32})$", "{}", ["# {}\n"], None),
    ],
    ids=["far back", "the whole", "a line"],
)
def test_an_own_pattern_may_look_further(
    tmp_path: Path, regex: str, example: str, dull_ones: list[str], content: str | None
) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN.format(regex=regex, example=example.format("tok_{hex:32}")), encoding="utf-8")
    engine = Engine(load([path]))
    contents = [text.format(TOKEN).encode() for text in (*dull_ones, content or example)]

    results = together(ObjectExaminer(engine, 20), [*contents, b"text\n"])

    assert results[:-1] == [plainly(engine, one) for one in contents]
    assert [bool(one) for one in results] == [False] * len(dull_ones) + [True, False]


def test_all_that_ships_is_told_from_what_is_near() -> None:
    assert [pattern.id for pattern in ENGINE.library if not pattern.is_local] == []


def test_what_is_known_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    matches_at = ENGINE.matches_at
    monkeypatch.setattr(ENGINE, "matches_at", lambda *place: tried.append(1) or matches_at(*place))
    examiner = ObjectExaminer(ENGINE, 20)
    lines = b"a line of text\n" * 40
    version = lines + lines.join(b"api_key = %s\n" % (letter * 40) for letter in (b"a", b"b", b"c")) + lines

    assert together(examiner, [version]) == [[]]
    first = len(tried)
    assert together(examiner, [b"new\n" + version, version + b"new\n"]) == [[], []]

    assert len(tried) == first > 0


def test_of_very_many_anchors_only_some_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    monkeypatch.setattr(ENGINE, "matches_at", lambda *_: bool(tried.append(1)))
    content = b"".join(b"sess-%040d\n" % number for number in range(1000))

    assert not DullPlaces(ENGINE).hold(content, ENGINE.prefilter.hits(content))

    assert len(tried) == dull.MOST_TRIED


def test_what_is_remembered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ENGINE, "matches_at", lambda *_: False)
    monkeypatch.setattr(dull, "MOST_KNOWN", 1000)
    places = DullPlaces(ENGINE)
    for number in range(1000):
        content = b"sess-%040d\n" % number
        assert places.hold(content, ENGINE.prefilter.hits(content))

    assert len(places._known) <= 1000 // 40
