"""One pattern, and how it is read from its TOML table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import regex

from keyguard.errors import PatternError
from keyguard.model import Confidence, Rule

CHECKS = (
    "balance",
    "zero-tail",
    "reversed",
    "azure-checksum",
    "uuid4",
    "alternating-case",
    "jwt-openai",
    "jwt-agent",
    "classes",
    "ephemeral-layout",
    "opaque",
)
"""The structure checks that a pattern can name. `keyguard.judge.structure` holds them."""

FILTERS = ("none", "marked", "unmarked", "hex")
"""The strengths of the fake filter that a pattern can name. `keyguard.judge.fakes` holds them."""

DISGUISES = ("never", "base64", "any")
"""What a pattern's anchors are also looked for in. `keyguard.decode` reads them."""

LONGEST_RUN = 256
"""The longest run that the prefilter compares."""

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

# In an expression a class or an escaped sign; and, with these out of the way, what looks at the ends of the content or
# of a line, or further back than a byte. What is not known is taken for such.
_PLAIN = re.compile(r"\\[^A-Za-z]|\[\^?\]?(?:\\.|[^\]\\])*\]")
_LOOKS_FURTHER = re.compile(r"[\^$]|\\[^bBdDsSwWxnrtfv]|\(\?<[=!](?!C\))")


@dataclass(frozen=True, slots=True)
class Context:
    """Words that must stand near a match (or anywhere in its blob, with `within` 0) for it to count.

    Compared without case, and without `_`, `-`, `.` and blanks: `openai_api_key` is also `openAIApiKey`.
    """

    words: tuple[str, ...]
    within: int


@dataclass(frozen=True)
class Pattern:
    """A kind of key.

    `anchors`: literal text of which one stands in, or close before, every match.
    `before`, `after`: how many bytes before an anchor a match may begin, and after its start it may end.
    `boundary`: whether no letter or digit may stand before an anchor.
    `gap`, `shortest`: after an anchor, within `gap` bytes, a run of `shortest` bytes of token characters
    begins (`A-Z a-z 0-9 + / = _ - .`); 0 where that cannot be said. Both let the prefilter turn words away.
    `required` checks refute a match, `supporting` ones lower it to `doubtful` where they fail.
    """

    rule: Rule
    kind: str
    kinds: Mapping[str, str]
    anchors: tuple[str, ...]
    before: int
    after: int
    boundary: bool
    gap: int
    shortest: int
    expression: str = field(repr=False)
    required: tuple[str, ...]
    supporting: tuple[str, ...]
    evidence: tuple[str, ...]
    confidence: Confidence
    doubtful: Confidence
    fakes: str
    entropy: float
    context: tuple[Context, ...]
    disguised: str
    examples: tuple[str, ...]
    counterexamples: tuple[str, ...]
    source: str

    @property
    def id(self) -> str:
        return self.rule.id

    @cached_property
    def regex(self) -> regex.Pattern[bytes]:
        """The expression, compiled when it is first needed: of sixty patterns a scan needs two or three."""
        return regex.compile(self.expression.encode("ascii"))

    @cached_property
    def is_local(self) -> bool:
        """Whether no more than the byte before a match, and nothing behind what `after` covers, decides on it."""
        return not _LOOKS_FURTHER.search(_PLAIN.sub("C", self.expression))

    def kind_of(self, spelled: str | None) -> str:
        """The kind of key that the text of the group `kind` stands for."""
        return self.kinds.get(spelled or "", self.kind)


