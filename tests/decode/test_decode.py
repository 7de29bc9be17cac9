"""Every disguise: what is encoded is found again, with the key's own text, its line, and the way it was hidden."""

from __future__ import annotations

import base64
import html
import json
import quopri
import re
from collections.abc import Callable
from itertools import cycle
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyguard import examination
from keyguard.decode import ENCODED, traces
from keyguard.decode import codes as character_codes
from keyguard.decode.reading import Digits, Pieces, Stride, pieced
from keyguard.engine import Engine
from keyguard.model import Blob, Match, Span, StandardInput, Unread
from keyguard.patterns import bundled
from tests.conftest import Finder
from tests.keys import LEGACY, MODERN, Keys

ENGINE = Engine(bundled())
KEYS = Keys("disguises")
MADE = [*(KEYS.modern(kind) for kind in MODERN), *(KEYS.legacy(prefix) for prefix in LEGACY)]

any_key = st.sampled_from(MADE)
some_text = st.text(st.characters(blacklist_categories=["Cs"]), max_size=80)


def found(data: bytes) -> list[Match]:
    return [item for item in ENGINE.examine(Blob(data, StandardInput())) if isinstance(item, Match)]


def texts(data: bytes) -> list[str]:
    return [match.secret.reveal() for match in found(data)]


def b64(data: bytes) -> bytes:
    return base64.b64encode(data)


def b64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def mime(data: bytes) -> bytes:
    return base64.encodebytes(data)


def crlf(data: bytes) -> bytes:
    return mime(data).replace(b"\n", b"\r\n    ")


def in_a_literal(data: bytes) -> bytes:
    return mime(data).replace(b"\n", b"\\n")


def hexadecimal(data: bytes) -> bytes:
    return data.hex().encode()


def upper_hex(data: bytes) -> bytes:
    return b"0x" + data.hex().upper().encode()


def codes(data: bytes) -> bytes:
    return ", ".join(map(str, data)).encode()


def tight_codes(data: bytes) -> bytes:
    return b"[" + ",".join(map(str, data)).encode() + b"]"


def hex_codes(data: bytes) -> bytes:
    return ", ".join(f"0x{byte:02x}" for byte in data).encode()


def utf16(data: bytes) -> bytes:
    return data.decode("latin-1").encode("utf-16-le")


def utf16_be(data: bytes) -> bytes:
    return data.decode("latin-1").encode("utf-16-be")


DISGUISES: list[Callable[[bytes], bytes]] = [
    b64, b64url, mime, crlf, in_a_literal, hexadecimal, upper_hex, codes, tight_codes, hex_codes, utf16, utf16_be
]  # fmt: skip
NESTED: list[tuple[Callable[[bytes], bytes], ...]] = [
    (b64, b64),
    (b64url, b64),
    (utf16, b64),
    (utf16_be, b64),
    (b64, utf16),
    (hexadecimal, utf16),
]


@pytest.mark.parametrize("disguise", DISGUISES, ids=lambda function: function.__name__)
@pytest.mark.parametrize("key", MADE, ids=lambda key: key[:11])
def test_a_disguised_key_is_found(disguise: Callable[[bytes], bytes], key: str) -> None:
    missed = [
        shift
        for shift in range(7)
        if texts(b"x = '" + disguise(b"a" * shift + b"=" + key.encode() + b"\n") + b"'") != [key]
    ]

    assert missed == []


@pytest.mark.parametrize("way", NESTED, ids=lambda way: "-".join(f.__name__ for f in way))
@pytest.mark.parametrize("key", MADE, ids=lambda key: key[:11])
def test_a_key_in_a_disguise_within_another_is_found(way: tuple[Callable[[bytes], bytes], ...], key: str) -> None:
    missed = []
    for shift in range(9):
        data = b"-" * shift + b"K=" + key.encode() + b"\n"
        for disguise in way:
            data = disguise(data)
        # Text in UTF-16 is a file of its own.
        data = data if way[-1] is utf16 else b"value: " + data + b" end"
        missed += [] if texts(data) == [key] else [shift]

    assert missed == []


@given(any_key, some_text, some_text, st.sampled_from(DISGUISES))
def test_a_disguised_key_in_any_text_is_found(
    key: str, before: str, after: str, disguise: Callable[[bytes], bytes]
) -> None:
    inner = f"{before} {key} {after}".encode("latin-1", "replace")

    assert key in texts(b"<" + disguise(inner) + b">")


