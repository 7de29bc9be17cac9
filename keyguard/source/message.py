"""The message of the commit that is being made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from keyguard.engine import Engine
from keyguard.model import Blob, Examined, Match, Stored, Unread
from keyguard.source import Attribution
from keyguard.source.files import location

# What `git commit --verbose` puts below the message: from the scissors on, the whole change.
_SCISSORS = re.compile(rb"^(?P<mark>\S{1,8}) -{24} >8 -{24}\r?$", re.MULTILINE)
_MARK = b"#"


class CommitMessage:
    """A message as its hook gets it. `edited`: git opened an editor, and takes its own remarks out again.

    Of these, only what git itself writes is passed over (the change below the scissors, and the list of files,
    indented by a tab): a remark of the user's own may stay.
    """

    kind = "commits"
    target = "the commit's message"

    def __init__(self, text: bytes, *, edited: bool) -> None:
        self._text = _written(text) if edited else text

    @property
    def examined(self) -> Examined:
        return Examined(1, len(self._text))

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    def search(self, engine: Engine) -> Iterator[Match | Unread]:
        yield from engine.examine(Blob(self._text, Stored("commit-message")))

    def attribute(self, keys: Mapping[str, Sequence[Match]]) -> Mapping[str, Attribution]:
        return {key: Attribution(tuple(map(location, matches))) for key, matches in keys.items()}


def _written(text: bytes) -> bytes:
    """`text` without what git wrote. Its lines keep their numbers."""
    cut = _SCISSORS.search(text)
    mark = cut["mark"] if cut else _MARK
    lines = text[: cut.start() if cut else None].split(b"\n")
    return b"\n".join(b"" if line.startswith(mark + b"\t") else line for line in lines)
