"""Objects as git itself gives them: without the extra `fast`, and as a second try for what was lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Generic

from keyguard.errors import DamagedError, GitError
from keyguard.git.command import Git, Process
from keyguard.git.odb.delta import HELD_LIMIT
from keyguard.git.odb.kinds import KIND_OF
from keyguard.git.odb.objects import STREAM_LIMIT, Examiner, Harvest, Lost, Value
from keyguard.git.odb.streams import PIECE
from keyguard.git.odb.watch import Watch

EVERYTHING = ("cat-file", "--batch-all-objects", "--unordered", "--buffer")

# Objects in one harvest, and objects asked of one process where git has given up before.
STEP = 5_000
AFTER_DEATH = 500


def every_oid(git: Git) -> list[str]:
    """The ids of all objects, in the order in which `examine_all` gives them."""
    return git.run(*EVERYTHING, "--batch-check=%(objectname)").decode().split()


def examine_all(git: Git, examiner: Examiner[Value], oids: Sequence[str]) -> Iterator[Harvest[Value]]:
    """Examine all objects, which are `oids`, by one process of git and by others where it gives up."""
    done = 0
    with git.start(*EVERYTHING, "--batch", given=b"") as process:
        answers = _Answers(process, examiner)
        while done < len(oids):
            harvest = answers.harvest(oids[done : done + STEP])
            done += harvest.objects + len(harvest.lost)
            yield harvest
            if answers.ended:
                break
    yield from examine_named(git, examiner, oids[done:])


def examine_named(git: Git, examiner: Examiner[Value], oids: Sequence[str]) -> Iterator[Harvest[Value]]:
    """Examine the objects `oids`, asking git for each by its id."""
    done = 0
    while done < len(oids):
        some = oids[done : done + AFTER_DEATH]
        with git.start("cat-file", "--batch", "--buffer", given="\n".join(some).encode()) as process:
            harvest = _Answers(process, examiner).harvest(some)
        if not harvest.objects and not harvest.lost:
            harvest.lost.append(Lost(some[0], "git gives up on it"))
        done += harvest.objects + len(harvest.lost)
        yield harvest


class Asked:
    """One process of git that is asked for one object after the other."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: Process | None = None

    def close(self) -> None:
        """End the process, if one was needed."""
        if self._process:
            self._process.close()
            self._process = None

    def __call__(self, oid: bytes) -> tuple[int, bytes]:
        """Kind and content of the object with this raw id. Raises DamagedError."""
        try:
            if not self._process:
                self._process = self._git.start("cat-file", "--batch")
            with Watch(self._process):
                return self._answer(self._process, oid.hex())
        except (_EndedError, BrokenPipeError):
            self.close()
            raise DamagedError("git gives up on its base") from None
        except DamagedError:
            raise
        except GitError as error:
            raise DamagedError("git cannot be asked for its base") from error

    def _answer(self, process: Process, oid: str) -> tuple[int, bytes]:
        process.stdin.write(oid.encode() + b"\n")
        kind, size = _head(process.stdout, oid)
        if size > HELD_LIMIT:
            self.close()
            raise DamagedError(f"its base has {size >> 20} MB, over the limit of {HELD_LIMIT >> 20} MB")
        return kind, _exactly(process.stdout, size)


class _EndedError(Exception):
    """git ended before it had answered."""


class _Answers(Generic[Value]):
    """What a `cat-file --batch` prints. `ended` says that it ended before it had answered all."""

    def __init__(self, process: Process, examiner: Examiner[Value]) -> None:
        self.process = process
        self.stream = process.stdout
        self.examiner = examiner
        self.ended = False

    def harvest(self, oids: Sequence[str]) -> Harvest[Value]:
        """The next answers, which are for `oids`; an object in which git ended is not counted."""
        harvest: Harvest[Value] = Harvest()
        with Watch(self.process) as watch:
            for oid in oids:
                try:
                    self._one(oid, harvest)
                except DamagedError as error:
                    harvest.lost.append(Lost(oid, str(error)))
                except _EndedError:
                    self.ended = True
                    break
                watch.beat()
        return harvest

    def _one(self, oid: str, harvest: Harvest[Value]) -> None:
        kind, size = _head(self.stream, oid)
        if size > STREAM_LIMIT:
            harvest.take_stream(oid, kind, size, _pieces(self.stream, size), self.examiner)
        else:
            harvest.take(oid, kind, _exactly(self.stream, size), self.examiner)


def _head(stream: IO[bytes], oid: str) -> tuple[int, int]:
    """Kind and size of the next object.

    Source: git-cat-file(1), "BATCH OUTPUT".
    """
    words = stream.readline().split()
    if not words:
        raise _EndedError
    if len(words) != 3 or words[1] not in KIND_OF or words[0] != oid.encode():
        raise DamagedError("git cannot read it" if words[1:] == [b"missing"] else "git gives another object")
    return KIND_OF[words[1]], int(words[2])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size + 1)
    if len(data) != size + 1:
        raise _EndedError
    return data[:-1]


def _pieces(stream: IO[bytes], size: int) -> Iterator[bytes]:
    left = size
    while left:
        data = stream.read(min(left, PIECE))
        if not data:
            raise _EndedError
        left -= len(data)
        yield data
    stream.read(1)