class Table:
    """A TOML table that is read field by field, each with its type; what nobody reads is an error."""

    def __init__(self, table: Mapping[str, Any], where: str) -> None:
        self._table = dict(table)
        self._where = where

    def error(self, reason: str) -> PatternError:
        return PatternError(f"{self._where}: {reason}")

    def take(self, name: str, kind: type, default: Any = ...) -> Any:
        value = self._table.pop(name, default)
        if value is ...:
            raise self.error(f"`{name}` is missing")
        if value is not default and type(value) is not kind and not (kind is float and type(value) is int):
            raise self.error(f"`{name}` must be {_NAMES[kind]}, not {value!r}")
        return value

    def texts(self, name: str, default: Any = ...) -> tuple[str, ...]:
        values = self.take(name, list, default)
        if not all(isinstance(value, str) and value for value in values):
            raise self.error(f"`{name}` must be a list of texts")
        return tuple(values)

    def one_of(self, name: str, choices: tuple[str, ...], default: Any = ...) -> str:
        value = self.take(name, str, default)
        if value not in choices:
            raise self.error(f"`{name}` must be one of {', '.join(choices)}, not {value!r}")
        return str(value)

    def some_of(self, name: str, choices: tuple[str, ...]) -> tuple[str, ...]:
        values = self.texts(name, [])
        for value in values:
            if value not in choices:
                raise self.error(f"`{name}` names {value!r}; there are {', '.join(choices)}")
        return values

    def done(self) -> None:
        if self._table:
            raise self.error(f"`{next(iter(self._table))}` is no field of a pattern")


_NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}
_CONFIDENCES = tuple(level.word for level in Confidence)


def parse(table: Mapping[str, Any], where: str) -> Pattern:
    """A pattern from its TOML table; `where` names the file for errors.

    Raises PatternError where a field is missing, unknown or of the wrong type. That examples match is
    checked by `keyguard.patterns.check`, which needs the engine.
    """
    fields = Table(table, f"{where}: a pattern without `id`")
    name = fields.take("id", str)
    if not _ID.fullmatch(name):
        raise fields.error(f"`id` must be lower-case words joined by hyphens, not {name!r}")
    fields = Table({key: value for key, value in table.items() if key != "id"}, f"{where}: pattern {name}")
    confidence = fields.one_of("confidence", _CONFIDENCES)
    pattern = Pattern(
        rule=Rule(
            id=name,
            title=fields.take("title", str),
            provider=fields.take("provider", str),
            remedy=fields.take("remedy", str),
            revoke_url=fields.take("revoke-url", str, ""),
        ),
        kind=fields.take("kind", str),
        kinds=fields.take("kinds", dict, {}),
        anchors=_anchors(fields),
        before=fields.take("before", int, 0),
        after=fields.take("after", int),
        boundary=fields.take("boundary", bool, False),
        gap=fields.take("gap", int, 0),
        shortest=fields.take("shortest", int, 0),
        expression=fields.take("regex", str),
        required=fields.some_of("required", CHECKS),
        supporting=fields.some_of("supporting", CHECKS),
        evidence=fields.texts("evidence", []),
        confidence=Confidence[confidence.upper()],
        doubtful=Confidence[fields.one_of("doubtful", _CONFIDENCES, confidence).upper()],
        fakes=fields.one_of("fakes", FILTERS),
        entropy=float(fields.take("entropy", float, 0.0)),
        context=tuple(_context(fields, entry) for entry in fields.take("context", list, [])),
        disguised=fields.one_of("disguised", DISGUISES, "never"),
        examples=fields.texts("examples"),
        counterexamples=fields.texts("counterexamples"),
        source=fields.take("source", str),
    )
    fields.done()
    _compiles(pattern, fields)
    return pattern


def _anchors(fields: Table) -> tuple[str, ...]:
    anchors = fields.texts("anchors")
    for anchor in anchors:
        if len(anchor) < 3 or not anchor.isascii():
            raise fields.error(f"the anchor {anchor!r} must be three or more ASCII characters")
    if not anchors:
        raise fields.error("`anchors` must name at least one text")
    return anchors


def _context(fields: Table, entry: object) -> Context:
    if not isinstance(entry, dict):
        raise fields.error("`context` must be a list of tables")
    inner = Table(entry, "context")
    try:
        context = Context(words=inner.texts("words"), within=inner.take("within", int))
        inner.done()
    except PatternError as error:
        raise fields.error(str(error)) from None
    return context


def _compiles(pattern: Pattern, fields: Table) -> None:
    if not pattern.expression.isascii():
        raise fields.error("`regex` must be ASCII: write other bytes as \\xNN")
    if pattern.shortest > LONGEST_RUN:
        raise fields.error(f"`shortest` may be {LONGEST_RUN} at most")
    if pattern.after < 1 or pattern.before < 0 or pattern.shortest < 0 or pattern.gap < 0:
        raise fields.error("`after` must be positive, `before`, `gap` and `shortest` not negative")
