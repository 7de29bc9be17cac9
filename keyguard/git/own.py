"""git in a repository of one's own: hooks stay off, and the user's own settings count."""

from __future__ import annotations

import os
from collections.abc import Sequence

from keyguard.git.command import FLAGS, Git, Process, environment, executable

HIDDEN = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_ATTR_NOSYSTEM", "GIT_OPTIONAL_LOCKS")
LEFT_OUT = ("core.attributesFile=",)


class OwnGit(Git):
    """For what looks at a work tree or writes one: line ends and filters are as in any checkout of the user's.

    Filters that the settings name do run, so this is for a repository that is the user's own and that they
    have asked to change.
    """

    def start(self, *arguments: str | bytes, given: bytes | None = None, aside: bool = False) -> Process:
        env = {name: value for name, value in environment(os.environ, as_hook=False).items() if name not in HIDDEN}
        env |= {name: os.environ[name] for name in HIDDEN[:2] if name in os.environ}
        return Process([executable(), *_flags(), "-C", self.where, *arguments], env, given, aside)


def _flags() -> Sequence[str]:
    """The hardened flags without those that hide the user's attributes."""
    kept: list[str] = []
    for flag in FLAGS:
        if flag.startswith(LEFT_OUT):
            kept.pop()
        else:
            kept.append(flag)
    return kept
