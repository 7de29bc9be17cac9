"""No setting of a user or of a repository changes what `keyguard staged` finds, and none of them runs anything."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Call, Ran, Repo, run_apart
from tests.keys import Keys

FILLER = "".join(f"line {number}\n" for number in range(1, 30))

SETTINGS = [
    ("diff.noprefix", "true"),
    ("diff.mnemonicPrefix", "true"),
    ("diff.srcPrefix", "@@ "),
    ("diff.dstPrefix", "++ "),
    ("diff.external", "false"),
    ("diff.orderFile", "/nowhere/at/all"),
    ("diff.relative", "true"),
    ("diff.renames", "false"),
    ("diff.renames", "copies"),
    ("diff.renameLimit", "1"),
    ("diff.submodule", "log"),
    ("diff.submodule", "diff"),
    ("diff.ignoreSubmodules", "all"),
    ("diff.context", "0"),
    ("diff.interHunkContext", "1000"),
    ("diff.algorithm", "histogram"),
    ("diff.algorithm", "patience"),
    ("diff.indentHeuristic", "false"),
    ("diff.colorMoved", "zebra"),
    ("diff.colorMovedWS", "allow-indentation-change"),
    ("diff.wsErrorHighlight", "all"),
    ("diff.suppressBlankEmpty", "true"),
    ("diff.dirstat", "lines"),
    ("diff.wordRegex", "."),
    ("diff.statGraphWidth", "1"),
    ("diff.autoRefreshIndex", "false"),
    ("diff.tool", "false"),
    ("diff.guitool", "false"),
    ("color.ui", "always"),
    ("color.diff", "always"),
    ("core.quotePath", "true"),
    ("core.autocrlf", "true"),
    ("core.autocrlf", "input"),
    ("core.eol", "crlf"),
    ("core.safecrlf", "true"),
    ("core.whitespace", "cr-at-eol"),
    ("core.bigFileThreshold", "1"),
    ("core.attributesFile", "/nowhere/at/all"),
    ("core.pager", "false"),
    ("core.fileMode", "false"),
    ("core.ignoreCase", "true"),
    ("core.precomposeUnicode", "true"),
    ("core.trustctime", "false"),
    ("core.checkStat", "minimal"),
    ("core.preloadIndex", "true"),
    ("core.untrackedCache", "true"),
    ("core.splitIndex", "true"),
    ("core.abbrev", "4"),
    ("core.commentChar", ";"),
    ("core.useReplaceRefs", "true"),
    ("core.symlinks", "false"),
    ("index.version", "4"),
    ("index.threads", "4"),
    ("feature.manyFiles", "true"),
    ("status.renames", "copies"),
    ("merge.renames", "false"),
    ("log.showSignature", "true"),
    ("pager.diff", "true"),
    ("pager.diff-index", "true"),
    ("alias.diff-index", "!false"),
    ("alias.cat-file", "!false"),
    ("submodule.recurse", "true"),
    ("i18n.logOutputEncoding", "UTF-16"),
    ("safe.bareRepository", "explicit"),
    ("advice.detachedHead", "false"),
]


@pytest.fixture
def changed(started: Repo, keys: Keys) -> Repo:
    """A new key on line 2 and an old one on line 32, in a file of a name that git quotes; and a rename."""
    old, new = keys.modern("admin"), keys.modern()
    started.stage("größe x.env", f"a\n{FILLER}OLD={old}\n")
    started.stage("moved", f"{FILLER}KEY={keys.modern(number=2)}\n")
    started.commit()
    started.stage("größe x.env", f"a\nNEW={new}\n{FILLER}OLD={old}\n")
    started.git("mv", "moved", "elsewhere")
    return started


Staged = Callable[..., Ran]


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_no_setting_of_the_repository_changes_the_answer(changed: Repo, staged: Staged, name: str, value: str) -> None:
    changed.config(name, value)

    assert staged(changed).places == [("größe x.env", 2, 5)]


def test_not_all_settings_of_a_user_together_change_the_answer(
    changed: Repo, staged: Staged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gitconfig"
    for name, value in SETTINGS:
        subprocess.run(["git", "config", "--file", str(path), "--add", name, value], check=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(path))
    monkeypatch.delenv("GIT_CONFIG_NOSYSTEM")

    assert staged(changed).places == [("größe x.env", 2, 5)]


VARIABLES = {
    "GIT_EXTERNAL_DIFF": "false",
    "GIT_DIFF_OPTS": "--unified=0",
    "GIT_CONFIG_PARAMETERS": "'diff.noprefix=true'",
    "GIT_GLOB_PATHSPECS": "1",
    "GIT_ICASE_PATHSPECS": "1",
    "GIT_NOGLOB_PATHSPECS": "1",
    "GIT_ATTR_SOURCE": "HEAD",
    "GIT_DEFAULT_HASH": "sha256",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_INDEX_VERSION": "4",
    "GIT_FLUSH": "0",
    "GIT_TRACE": "1",
    "GIT_TRACE2_EVENT": "1",
    "GIT_PAGER": "false",
    "GIT_PAGER_IN_USE": "1",
    "GIT_PREFIX": "nowhere/",
    "GIT_OPTIONAL_LOCKS": "1",
    "GIT_NO_REPLACE_OBJECTS": "0",
    "GIT_TEST_SPLIT_INDEX": "1",
    "LESS": "-FRX",
    "TERM": "dumb",
    "COLUMNS": "4",
    "FORCE_COLOR": "1",
    "NO_COLOR": "1",
    "PYTHONIOENCODING": "ascii",
    "LC_ALL": "tr_TR.UTF-8",
    "LANG": "de_DE.UTF-8",
}


@pytest.mark.parametrize("name", VARIABLES)
def test_no_variable_changes_the_answer(
    changed: Repo, staged: Staged, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, VARIABLES[name])

    assert staged(changed).places == [("größe x.env", 2, 5)]


# What a hostile `.git/config` can run, each pointed at a script that leaves a mark.

PROGRAMS = [
    "core.fsmonitor",
    "core.pager",
    "core.editor",
    "core.askPass",
    "core.sshCommand",
    "core.gitProxy",
    "core.alternateRefsCommand",
    "diff.external",
    "diff.hostile.command",
    "diff.hostile.textconv",
    "filter.hostile.clean",
    "filter.hostile.smudge",
    "filter.hostile.process",
    "merge.hostile.driver",
    "gpg.program",
    "gpg.ssh.program",
    "gpg.x509.program",
    "pager.diff",
    "pager.diff-index",
    "pager.ls-files",
    "pager.cat-file",
    "credential.helper",
    "uploadpack.packObjectsHook",
    "remote.origin.uploadpack",
    "remote.origin.vcs",
    "submodule.sub.update",
    "alias.diff-index",
    "alias.ls-files",
    "alias.cat-file",
    "sequence.editor",
    "interactive.diffFilter",
    "browser.x.cmd",
    "trailer.x.command",
    "trace2.eventTarget",
    "trace2.normalTarget",
]


@pytest.fixture
def trap(tmp_path: Path) -> tuple[Path, Path]:
    """A script, and the mark that it leaves when it runs."""
    script, mark = tmp_path / "trap", tmp_path / "mark"
    script.write_text(f"#!/bin/sh\ntouch '{mark}'\ncat\n")
    script.chmod(0o755)
    return script, mark


@pytest.fixture
def hostile(changed: Repo, trap: tuple[Path, Path]) -> Repo:
    script, _ = trap
    # An object that only the remote has: asking for it would run the remote's program.
    changed.git("update-index", "--add", "--cacheinfo", f"100644,{'0123456789' * 4},promised")
    for name in PROGRAMS:
        changed.git("config", name, f"!{script}" if name.startswith("submodule") else str(script))
    for name, value in (
        ("filter.hostile.required", "true"),
        ("log.showSignature", "true"),
        ("remote.origin.url", f"ext::{script}"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialclonefilter", "blob:none"),
        ("extensions.partialClone", "origin"),
        ("core.repositoryFormatVersion", "1"),
        ("core.hooksPath", str(script.parent / "hooks")),
        ("protocol.allow", "always"),
    ):
        changed.git("config", name, value)
    hooks = script.parent / "hooks"
    for folder in (hooks, changed.path / ".git" / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in (
            "post-index-change",
            "reference-transaction",
            "fsmonitor-watchman",
            "post-checkout",
            "query-watchman",
        ):
            (folder / name).symlink_to(script)
    attributes = "* filter=hostile diff=hostile merge=hostile\n"
    (changed.path / ".gitattributes").write_text(attributes)
    (changed.path / ".git" / "info" / "attributes").write_text(attributes)
    Path(trap[1]).unlink(missing_ok=True)
    return changed


@pytest.mark.parametrize(
    "arguments",
    [
        ("staged",),
        ("staged", "--format", "json"),
        ("staged", "README", "promised"),
        ("hook", "pre-commit"),
        ("hook", "pre-commit", "README"),
        ("scan",),
        ("scan", "."),
        ("scan", "--no-ignore"),
        ("scan", "README"),
        ("baseline", "--reason", "x"),
    ],
)
def test_nothing_that_a_repository_names_is_run(
    hostile: Repo, trap: tuple[Path, Path], arguments: tuple[str, ...]
) -> None:
    ran = run_apart(*arguments, cwd=hostile.path)

    assert ran.returncode in (0, 1, 2, 3)
    assert not trap[1].exists()


def test_the_trap_works(hostile: Repo, trap: tuple[Path, Path]) -> None:
    subprocess.run(["git", "status"], cwd=hostile.path, capture_output=True, env=os.environ, check=False)

    assert trap[1].exists()


def test_a_hostile_repository_hides_no_key(hostile: Repo, keyguard: Call) -> None:
    ran = keyguard("staged", "--format", "json", cwd=hostile.path)

    assert (ran.code, ran.paths) == (1, ["größe x.env"])


def test_git_is_not_taken_from_the_repository(
    changed: Repo, trap: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (changed.path / "git").symlink_to(trap[0])
    monkeypatch.setenv("PATH", os.pathsep.join(("", ".", os.environ["PATH"])))
    run_apart("staged", cwd=changed.path)

    assert not trap[1].exists()
