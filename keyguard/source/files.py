"""Files, folders and standard input."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from keyguard.engine import Engine
from keyguard.errors import GitError, UsageError
from keyguard.git.command import Git
from keyguard.model import Blob, Examined, Location, Match, OnDisk, StandardInput, Stored, Unread
from keyguard.search import Read, anywhere, search
from keyguard.source import Attribution

STDIN = "-"
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)
# A pipe without a writer must not hold the scan of a folder up, and a link is not followed. One that was named is.
_FOUND = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
_CLOSED = re.compile(rb"^warning: could not open directory '(.*?)/?': (.*)$", re.MULTILINE)


class Files:
    """Files and folders, as they are on disk.

    Within a git repository the files that git ignores are left out, unless `ignored` asks for them; the
    `.git` folder is `keyguard history`'s. Links are not followed: a link's target is text that is examined.
    """

    kind = "scan"

    def __init__(self, paths: Sequence[str], stdin: BinaryIO | None = None, *, ignored: bool = False) -> None:
        self._paths = list(paths) or ["."]
        self._stdin = stdin
        self._ignored = ignored
        self._blobs = self._bytes = 0
        self.target = ", ".join(self._paths)
        for path in self._paths:
            if path != STDIN and not os.path.lexists(path):
                raise UsageError(f"{path}: there is no such file or folder")

    @property
    def examined(self) -> Examined:
        return Examined(self._blobs, self._bytes)

    @property
    def notes(self) -> tuple[str, ...]:
        return () if self._blobs else ("Nothing was examined: there is no file here that git does not ignore.",)

    def search(self, engine: Engine) -> Iterator[Match | Unread]:
        """What is found in every file's content, in a fixed order; then what is found in the files' names."""
        names: list[str] = []
        for path in self._files():
            if isinstance(path, Unread):
                yield path
                continue
            if path == STDIN:
                yield from self._standard_input(engine)
                continue
            names.append(path)
            try:
                yield from self._file(engine, path)
            except FileNotFoundError:
                # Tracked and deleted, or gone since it was listed: it is not here any more.
                continue
            except OSError as error:
                yield Unread(path, _reason(error))
        yield from names_with_keys(engine, names)

    def attribute(self, keys: Mapping[str, Sequence[Match]]) -> Mapping[str, Attribution]:
        return {key: Attribution(tuple(map(location, matches))) for key, matches in keys.items()}

    def _files(self) -> Iterator[str | Unread]:
        seen: set[str] = set()
        for path in self._paths:
            folder = path != STDIN and os.path.isdir(path)
            for found in _below(path, self._ignored) if folder else (path,):
                if isinstance(found, Unread) or found not in seen:
                    seen.add(found) if isinstance(found, str) else None
                    yield found

    def _file(self, engine: Engine, path: str) -> Iterator[Match | Unread]:
        named = path in self._paths
        try:
            descriptor = os.open(path, _FLAGS | (0 if named else _FOUND))
        except OSError as error:
            # A link that is not followed, or one that was named and leads nowhere.
            if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENOENT) and os.path.islink(path):
                yield from self._link(engine, path)
                return
            if error.errno == errno.ENXIO:
                # A socket has no content.
                return
            raise
        with open(descriptor, "rb", buffering=0) as file:
            status = os.fstat(descriptor)
            read = _whole_reads(file.read)
            if stat.S_ISREG(status.st_mode):
                yield from search(engine, self._counted(read), OnDisk(path), status.st_size, anywhere(file))
            elif named and not stat.S_ISDIR(status.st_mode):
                yield from search(engine, self._counted(read), OnDisk(path))

    def _link(self, engine: Engine, path: str) -> Iterator[Match | Unread]:
        target = os.fsencode(os.readlink(path))
        self._blobs += 1
        self._bytes += len(target)
        yield from engine.examine(Blob(target, OnDisk(path)))

    def _standard_input(self, engine: Engine) -> Iterator[Match | Unread]:
        if self._stdin is None:
            raise UsageError("standard input cannot be read here")
        yield from search(engine, self._counted(self._stdin.read), StandardInput())

    def _counted(self, read: Read) -> Read:
        """`read`, with what it gives counted as examined."""
        self._blobs += 1

        def counted(count: int) -> bytes:
            data = read(count)
            self._bytes += len(data)
            return data

        return counted


def location(match: Match) -> Location:
    """Where a match stands, if that is known from its origin alone."""
    match match.origin:
        case OnDisk(path):
            return Location("worktree", path, match.line, match.column, archive_member=match.member)
        case StandardInput():
            return Location("stdin", None, match.line, match.column, archive_member=match.member)
        case Stored(kind, oid, path):
            return Location(kind, path, match.line, match.column, blob=oid, archive_member=match.member)
        case staged:
            return Location("index", staged.path, match.line, match.column, None, staged.oid, match.member)


def names_with_keys(engine: Engine, names: Iterable[str]) -> Iterator[Match | Unread]:
    """The keys in file names. All names are looked through at once, since a name seldom holds one."""
    listed = list(names)
    if engine.prefilter.admits("\n".join(listed).encode("utf-8", "surrogateescape")):
        for name in listed:
            yield from engine.examine(Blob(os.fsencode(name), Stored("path", path=name)))


def _whole_reads(read: Callable[[int], bytes | None]) -> Callable[[int], bytes]:
    """A `read` that gives fewer bytes than asked for only at the end."""

    def whole(count: int) -> bytes:
        first = read(count) or b""
        if len(first) == count or not first:
            return first
        parts, left = [first], count - len(first)
        while left and (part := read(left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    return whole


def _below(folder: str, ignored: bool, *, nested: bool = False) -> Iterator[str | Unread]:
    """The files below a folder, sorted by path: those that git does not ignore, if it lies in a repository.

    A `nested` folder is one that git lists as a repository of its own; whether it is one is not sure.
    """
    listed = None if ignored else _listed_by_git(folder, nested)
    if listed is None:
        yield from _walked(folder, ignored)
        return
    names, unread = listed
    yield from unread
    for name in names:
        path = _joined(folder, name)
        # A submodule, or a repository within: git lists it as one entry.
        if path.endswith(os.sep) or (os.path.isdir(path) and not os.path.islink(path)):
            yield from _below(path.rstrip(os.sep), ignored, nested=True)
        else:
            yield path


def _listed_by_git(folder: str, nested: bool) -> tuple[list[str], list[Unread]] | None:
    """What git lists below a folder, and the folders that it could not look into; None where it is not to be asked."""
    try:
        git = Git(folder)
        code, top, _ = git.attempt("rev-parse", "--show-toplevel")
        # A configuration can put the work tree elsewhere, and then git would list other files.
        if code or not _lies_in(folder, os.fsdecode(top.removesuffix(b"\n")), nested):
            return None
        code, listed, complaint = git.attempt("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    except GitError:
        return None
    names = sorted({os.fsdecode(name) for name in listed.split(b"\0") if name})
    # Asked within a submodule that is not there, git lists the submodule itself.
    if code or "./" in names or "." in names:
        return None
    return names, list(_closed(folder, os.fsdecode(top[:-1]), complaint))


def _lies_in(folder: str, top: str, nested: bool) -> bool:
    here, top = os.path.realpath(folder), os.path.realpath(top)
    return here == top if nested else f"{here}{os.sep}".startswith(f"{top.rstrip(os.sep)}{os.sep}")


def _closed(folder: str, top: str, complaint: bytes) -> Iterator[Unread]:
    """The folders that git could not look into, which it only warns of. It names them from the top."""
    for path, reason in _CLOSED.findall(complaint):
        name = os.path.relpath(os.path.join(top, os.fsdecode(path)), os.path.realpath(folder))
        yield Unread(_joined(folder, name), os.fsdecode(reason).lower())


def _walked(folder: str, ignored: bool) -> Iterator[str | Unread]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Unread(folder, _reason(error))
        return
    for entry in entries:
        path = _joined(folder, entry.name)
        if not entry.is_dir(follow_symlinks=False):
            yield path
        elif entry.name != ".git":
            # A repository within a folder that is none has ignored files of its own.
            within = not ignored and os.path.exists(os.path.join(path, ".git"))
            yield from _below(path, ignored) if within else _walked(path, ignored)


def _joined(folder: str, name: str) -> str:
    return name if folder == "." else os.path.join(folder, name)


def _reason(error: OSError) -> str:
    return (error.strerror or "it cannot be read").lower()
