"""What a repository needs and does not have, as its own objects tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from keyguard.git.odb.ancestry import ReadPast
from keyguard.git.odb.catalogue import ABSENT
from keyguard.git.odb.kinship import ALWAYS_THERE, Kinship, Trees

# Where so many are absent, nearly all trees lead to one. git counts them sooner then.
MOST_ABSENT = 20_000


def absent_objects(kinship: Kinship, past: Callable[[], ReadPast], indexed: Collection[str]) -> set[str] | None:
    """The ids of the objects that are not stored, and that are needed by the commits or the refs of `past`, or are
    `indexed`.

    None where they are too many to be told here.
    """
    raw = [bytes.fromhex(oid) for oid in indexed]
    numbers = kinship.catalogue.named(raw).tolist()
    missing = {oid for oid, number in zip(raw, numbers, strict=True) if number == ABSENT} - ALWAYS_THERE
    absent = kinship.absent(MOST_ABSENT)
    if absent is None:
        return None
    if absent:
        missing |= _needed(kinship, past(), absent, raw)
    return {oid.hex() for oid in missing}


def _needed(
    kinship: Kinship, past: ReadPast, absent: Mapping[bytes, set[bytes]], indexed: Collection[bytes]
) -> set[bytes]:
    """Those of the absent objects that a holder of theirs is needed for."""
    holders = {holder for of_one in absent.values() for holder in of_one}
    above = kinship.catalogue.ids(kinship.above(kinship.catalogue.named(holders)))
    trees = kinship.trees({*above, *holders}, {*above, *holders, *absent})
    reached = _below({*past.roots(), *(bytes.fromhex(ref.peeled) for ref in past.refs), *indexed}, trees)
    # A tag is held to be needed, since few are not.
    idle = (trees.keys() - reached) | past.strays() | past.borders
    return {oid for oid, of_one in absent.items() if not idle.issuperset(of_one)}


def _below(tops: Iterable[bytes], trees: Trees) -> set[bytes]:
    """The trees among `tops`, and all that they lead to."""
    reached: set[bytes] = set()
    waiting = [top for top in tops if top in trees]
    while waiting:
        tree = waiting.pop()
        if tree not in reached:
            reached.add(tree)
            waiting += (oid for oid in trees[tree].values() if oid in trees)
    return reached
