"""What `keyguard history` reads and finds against an independent reading of all that git has.

python -m benchmarks.complete REPO…

git gives every object (`cat-file --batch-all-objects`), and this script takes them apart by itself. It follows every id
from the refs on to tell what is absent. The names in trees and the texts of commits and tags are searched by the bare
expressions of all patterns, without anchors or prefilter; contents of files one by one, by the engine.
Exits with 1 where the two differ. No key is printed.
"""

from __future__ import annotations

import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from keyguard.engine import Engine
from keyguard.git.command import Git
from keyguard.model import Blob, Match, Stored, Unread
from keyguard.patterns import bundled
from keyguard.source.repository import Narrowing, RepositoryAudit

# Object, kind of place, name, fingerprint of the key, line and column.
Place = tuple[str | None, str, str | None, str, int, int]

SUBMODULE = b"160000"
TEXTS = {"commit": "commit-message", "tag": "tag-message"}


@dataclass
class Reading:
    """How many objects and bytes there are, where keys stand, and how many objects are needed and absent."""

    objects: int = 0
    volume: int = 0
    places: set[Place] = field(default_factory=set)
    absent: int = 0
    unread: list[str] = field(default_factory=list)
    seconds: float = 0.0


def by_keyguard(repository: str, engine: Engine) -> Reading:
    """What the audit behind `keyguard history` reads and finds in objects."""
    audit = RepositoryAudit(repository, 2, Narrowing())
    reading = Reading()
    for item in audit.search(engine, lambda _step: None):
        if isinstance(item, Match):
            if isinstance(item.origin, Stored) and item.origin.oid:
                reading.places.add(_place(item, item.origin))
        elif item.what == "objects that refs need":
            reading.absent += item.count
        else:
            reading.unread.append(f"{item.what}: {item.reason} ({item.count})")
    reading.objects, reading.volume = audit.examined.blobs, audit.examined.bytes
    return reading


def by_git(repository: str, engine: Engine) -> Reading:
    """The same from git's objects."""
    git = Git(repository)
    return _ByGit(engine, 20 if git.run("rev-parse", "--show-object-format").strip() == b"sha1" else 32).read(git)


class _ByGit:
    def __init__(self, engine: Engine, width: int) -> None:
        self.engine = engine
        self.width = width
        self.reading = Reading()
        self.needs: dict[bytes, bytes] = {}
        self.names: dict[bytes, list[str]] = {}
        self.texts: list[tuple[bytes, Stored]] = []

    def read(self, git: Git) -> Reading:
        for oid, kind, data in _objects(git):
            self.reading.objects += 1
            self.reading.volume += len(data)
            self.needs[bytes.fromhex(oid)] = b"".join(self._object(oid, kind, data))
        for number in self._matching([text for text, _ in self.texts]):
            self._examine(*self.texts[number])
        names = list(self.names)
        for name in (names[number] for number in self._matching(names)):
            for oid in self.names[name]:
                self._examine(name, Stored("path", oid, _text(name)))
        self.reading.absent = sum(oid not in self.needs for oid in self._needed(_roots(git)))
        return self.reading

    def _object(self, oid: str, kind: str, data: bytes) -> Iterator[bytes]:
        """Look at an object, and give the raw ids that it needs."""
        if kind == "blob":
            self._examine(data, Stored("blob", oid))
        elif kind == "tree":
            for mode, name, entry in _entries(data, self.width):
                self.names.setdefault(name, []).append(oid)
                if mode != SUBMODULE:
                    yield entry
        else:
            headers, _, message = data.partition(b"\n\n")
            self.texts += [(headers, Stored("author", oid)), (message, Stored(TEXTS[kind], oid))]
            for line in headers.split(b"\n"):
                word, _, value = line.partition(b" ")
                if word in (b"tree", b"parent", b"object"):
                    yield bytes.fromhex(value.decode())

    def _examine(self, data: bytes, origin: Stored) -> None:
        for item in self.engine.examine(Blob(data, origin), admitted=True):
            if isinstance(item, Unread):
                self.reading.unread.append(f"{item.what}: {item.reason} (1)")
            else:
                self.reading.places.add(_place(item, origin))

    def _matching(self, texts: Sequence[bytes]) -> list[int]:
        """The numbers of the texts in which an expression of a pattern matches, or that may be disguised."""
        together = b"\0".join(texts)
        ends = list(accumulate(len(text) + 1 for text in texts))
        matched = {
            bisect_right(ends, match.start())
            for pattern in self.engine.library
            for match in pattern.regex.finditer(together)
        }
        # What is disguised matches no expression as it stands.
        return sorted(matched | {number for number, text in enumerate(texts) if self.engine.admits(text)})

    def _needed(self, roots: Iterable[bytes]) -> set[bytes]:
        needed, waiting = set(roots), list(roots)
        while waiting:
            needs = self.needs.get(waiting.pop(), b"")
            for at in range(0, len(needs), self.width):
                if (oid := needs[at : at + self.width]) not in needed:
                    needed.add(oid)
                    waiting.append(oid)
        return needed


