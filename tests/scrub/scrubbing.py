"""A scrub, as tests call it, and what they look at afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from keyguard.engine import Engine
from keyguard.patterns import bundled
from keyguard.policy import Policy
from keyguard.scrub.act import Done, act
from keyguard.scrub.plan import Plan, plan
from keyguard.scrub.search import Searcher
from keyguard.scrub.wording import Wording
from tests.git.repositories import Repository

PSEUDO_REFS = ("ORIG_HEAD", "FETCH_HEAD", "REBASE_HEAD", "AUTO_MERGE")
SEARCHER = Searcher(Engine(bundled()), Policy())


def planned(repository: Repository) -> Plan:
    return plan(repository.path, SEARCHER, Wording())


def scrubbed(repository: Repository, step: Callable[[str], None] = lambda _stage: None) -> Done:
    return act(planned(repository), SEARCHER, backup_of(repository), step)


def backup_of(repository: Repository) -> Path:
    return repository.path.parent / "backup.bundle"


def every_object(repository: Repository) -> bytes:
    """All objects, reachable or not, as git itself prints them."""
    return repository.bytes("cat-file", "--batch-all-objects", "--batch", "--unordered")


def every_file(repository: Repository) -> dict[str, bytes]:
    """The files of the repository's folder that hold no objects, and their paths."""
    found = {}
    for folder, _, names in os.walk(repository.git_dir):
        for name in names:
            path = os.path.join(folder, name)
            below = os.path.relpath(path, repository.git_dir)
            if not below.startswith("objects"):
                found[below] = Path(path).read_bytes()
    return found


def state(repository: Repository) -> dict[str, object]:
    """All that an undo has to bring back."""
    status = repository("status", "--porcelain")
    trees = [path for path in (repository.git_dir, *sorted(repository.git_dir.glob("worktrees/*"))) if path.is_dir()]
    return {
        "refs": repository("for-each-ref", "--format=%(objectname) %(refname) %(symref)"),
        "heads": [(path / "HEAD").read_bytes() for path in trees],
        "own refs": [repository("-C", path, "for-each-ref", "--format=%(objectname) %(refname)") for path in trees[1:]],
        "pseudo-refs": [
            (path / name).read_bytes() for path in trees for name in PSEUDO_REFS if (path / name).is_file()
        ],
        "stashes": repository.bytes("stash", "list", "--format=%H %gd %gs"),
        "reflog": repository.bytes("reflog", "--all"),
        "status": status,
        "logs": {name: data for name, data in every_file(repository).items() if "logs" in Path(name).parts},
        "config": (repository.git_dir / "config").read_bytes(),
        "files": {
            str(path.relative_to(repository.path)): os.readlink(path) if path.is_symlink() else path.read_bytes()
            for path in sorted(repository.path.rglob("*"))
            if ".git" not in path.parts and not path.is_dir()
        },
    }
