"""The archives that hold keys, as plan and certificate list them: what becomes of each, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from keyguard.archive.recognized import recognized
from keyguard.git.blobs import contents
from keyguard.git.command import Git
from keyguard.report.sizes import count
from keyguard.scrub.replace import Cleaner
from keyguard.scrub.search import Search, stored

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Container:
    """An archive with keys in it or in what is packed in it.

    `places` are its paths, or what else it is called; no key is in them. `oid` is its blob's, None for a file of the
    repository's folder. `problem` says why it cannot be rewritten exactly, and is empty where it can: then `members`
    are replaced. `drops` says that a note is to take its
    place where it cannot.
    """

    places: tuple[str, ...]
    oid: str | None
    kind: str
    keys: int
    members: tuple[str, ...]
    problem: str = ""
    drops: bool = False

    @property
    def fate(self) -> str:
        """What becomes of it: `replaced`, `dropped`, or `refused`, which keeps the scrub from beginning."""
        if not self.problem:
            return "replaced"
        return "dropped" if self.drops else "refused"


def containers(git: Git, common_dir: Path, files: Iterable[str], search: Search, cleaner: Cleaner) -> list[Container]:
    """The archives among what holds keys; each is rewritten for trial. Raises GitError."""
    lister = _Lister(search, cleaner)
    found = [lister.listed(content.read(), content.oid, ()) for content in contents(git, sorted(search.oids("blob")))]
    for name in files:
        path = common_dir / name
        if path.is_file():
            found.append(lister.listed(path.read_bytes(), None, (f".git/{name}",)))
    return sorted((one for one in found if one), key=lambda one: (one.fate, one.places))


def refusal(found: Sequence[Container]) -> Iterator[str]:
    """Why the scrub cannot begin for archives, and the ways out."""
    refused = [one for one in found if one.fate == "refused"]
    if refused:
        shown = "; ".join(f"{one.places[0]}: {one.problem}" for one in refused[:SHOWN])
        more = f"; and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
        yield (
            f"{count(len(refused), 'archive')} with keys cannot be rewritten exactly ({shown}{more}): take such files "
            "out of history by hand (`git filter-repo --invert-paths --path FILE`), or let `--containers drop` put a "
            "note in the place of each"
        )


class _Lister:
    """What is known of where the keys are, by the objects and files that they are in."""

    def __init__(self, search: Search, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._redaction = search.redaction()
        self._keys: dict[str | None, set[str]] = defaultdict(set)
        self._members: dict[str | None, dict[str, None]] = defaultdict(dict)
        self._paths: dict[str, set[str]] = defaultdict(set)
        for match in search.matches:
            where = stored(match).oid or stored(match).path
            self._keys[where].add(match.secret.fingerprint)
            if match.member is not None:
                self._members[where][match.member] = None
        for finding in search.result.findings:
            for location in finding.locations:
                if location.blob and location.path:
                    self._paths[location.blob].add(location.path)

    def listed(self, data: bytes, oid: str | None, places: Sequence[str]) -> Container | None:
        kind = recognized(data)
        if kind is None:
            return None
        where = oid or places[0]
        named = [*places, *sorted(self._paths[where])] or [f"blob {where}"]
        return Container(
            places=tuple(map(self._redaction.text, named)),
            oid=oid,
            kind=kind,
            keys=len(self._keys[where]),
            members=tuple(map(self._redaction.text, self._members[where])),
            problem=self._redaction.text(self._cleaner.problem(data)),
            drops=self._cleaner.drops,
        )
