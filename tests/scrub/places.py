"""A repository with a key in every place, each place with a key of its own."""

from __future__ import annotations

import atexit
import base64
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.git.repositories import Repository
from tests.keys import Keys

KEYS = Keys("scrubbed")


@dataclass
class Places:
    """The repository, and the key that was put into each place."""

    repository: Repository
    keys: dict[str, str] = field(default_factory=dict)
    untouched: list[str] = field(default_factory=list)

    def key(self, place: str) -> str:
        self.keys[place] = KEYS.modern(number=len(self.keys))
        return self.keys[place]

    def traces(self) -> Iterator[tuple[str, bytes]]:
        """What must be in no object any more: each key, plain and in the disguises that it was put in."""
        for place, key in self.keys.items():
            raw = key.encode()
            yield place, raw
            yield f"{place} in UTF-16", key.encode("utf-16-le")
            yield f"{place} in hex", raw.hex().encode()
            yield f"{place} reversed", raw[::-1]
            for shift in range(3):
                yield f"{place} in base64", base64.b64encode(b"x" * shift + raw)[4:-4]


def everywhere(path: Path) -> Places:
    """A repository with keys in more than thirty places, and commits of before the first key.

    It is made once a process: it takes a hundred calls of git.
    """
    if not _MADE:
        folder = Path(tempfile.mkdtemp(prefix="keyguard-tests-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _MADE.append(_made(folder / "repository"))
    model = _MADE[0]
    shutil.copytree(model.repository.path.parent, path.parent, symlinks=True, dirs_exist_ok=True)
    linked = path.parent / "linked"
    (linked / ".git").write_text(f"gitdir: {path / '.git' / 'worktrees' / 'linked'}\n")
    (path / ".git" / "worktrees" / "linked" / "gitdir").write_text(f"{linked / '.git'}\n")
    repository = object.__new__(Repository)
    repository.path = path
    for checkout in (path, linked):
        repository("-C", checkout, "status", "--porcelain")
    return Places(repository, model.keys, model.untouched)


_MADE: list[Places] = []


def _made(path: Path) -> Places:
    repository = Repository(path)
    places = Places(repository)
    _before(places)
    _in_contents(places)
    _in_words(places)
    _in_names(places)
    _in_merges(places)
    _beside_branches(places)
    _beside_objects(places)
    return places


def _before(places: Places) -> None:
    repository = places.repository
    for number in range(3):
        places.untouched.append(repository.commit({"README": f"version {number}\n".encode(), "big.txt": b"x\n" * 500}))
    repository("tag", "-a", "-m", "before any key", "v0")
    places.untouched.append(repository("rev-parse", "v0"))


def _in_contents(places: Places) -> None:
    repository, key = places.repository, places.key
    repository.commit({"plain.env": f"A=1\nKEY={key('a text')}\nB=2\n".encode()})
    repository.commit({"crlf.ini": f"[a]\r\nkey={key('a text with CRLF')}\r\n".encode()})
    repository.commit({"program.bin": b"\x7fELF\0\0\1" + key("a binary").encode() + b"\0\0end"})
    repository.commit({"late.bin": b"x" * 9000 + b"\0" + key("a binary with a late NUL").encode() + b"\0"})
    repository.commit({"a.ps1": f"$a = 1\r\n$key = '{key('UTF-16')}'\r\n$b = 2\r\n".encode("utf-16")})
    repository.commit({"be.txt": f"first line\nkey = {key('big-endian')}\nlast\n".encode("utf-16-be")})
    repository.commit({"secret.yaml": b"data:\n  key: " + base64.b64encode(key("base64").encode()) + b"\n"})
    twice = base64.b64encode(base64.b64encode(f"user:{key('base64 in base64')}".encode()))
    repository.commit({"twice.txt": twice + b"\n"})
    shell = base64.b64encode(f"$k='{key('UTF-16 in base64')}'".encode("utf-16-le"))
    repository.commit({"run.cmd": b"powershell -EncodedCommand " + shell + b"\r\n"})
    repository.commit({"hex.txt": key("hex").encode().hex().encode() + b"\n"})
    codes = ", ".join(str(ord(c)) for c in key("character codes"))
    repository.commit({"codes.js": f"String.fromCharCode({codes})\n".encode()})
    repository.commit({"url.txt": f"https://x.example/?k={key('a URL').replace('-', '%2D')}\n".encode()})
    half = key("two literals")
    repository.commit({"join.py": f'key = "{half[:40]}" + "{half[40:]}"\n'.encode()})
    repository.commit({"back.txt": key("backwards")[::-1].encode() + b"\n"})
    repository.commit({"latin.txt": f"caf\u00e9 {key('a Latin-1 text')}\n".encode("latin-1")})
    os.symlink(f"/nowhere/{key('a link')}", repository.path / "link")
    tool = repository.path / "tool.sh"
    tool.write_text(f"#!/bin/sh\necho {key('an executable')}\n")
    tool.chmod(0o755)
    repository.commit({})
    repository("rm", "-q", "plain.env")
    repository.commit({})


def _in_words(places: Places) -> None:
    repository, key = places.repository, places.key
    repository.commit({}, f"subject\n\nuse {key('a commit message')}\n")
    repository("commit", "-q", "--allow-empty", "-m", "x", env={"GIT_AUTHOR_NAME": key("an author")})
    repository(
        "commit", "-q", "--allow-empty", "-m", "x", env={"GIT_COMMITTER_EMAIL": f"{key('a committer')}@example.com"}
    )
    commit = repository.bytes("cat-file", "commit", "HEAD")
    extra = commit.replace(b"\n\n", f"\nHG:extra {key('a header')}\n\n".encode(), 1)
    repository("reset", "-q", "--hard", repository("hash-object", "-t", "commit", "-w", "--stdin", given=extra))
    latin = "caf\u00e9".encode("latin-1") + f" {key('a Latin-1 message')}".encode()
    repository("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-F", "-", given=latin)
    repository("tag", "-a", "-m", f"with {key('a tag message')}", "v1")
    repository("tag", "-a", "-m", "x", "v2", env={"GIT_COMMITTER_NAME": key("a tagger")})
    repository("tag", "-a", "-m", "a tag of a tag", "v3", "v1")
    repository("tag", "-a", "-m", f"early: {key('a tag of a clean commit')}", "v4", places.untouched[0])


def _in_names(places: Places) -> None:
    repository, key = places.repository, places.key
    repository.commit({f"files/{key('a file name')}.txt": b"x"})
    repository.commit({f"{key('a folder name')}/a/b.txt": b"x"})
    repository("branch", f"with/{key('a branch name')}")
    repository("tag", key("a tag name"), "HEAD~2")


def _in_merges(places: Places) -> None:
    repository, key = places.repository, places.key
    repository("checkout", "-q", "-b", "side", places.untouched[1])
    repository.commit({"side.txt": b"side\n"})
    repository("checkout", "-q", "main")
    repository("merge", "-q", "--no-commit", "side")
    repository.commit({"README": f"an evil merge {key('a merge')}\n".encode()}, "Merge side")
    repository("branch", "clean", "side")


def _beside_branches(places: Places) -> None:
    repository, key = places.repository, places.key
    repository("notes", "add", "-m", f"note {key('a note')}", "HEAD")
    repository("notes", "add", "-m", "a note without one", "HEAD~1")
    repository("tag", "blob", repository.blob(key("a tagged blob").encode()))
    repository("update-ref", "refs/other/tree", repository("rev-parse", "HEAD^{tree}"))
    repository("tag", "-a", "-m", "of a tree", "treetag", "HEAD^{tree}")
    repository("update-ref", "refs/pull/1/head", "HEAD~1")
    repository("replace", "HEAD~2", "HEAD~3")
    (repository.path / "README").write_text(key("a stash"))
    repository("stash", "-q")
    (repository.path / "README").write_text(key("another stash"))
    (repository.path / "new.env").write_text(key("an untracked file of a stash"))
    repository("stash", "-q", "-u", "-m", f"with {key('the message of a stash')}")
    linked = repository.path.parent / "linked"
    repository("worktree", "add", "-q", "--detach", str(linked), "HEAD")
    (linked / "linked.env").write_text(key("a linked worktree"))
    repository("-C", str(linked), "add", "linked.env")
    repository("-C", str(linked), "commit", "-q", "-m", "detached")
    _for_one_worktree(places, linked)


def _for_one_worktree(places: Places, linked: Path) -> None:
    repository, key = places.repository, places.key
    for name, place in (("refs/worktree/own", "a ref of a linked worktree"), ("refs/bisect/bad", "an old bisection")):
        (linked / "own.env").write_text(key(place))
        repository("-C", linked, "add", "own.env")
        repository("-C", linked, "commit", "-q", "-m", "for one worktree")
        repository("-C", linked, "update-ref", name, "HEAD")
        repository("-C", linked, "reset", "-q", "--hard", "HEAD~1")
    named = f"refs/worktree/{key('the name of a ref of a linked worktree')}"
    repository("-C", linked, "update-ref", named, "HEAD")
    repository("update-ref", "refs/worktree/main", "HEAD~1")


def _beside_objects(places: Places) -> None:
    repository, key = places.repository, places.key
    repository.commit({"amended.env": key("an amended commit").encode()})
    (repository.path / "amended.env").unlink()
    repository("commit", "-q", "-a", "--amend", "--allow-empty", "-m", "without")
    repository.blob(key("a dangling blob").encode())
    repository("commit", "-q", "--allow-empty", "-m", "x", env={"GIT_REFLOG_ACTION": f"for {key('a reflog')}"})
    repository("config", "remote.origin.url", f"https://user:{key('a setting')}@example.com/x.git")
    _in_lfs(places)
    (repository.git_dir / "COMMIT_EDITMSG").write_text(key("a message that was given up"))


def _in_lfs(places: Places) -> None:
    repository = places.repository
    content = f"big {places.key('an LFS object')} file\n".encode()
    oid = hashlib.sha256(content).hexdigest()
    path = repository.git_dir / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    repository.commit({"large.dat": pointer.encode()})