def _objects(git: Git) -> Iterator[tuple[str, str, bytes]]:
    """Id, kind and content of every object."""
    arguments = ("cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer")
    with git.start(*arguments, given=b"") as process:
        while header := process.stdout.readline():
            oid, kind, size = header.decode().split()
            yield oid, kind, process.stdout.read(int(size) + 1)[:-1]


def _entries(tree: bytes, width: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Mode, name and raw id of each entry."""
    at = 0
    while at < len(tree):
        space = tree.index(b" ", at)
        end = tree.index(b"\0", space)
        yield tree[at:space], tree[space + 1 : end], tree[end + 1 : end + 1 + width]
        at = end + 1 + width


def _roots(git: Git) -> list[bytes]:
    """The raw ids that refs, HEAD, reflogs and the index hold."""
    printed = [
        git.run("for-each-ref", "--format=%(objectname)"),
        git.attempt("rev-parse", "--quiet", "--verify", "HEAD")[1],
        git.attempt("log", "--walk-reflogs", "--all", "--format=%H")[1],
        b"".join(line.split()[1] + b"\n" for line in git.run("ls-files", "--stage").splitlines()),
    ]
    return [bytes.fromhex(oid) for oid in set(b"".join(printed).decode().split())]


def _place(match: Match, origin: Stored) -> Place:
    return origin.oid, origin.kind, origin.path, match.secret.fingerprint, match.line, match.column


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def compared(repository: str) -> bool:
    """Print both readings of a repository; whether they agree."""
    engine = Engine(bundled())
    ours, theirs = (_timed(read, repository, engine) for read in (by_keyguard, by_git))
    print(f"\n{repository}\n\n| | keyguard | git | only keyguard | only git |\n| --- | --- | --- | --- | --- |")
    print(f"| objects | {ours.objects:,} | {theirs.objects:,} | | |")
    print(f"| bytes | {ours.volume:,} | {theirs.volume:,} | | |")
    ours_alone, theirs_alone = len(ours.places - theirs.places), len(theirs.places - ours.places)
    print(f"| places of keys | {len(ours.places):,} | {len(theirs.places):,} | {ours_alone} | {theirs_alone} |")
    keys = [len({place[3] for place in reading.places}) for reading in (ours, theirs)]
    print(f"| keys | {keys[0]:,} | {keys[1]:,} | | |")
    print(f"| needed and absent | {ours.absent:,} | {theirs.absent:,} | | |")
    print(f"| seconds | {ours.seconds:.1f} | {theirs.seconds:.1f} | | |")
    for line in sorted({*ours.unread, *theirs.unread}):
        print(f"\nunread: {line}")
    return (ours.objects, ours.volume, ours.absent) == (theirs.objects, theirs.volume, theirs.absent) and (
        ours.places == theirs.places
    )


def _timed(read: Callable[[str, Engine], Reading], repository: str, engine: Engine) -> Reading:
    began = time.monotonic()
    reading = read(repository, engine)
    reading.seconds = time.monotonic() - began
    return reading


def main() -> int:
    if not sys.argv[1:]:
        sys.exit(__doc__)
    agreed = [compared(repository) for repository in sys.argv[1:]]
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    sys.exit(main())
