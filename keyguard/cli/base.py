"""Scans that take their settings from the base of a change: what a change brings along cannot speak for it."""

from __future__ import annotations

import errno
import os
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from keyguard import config as configs
from keyguard.cli.options import Options, Reporting, configuration, library, policy
from keyguard.config import OWN, SHARED, Config
from keyguard.engine import Engine
from keyguard.git.command import Git
from keyguard.pipeline import scan
from keyguard.source.commits import Commits
from keyguard.source.ranges import CommitRange


def run_here(git: Git, commits: CommitRange, options: Options) -> int:
    """Examine one's own commits, under the settings on disk, and report: the exit code."""
    config = configuration(options)
    reporting = Reporting(options, config)
    rules = policy(options, config)
    result = scan(Commits(git, commits, rules.accepts_path), Engine(library(options, config)), rules)
    return reporting.done(result, git.where)


def run(git: Git, commits: CommitRange, options: Options) -> int:
    """Examine commits under the settings that their base holds, and report: the exit code."""
    base = Base(git, commits.policy)
    options, without = base.options(options)
    config = base.config(options)
    reporting = Reporting(options, config)
    rules = policy(options, config, base.text)
    engine = Engine(library(options, config, base.text))
    altered = base.altered(commits.heads, options, config)
    source = Commits(git, replace(commits, notes=(*commits.notes, *without, *altered)), rules.accepts_path)
    result = scan(source, engine, rules)
    return reporting.done(result, git.where)


class Base:
    """The files of the repository as one commit has them. None: there is no base, and so there are none.

    A path is one on disk, where the file would be in a work tree; what lies outside the repository is no
    part of any change, and is read from disk.
    """

    def __init__(self, git: Git, commit: str | None) -> None:
        self._git = git
        self._commit = commit
        self._top, self._prefix, self._bare = _work_tree(git)

    def text(self, path: Path) -> str:
        """What stands in a file.

        Raises OSError where the base has none of this name.
        """
        name = self._name(path)
        if name is None:
            return path.read_text(encoding="utf-8")
        found = _blob(self._git, self._commit, name)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "it does not stand in the base of these commits", str(path))
        return found.decode("utf-8")

    def config(self, options: Options) -> Config:
        """The configuration that was named, or the nearest one above the current folder; none is an empty one."""
        path = options.config or next(self._configurations(), None)
        config = configs.read(path, self.text) if path else Config()
        # Whoever may push to a server may not say which of its files are written.
        return replace(config, output=None, reports=()) if self._bare else config

    def options(self, options: Options) -> tuple[Options, list[str]]:
        """The options without the files that the base has not yet, and what to say of these."""
        notes: list[str] = []

        def there(path: Path | None) -> bool:
            if path is None or self._name(path) is None or self._stands(path):
                return True
            notes.append(f"{path} is new in these commits: it does not count before it stands in their base.")
            return False

        kept = replace(
            options,
            config=options.config if there(options.config) else None,
            baseline=options.baseline if there(options.baseline) else None,
            patterns=tuple(path for path in options.patterns if there(path)),
        )
        return kept, notes

    def altered(self, heads: Sequence[str], options: Options, config: Config) -> list[str]:
        """What to say where the commits change any of the files that settings come from."""
        named = [options.config, options.baseline, config.baseline, *options.patterns, *config.patterns]
        names = [name for path in named if path and (name := self._name(path))]
        nearest = [f"{folder}{name}" for folder in _upwards(self._prefix) for name in (OWN, SHARED)]
        changed = sorted({name for name in (*names, *nearest) if any(self._differs(head, name) for head in heads)})
        if not changed:
            return []
        told = ", ".join(changed)
        return [
            f"These commits change {told}, by which keyguard is set: that counts only once it stands in their base."
        ]

    def _configurations(self) -> Iterator[Path]:
        for folder in _upwards(self._prefix):
            if self._settings(self._commit, f"{folder}{OWN}") is not None:
                yield self._top / folder / OWN
            if self._settings(self._commit, f"{folder}{SHARED}") is not None:
                yield self._top / folder / SHARED

    def _differs(self, head: str, name: str) -> bool:
        return bool(self._settings(self._commit, name) != self._settings(head, name))

    def _settings(self, commit: str | None, name: str) -> Any:
        """What a file says of keyguard: all of it, but of `pyproject.toml` one table; None where that is nothing."""
        found = _blob(self._git, commit, name)
        if found is None or not name.endswith(SHARED):
            return found
        try:
            return tomllib.loads(found.decode("utf-8")).get("tool", {}).get("keyguard")
        except (ValueError, AttributeError):
            # Whether such a file means keyguard cannot be known, so it is taken for one that does.
            return found if b"[tool.keyguard" in found else None

    def _stands(self, path: Path) -> bool:
        return _blob(self._git, self._commit, self._name(path) or "") is not None

    def _name(self, path: Path) -> str | None:
        """A path from the repository's top; None for one outside of it."""
        name = os.path.relpath(os.path.abspath(path), self._top)
        return None if name.startswith("..") or os.path.isabs(name) else name.replace(os.sep, "/")


def _work_tree(git: Git) -> tuple[Path, str, bool]:
    """The repository's top folder, the way from there to git's (`sub/folder/`, or empty), and whether it is bare."""
    code, shown, _ = git.attempt("rev-parse", "--show-toplevel", "--show-prefix")
    if code:
        return Path(os.path.abspath(git.where)), "", True
    top, prefix = (os.fsdecode(line) for line in shown.split(b"\n")[:2])
    return Path(top), prefix, False


def _upwards(prefix: str) -> list[str]:
    """A folder and those above it, each with a slash behind it; the top is the empty text."""
    parts = prefix.split("/")[:-1]
    return ["".join(f"{part}/" for part in parts[:length]) for length in range(len(parts), -1, -1)]


def _blob(git: Git, commit: str | None, name: str) -> bytes | None:
    if commit is None:
        return None
    code, found, _ = git.attempt("cat-file", "blob", f"{commit}:{name}")
    return None if code else found
