"""Content too large to be held at once: a key at any offset belongs to one window, with its true place."""

from __future__ import annotations

import io
from collections.abc import Iterator
from random import Random

import pytest

from keyguard import windows
from keyguard.engine import Engine
from keyguard.model import Blob, Match, StandardInput
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
    matches = [item for blob in blobs(data, size) for item in engine.examine(blob)]
    return [(m.secret.reveal(), m.span.start, m.line, m.column) for m in matches if isinstance(m, Match)]


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
    import base64

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
