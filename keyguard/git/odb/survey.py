"""What there is to read in an object store: packs, their entries, loose objects. Nothing is inflated yet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from keyguard.errors import DamagedError, GitError
from keyguard.git.command import Git
from keyguard.git.odb.catalogue import ABSENT, Catalogue, catalogue
from keyguard.git.odb.files import opened
from keyguard.git.odb.idx import Index, as_text, read_index
from keyguard.git.odb.loose import loose_objects
from keyguard.git.odb.memory import give_back
from keyguard.git.odb.objects import Lost
from keyguard.git.odb.store import PackFiles, Store, pack_files
from keyguard.git.odb.walk import Pack, read_pack
from keyguard.model import Unread


@dataclass(slots=True)
class Survey:
    """All packs and loose objects of a store.

    `catalogue` has the ids of all of them. `loose` has the ids, in hex, that lie in each folder and in no pack.
    `lost` are objects that an index has, but that are not to be had from their pack. `unread` is what cannot even
    be named.
    """

    catalogue: Catalogue

    packs: list[Pack] = field(default_factory=list)
    loose: dict[Path, list[str]] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    @property
    def objects(self) -> int:
        """How many objects there are, each counted once."""
        packed = sum(int(np.count_nonzero(~pack.twice)) for pack in self.packs)
        return packed + sum(map(len, self.loose.values()))

    def first_holder(self, pack: int) -> int:
        """What the first place of the pack with this number is called, as a holder of links."""
        return sum(len(before.index.oids) for before in self.packs[:pack])

    def loose_holders(self, oids: Sequence[str]) -> list[int]:
        """What objects that lie loose are called, as holders of links."""
        numbers = self.catalogue.named(list(map(bytes.fromhex, oids)))
        return [self.first_holder(len(self.packs)) + number for number in numbers.tolist()]

    def holders(self) -> npt.NDArray[np.int32]:
        """The numbers of the objects behind the names of all holders."""
        parts = []
        for pack in self.packs:
            numbers = self.catalogue.numbers(pack.index.oids).astype(np.int32)
            numbers = numbers[pack.entries.row[pack.order.position]]
            parts += [numbers, np.full(len(pack.index.oids) - len(numbers), ABSENT, np.int32)]
        return np.concatenate([*parts, np.arange(len(self.catalogue), dtype=np.int32)])


def survey(store: Store) -> Survey:
    """What there is to read in `store`."""
    found = Survey(catalogue([], store.oid_size))
    for folder in store.objects:
        try:
            for files in pack_files(folder):
                _add_pack(found, store, files)
        except DamagedError as error:
            found.unread.append(Unread(f"folder {folder / 'pack'}", str(error)))
    found.packs = _without_repetitions(found.packs)
    for folder in store.objects:
        found.loose[folder] = _loose_only(found, folder, store.oid_size)
    loose = [_raw(oids, store.oid_size) for oids in found.loose.values()]
    found.catalogue = catalogue([*(pack.index.oids for pack in found.packs), *loose], store.oid_size)
    give_back()
    return found


def _add_pack(found: Survey, store: Store, files: PackFiles) -> None:
    index = _index(found, store, files)
    if index is None:
        return
    try:
        pack = read_pack(files.pack, index)
    except DamagedError as error:
        found.lost += (Lost(index.oid(row), str(error)) for row in range(len(index.oids)))
        return
    if pack.complaint:
        found.unread.append(Unread(f"pack {files.pack.name}", pack.complaint))
    found.lost += pack.unreachable()
    found.packs.append(pack)


def _index(found: Survey, store: Store, files: PackFiles) -> Index | None:
    """The pack's index; one that git makes aside where there is none that can be trusted."""
    index, reason = None, "it has no index"
    if files.index:
        try:
            index = read_index(files.index, store.oid_size)
        except DamagedError as error:
            reason = str(error)
    if index and index.intact:
        return index
    try:
        # Before git is: it would wait for a pipe.
        opened(files.pack).close()
    except DamagedError as error:
        found.unread.append(Unread(f"pack {files.pack.name}", str(error)))
        return index
    try:
        return _indexed_aside(files.pack, store.oid_size)
    except GitError:
        if index:
            reason = "the index is damaged: its checksum is another"
        found.unread.append(Unread(f"pack {files.pack.name}", f"{reason}, and git cannot make one"))
        return index


def _indexed_aside(pack: Path, oid_size: int) -> Index:
    with tempfile.TemporaryDirectory(prefix="keyguard-") as folder:
        aside = Path(folder, "pack.idx")
        hashed = "sha256" if oid_size == 32 else "sha1"
        # Away from the repository, in which git would look for each of the objects.
        Git(folder).run("index-pack", f"--object-format={hashed}", "-o", str(aside), str(pack.absolute()))
        return read_index(aside, oid_size)


def _without_repetitions(packs: list[Pack]) -> list[Pack]:
    """The packs, each object marked `twice` in all of them but the first that has it."""
    if len(packs) < 2:
        return packs
    oids = np.concatenate([as_text(pack.index.oids) for pack in packs])
    twice = np.ones(len(oids), np.bool_)
    twice[np.unique(oids, return_index=True)[1]] = False
    ends = np.cumsum([len(pack.index.oids) for pack in packs])
    parts = np.split(twice, ends[:-1])
    return [replace(pack, twice=part) for pack, part in zip(packs, parts, strict=True)]


def _loose_only(found: Survey, folder: Path, oid_size: int) -> list[str]:
    """The loose objects of a folder that are in no pack and no folder before."""
    oids = []
    for item in loose_objects(folder, oid_size):
        if isinstance(item, Unread):
            found.unread.append(item)
        else:
            oids.append(item)
    if not oids:
        return []
    packed = _packed(found.packs, oids)
    known = {oid for others in found.loose.values() for oid in others}
    return [oid for oid, there in zip(oids, packed, strict=True) if not there and oid not in known]


def _packed(packs: list[Pack], oids: list[str]) -> Iterator[bool]:
    wanted = _raw(oids, len(oids[0]) // 2)
    there: npt.NDArray[np.bool_] = np.zeros(len(oids), np.bool_)
    for pack in packs:
        there |= pack.index.rows(wanted) >= 0
    yield from there.tolist()


def _raw(oids: list[str], oid_size: int) -> npt.NDArray[np.uint8]:
    """Ids in hex as raw bytes, one a row."""
    return np.frombuffer(bytes.fromhex("".join(oids)), np.uint8).reshape(-1, oid_size)
