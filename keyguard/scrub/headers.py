"""Commits as they were, byte for byte, but for what a scrub has to change.

git-fast-export passes over headers that it does not know, merged tags among them, and what stands behind a NUL; it
writes people and ids in its own way. So of what git-filter-repo makes only the trees are taken.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keyguard.scrub.replace import Cleaner

SIGNATURES = (b"gpgsig", b"gpgsig-sha256")
MERGED_TAG = b"mergetag"
PEOPLE = (b"author", b"committer", b"tagger")

_ID = re.compile(rb"\b[0-9a-f]{7,64}\b")
_PERSON = re.compile(rb"(.*?)( ?)<([^>\n]*)>(.*)", re.DOTALL)
_SIGNATURE = re.compile(rb"^-----BEGIN (?:PGP|SSH|SIGNED)[A-Z ]*-----.*", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A commit or a tag: its headers, what separates them from its message, and that.

    A header is a name and the bytes that follow it, the blank before its value and those of further lines included.
    """

    headers: tuple[tuple[bytes, bytes], ...]
    gap: bytes
    message: bytes

    @property
    def signed(self) -> bool:
        """Whether it is signed, in a header or at its end."""
        return any(name in SIGNATURES for name, _ in self.headers) or bool(_SIGNATURE.search(self.message))

    def merged_tags(self) -> list[bytes]:
        """The tags that a merge holds a copy of."""
        return [_unfolded(rest) for name, rest in self.headers if name == MERGED_TAG]

    def written(self) -> bytes:
        """The bytes that it was parsed from."""
        return b"\n".join(name + rest for name, rest in self.headers) + self.gap + self.message


def parsed(data: bytes) -> Parsed:
    """The parts of a commit or tag (git, commit.c: a line that begins with a blank goes on with the one before)."""
    block, gap, message = data.partition(b"\n\n")
    found: list[tuple[bytes, bytes]] = []
    for line in block.split(b"\n"):
        if line.startswith(b" ") and found:
            name, rest = found[-1]
            found[-1] = name, rest + b"\n" + line
        else:
            name, blank, value = line.partition(b" ")
            found.append((name, blank + value))
    return Parsed(tuple(found), gap, message)


def with_tree(commit: bytes, tree: str, new: Mapping[str, str], cleaner: Cleaner | None, ids: Ids) -> bytes:
    """A commit with another tree, on the `new` parents, without its signature.

    A merged tag of a commit that is rewritten becomes a tag of the new one. `cleaner` is given for a commit that
    holds a key in its words.
    """
    old = parsed(commit)
    kept = tuple((name, _rest(name, rest, tree, new, cleaner)) for name, rest in old.headers if name not in SIGNATURES)
    return Parsed(kept, old.gap, ids.renewed(cleaner.clean(old.message) if cleaner else old.message)).written()


def tag_of(tag: bytes, new: str, cleaner: Cleaner | None) -> bytes:
    """A tag of the object `new`, without its signature. `cleaner` is given for a tag that holds a key in its words."""
    old = parsed(tag)
    kept = ((name, _said(name, rest, cleaner)) for name, rest in old.headers if name not in (b"object", *SIGNATURES))
    message = cleaner.clean(old.message) if cleaner else old.message
    return Parsed(((b"object", _folded(new.encode())), *kept), old.gap, unsigned(message)).written()


def _rest(name: bytes, rest: bytes, tree: str, new: Mapping[str, str], cleaner: Cleaner | None) -> bytes:
    if name == b"tree":
        return _folded(tree.encode())
    if name == b"parent":
        oid = _unfolded(rest).decode("ascii", "replace")
        return _folded(new[oid].encode()) if oid in new else rest
    if name == MERGED_TAG:
        return _folded(_merged(_unfolded(rest), new, cleaner))
    return _said(name, rest, cleaner)


def _unfolded(rest: bytes) -> bytes:
    return rest[1:].replace(b"\n ", b"\n")


def _folded(value: bytes) -> bytes:
    return b" " + value.replace(b"\n", b"\n ")


def _merged(tag: bytes, new: Mapping[str, str], cleaner: Cleaner | None) -> bytes:
    """The copy of a tag that a merge holds: as it is, where neither the tag nor its commit changes."""
    old = named(tag)
    if old in new or (cleaner and cleaner.matches(tag)):
        return tag_of(tag, new.get(old, old), cleaner)
    return tag


def _said(name: bytes, rest: bytes, cleaner: Cleaner | None) -> bytes:
    """What follows the name of a header that holds words."""
    if cleaner is None:
        return rest
    value = _unfolded(rest)
    if name in PEOPLE:
        return _folded(_person(cleaner, value))
    return _folded(cleaner.name(value) if name == b"tag" else cleaner.clean(value))


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


class Ids:
    """The ids of commits as messages mention them, whole or shortened to seven digits or more."""

    def __init__(self, old: Iterable[str], new: Mapping[str, str]) -> None:
        """`old` are all that change, `new` what is known of them so far: it may grow."""
        self._old = sorted(old)
        self._new = new

    def renewed(self, message: bytes) -> bytes:
        """A message that mentions the new commits. An id that could be of several stays."""
        return _ID.sub(self._renewed, message) if self._old else message

    def awaited(self, commit: bytes) -> bool:
        """Whether a commit stands on, or mentions, another one whose new id is not known yet."""
        meant = (self._meant(found[0].decode()) for found in _ID.finditer(commit))
        return any(oid and oid not in self._new for oid in meant)

    def _renewed(self, found: re.Match[bytes]) -> bytes:
        oid = self._meant(found[0].decode())
        return self._new[oid][: len(found[0])].encode() if oid and oid in self._new else found[0]

    def _meant(self, short: str) -> str | None:
        at = bisect_left(self._old, short)
        fitting = [oid for oid in self._old[at : at + 2] if oid.startswith(short)]
        return fitting[0] if len(fitting) == 1 else None
