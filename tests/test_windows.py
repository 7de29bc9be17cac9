"""Content too large to be held at once: a key at any offset belongs to one window, with its true place."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyguard import windows
from keyguard.decode import BROKEN, ENCODED
from keyguard.engine import Engine
from keyguard.judge import allow
from keyguard.model import Blob, Match, StandardInput, Unread
from keyguard.passage import examined
from keyguard.search import search, search_whole
from tests.keys import Keys

WINDOW, BEFORE, AFTER = 4096, 1024, 2048


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WINDOW", WINDOW)
    monkeypatch.setattr(windows, "BEFORE", BEFORE)
    monkeypatch.setattr(windows, "AFTER", AFTER)


def blobs(data: bytes, size: int | None = None) -> Iterator[Blob]:
    return windows.windows(io.BytesIO(data).read, StandardInput(), size)


def found(engine: Engine, data: bytes, size: int | None = None) -> list[tuple[str, int, int, int]]:
    items = examined(engine, blobs(data, size))
    return [(m.secret.reveal(), m.span.start, m.line, m.column) for m in matches(items)]


LENGTHS = [0, 1, AFTER - 1, AFTER, AFTER + 1, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW + AFTER - 1, WINDOW + AFTER]
LENGTHS += [WINDOW + AFTER + 1, 2 * WINDOW, 2 * WINDOW + 1, 3 * WINDOW + AFTER, 5 * WINDOW + 17]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("told", ["nothing", "the truth", "zero", "less", "more"])
def test_each_byte_is_owned_by_one_window(length: int, told: str) -> None:
    data = Random(length).randbytes(length)
    size = {"nothing": None, "the truth": length, "zero": 0, "less": length // 3, "more": length + 5000}[told]
    owned = [
        blob.data if blob.owned is None else blob.data[blob.owned.start : blob.owned.end] for blob in blobs(data, size)
    ]

    assert b"".join(owned) == data


@pytest.mark.parametrize("length", LENGTHS)
def test_each_window_says_where_it_begins(length: int) -> None:
    data = Random(length).randbytes(length)

    assert all(data.startswith(blob.data, blob.offset) for blob in blobs(data))


@pytest.mark.parametrize("boundary", [WINDOW - BEFORE, WINDOW, WINDOW + AFTER, 2 * WINDOW])
def test_a_key_at_every_offset_around_a_boundary_is_found_once(engine: Engine, keys: Keys, boundary: int) -> None:
    key = keys.modern()
    text = "x" * 37 + "\n"
    missed = []
    for offset in range(boundary - len(key) - 3, boundary + 4):
        before = (text * (offset // len(text) + 1))[: offset - 1] + " "
        data = f"{before}{key}\n{text * 250}".encode()
        line, column = before.count("\n") + 1, offset - before.rfind("\n")
        if found(engine, data) != [(key, offset, line, column)]:
            missed.append(offset)

    assert missed == []


@pytest.mark.parametrize("letter", ["x", "é", "中", "𝄞"])
def test_a_column_in_one_long_line_counts_characters(engine: Engine, keys: Keys, letter: str) -> None:
    key = keys.modern()
    wrong = []
    for count in range(3 * WINDOW // len(letter.encode()), 3 * WINDOW // len(letter.encode()) + 5):
        data = (letter * count + " " + key).encode()
        if [column for *_, column in found(engine, data)] != [count + 2]:
            wrong.append(count)

    assert wrong == []


def test_every_key_of_many_is_found_once(engine: Engine, keys: Keys) -> None:
    made = [keys.modern(kind, number) for number in range(20) for kind in ("project", "user", "admin")]
    data = "".join(f"{key}\n{'.' * (index * 7 % 300)}\n" for index, key in enumerate(made)).encode()

    assert [key for key, *_ in found(engine, data)] == made


def test_a_key_in_base64_across_a_boundary_is_found(engine: Engine, keys: Keys) -> None:
    key = keys.modern()
    encoded = base64.b64encode(f"OPENAI_API_KEY={key}".encode())
    offsets = range(WINDOW - len(encoded) - 1, WINDOW + 2, 3)
    missed = [
        offset for offset in offsets if [k for k, *_ in found(engine, b" " * offset + encoded + b" " * WINDOW)] != [key]
    ]

    assert missed == []


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
def test_a_key_in_utf_16_across_a_boundary_is_found_on_its_line(engine: Engine, keys: Keys, encoding: str) -> None:
    key = keys.modern()
    wrong = []
    for lines in range(80, 120):
        data = ("0123456789abcdefghi\r\n" * lines + f"key = {key}\r\n" + "more\r\n" * 900).encode(encoding)
        if [(k, line, column) for k, _, line, column in found(engine, data)] != [(key, lines + 1, 7)]:
            wrong.append(lines)

    assert wrong == []


def test_a_window_sees_the_words_that_stand_before_it(engine: Engine, keys: Keys) -> None:
    key = keys.unmarked("moonshot")
    offsets = range(WINDOW - 100, WINDOW + 120, 20)
    missed = [
        offset
        for offset in offsets
        if [k for k, *_ in found(engine, b"." * (offset - 40) + b" kimi" + b" " * 35 + key.encode() + b" " * WINDOW)]
        != [key]
    ]

    assert missed == []


KEYS = Keys("windows")
KEY = KEYS.modern()
TEXTS = {
    "plain": KEY,
    "legacy": KEYS.legacy(),
    "azure": KEYS.azure(),
    "with a word": KEYS.in_context("moonshot")[1],
    "with any word": KEYS.in_context("azure-openai-hex")[1],
    "without a word": f"api_key={KEYS.unmarked('azure-openai-hex')}",
    "a word": "https://x.openai.azure.com",
    "a word in parts": 'api_type = "Azure',
    "allowed": f"{KEY}  # keyguard: allow",
    "joined": f'"{KEY[:50]}" +\n  "{KEY[50:]}"',
    "joined at its prefix": f'"{KEY[:8]}" + "{KEY[8:]}"',
    "escaped": KEY.replace("-", "%2D"),
    "base64": base64.b64encode(f"key={KEY}".encode()).decode(),
    "wrapped": base64.encodebytes(f"key={KEY}".encode()).decode(),
    "hex": KEY.encode().hex(),
    "codes": ", ".join(str(byte) for byte in KEY.encode()),
}
FILLINGS = ["word ", "0123456789 abcdefghi\r\n", "\n", "ü ", "語\n", "上 \n", "𝄞.", "\0", " a\0\0 ", "\n\0"]
Part = tuple[int, int, str, str]

TOLD_IN_UTF_16 = ["plain", "legacy", "allowed", "joined", "joined at its prefix", "escaped"]
"""Those that leave a trace of their own where not all of the content is UTF-16."""


def parts(names: Iterable[str] = TEXTS) -> st.SearchStrategy[list[Part]]:
    """In which window a text stands, how far from its end, and what fills the content up to there."""
    texts = st.sampled_from([TEXTS[name] for name in names])
    part = st.tuples(st.integers(0, 2), st.integers(-300, 300), st.sampled_from(FILLINGS), texts)
    return st.lists(part, min_size=1, max_size=3).map(sorted)


def put_together(parts: list[Part], encoding: str) -> bytes:
    content = b""
    for number, shift, filling, text in [*parts, (2, 300, "end\n", "")]:
        filled = filling.encode(encoding)
        missing = number * WINDOW + shift - len(content)
        content += filled * (missing // len(filled)) + f" {text} ".encode(encoding)
    return content


def as_whole(engine: Engine, data: bytes) -> list[Match]:
    return matches(engine.examine(Blob(data, StandardInput())))


def in_windows(engine: Engine, data: bytes) -> list[Match]:
    # One that had to wait for a word comes later.
    found = matches(search(engine, io.BytesIO(data).read, StandardInput()))
    return sorted(found, key=lambda match: (match.span.start, match.span.end))


def matches(items: Iterable[Match | Unread]) -> list[Match]:
    return [item for item in items if isinstance(item, Match)]


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that overlap further than anything looks from a key, as those of the full size do."""
    monkeypatch.setattr(windows, "BEFORE", WINDOW)
    monkeypatch.setattr(windows, "AFTER", WINDOW)
    for decoder in (*ENCODED, *BROKEN):
        monkeypatch.setattr(decoder, "REACH", 1536)
    monkeypatch.setattr(allow, "REACH", 1024)


