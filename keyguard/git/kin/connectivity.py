"""What a repository needs and does not have, as its own objects tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from keyguard.git.kin.ancestry import ReadPast
from keyguard.git.kin.kinship import Kinship
from keyguard.git.odb.catalogue import ABSENT, Numbers
from keyguard.git.odb.kinds import EMPTY_TREE
from keyguard.git.odb.links import MOST_ABSENT


def absent_objects(kinship: Kinship, past: Callable[[], ReadPast], indexed: Collection[str]) -> set[str] | None:
    """The ids of the objects that are not stored, and that are needed by the commits or the refs of `past`, or are
    `indexed`.

    None where git has to tell it: where they are too many, or one of them seems to be needed by nothing, since more
    than what is known here may need it (a reflog may name trees).
    """
    raw = [bytes.fromhex(oid) for oid in indexed]
    numbers = kinship.catalogue.named(raw)
    missing = {oid for oid, number in zip(raw, numbers.tolist(), strict=True) if number == ABSENT}
    missing.difference_update(EMPTY_TREE.values())
    absent = kinship.absent(MOST_ABSENT)
    if absent is None:
        return None
    needed = _needed(kinship, past(), absent, numbers) if absent else set()
    return None if needed is None else {oid.hex() for oid in missing | needed}


def _needed(kinship: Kinship, past: ReadPast, absent: Mapping[bytes, set[int]], indexed: Numbers) -> set[bytes] | None:
    """The absent objects, without those that a shallow clone cuts off.

    None where one is named by nothing needed, or that is too much to be told.
    """
    cut_off = set(past.cutting().tolist())
    named = {oid: of_one for oid, of_one in absent.items() if not of_one <= cut_off}
    holders = np.array(sorted(set[int]().union(*named.values())), np.int64)
    pointed_at = {bytes.fromhex(oid) for ref in past.refs for oid in (ref.oid, ref.peeled)}
    tops = np.concatenate([past.roots(), past.standing(), kinship.catalogue.named(pointed_at), indexed])
    needed = kinship.needed(tops, holders)
    if needed is None or any(of_one.isdisjoint(needed) for of_one in named.values()):
        return None
    return set(named)