@given(any_key, st.binary(max_size=120), st.binary(max_size=120))
def test_base64_of_anything_with_a_key_is_found_in_anything(key: str, before: bytes, after: bytes) -> None:
    inner = b"%s\n%s\n%s" % (before, key.encode(), after)

    assert key in texts(before + b" " + b64(inner) + b" " + after)


@pytest.mark.parametrize(
    ("disguise", "encoding"),
    [
        (b64, ("base64",)),
        (hexadecimal, ("hex",)),
        (codes, ("character-codes",)),
        (utf16, ("utf-16",)),
        (lambda data: b64(utf16(data)), ("base64", "utf-16")),
        (lambda data: b64(b64(data)), ("base64", "base64")),
        (lambda data: utf16(b64(data)), ("utf-16", "base64")),
    ],
)
def test_the_way_of_hiding_is_named_from_the_outside_in(
    disguise: Callable[[bytes], bytes], encoding: tuple[str, ...]
) -> None:
    assert [match.encoding for match in found(b"x\n " + disguise(b"KEY=" + MADE[0].encode()))] == [encoding]


def test_a_plain_key_has_no_disguise() -> None:
    assert [match.encoding for match in found(MADE[0].encode())] == [()]


@pytest.mark.parametrize("disguise", [b64, b64url, hexadecimal, codes, hex_codes], ids=lambda f: f.__name__)
def test_a_disguised_key_is_placed_where_its_disguise_stands(disguise: Callable[[bytes], bytes]) -> None:
    hidden = disguise(MADE[0].encode())
    (match,) = found(b"first\n  x = " + hidden + b"\n")

    assert (match.line, match.column, match.span) == (2, 7, Span(12, 12 + len(hidden.rstrip(b"="))))


