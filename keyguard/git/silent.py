"""git in a repository that it must not be started in, since it would never come to an end there."""

from __future__ import annotations

import os

from keyguard.errors import GitError
from keyguard.git.command import Git, Process


class SilentGit(Git):
    """Whatever is asked of it, the answer is a GitError with `reason`."""

    def __init__(self, where: str | os.PathLike[str], reason: str) -> None:
        super().__init__(where)
        self.reason = reason

    def at(self, where: str | os.PathLike[str]) -> SilentGit:
        return SilentGit(where, self.reason)

    def start(self, *_arguments: str | bytes, given: bytes | None = None, aside: bool = False) -> Process:
        raise GitError(self.reason)
