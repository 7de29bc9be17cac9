"""`keyguard scrub`, as it is called."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from tests.conftest import Call
from tests.git.repositories import Repository
from tests.scrub.leaky import KEY, leaky
from tests.scrub.scrubbing import every_object, state

__all__ = ["leaky"]
SHOWN = f"{KEY[:12]}...{KEY[-4:]}-REMOVED"


def test_a_plan_writes_nothing_and_asks_for_revocation_first(leaky: Repository, keyguard: Call) -> None:
    before, objects = state(leaky), every_object(leaky)

    ran = keyguard("scrub", cwd=leaky.path)

    assert ran.code == 1
    assert ran.out.startswith("First of all revoke these keys")
    assert "2  commits get another id" in ran.out
    assert leaky("rev-parse", "HEAD~1") in ran.out
    assert KEY not in ran.out + ran.err
    assert (state(leaky), every_object(leaky)) == (before, objects)


def test_a_plan_as_json_has_the_counts(leaky: Repository, keyguard: Call) -> None:
    ran = keyguard("scrub", "--format", "json", cwd=leaky.path)

    assert ran.report["schema"] == "keyguard.scrub-plan/1"
    assert (ran.report["counts"]["keys"], ran.report["counts"]["blobs"], ran.report["counts"]["commits"]) == (1, 1, 2)
    assert ran.report["first_changed_commits"] == [leaky("rev-parse", "HEAD~1")]
    assert KEY not in ran.out


def test_applied_the_key_is_gone_and_the_way_back_is_told(leaky: Repository, keyguard: Call, tmp_path: Path) -> None:
    before = state(leaky)
    backup = tmp_path / "kept.bundle"

    ran = keyguard("scrub", "--apply", "--yes", "--backup", str(backup), cwd=leaky.path)

    assert ran.code == 0, ran.err
    assert KEY.encode() not in every_object(leaky)
    assert leaky("show", "HEAD~1:a.env") == f"KEY={SHOWN}"
    assert f"keyguard scrub --undo {backup}" in ran.out
    assert "git push --force-with-lease=refs/heads/main:" in ran.out
    assert "support.github.com" in ran.out
    assert KEY not in ran.out + ran.err

    undone = keyguard("scrub", "--undo", str(backup), cwd=leaky.path)

    assert undone.code == 0
    assert state(leaky) == before


def test_the_certificate_names_keys_by_fingerprint_and_maps_every_commit(
    leaky: Repository, keyguard: Call, tmp_path: Path
) -> None:
    old = leaky("rev-list", "--max-count=2", "HEAD").split()
    proof = tmp_path / "proof.json"

    keyguard("scrub", "--apply", "--yes", "--certificate", str(proof), cwd=leaky.path)

    found = json.loads(proof.read_text())
    assert found["proven"] is True
    assert set(found["commits"]) == set(old)
    assert found["commits"][old[0]] == leaky("rev-parse", "HEAD")
    assert [len(key["sha256"]) for key in found["keys"]] == [64]
    assert set(found["tool"]) == {"keyguard", "git", "git-filter-repo", "python"}
    assert KEY not in proof.read_text()


def test_the_certificate_as_markdown_and_another_marker(leaky: Repository, keyguard: Call, tmp_path: Path) -> None:
    proof = tmp_path / "proof.md"

    keyguard("scrub", "--apply", "--yes", "--certificate", str(proof), "--marker", " (gone)", cwd=leaky.path)

    assert "**No key is left**" in proof.read_text()
    assert KEY not in proof.read_text()
    assert leaky("show", "HEAD~1:a.env") == f"KEY={KEY[:12]}...{KEY[-4:]} (gone)"


@pytest.mark.parametrize("name", ["no/such/folder/proof.json", "file/proof.md"])
def test_a_certificate_that_cannot_be_written_is_refused_before_anything_changes(
    name: str, leaky: Repository, keyguard: Call, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    before, objects = state(leaky), every_object(leaky)

    ran = keyguard("scrub", "--apply", "--yes", "--certificate", str(tmp_path / name), cwd=leaky.path)

    assert (ran.code, ran.err.count("the certificate cannot be written")) == (2, 1)
    assert (state(leaky), every_object(leaky)) == (before, objects)
    assert list(tmp_path.glob("*.bundle")) == []


def test_seeing_whether_a_certificate_can_be_written_leaves_no_trace(
    leaky: Repository, keyguard: Call, tmp_path: Path
) -> None:
    older = tmp_path / "older.json"
    older.write_text("{}")

    for proof in (older, tmp_path / "new.json"):
        assert keyguard("scrub", "--apply", "--certificate", str(proof), cwd=leaky.path).code == 2

    assert (older.read_text(), (tmp_path / "new.json").exists()) == ("{}", False)


def test_a_certificate_that_cannot_be_written_after_all_hides_nothing(
    leaky: Repository, keyguard: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("keyguard.scrub.certificate.as_json", full)

    ran = keyguard("scrub", "--apply", "--yes", "--certificate", str(tmp_path / "proof.json"), cwd=leaky.path)

    (backup,) = tmp_path.glob("*.bundle")
    assert (ran.code, "the certificate cannot be written" in ran.err) == (2, True)
    assert "Scrubbed and proven" in ran.out
    assert f"keyguard scrub --undo {backup}" in ran.out
    assert "git push --force-with-lease=refs/heads/main:" in ran.out


def test_where_git_does_not_find_it_whole_that_is_what_is_said(
    leaky: Repository, keyguard: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyguard.scrub.act._is_whole", lambda _plan: False)
    proof = tmp_path / "proof.md"

    ran = keyguard("scrub", "--apply", "--yes", "--certificate", str(proof), cwd=leaky.path)

    assert ran.code == 1
    assert "NOT proven: git does not find the repository whole (`git fsck --full` tells why).\n" in ran.out
    assert "git does not find it whole" in proof.read_text()


def test_where_nothing_is_found_nothing_is_done(tmp_path: Path, keyguard: Call) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a": b"a"})

    ran = keyguard("scrub", "--apply", "--yes", cwd=repository.path)

    assert (ran.code, ran.out) == (0, "No keys found: there is nothing to scrub.\n")


def test_without_yes_and_without_a_terminal_it_does_not_act(leaky: Repository, keyguard: Call) -> None:
    before = state(leaky)

    ran = keyguard("scrub", "--apply", cwd=leaky.path)

    assert (ran.code, "--yes" in ran.err) == (2, True)
    assert state(leaky) == before


def test_a_backup_inside_the_repository_or_over_a_file_is_refused(leaky: Repository, keyguard: Call) -> None:
    (leaky.path.parent / "there").touch()

    for name, words in (("repository/x.bundle", "outside"), ("there", "--backup"), ("no/such/folder", "--backup")):
        ran = keyguard("scrub", "--apply", "--yes", "--backup", str(leaky.path.parent / name), cwd=leaky.path)

        assert (ran.code, words in ran.err) == (2, True)


def test_a_key_that_the_baseline_accepts_stays(leaky: Repository, keyguard: Call) -> None:
    config = leaky.path.parent / "keyguard.toml"
    print_of = hashlib.sha256(KEY.encode()).hexdigest()
    config.write_text(f'[[allow]]\nfingerprint = "{print_of}"\nreason = "revoked"\n')

    ran = keyguard("scrub", "--config", str(config), cwd=leaky.path)

    assert (ran.code, ran.out) == (0, "No keys found: there is nothing to scrub.\n")


def test_hooks_and_settings_of_the_repository_do_not_run(leaky: Repository, keyguard: Call) -> None:
    ran_file = leaky.path.parent / "ran"
    for name in ("reference-transaction", "post-checkout", "pre-auto-gc", "post-rewrite", "post-index-change"):
        hook = leaky.git_dir / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho {name} >> {ran_file}\n")
        hook.chmod(0o755)
    leaky("config", "core.fsmonitor", f"echo fsmonitor >> {ran_file}")
    ran_file.unlink(missing_ok=True)

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    assert ran.code == 0
    assert not ran_file.exists()


def test_a_program_that_git_would_ask_what_to_keep_is_refused(leaky: Repository, keyguard: Call) -> None:
    ran_file = leaky.path.parent / "ran"
    leaky("config", "gc.recentObjectsHook", f"echo recent >> {ran_file}")

    ran = keyguard("scrub", "--apply", "--yes", cwd=leaky.path)

    assert (ran.code, "--unset-all gc.recentObjectsHook" in ran.err) == (2, True)
    assert not ran_file.exists()


def test_a_plan_says_what_its_estimate_stands_on(leaky: Repository, keyguard: Call) -> None:
    said = keyguard("scrub", cwd=leaky.path).out.splitlines()[-1]
    seconds = keyguard("scrub", "--format", "json", cwd=leaky.path).report["seconds"]

    assert re.match(r"It takes \d+ to \d+ seconds, reckoned from the \d+\.\d s of this search and the 2 commits", said)
    assert seconds["least"] < seconds["most"]
    assert seconds["searched"] >= 0
