"""Whether patterns hold what they promise: their examples are found, their counterexamples are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random

import regex

from keyguard.engine import Engine
from keyguard.errors import PatternError
from keyguard.model import Blob, Match, StandardInput
from keyguard.patterns import Library, Pattern
from keyguard.patterns.templates import fill

SEEDS = range(5)
"""Each example is filled this often. A random body looks like a fake now and then, so one find is enough."""


def checked(library: Library, paths: Iterable[Path], text: Callable[[Path], str] | None = None) -> Library:
    """The library with a user's pattern files, each pattern of which has been tried.

    `text` gives what stands in a file, if that is not what is on disk.

    Raises PatternError, naming file, pattern and reason, for the first fault.
    """
    for path in paths:
        longer = library.with_files([path], text)
        new = Library(longer.patterns[len(library) :])
        for pattern, fault in faults(longer, new):
            raise PatternError(f"{path}: pattern {pattern.id}: {fault}")
        library = longer
    return library


def faults(library: Library, patterns: Iterable[Pattern]) -> Iterator[tuple[Pattern, str]]:
    """What is wrong with `patterns` where they are used together with the whole `library`."""
    engine = None
    for pattern in patterns:
        fault = _compiles(pattern)
        if fault is None:
            engine = engine or Engine(library)
            fault = next(_broken_promises(engine, pattern), None)
        if fault:
            yield pattern, fault


def _compiles(pattern: Pattern) -> str | None:
    try:
        _ = pattern.regex
    except regex.error as error:
        return f"`regex` does not compile: {error}"
    return None


def _broken_promises(engine: Engine, pattern: Pattern) -> Iterator[str]:
    for place, example in enumerate(pattern.examples, 1):
        texts = [_filled(pattern, example, seed) for seed in SEEDS]
        if not all(any(anchor in text for anchor in pattern.anchors) for text in texts):
            yield f"example {place} holds none of its anchors"
        elif not any(pattern.id in _found(engine, text) for text in texts):
            yield f"example {place} is not found"
    for place, counterexample in enumerate(pattern.counterexamples, 1):
        if any(pattern.id in _found(engine, _filled(pattern, counterexample, seed)) for seed in SEEDS):
            yield f"counterexample {place} is found"


def _filled(pattern: Pattern, template: str, seed: int) -> str:
    try:
        return fill(template, Random(f"{pattern.id}:{seed}"))
    except ValueError as error:
        raise PatternError(f"pattern {pattern.id}: {error}") from error


def _found(engine: Engine, text: str) -> set[str]:
    blob = Blob(text.encode(), StandardInput())
    return {item.rule.id for item in engine.examine(blob) if isinstance(item, Match)}
