"""Placeholders and made-up keys: what a person types instead of a key, told from what a machine draws.

The thresholds were measured on 274 tokens of public histories, of which 188 are fakes, and against random
bodies (`docs/keys.md`): no genuine key among them is lost, and of random bodies of 40 and more characters
none in 30,000.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from keyguard.match import Candidate

Test = Callable[[str], bool]
"""Whether a body is a fake."""

STOPWORDS = frozenset(
    """
    your you my our the key keys api apikey token secret password here goes put paste insert enter add replace
    test tests testing tested example examples sample samples demo fake faked dummy placeholder synthetic mock
    mocked stub redacted masked hidden changeme change invalid wrong incorrect bad expired revoked none null
    undefined empty missing unset default value string actual real valid live prod production staging dev
    development local user admin service account project openai azure anthropic gpt chatgpt model abc xyz foo
    bar baz lorem ipsum hello world something anything whatever nothing not this that with some random
    """.split()
)
WALKS = tuple("qwerty asdfgh zxcvbn 012345 123456 234567 987654 abcdef fedcba deadbeef cafebabe".split())
LONG = 40
"""From this length on a random body may hold a short word or run by chance."""

_HEX = re.compile(r"[0-9a-fA-F-]+")
_PART = re.compile(r"[-_.]")
_LETTERS = re.compile(r"[A-Za-z]+")
_CAPITALS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def entropy(text: str) -> float:
    """Shannon entropy of the characters, in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def repeats(body: str) -> bool:
    """Five equal characters in a row."""
    return re.search(r"(.)\1{4}", body) is not None


def one_character(body: str) -> bool:
    """One character makes up too much of it."""
    most = max(Counter(body).values())
    share = 0.36 if _HEX.fullmatch(body) else 0.22
    return most >= 6 and most > share * len(body)


def sequence(body: str) -> bool:
    """Neighbours in the alphabet follow each other: in the body, or in every other place (`a1B2c3`)."""
    lowered = body.lower()
    long = 6 if len(body) >= LONG else 5
    return any(_longest_walk(part) >= long for part in (lowered, lowered[0::2], lowered[1::2]))


def _longest_walk(text: str) -> int:
    longest = length = 1
    direction = 0
    for before, after in pairwise(text):
        step = ord(after) - ord(before)
        length = length + 1 if step == direction and step in (1, -1) else 2 if step in (1, -1) else 1
        direction = step
        longest = max(longest, length)
    return longest


def periodic(body: str) -> bool:
    """The body repeats a shorter text."""
    return body in (body + body)[1:-1]


def keyboard(body: str) -> bool:
    """It holds a walk over the keyboard."""
    lowered = body.lower()
    return any(walk in lowered for walk in WALKS)


def words(body: str) -> bool:
    """Half of it or more are words: parts of lower-case or title-case letters alone."""
    lettered = sum(
        len(part)
        for part in _PART.split(body)
        if part.isalpha() and (part.islower() or part.istitle()) and not (part == body and len(part) >= 32)
    )
    return 2 * lettered >= len(body)


def stopword(body: str) -> bool:
    """A part of it is a word that stands in placeholders. In a long random body a short word is chance."""
    if len(body) >= LONG and not _PART.search(body):
        return False
    least = 4 if len(body) >= LONG else 2
    return any(part.lower() in STOPWORDS for part in _LETTERS.findall(body) if len(part) >= least)


def spelled(body: str) -> bool:
    """A quarter of it or more are words that stand in placeholders, each with a capital or between other signs."""
    known = sum(len(part) for part in _CAPITALS.findall(body) if part.lower() in STOPWORDS)
    return 4 * known >= len(body)


def low_entropy(body: str) -> bool:
    """Its characters are too few or too unequal for the length."""
    if _HEX.fullmatch(body):
        return entropy(body) < 2.8 and len(body) >= 24
    floor = 3.6 if len(body) >= 36 else 3.2 if len(body) >= 24 else 3.0
    return entropy(body) < floor


SHAPES: tuple[Test, ...] = (repeats, one_character, sequence, periodic, keyboard, low_entropy)
"""For any key: a random body may well hold a word."""

TESTS: dict[str, tuple[Test, ...]] = {
    "none": (),
    "marked": (*SHAPES, spelled),
    "hex": SHAPES,
    "unmarked": (*SHAPES, spelled, words, stopword),
}

_CUT_OFF = (b"...", b"\xe2\x80\xa6", b"*", b"xxx", b"XXX")


def is_fake(candidate: Candidate) -> bool:
    """Whether a candidate's body is a placeholder, or what surrounds it says that it is cut off or masked."""
    if not candidate.body:
        return True
    tests = TESTS[candidate.pattern.fakes]
    if any(test(candidate.body) for test in tests) or entropy(candidate.body) < candidate.pattern.entropy:
        return True
    return is_masked(candidate)


def is_masked(candidate: Candidate) -> bool:
    """Whether an ellipsis, a mask or a template's mark touches the key.

    For a key whose own structure is whole these marks are other text: `sk-…<br>`, `sk-…...`.
    """
    if "marker" in candidate.pattern.evidence:
        return False
    after = candidate.data[candidate.span.end : candidate.span.end + 3]
    before = candidate.data[max(0, candidate.span.start - 3) : candidate.span.start]
    return after.startswith(_CUT_OFF) or before.endswith(b"***")
