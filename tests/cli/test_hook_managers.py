"""The hooks under the pre-commit framework and under prek, in real commits, merges and pushes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.keys import Keys
from tests.repos import ENVIRONMENT, Repo, called

KEY = Keys("managers").modern()
MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
STAGES = ("pre-commit", "pre-merge-commit", "commit-msg", "pre-push")
# What the framework knows, and the keys that it would pass over in silence if they were misspelt.
FIELDS = {
    "id", "name", "description", "entry", "language", "types", "stages", "require_serial", "always_run",
    "pass_filenames", "minimum_pre_commit_version",
}  # fmt: skip


def manifest() -> list[dict[str, object]]:
    hooks: list[dict[str, object]] = yaml.safe_load(MANIFEST.read_text())
    return hooks


def test_the_manifest_is_valid() -> None:
    outcome = called(
        [str(Path(sys.executable).parent / "pre-commit"), "validate-manifest", str(MANIFEST)], MANIFEST.parent
    )

    assert (outcome.code, outcome.said) == (0, "")


def test_the_manifest_holds_no_field_that_the_framework_does_not_know() -> None:
    assert {field for hook in manifest() for field in hook} <= FIELDS


@pytest.fixture(params=["pre-commit", "prek"])
def managed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with a remote, whose hooks are the manifest's, run with the keyguard under test."""
    for name in ("PRE_COMMIT_HOME", "PREK_HOME"):
        monkeypatch.setitem(ENVIRONMENT, name, str(tmp_path / "home"))
    hooks = [{**hook, "language": "system", "entry": f"{sys.executable} -P -m {hook['entry']}"} for hook in manifest()]
    repo = Repo.made(tmp_path / "repo")
    repo.commit(
        "first",
        readme="hello\n",
        __pre_commit_config__yaml=yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}),
    )
    repo.git("mv", ".pre_commit_config.yaml", ".pre-commit-config.yaml")
    repo.commit("its configuration")
    remote = Repo.made(tmp_path / "remote.git", "--bare")
    repo.git("remote", "add", "origin", str(remote.path))
    repo.git("push", "--quiet", "origin", "main")
    manager = str(Path(sys.executable).parent / request.param)
    install = [option for stage in STAGES for option in ("--hook-type", stage)]
    assert called([manager, "install", *install], repo.path).code == 0
    (tmp_path / "manager").write_text(manager)
    return repo


def refused(repo: Repo, *arguments: str) -> bool:
    outcome = repo.tried(*arguments)
    assert KEY not in outcome.said
    assert outcome.code == 0 or "key" in outcome.said
    return outcome.code != 0


def test_a_key_stops_a_commit(managed: Repo) -> None:
    managed.write("config.py", "x = 1\n")
    managed.git("add", ".")
    assert not refused(managed, "commit", "--message", "clean")

    managed.write("config.py", f'KEY = "{KEY}"\n')
    managed.git("add", ".")
    assert refused(managed, "commit", "--message", "x")
    assert refused(managed, "commit", "--allow-empty", "--message", KEY)


def test_a_key_stops_a_merge(managed: Repo) -> None:
    managed.git("switch", "--quiet", "--create", "side")
    managed.commit(side__py=f'KEY = "{KEY}"\n')
    managed.git("switch", "--quiet", "main")
    managed.commit(main__py="x = 1\n")

    assert refused(managed, "merge", "--no-edit", "side")


def test_a_key_that_came_and_went_stops_a_push(managed: Repo) -> None:
    managed.commit(config__py=f'KEY = "{KEY}"\n')
    managed.commit(config__py=None)

    assert refused(managed, "push", "origin", "main")


def test_a_second_branch_stops_a_push(managed: Repo) -> None:
    managed.commit(main__py="x = 1\n")
    managed.git("switch", "--quiet", "--create", "second", "main~1")
    managed.commit(config__py=f'KEY = "{KEY}"\n')

    assert refused(managed, "push", "origin", "main", "second")


def test_a_commit_that_no_branch_has_stops_a_push(managed: Repo) -> None:
    managed.git("switch", "--quiet", "--detach")
    managed.commit(config__py=f'KEY = "{KEY}"\n')

    assert refused(managed, "push", "origin", "HEAD:refs/heads/new")


def test_a_new_root_stops_a_push(managed: Repo) -> None:
    managed.git("checkout", "--quiet", "--orphan", "root")
    managed.commit(config__py=f'KEY = "{KEY}"\n')

    assert refused(managed, "push", "origin", "root")


def test_a_clean_push_passes(managed: Repo) -> None:
    managed.commit(config__py="x = 1\n")

    assert not refused(managed, "push", "origin", "main")


def test_a_run_over_all_files_finds_what_is_committed(managed: Repo, tmp_path: Path) -> None:
    manager = (tmp_path / "manager").read_text()
    assert called([manager, "run", "--all-files"], managed.path).code == 0

    managed.commit(config__py=f'KEY = "{KEY}"\n')

    assert called([manager, "run", "--all-files"], managed.path).code == 1
