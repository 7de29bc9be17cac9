"""Commits as they were, byte for byte, but for what a scrub has to change.

git-fast-export passes over headers that it does not know, merged tags among them, and what stands behind a NUL; it
writes people and ids in its own way. So of what git-filter-repo makes only the trees are taken.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping

from keyguard.scrub.replace import Cleaner

SIGNATURES = (b"gpgsig", b"gpgsig-sha256")
MERGED_TAG = b"mergetag"
PEOPLE = (b"author", b"committer", b"tagger")

_ID = re.compile(rb"\b[0-9a-f]{7,64}\b")
_PERSON = re.compile(rb"(.*?)( ?)<([^>\n]*)>(.*)", re.DOTALL)
_SIGNATURE = re.compile(rb"^-----BEGIN (?:PGP|SSH|SIGNED)[A-Z ]*-----.*", re.MULTILINE | re.DOTALL)

Header = tuple[bytes, bytes]
"""Name and value. A value of several lines has no blanks at their beginnings."""


def parsed(commit: bytes) -> tuple[list[Header], bytes]:
    """The headers of a commit or tag, and its message (gitformat-commit: a blank goes on with a header)."""
    block, _, message = commit.partition(b"\n\n")
    found: list[Header] = []
    for line in block.split(b"\n"):
        if line.startswith(b" ") and found:
            name, value = found[-1]
            found[-1] = name, value + b"\n" + line[1:]
        else:
            name, _, value = line.partition(b" ")
            found.append((name, value))
    return found, message


def written(headers: list[Header], message: bytes) -> bytes:
    """The bytes that `parsed` reads."""
    lines = (name + b" " + value.replace(b"\n", b"\n ") for name, value in headers)
    return b"\n".join(lines) + b"\n\n" + message


def with_tree(commit: bytes, tree: str, new: Mapping[str, str], cleaner: Cleaner | None, ids: Ids) -> bytes:
    """A commit with another tree, on the `new` parents, without its signature.

    A merged tag of a commit that is rewritten becomes a tag of the new one. `cleaner` is given for a commit that
    holds a key in its words.
    """
    headers, message = parsed(commit)
    kept = [(name, _value(name, value, tree, new, cleaner)) for name, value in headers if name not in SIGNATURES]
    return written(kept, ids.renewed(cleaner.clean(message) if cleaner else message))


def tag_of(tag: bytes, new: str, cleaner: Cleaner | None) -> bytes:
    """A tag of the object `new`, without its signature. `cleaner` is given for a tag that holds a key in its words."""
    headers, message = parsed(tag)
    kept = [(name, _said(name, value, cleaner)) for name, value in headers if name not in (b"object", *SIGNATURES)]
    return written([(b"object", new.encode()), *kept], unsigned(cleaner.clean(message) if cleaner else message))


def _value(name: bytes, value: bytes, tree: str, new: Mapping[str, str], cleaner: Cleaner | None) -> bytes:
    if name == b"tree":
        return tree.encode()
    if name == b"parent":
        return new.get(value.decode(), value.decode()).encode()
    if name == MERGED_TAG:
        return _merged(value, new, cleaner)
    return _said(name, value, cleaner)


def _merged(tag: bytes, new: Mapping[str, str], cleaner: Cleaner | None) -> bytes:
    """The copy of a tag that a merge holds: as it is, where neither the tag nor its commit changes."""
    old = named(tag)
    if old in new or (cleaner and cleaner.matches(tag)):
        return tag_of(tag, new.get(old, old), cleaner)
    return tag


def _said(name: bytes, value: bytes, cleaner: Cleaner | None) -> bytes:
    """A header that holds words."""
    if cleaner is None:
        return value
    if name in PEOPLE:
        return _person(cleaner, value)
    return cleaner.name(value) if name == b"tag" else cleaner.clean(value)


def _person(cleaner: Cleaner, value: bytes) -> bytes:
    """Somebody and a moment, without the keys: `name <address> seconds zone`."""
    parts = _PERSON.fullmatch(value)
    if parts:
        name, gap, address, rest = parts.groups()
        value = b"%b%b<%b>%b" % (cleaner.name(name), gap, cleaner.name(address), rest)
    # A key may need the words around it to be one.
    return cleaner.name(value)


def named(tag: bytes) -> str:
    """What a tag stands for."""
    return tag.split(b"\n", 1)[0].removeprefix(b"object ").decode("ascii", "replace")


def unsigned(message: bytes) -> bytes:
    """A tag's message without the signature at its end, which holds no more."""
    return _SIGNATURE.sub(b"", message)


def is_signed(message: bytes) -> bool:
    """Whether a tag's message ends with a signature."""
    return bool(_SIGNATURE.search(message))


class Ids:
    """The ids of commits as messages mention them, whole or shortened to seven digits or more."""

    def __init__(self, old: Iterable[str], new: Mapping[str, str]) -> None:
        """`old` are all that change, `new` what is known of them so far: it may grow."""
        self._old = sorted(old)
        self._new = new

    def renewed(self, message: bytes) -> bytes:
        """A message that mentions the new commits. An id that could be of several stays."""
        return _ID.sub(self._renewed, message) if self._old else message

    def _renewed(self, found: re.Match[bytes]) -> bytes:
        short = found[0].decode()
        at = bisect_left(self._old, short)
        fitting = [oid for oid in self._old[at : at + 2] if oid.startswith(short)]
        if len(fitting) != 1 or fitting[0] not in self._new:
            return found[0]
        return self._new[fitting[0]][: len(short)].encode()