@given(parts(), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]), st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_content_in_windows_is_judged_as_in_one_piece(
    engine: Engine, wide: None, parts: list[Part], encoding: str, marked: bool
) -> None:
    mark = "\ufeff" if marked else ""
    data = mark.encode(encoding) + put_together(parts, encoding)

    assert in_windows(engine, data) == as_whole(engine, data)


@given(parts(), parts(TOLD_IN_UTF_16), st.sampled_from(["utf-16-le", "utf-16-be"]), st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_text_in_utf_16_among_other_content_is_judged_in_windows_as_in_one_piece(
    engine: Engine, wide: None, one: list[Part], other: list[Part], encoding: str, first: bool
) -> None:
    pieces = [put_together(one, "utf-8"), put_together(other, encoding)]
    data = b"".join(pieces if first else reversed(pieces))

    assert in_windows(engine, data) == as_whole(engine, data)


@pytest.mark.parametrize("filling", ["word ", "word\n", "語上\n"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_what_a_content_begins_with_says_whether_it_is_utf_16(
    engine: Engine, encoding: str, filling: str, wide: None
) -> None:
    key, text = KEYS.in_context("moonshot")
    data = ("word\n" * 400 + filling * 3000 + text).encode(encoding)

    assert [item.secret.reveal() for item in in_windows(engine, data)] == [key]
    assert in_windows(engine, data) == as_whole(engine, data)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_text_behind_utf_16_and_utf_16_behind_text_stand_in_the_lines_of_the_content(
    engine: Engine, encoding: str
) -> None:
    lines = "a line of text\n" * 600
    mixed = [(lines + "key=").encode() + KEY.encode(encoding), lines.encode(encoding) + f"\nkey={KEY}".encode()]

    assert [(item.line, item.column) for data in mixed for item in in_windows(engine, data)] == [(601, 5), (602, 5)]


def test_a_key_that_is_joined_over_a_border_is_found_once(engine: Engine) -> None:
    text = TEXTS["joined at its prefix"].encode()
    wrong = []
    for shift in range(0, len(text), 7):
        data = b" " * (WINDOW - shift) + text + b" " * WINDOW
        if in_windows(engine, data) != as_whole(engine, data):
            wrong.append(shift)

    assert wrong == []


def test_what_is_held_is_searched_in_windows_too(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    examined: list[int] = []
    admits = engine.prefilter.admits
    monkeypatch.setattr(engine.prefilter, "admits", lambda data: examined.append(len(data)) or admits(data))
    data = b"." * 3 * WINDOW + f" {KEY} ".encode()

    assert search_whole(engine, data, StandardInput()) == in_windows(engine, data)

    assert max(examined) == BEFORE + WINDOW + AFTER


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("word", ["openai.azure.com", "AZURE_OPENAI", "AzureChatOpenAI", 'api_type = "azure"'])
@pytest.mark.parametrize("behind", [False, True])
def test_a_word_that_may_stand_anywhere_stands_in_any_window(
    engine: Engine, encoding: str, word: str, behind: bool
) -> None:
    key, text = KEYS.unmarked("azure-openai-hex"), TEXTS["without a word"]
    parts = [text, word] if behind else [word, text]
    data = ("\n" + "word " * WINDOW).join(["", *parts, ""]).encode(encoding)

    assert [match.secret.reveal() for match in in_windows(engine, data)] == [key]
    assert in_windows(engine, data) == as_whole(engine, data)


def test_without_a_word_in_any_window_there_is_no_key(engine: Engine) -> None:
    assert (
        in_windows(engine, ("\n" + "word " * WINDOW).join(["", TEXTS["without a word"], "an azure sky", ""]).encode())
        == []
    )


def test_what_is_forgotten_while_it_waits_for_a_word_is_said(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyguard.passage.MOST_AWAITING", 2)
    texts = [f"api_key={KEYS.unmarked('azure-openai-hex', number)}" for number in range(5)]
    waiting = ("\n" + "word " * WINDOW).join(["", *texts, ""]).encode()

    assert [*search(engine, io.BytesIO(waiting).read, StandardInput())] == []
    *found, unread = search(engine, io.BytesIO(waiting + b" openai.azure.com").read, StandardInput())
    assert isinstance(unread, Unread)
    assert (len(found), unread.count) == (2, 3)
