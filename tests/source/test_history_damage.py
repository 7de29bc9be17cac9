"""Whatever is damaged in a repository: every key that is still there is found, or the report is not complete."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyguard.errors import GitError
from keyguard.model import ScanResult
from tests.git.repositories import Repository, with_history
from tests.git.test_damage import changed, changes
from tests.keys import Keys
from tests.source.auditing import audit

EXAMPLES = 120

KEYS = [Keys("damage").modern(number=number) for number in range(9)]
BLOB, DELTA, MESSAGE, NAME, CRUFT, LOOSE, REF, REFLOG, CONFIG = KEYS

# What stands as it is in files, in which damage may take it away.
PLAIN = (REF, REFLOG, CONFIG)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a `.git` that has a file of each kind, and a key in each place."""
    path = tmp_path_factory.mktemp("whole")
    made = with_history(Repository(path), commits=12)
    made("checkout", "-q", "-f", "main")
    made.commit({"left": CRUFT.encode()})
    made("reset", "-q", "--hard", "HEAD~1")
    made("reflog", "expire", "--expire=now", "--all")
    made("gc", "-q", "--cruft", "--prune=never")
    made.commit({"a.env": f"KEY={BLOB}\n".encode()}, f"with {MESSAGE}")
    lines = [f"line {number} of a file that deltas are made of\n" for number in range(60)]
    made.commit({"b.env": "".join(lines).encode()})
    made.commit({"b.env": "".join([*lines[:30], DELTA, "\n", *lines[30:]]).encode(), f"c/{NAME}": b"x"})
    made("branch", f"with/{REF}")
    made("commit", "-q", "--allow-empty", "-m", "x", env={"GIT_REFLOG_ACTION": f"for {REFLOG}"})
    made("repack", "-d", "-q", "--write-midx")
    made("pack-refs", "--all")
    made("commit-graph", "write", "--reachable")
    made("branch", "loose-ref")
    made.commit({"loose.txt": b"a loose object\n"})
    made("config", "remote.origin.url", f"https://user:{CONFIG}@example.com/x.git")
    made.blob(f"KEY={LOOSE}\n".encode())
    (made.git_dir / "shallow").write_text("")
    assert {"multi-pack-index"} < {file.name for file in (made.objects / "pack").iterdir()}
    assert found(audit(path)) == set(KEYS)
    shutil.rmtree(made.git_dir / "hooks")
    return path


def found(result: ScanResult) -> set[str]:
    return {finding.secret.reveal() for finding in result.findings}


@dataclass(frozen=True)
class Damage:
    """What becomes of a file: it is changed, or gone."""

    file: int
    ways: tuple[tuple[str, int, int], ...] | None


damages = st.builds(Damage, st.integers(0, 10_000), st.none() | st.lists(changes, min_size=1, max_size=3).map(tuple))


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(damages, min_size=1, max_size=2))
def test_a_damaged_repository_hides_no_key_and_is_not_called_whole(whole: Path, damage: list[Damage]) -> None:
    with TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        shutil.copytree(whole, copy, symlinks=True)
        files = sorted(path for path in (copy / ".git").rglob("*") if path.is_file())
        gone = [inflict(one, files[one.file % len(files)]) for one in damage]
        try:
            result = audit(copy)
        except GitError:
            return
        left = "".join(still_plain(copy / ".git"))

    missing = {key for key in KEYS if key not in found(result) and (key not in PLAIN or key in left)}
    excused = {LOOSE, CRUFT} if any(gone) else set()
    assert not result.complete or missing <= excused


def inflict(damage: Damage, file: Path) -> bool:
    """Damage a file; whether it is gone, and with it an object that nothing may need."""
    if damage.ways is None:
        file.unlink(missing_ok=True)
    if not file.exists():
        return True
    file.chmod(0o600)
    content = file.read_bytes()
    for way in damage.ways:
        content = changed(content, way)
    file.write_bytes(content)
    return False


def still_plain(git_dir: Path) -> Iterator[str]:
    """The texts of the files, and the names of those that are refs."""
    for file in git_dir.rglob("*"):
        if file.is_file() and "objects" not in file.parts:
            yield file.read_text(errors="replace")
        yield f"\n{file}\n"
