"""What the objects of a store name, kept share by share while these are read, and then as one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt

from keyguard.git.odb.catalogue import Catalogue, Numbers
from keyguard.git.odb.links import MOST_ABSENT, Gatherer, Links, Small
from keyguard.git.odb.memory import give_back
from keyguard.git.odb.names import Names, taken_apart
from keyguard.git.odb.objects import Harvest, Value
from keyguard.git.odb.survey import Survey

Unsigned = npt.NDArray[np.unsignedinteger]


class Linked:
    """A store whose objects are read, and what they name, gathered meanwhile.

    `whole` says, at the end, that nothing is left out: what git had to read is, and what could not be understood.
    """

    def __init__(self, surveyed: Survey) -> None:
        self._surveyed = surveyed
        self._kept: list[_Kept] = []
        self._names = Names()
        self._absent = 0
        self.whole = True

    def gathered(self, harvests: Iterator[Harvest[Value]]) -> Iterator[Harvest[Value]]:
        """The harvests, of which the links are kept here."""
        for harvest in harvests:
            if harvest.links:
                # Of what is absent no more is wanted than that it is much.
                enough = self._absent > MOST_ABSENT
                self._keep(harvest.links.without_absent() if enough else harvest.links)
                self._absent += len(harvest.links.absent)
                harvest.links = None
            yield harvest

    def take(self) -> tuple[Catalogue, Small, Links]:
        """All ids, the numbers of the objects behind the names of holders, and what was gathered, as one.

        To be called once, at the end: nothing of it is kept here, nor what was needed for the reading.
        """
        known, holders = self._surveyed.catalogue, self._surveyed.holders()
        # There may be none, which has no columns.
        self._keep(Gatherer(known).take())
        del self._surveyed
        return known, holders, _joined(self._kept, self._names.together())

    def _keep(self, links: Links) -> None:
        self._kept.append(_Kept(links, self._names.places(taken_apart(links.names))))
        self.whole &= not self._kept[-1].strange


class _Kept:
    """The links of a share, in few bytes: other shares are being read, and there are millions of runs.

    `places` are those of the names, None where there are too many.
    """

    def __init__(self, links: Links, places: Numbers | None) -> None:
        none = np.empty(0, np.int32)
        # Names are told in `places`.
        self.strange = links.strange or places is None
        self._rest = replace(links, child=none, first=none, last=none, name=none, names=b"")
        order = np.argsort(links.child) if places is not None else np.empty(0, np.int64)
        first = links.first[order]
        self._start = int(first.min()) if len(first) else 0
        self._gaps = _narrow(np.diff(links.child[order], prepend=np.int32(0)))
        self._first = _narrow(first - self._start)
        self._count = _narrow(links.last[order] - first)
        self._name = _narrow(places[links.name[order]] if places is not None else order)

    def column(self, name: str) -> npt.NDArray[np.generic]:
        """A column of the links, runs by ascending child."""
        if name == "child":
            return np.cumsum(self._gaps, dtype=np.int32)
        if name == "first":
            return self._first.astype(np.int32) + np.int32(self._start)
        if name == "last":
            return self.column("first") + self._count.astype(np.int32)
        column: npt.NDArray[np.generic] = self._name if name == "name" else getattr(self._rest, name)
        return column


def _narrow(column: npt.NDArray[np.integer]) -> Unsigned:
    """Numbers, none of which is negative, in as few bytes as the largest takes."""
    return column.astype(np.min_scalar_type(int(column.max(initial=0))))


def _joined(kept: list[_Kept], names: bytes) -> Links:
    """All links, which are no longer `kept`: both take too much memory."""
    strange = any(part.strange for part in kept)
    columns = {}
    for name in (field.name for field in fields(Links)):
        if name not in ("names", "strange"):
            columns[name] = np.concatenate([part.column(name) for part in kept])
    kept.clear()
    give_back()
    return Links(**columns, names=names, strange=strange)
