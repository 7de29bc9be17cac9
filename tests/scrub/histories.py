"""Small random histories from a seed: merges, modes, links, submodules, tags, notes, odd bytes, and keys anywhere."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.git.repositories import Repository
from tests.keys import Keys

Disguise = Callable[[str], bytes]


def _in_base64(key: str) -> bytes:
    return base64.b64encode(f"user:{key}".encode())


DISGUISES: dict[str, Disguise] = {
    "plain": str.encode,
    "UTF-16": lambda key: f"key = {key}\r\n".encode("utf-16-le"),
    "base64": _in_base64,
    "hex": lambda key: key.encode().hex().encode(),
    "reversed": lambda key: key[::-1].encode(),
    "escaped": lambda key: key.replace("-", "%2D").encode(),
    "codes": lambda key: ",".join(str(ord(c)) for c in key).encode(),
    "joined": lambda key: f'"{key[:50]}" + "{key[50:]}"'.encode(),
}

NAMES = [
    b"a.txt", b"b.env", b"dir/c.py", b"dir/sub/d", b"sp ace", b'quo"te', b"tab\there", b"new\nline", b"\xff\xfe.bin",
    "dir/ünï.md".encode(), b"dir-x", b"dir.x/e", b"-dash", b"back\\slash",
]  # fmt: skip
PEOPLE = [b"A U Thor <a@example.com>", b"\xc3\x9cnal <>", b"caf\xe9 <latin@example.com>", b" <nobody@example.com>"]
ENCODINGS = [None, None, None, b"ISO-8859-1", b"unknown-7"]
SIGNATURE = b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----"
GITLINKS = ["1", "f"]


@dataclass
class History:
    """What was made: the repository, and what must be nowhere in it after a scrub."""

    repository: Repository
    keys: list[str] = field(default_factory=list)

    def traces(self) -> list[bytes]:
        """Each key as it stands in each of the disguises."""
        found = []
        for key in self.keys:
            raw = key.encode()
            found += [raw, raw[::-1], key.encode("utf-16-le"), raw.hex().encode(), key.replace("-", "%2D").encode()]
            found += [base64.b64encode(b"x" * shift + raw)[4:-4] for shift in range(3)]
            found += [DISGUISES["codes"](key), DISGUISES["joined"](key)]
        return found


def made(path: Path, seed: int) -> History:
    """A history of a seed: the same seed, the same objects."""
    return _Maker(path, seed).made()


class _Maker:
    def __init__(self, path: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.keys = Keys(f"history {seed}")
        self.sha256 = self.chance.random() < 0.25
        options = ("--object-format=sha256",) if self.sha256 else ()
        self.history = History(Repository(path, *options))
        self.marks: list[int] = []
        self.stream: list[bytes] = []

    def made(self) -> History:
        chance, repository = self.chance, self.history.repository
        for number in range(1, chance.randrange(6, 16)):
            self.commit(number)
        for number in range(chance.randrange(3)):
            self.tag(number)
        if chance.random() < 0.5:
            self.notes()
        # What git-fast-import is told as a ref's name it takes for one.
        self.stream.append(b"reset refs/heads/main\nfrom :%d\n\n" % self.marks[-1])
        if chance.random() < 0.3:
            self.stream.append(b"reset refs/heads/%b\nfrom :%d\n\n" % (self.key().encode(), chance.choice(self.marks)))
        repository("fast-import", "--quiet", "--force", "--date-format=raw-permissive", given=b"".join(self.stream))
        if chance.random() < 0.5:
            self.signed()
        repository("reset", "-q", "--hard", "main")
        self.beside()
        if chance.random() < 0.5:
            repository("repack", "-a", "-d", "-q")
        if chance.random() < 0.3:
            repository("checkout", "-q", "--detach")
        return self.history

    def key(self) -> str:
        """A key, at times one that was there before."""
        known = self.history.keys
        if known and self.chance.random() < 0.4:
            return self.chance.choice(known)
        known.append(self.keys.modern(number=len(known)))
        return known[-1]

    def some(self, odds: float, plain: bytes) -> bytes:
        """Text, at times with a key in it."""
        return plain + b" " + self.key().encode() + b" " if self.chance.random() < odds else plain

    def commit(self, number: int) -> None:
        chance = self.chance
        parents = chance.sample(self.marks, min(len(self.marks), chance.choice((0, 1, 1, 1, 1, 2, 2, 3))))
        if self.marks and chance.random() < 0.6:
            parents = list(dict.fromkeys([self.marks[-1], *parents]))
        branch = b"refs/heads/b%d" % number
        zone = chance.choice((b"+0000", b"-0730", b"+1245"))
        when = b"%d %b" % (chance.choice((0, 1_700_000_000 + number, 2**33)), zone)
        lines = [b"reset %b\n" % branch, b"commit %b\nmark :%d\n" % (branch, number)]
        author = chance.choice(PEOPLE)
        if chance.random() < 0.08:
            author = self.key().encode() + b" <x@example.com>"
        lines += [b"author %b %b\n" % (author, when), b"committer %b %b\n" % (chance.choice(PEOPLE), when)]
        encoding = chance.choice(ENCODINGS)
        lines += [b"encoding %b\n" % encoding] if encoding else []
        message = self.some(0.1, chance.choice((b"", b"words", b"caf\xe9\n", b"  two\n\n\nlines\t\n")))
        lines.append(b"data %d\n%b\n" % (len(message), message))
        lines += [b"%b :%d\n" % (b"merge" if at else b"from", mark) for at, mark in enumerate(parents)]
        lines += [self.change(bool(parents)) for _ in range(chance.randrange(4))]
        self.stream += [*lines, b"\n"]
        self.marks.append(number)

    def change(self, later: bool) -> bytes:
        chance = self.chance
        name = chance.choice(NAMES)
        if chance.random() < 0.08:
            name = chance.choice((b"", b"keys/", b"dir/")) + self.key().encode() + chance.choice((b"", b".txt", b"/x"))
        quoted = _quoted(name)
        kind = chance.random()
        if later and kind < 0.1:
            return b"D %b\n" % quoted
        if kind < 0.2:
            oid = chance.choice(GITLINKS) * (64 if self.sha256 else 40)
            return b"M 160000 %b %b\n" % (oid.encode(), quoted)
        content = self.content()
        mode = b"120000" if kind < 0.3 else b"100755" if kind < 0.4 else b"100644"
        if mode == b"120000":
            content = self.some(0.2, b"/somewhere/").replace(b" ", b"_")
        return b"M %b inline %b\ndata %d\n%b\n" % (mode, quoted, len(content), content)

    def content(self) -> bytes:
        chance = self.chance
        lines = [b"%d\n" % chance.getrandbits(30) for _ in range(chance.randrange(5))]
        if chance.random() < 0.3:
            disguise = chance.choice(sorted(DISGUISES))
            hidden = DISGUISES[disguise](self.key())
            if disguise == "UTF-16":
                return hidden
            lines.insert(chance.randrange(len(lines) + 1), b"key: " + hidden + chance.choice((b"\n", b"\r\n", b" \n")))
        if chance.random() < 0.1:
            lines.insert(0, b"\x7fELF\0\1\0")
        return b"".join(lines)

    def tag(self, number: int) -> None:
        message = self.some(0.3, b"a tag")
        self.stream.append(
            b"tag t%d\nfrom :%d\ntagger A <a@example.com> 1 +0000\ndata %d\n%b\n"
            % (number, self.chance.choice(self.marks), len(message), message)
        )

    def notes(self) -> None:
        self.stream.append(b"commit refs/notes/commits\ncommitter A <a@example.com> 2 +0000\ndata 5\nnotes\n")
        for mark in self.chance.sample(self.marks, min(3, len(self.marks))):
            note = self.some(0.3, b"note")
            self.stream.append(b"N inline :%d\ndata %d\n%b\n" % (mark, len(note), note))
        self.stream.append(b"\n")

    def signed(self) -> None:
        """Commits that git-fast-import cannot make: with headers of other tools, signatures, and bytes behind a NUL."""
        repository, chance = self.history.repository, self.chance
        for number in range(chance.randrange(1, 4)):
            parent = chance.choice(repository("rev-list", "--all").split())
            commit = repository.bytes("cat-file", "commit", parent)
            lines = commit.partition(b"\n\n")[0].split(b"\n")
            kept = [line for line in lines if not line.startswith((b"parent ", b"gpgsig", b" ", b"x-"))]
            extra = chance.choice((SIGNATURE, b"x-tool " + self.some(0.3, b"one\n two")))
            kept[1:1] = [b"parent " + parent.encode()]
            message = b"later" + chance.choice((b"", b"\n", f" than {parent[:10]}\n".encode()))
            data = b"\n".join([*kept, extra]) + b"\n\n" + message
            oid = repository("hash-object", "-t", "commit", "-w", "--stdin", given=data)
            repository("update-ref", f"refs/heads/raw{number}", oid)

    def beside(self) -> None:
        """What no branch leads to, or what leads to no commit."""
        repository, chance = self.history.repository, self.chance
        if chance.random() < 0.3:
            repository("tag", "-a", "-m", "of a tree", "tree", "main^{tree}")
            repository("tag", "-a", "-m", self.some(0.5, b"of a tag").decode(), "nested", "tree")
        if chance.random() < 0.3:
            repository("update-ref", "refs/other/blob", repository.blob(self.content()))
        if chance.random() < 0.3:
            (repository.path / "new.txt").write_bytes(self.content())
            repository("stash", "push", "-q", "-u", "-m", self.some(0.5, b"work").decode())
        if chance.random() < 0.3:
            linked = repository.path.parent / "linked"
            repository("worktree", "add", "-q", "--detach", linked, "main")
            repository("-C", linked, "commit", "-q", "--allow-empty", "-m", self.some(0.5, b"own").decode())
            repository("-C", linked, "update-ref", "refs/worktree/own", "HEAD")
            repository("-C", linked, "reset", "-q", "--hard", "main")
        if chance.random() < 0.3:
            repository.blob(self.content())


def _quoted(path: bytes) -> bytes:
    escaped = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"'