@pytest.mark.parametrize(("encoding", "mark"), [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")])
@pytest.mark.parametrize("marked", [False, True])
def test_a_key_in_utf_16_has_the_exact_span_line_and_column(encoding: str, mark: bytes, marked: bool) -> None:
    before = (mark if marked else b"") + "größe ≠ 中\n schlüssel: ".encode(encoding)
    (match,) = found(before + f"{MADE[0]} ≠ 中\n".encode(encoding))

    assert (match.line, match.column) == (2, 13)
    assert match.span == Span(len(before), len(before) + 2 * len(MADE[0]))


ESCAPES: list[Callable[[str], str]] = [
    lambda key: key.replace("-", "%2D"),
    lambda key: key.replace("-", "%2d"),
    lambda key: key.replace("-", r"\u002d"),
    lambda key: key.replace("-", r"\\u002D"),
    lambda key: key.replace("-", r"\x2d"),
    lambda key: key.replace("-", "&#45;"),
    lambda key: key.replace("-", "&#x2d;"),
    lambda key: key.replace("-", r"\u{2d}").replace("_", r"\u{005F}"),
    lambda key: key.replace("-", r"\U0000002d").replace("_", r"\U0000005f"),
    lambda key: key.replace("-", r"\055").replace("_", r"\137"),
    lambda key: key.replace("-", r"\\055").replace("_", r"\\137"),
    lambda key: key.replace("-", "&#045;").replace("_", "&#0095;"),
    lambda key: key.replace("-", "&#x002D;").replace("_", "&#X005f;"),
    lambda key: key.replace("-", "&hyphen;").replace("_", "&lowbar;"),
    lambda key: key.replace("-", "&dash;").replace("_", "&UnderBar;"),
    lambda key: key.replace("-", "=2D").replace("_", "=5F"),
    lambda key: f"\x1b[01;31m\x1b[K{key[:3]}\x1b[m\x1b[K{key[3:9]}\x1b[32m{key[9:]}\x1b[0m",
    lambda key: "".join(
        f"%{ord(c):02X}" if place % 5 == 0 and c not in "T3BlbkFJ" else c for place, c in enumerate(key)
    ),
]


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize("key", MADE, ids=lambda key: key[:11])
def test_a_key_with_escaped_characters_is_found(escape: Callable[[str], str], key: str) -> None:
    assert texts(f"a = 1\nkey = '{escape(key)}'\n".encode()) == [key]


JOINS = [
    '"{}" + "{}"',
    "'{}'+'{}'",
    '"{}" "{}"',
    '"{}"\n    "{}"',
    '"{}" +\n    "{}"',
    '"{}"\n    + "{}"',
    '"{}" . "{}"',
    '"{}" & "{}"',
    '"{}", "{}"',
    "`{}` + `{}`",
    '"{}" \\\n    "{}"',
    "{}\\\n{}",
    "{}\\\r\n    {}",
    'f"{}" f"{}"',
    '\\"{}\\" + \\"{}\\"',
    '"{}" + // rest\n    "{}"',
    '"{}"  # part one, of two\n    "{}"',
    "'{}' -- the first half\n  || '{}'",
    '"{}" /* and */ + "{}"',
    '"{}" +\n    // the other\n    "{}"',
    '"{}"\n\n    "{}"',
    '"{}"\r\n\r\n    "{}"',
    "'{}' || '{}'",
    "'{}'.concat('{}')",
    '"{}" <> "{}"',
    '"{}" ^ "{}"',
    '"{}" ++ "{}"',
    '"{}" .. "{}"',
    '"{}" + `\n    "{}"',
    '"{}" & _\r\n    "{}"',
    'L"{}" L"{}"',
    '\\"{}\\"\\n    \\"{}\\"',
    '\\"{}\\"\\n",\n    "       \\"{}\\"',
    '\\"{}\\" +\\n",\r\n    "\\"{}\\"',
    "{}=\n{}",
    "{}=\r\n{}",
    "{}\n {}",
    "{}\r\n\t{}",
]


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("key", MADE, ids=lambda key: key[:11])
def test_a_key_in_two_literals_is_found(join: str, key: str) -> None:
    cuts = [3, len(key) // 3, len(key) - 9]
    missed = [cut for cut in cuts if texts(("key = " + join.format(key[:cut], key[cut:]) + "\n").encode()) != [key]]

    assert missed == []


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("key", [key for key in MADE if len(key) > 76], ids=lambda key: key[:11])
def test_a_key_in_quoted_printable_is_found(key: str, line_end: str) -> None:
    first = quopri.encodestring(f"OPENAI_API_KEY={key[:40]}".encode(), quotetabs=True).decode().replace("-", "=2D")
    mail = f"Content-Transfer-Encoding: quoted-printable\n\n{first}={line_end}{key[40:]}{line_end}"

    assert texts(mail.encode()) == [key]


@pytest.mark.parametrize("first", range(60, 68))
def test_a_key_in_a_folded_line_is_found(first: int) -> None:
    key = MADE[6]
    parts = [key[:first], *(key[at : at + 74] for at in range(first, len(key), 74))]

    assert texts(("description: " + "\n ".join(parts) + "\n").encode()) == [key]


def test_a_key_in_a_notebooks_lines_is_found(find: Finder, keys: Keys) -> None:
    key = keys.modern()
    source = [f'key = ("{key[:60]}"  # a part\n', "\n", f'       "{key[60:]}")\n']

    assert find.texts(json.dumps({"cells": [{"source": source}]}, indent=1)) == [key]


def test_what_is_joined_is_placed_where_its_parts_stand() -> None:
    key = MADE[0]
    text = f'x = ("{key[:30]}"  # one\n\n  "{key[30:]}")'
    (match,) = found(text.encode())

    assert match.span == Span(text.index(key[:30]), len(text) - 2)


@pytest.mark.parametrize(
    "between", ['"', '"" ', '"# ', '"//', '"\n\n', '"+ ', '\\"', "=\n", "\n x", '"/*', "&#x00", "\x1b[;"]
)
def test_text_full_of_seams_hides_no_key_behind_it(between: str) -> None:
    key = MADE[6]

    assert key in texts(f'{between * 5000}\nkey = "{key[:50]}" + // rest\n "{key[50:]}"\n'.encode())


def test_a_key_in_many_literals_is_found() -> None:
    key = MADE[6]
    parts = [key[at : at + 30] for at in range(0, len(key), 30)]

    assert texts(("k = (" + "\n  ".join(f'"{part}"' for part in parts) + ")").encode()) == [key]


@pytest.mark.parametrize("key", MADE[:9], ids=lambda key: key[:11])
def test_a_key_written_backwards_is_found(key: str) -> None:
    (match,) = found(f"x = '{key[::-1]}'".encode())

    assert (match.secret.reveal(), match.encoding) == (key, ("reversed",))


def test_a_reversed_body_behind_gpt_is_a_project_key(find: Finder, keys: Keys) -> None:
    body = keys.legacy().removeprefix("sk-")

    assert find.texts(f"gpt:{body[::-1]}") == [f"sk-proj-{body}"]


def test_a_key_in_json_in_json_in_json_is_found(find: Finder, keys: Keys) -> None:
    key = keys.modern()
    text = f'x = "{key}"\n'
    for _ in range(4):
        text = json.dumps({"source": [text]})

    assert find.texts(text) == [key]


def test_a_key_in_html_is_found(find: Finder, keys: Keys) -> None:
    key = keys.modern()

    assert find.texts(html.escape(f"<a href='?k={key}&x'>")) == [key]


def test_a_body_with_swapped_separators_is_found(find: Finder, keys: Keys) -> None:
    key = keys.modern()

    assert find.texts(f"k = '{key.replace('-', '*')}'.replace('*', '-')") == [key]


def test_a_body_without_its_prefix_is_found(find: Finder, keys: Keys) -> None:
    body = keys.body()

    assert [(m.secret.reveal(), m.confidence.word) for m in find.matches(f"prefix + '{body}'")] == [(body, "medium")]


@pytest.mark.parametrize("length", range(6, 40, 3))
def test_a_keyword_leaves_a_trace_in_each_of_its_disguises(length: int) -> None:
    random = Random(length)
    keyword = bytes(random.choices(b"abcdefghXYZ0123456789_-", k=length))
    missed = []
    for decoder, disguise in zip(ENCODED, (b64, utf16, hexadecimal, codes), strict=True):
        for _ in range(50):
            data = random.randbytes(random.randrange(9)) + keyword + random.randbytes(5)
            traced = [trace for trace in decoder.disguises(keyword) if trace in disguise(data)]
            missed += [] if traced else [decoder.ENCODING]

    assert missed == []


def test_what_is_never_disguised_leaves_no_trace() -> None:
    assert traces(b"whatever", "never") == {}


def test_more_disguised_text_than_is_read_makes_a_blob_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "READ_BYTES", 100)
    monkeypatch.setattr(examination, "READ_TIMES", 0)
    items = ENGINE.examine(Blob(b64(f"KEY={MADE[0]}".encode()), StandardInput()))

    assert [item.reason for item in items if isinstance(item, Unread)] == [
        "it holds more disguised text than keyguard reads"
    ]


@given(st.integers(0, 99), st.integers(1, 4), st.integers(0, 99))
def test_places_of_a_stride_map_back(start: int, width: int, place: int) -> None:
    places = Stride(start, width)

    assert (places.at(place), places.after(place)) == (start + place * width, start + (place + 1) * width)


@given(st.binary(min_size=1, max_size=60))
def test_places_of_base64_digits_map_back(data: bytes) -> None:
    digits = b64(data).rstrip(b"=")
    places = Digits(range(len(digits)), 6)

    assert places.at(0) == 0
    assert places.after(len(data) - 1) == len(digits)


def test_places_of_pieces_map_back() -> None:
    reading = pieced([(b"ab", Span(0, 2), True), (b"-", Span(2, 5), False), (b"cd", Span(5, 7), True)], "x")

    assert isinstance(reading.places, Pieces)
    assert [reading.back(Span(place, place + 1)) for place in range(5)] == [
        Span(0, 1),
        Span(1, 2),
        Span(2, 5),
        Span(5, 6),
        Span(6, 7),
    ]


# What `codes.readings` is to be: of all runs around a trace the one that it stands in, of 17 codes or more.
RUNS = re.compile(rb"(?:(?:0[xX][0-9a-fA-F]{2}|\d{1,3})[\s,;]{1,64}){16,}(?:0[xX][0-9a-fA-F]{2}|\d{1,3})")


@given(
    st.lists(st.sampled_from([b"84", b"51", b"184", b"0x54", b"0X5f", b"1234", b"x", b"f"]), min_size=1, max_size=60),
    st.lists(st.sampled_from([b",", b", ", b"\n", b" ;", b"", b"x"]), min_size=1, max_size=9),
)
def test_a_run_of_codes_is_told_from_what_is_near_to_it(words: list[bytes], between: list[bytes]) -> None:
    data = b"".join(word + gap for word, gap in zip(words, cycle(between), strict=False))
    runs = [run.span() for run in RUNS.finditer(data)]

    for code in re.finditer(rb"(?<![0-9])(?:84,|84, |0x54,|0x54, )", data):
        around = [run for run in runs if run[0] <= code.start() < run[1]]
        read = list(character_codes.readings(data, code.start()))
        assert [reading.back(Span(0, len(reading.data))) for reading in read] == [Span(*run) for run in around]


def test_traces_of_codes_without_a_run_cost_little() -> None:
    trace = next(iter(character_codes.disguises(b"T3Bl")))

    assert found((trace + b"x\n") * 20_000 + codes(MADE[0].encode())) != []
