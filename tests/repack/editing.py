"""A key taken out of archives, as tests do it."""

from __future__ import annotations

import hashlib

from keyguard.archive_shape import kind
from keyguard.model import Match, StandardInput
from keyguard.scrub.replace import Cleaner
from keyguard.scrub.wording import Wording
from keyguard.search import search_whole
from tests.archive.searching import ENGINE, KEY, TEXT

REMOVED = f"{KEY[:12]}...{KEY[-4:]}-REMOVED"
CLEAN = TEXT.replace(KEY.encode(), REMOVED.encode())
NAMED = Wording().name


def cleaner(*keys: str, drops: bool = False) -> Cleaner:
    prints = {hashlib.sha256(key.encode()).hexdigest() for key in keys or (KEY,)}
    return Cleaner(ENGINE, prints, Wording(), drops=drops)


def cleaned(data: bytes) -> bytes:
    """An archive without the key: seen to be an archive still, and to hold no key any more."""
    assert keys_in(data) == {KEY}
    new = cleaner().clean(data)
    assert kind(new) == kind(data)
    assert keys_in(new) == set()
    return new


def keys_in(data: bytes) -> set[str]:
    found = search_whole(ENGINE, data, StandardInput())
    assert all(isinstance(item, Match) for item in found), found
    return {item.secret.reveal() for item in found if isinstance(item, Match)}


def name_of_the_key() -> str:
    """What the key's place is called in a name."""
    (match,) = cleaner().matches(KEY.encode())
    return Wording().name(match.secret).decode()
