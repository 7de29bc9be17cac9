"""Examples are filled from a seed, and what they give is valid in structure."""

from __future__ import annotations

from random import Random

import pytest

from keyguard import structure
from keyguard.patterns.templates import GENERATORS, fill


def test_the_same_seed_gives_the_same_text() -> None:
    assert fill("{alnum:40} {hex:8}", Random(5)) == fill("{alnum:40} {hex:8}", Random(5))


def test_doubled_braces_stand_for_braces() -> None:
    assert fill('{{"a": {{}}}}', Random(1)) == '{"a": {}}'


@pytest.mark.parametrize("lengths", [(42, 42), (46, 46), (57, 58), (59, 60), (58, 58), (74, 74)])
def test_a_modern_body_has_a_zero_tail(lengths: tuple[int, int]) -> None:
    left, right = fill(f"{{modern:{lengths[0]},{lengths[1]}}}", Random(2)).split(structure.MARKER)

    assert (len(left), len(right), structure.has_zero_tail(left + right)) == (*lengths, True)


def test_an_azure_key_has_its_checksum() -> None:
    assert all(structure.has_azure_checksum(fill("{azure84:ACOG,AAAB}", Random(seed))) for seed in range(50))


@pytest.mark.parametrize("template", ["{nothing}", "{alnum:x}", "{alnum}", "{alnum:3|sideways}", "{jwt:nobodys}"])
def test_a_hole_that_cannot_be_filled_is_named(template: str) -> None:
    with pytest.raises(ValueError, match="no hole that can be filled"):
        fill(template, Random(1))


def test_every_generator_gives_text() -> None:
    arguments = {
        "modern": ":42,42",
        "azure84": "",
        "uuid4hex": "",
        "uuid4": "",
        "one_api": "",
        "ephemeral": "",
        "jwt": ":other",
        "same": ":x,5",
    }
    texts = [fill(f"{{{name}{arguments.get(name, ':9')}}}", Random(1)) for name in GENERATORS]

    assert all(texts)
