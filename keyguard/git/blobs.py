"""The content of objects, from one `git cat-file --batch`.

Stands on the way of a clean commit: no imports but `keyguard.git.command` and `errors`.
"""

from __future__ import annotations

from keyguard.errors import GitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from keyguard.git.command import Git

ASKED_AT_ONCE = 64
"""How many ids are written before their contents are read: few enough to fit into a pipe."""


class Content:
    """An object's content: `size` bytes, to be read once and in order. `size` is -1 for one that is absent.

    `kind` is git's word for what it is: `blob`, `tree`, `commit` or `tag`.
    """

    __slots__ = ("_left", "_stream", "kind", "oid", "size")

    def __init__(self, oid: str, kind: str, size: int, stream: IO[bytes]) -> None:
        self.oid = oid
        self.kind = kind
        self.size = size
        self._left = max(0, size)
        self._stream = stream

    @property
    def absent(self) -> bool:
        return self.size < 0

    def read(self, count: int = -1) -> bytes:
        """The next `count` bytes, or all that are left.

        Raises GitError where git ends before the object does.
        """
        wanted = self._left if count < 0 else min(count, self._left)
        data = self._stream.read(wanted)
        if len(data) < wanted:
            raise GitError(f"git cat-file ended in the middle of object {self.oid}")
        self._left -= len(data)
        return data

    def skip(self) -> None:
        """Pass over what is left, and over the line end that follows an object."""
        while self._left:
            self.read(1 << 20)
        if self.size >= 0:
            self._stream.read(1)


def contents(git: Git, oids: Iterable[str]) -> Iterator[Content]:
    """Each object's content in the order asked. What is not read of one is skipped when the next is asked for."""
    waiting = list(oids)
    if not waiting:
        return
    with git.start("cat-file", "--batch") as process:
        for begin in range(0, len(waiting), ASKED_AT_ONCE):
            asked = waiting[begin : begin + ASKED_AT_ONCE]
            process.stdin.write("".join(f"{oid}\n" for oid in asked).encode("ascii"))
            process.stdin.flush()
            for oid in asked:
                content = Content(oid, *_announced(process.stdout.readline(), oid), process.stdout)
                yield content
                content.skip()


def _announced(header: bytes, oid: str) -> tuple[str, int]:
    """Kind and size that git announces: `<id> <kind> <size>`, or `<id> missing`."""
    fields = header.split()
    if len(fields) == 3:
        return fields[1].decode("ascii"), int(fields[2])
    if fields[1:] == [b"missing"]:
        return "", -1
    raise GitError(f"git cat-file gave no content for object {oid}")
