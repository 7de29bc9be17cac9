"""The short way of a clean commit: git is asked what is staged, the prefilter turns all of it away, done.

Imports neither click nor rich, regex, GitPython, dataclasses, subprocess or re: `docs/architecture.md` shows
how to see that. Whatever is not plainly clean is left to the full command, which looks again.
"""

from __future__ import annotations

import os
import sys

from keyguard.archive_shape import kind
from keyguard.cli.anchors import ANCHORS
from keyguard.errors import GitError
from keyguard.git.blobs import contents
from keyguard.git.command import Git
from keyguard.git.index import UNMERGED, Change, staged_changes
from keyguard.prefilter import Prefilter
from keyguard.utf16_shape import is_whole

LARGEST = 16 << 20
"""A larger staged file is left to the full command, which reads it in windows."""

NOTHING_STAGED = "Nothing is staged: nothing was examined."

_HOOKS = ("pre-commit", "pre-merge-commit", "commit-msg")
_CONFIGS = (".keyguard.toml", "pyproject.toml")
_SAYS = (b"patterns", b"format", b"output", b"quiet", b"report")


def run(arguments: list[str]) -> int | None:
    """0 where nothing staged can hold a key; None where the full command must say."""
    files = _files(arguments)
    if files is None or _has_a_say():
        return None
    if arguments[1:2] == ["commit-msg"]:
        return _clean_message(files)
    git = Git(as_hook=True)
    try:
        changes = staged_changes(git)
        if not _are_staged(files, changes):
            return None
        size = _clean_size(git, changes)
    except GitError:
        return None
    if size is None:
        return None
    if "PRE_COMMIT" not in os.environ or sys.stdout.isatty():
        print(_closing(len(changes), size))
    return 0


def _files(arguments: list[str]) -> list[str] | None:
    """The files that `staged` or a hook of a commit is called with; None for any other call."""
    if arguments == ["staged"]:
        return []
    hook = arguments[:1] == ["hook"] and arguments[1:2] and arguments[1] in _HOOKS
    if hook and not any(a.startswith("-") for a in arguments[2:]):
        return arguments[2:]
    return None


def _clean_message(files: list[str]) -> int | None:
    """0 where a commit's message can hold no key, remarks and all."""
    try:
        with open(files[0], "rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, IndexError):
        return None
    clean = len(data) <= LARGEST and not is_whole(data) and not Prefilter(ANCHORS).admits(data)
    return 0 if clean and len(files) == 1 else None


def _are_staged(files: list[str], changes: list[Change]) -> bool:
    """Whether a hook's files, if it names any, are among the staged ones: then it is a commit, not a run over all."""
    return {os.fsencode(file) for file in files} <= {change.path for change in changes}


def _has_a_say() -> bool:
    """Whether a configuration may hold patterns or wants another report. Else it only takes findings away."""
    folder = os.getcwd()
    while True:
        for name in _CONFIGS:
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    text = file.read()
            except OSError:
                continue
            if any(word in text for word in _SAYS) and (name == _CONFIGS[0] or b"tool.keyguard" in text):
                return True
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return False
        folder = above


def _clean_size(git: Git, changes: list[Change]) -> int | None:
    """How many bytes were examined and found clean; None where something needs a closer look."""
    prefilter = Prefilter(ANCHORS)
    if any(change.status == UNMERGED for change in changes):
        return None
    if prefilter.admits(b"\n".join(change.path for change in changes)):
        return None
    examined = 0
    for content in contents(git, [change.oid for change in changes]):
        if not 0 <= content.size <= LARGEST:
            return None
        data = content.read()
        if is_whole(data) or kind(data) or prefilter.admits(data):
            return None
        examined += len(data)
    return examined


def _closing(files: int, size: int) -> str:
    from keyguard.report.sizes import examined

    note = "" if files else f"{NOTHING_STAGED}\n"
    return f"{note}No keys found: {examined(files, 'file', size)}."
