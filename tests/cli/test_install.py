"""`keyguard install` and `uninstall`: beside what is there, and without a trace."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from tests.keys import Keys
from tests.repos import ENVIRONMENT, Outcome, Repo

KEY = Keys("install").modern()
Snapshot = dict[str, tuple[int, bytes | str]]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.made(tmp_path / "repo")
    repo.commit("first", readme="hello\n")
    return repo


def snapshot(*folders: Path) -> Snapshot:
    """Everything in folders: mode and content, or a link's target. Of git's own files, what commits do not change."""
    found: Snapshot = {}
    for folder in folders:
        for path in [folder, *sorted(folder.rglob("*"))]:
            mode = path.lstat().st_mode
            if path.is_symlink():
                found[str(path)] = mode, os.readlink(path)
            else:
                found[str(path)] = stat.S_IMODE(mode), path.read_bytes() if path.is_file() else ""
    return found


def hook(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(mode)
    return path


def commit_with_key(repo: Repo) -> Outcome:
    repo.write("config.py", f'KEY = "{KEY}"\n')
    repo.git("add", "config.py")
    outcome = repo.tried("commit", "--message", "x")
    assert KEY not in outcome.said
    return outcome


def no_hooks(repo: Repo) -> None:
    for path in (repo.path / ".git/hooks").iterdir():
        path.unlink()


def no_folder(repo: Repo) -> None:
    no_hooks(repo)
    (repo.path / ".git/hooks").rmdir()


def own_hooks(repo: Repo) -> None:
    hook(repo.path / ".git/hooks/pre-commit", "exit 0")
    hook(repo.path / ".git/hooks/pre-push", "cat >/dev/null", 0o700)
    hook(repo.path / ".git/hooks/commit-msg", "not run", 0o644)
    hook(repo.path / ".git/hooks/post-commit", "exit 0")


def linked_hook(repo: Repo) -> None:
    hook(repo.path / ".git/hooks/shared", "exit 0")
    (repo.path / ".git/hooks/pre-commit").symlink_to("shared")


def hooks_path(repo: Repo) -> None:
    repo.git("config", "core.hooksPath", ".git/my hooks")
    hook(repo.path / ".git/my hooks/pre-commit", "exit 0")


def hooks_path_outside(repo: Repo) -> None:
    repo.git("config", "core.hooksPath", "../team hooks")


STATES = [lambda repo: None, no_hooks, no_folder, own_hooks, linked_hook, hooks_path, hooks_path_outside]


@pytest.mark.parametrize("prepare", STATES, ids=lambda state: state.__name__.strip("<>"))
class TestRoundTrip:
    """Whatever was there before, it works, works again, and leaves nothing."""

    def test_uninstall_restores_every_byte(self, prepare, repo: Repo, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
        prepare(repo)
        before = snapshot(tmp_path)

        installed = repo.keyguard("install")
        removed = repo.keyguard("uninstall")

        assert (installed.code, removed.code) == (0, 0), installed.said + removed.said
        assert snapshot(tmp_path) == before

    def test_a_second_install_changes_nothing(self, prepare, repo: Repo, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
        prepare(repo)
        repo.keyguard("install")
        once = snapshot(tmp_path)

        again = repo.keyguard("install")

        assert again.code == 0
        assert snapshot(tmp_path) == once

    def test_a_key_stops_a_commit(self, prepare, repo: Repo) -> None:  # type: ignore[no-untyped-def]
        prepare(repo)
        repo.keyguard("install")

        assert commit_with_key(repo).code != 0
        repo.write("config.py", "x = 1\n")
        assert repo.tried("commit", "--all", "--message", "clean").code == 0


class TestBeside:
    """A hook that was there before runs first, with all that git gives it."""

    def test_it_runs_and_can_refuse(self, repo: Repo) -> None:
        hook(repo.path / ".git/hooks/pre-commit", "echo before $#; exit 7")
        repo.keyguard("install")

        outcome = commit_with_key(repo)

        assert "before 0" in outcome.said
        assert "config.py" not in outcome.said

    def test_what_it_stages_is_examined(self, repo: Repo) -> None:
        hook(repo.path / ".git/hooks/pre-commit", f"echo '{KEY}' >late.py; git add late.py")
        repo.keyguard("install")
        repo.write("config.py", "x = 1\n")
        repo.git("add", "config.py")

        outcome = repo.tried("commit", "--message", "x")

        assert outcome.code != 0
        assert "late.py" in outcome.said

    def test_what_it_writes_into_the_message_is_examined(self, repo: Repo) -> None:
        hook(repo.path / ".git/hooks/commit-msg", f"echo '{KEY}' >>\"$1\"")
        repo.keyguard("install")

        assert repo.tried("commit", "--allow-empty", "--message", "x").code != 0

    def test_both_are_told_the_refs_of_a_push(self, repo: Repo, tmp_path: Path) -> None:
        remote = Repo.made(tmp_path / "remote.git", "--bare")
        hook(repo.path / ".git/hooks/pre-push", f"echo \"$1\" >'{tmp_path}/told'; cat >>'{tmp_path}/told'")
        repo.keyguard("install")
        repo.git("remote", "add", "origin", str(remote.path))
        repo.git("push", "--quiet", "origin", "main")
        assert (tmp_path / "told").read_text() == f"origin\nrefs/heads/main {repo.head} refs/heads/main {'0' * 40}\n"

        repo.git("commit", "--quiet", "--no-verify", "--allow-empty", "--message", KEY)
        repo.git("branch", "second", "HEAD~1")
        assert repo.tried("push", "origin", "second", "main").code != 0

    def test_one_that_does_not_read_the_refs_is_no_trouble(self, repo: Repo, tmp_path: Path) -> None:
        remote = Repo.made(tmp_path / "remote.git", "--bare")
        hook(repo.path / ".git/hooks/pre-push", "exit 0")
        repo.keyguard("install")

        assert repo.tried("push", str(remote.path), "main").code == 0

    def test_one_that_git_would_not_run_is_not_run(self, repo: Repo) -> None:
        hook(repo.path / ".git/hooks/pre-commit", "echo before", 0o644)
        repo.keyguard("install")

        assert "before" not in commit_with_key(repo).said

    def test_a_merge_is_guarded(self, repo: Repo) -> None:
        repo.keyguard("install")
        repo.git("switch", "--quiet", "--create", "side")
        repo.git("commit", "--quiet", "--no-verify", "--allow-empty", "--message", "x")
        repo.write("config.py", f'KEY = "{KEY}"\n')
        repo.git("add", ".")
        repo.git("commit", "--quiet", "--no-verify", "--message", "key")
        repo.git("switch", "--quiet", "main")

        assert repo.tried("merge", "--no-ff", "--no-edit", "side").code != 0


def test_a_keyguard_that_is_gone_lets_nothing_through(repo: Repo) -> None:
    repo.keyguard("install")
    installed = repo.path / ".git/hooks/pre-commit"
    text = installed.read_text()
    installed.write_text(text.replace(str(Path(ENVIRONMENT["PATH"].split(os.pathsep)[0])), "/nowhere"))
    repo.write("config.py", "x = 1\n")
    repo.git("add", "config.py")
    first, *others = ENVIRONMENT["PATH"].split(os.pathsep)
    without = os.pathsep.join(folder for folder in others if folder != first)

    outcome = repo.tried("commit", "--message", "x", env={"PATH": without})

    assert outcome.code != 0
    assert "Nothing was looked at" in outcome.said


def test_linked_worktrees_share_the_hooks(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = Repo(tmp_path / "linked")

    assert linked.keyguard("install").code == 0

    assert commit_with_key(linked).code != 0
    assert commit_with_key(repo).code != 0
    assert repo.keyguard("uninstall").code == 0
    assert commit_with_key(linked).code == 0


def test_a_sub_folder_installs_for_its_repository(repo: Repo) -> None:
    repo.write("sub/file", "x")

    assert Repo(repo.path / "sub").keyguard("install").code == 0
    assert commit_with_key(repo).code != 0


def test_only_the_named_hook_is_installed(repo: Repo) -> None:
    repo.keyguard("install", "--hook", "pre-push")

    installed = {path.name for path in (repo.path / ".git/hooks").iterdir() if path.suffix != ".sample"}
    assert installed == {"pre-push"}


def test_a_bare_repository_gets_the_hook_of_a_server(repo: Repo, tmp_path: Path) -> None:
    remote = Repo.made(tmp_path / "remote.git", "--bare")
    before = snapshot(remote.path)

    assert remote.keyguard("install").code == 0
    repo.commit(config__py=f'KEY = "{KEY}"\n')
    assert repo.tried("push", str(remote.path), "main").code != 0

    remote.keyguard("uninstall")
    assert snapshot(remote.path / "hooks") == {
        p: s for p, s in before.items() if p.startswith(str(remote.path / "hooks"))
    }


def test_a_hook_that_was_changed_since_is_left_alone(repo: Repo) -> None:
    repo.keyguard("install")
    installed = repo.path / ".git/hooks/pre-commit"
    installed.write_text(installed.read_text() + "echo more\n")
    before = snapshot(repo.path / ".git/hooks")

    for command in ("install", "uninstall"):
        outcome = repo.keyguard(command)
        assert outcome.code == 2
        assert "changed since" in outcome.err
    assert snapshot(repo.path / ".git/hooks") == before


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_where_hooks_cannot_stand_is_told_in_a_line(command: str, repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    repo.git("config", "core.hooksPath", str(tmp_path / "file"))

    outcome = repo.keyguard(command)

    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f"keyguard: {tmp_path / 'file'}: is no folder, so that no hook can stand there")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_of_hooks_that_cannot_be_written_is_told_in_a_line(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(repo.path)

    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "chmod", refuse)
    outcome = repo.keyguard("install")

    hooks = repo.path / ".git/hooks"
    assert outcome == Outcome(2, "", f"keyguard: {hooks}: hooks cannot be changed there: Permission denied\n")
    assert snapshot(repo.path) == before


def test_a_hook_that_another_program_put_over_it_is_not_lost(repo: Repo) -> None:
    hook(repo.path / ".git/hooks/pre-commit", "exit 0")
    repo.keyguard("install")
    hook(repo.path / ".git/hooks/pre-commit", "echo another")

    outcome = repo.keyguard("install")

    assert outcome.code == 2
    assert "echo another" in (repo.path / ".git/hooks/pre-commit").read_text()


class TestOthers:
    """Where another program keeps the hooks, nothing is touched, and the lines to add are shown."""

    def refused(self, repo: Repo, *words: str) -> None:
        before = snapshot(repo.path)
        outcome = repo.keyguard("install")
        assert outcome.code == 2
        assert "keeps the hooks" in outcome.err or "are files of it" in outcome.err
        for word in ("keyguard hook pre-commit", "keyguard hook pre-merge-commit", "keyguard hook pre-push", *words):
            assert word in outcome.said
        assert "?" not in outcome.said
        assert snapshot(repo.path) == before

    def test_husky(self, repo: Repo) -> None:
        repo.git("config", "core.hooksPath", ".husky/_")
        hook(repo.path / ".husky/_/pre-commit", "exit 0")
        hook(repo.path / ".husky/pre-commit", "npm test")

        self.refused(repo, "husky", ".husky/pre-push")

    def test_lefthook_by_its_configuration(self, repo: Repo) -> None:
        repo.write("lefthook.yml", "pre-commit: {}\n")

        self.refused(repo, "lefthook.yml", "use_stdin: true")

    def test_lefthook_by_its_hooks(self, repo: Repo) -> None:
        hook(repo.path / ".git/hooks/pre-commit", 'call_lefthook run "pre-commit" "$@"')

        self.refused(repo, "lefthook")

    def test_a_folder_of_hooks_that_is_part_of_the_repository(self, repo: Repo) -> None:
        repo.git("config", "core.hooksPath", ".githooks")
        hook(repo.path / ".githooks/pre-commit", "exit 0")
        repo.git("add", ".githooks")
        repo.git("commit", "--quiet", "--message", "hooks")

        self.refused(repo, ".githooks")

    def test_outside_of_a_repository_nothing_is_done(self, tmp_path: Path) -> None:
        assert Repo(tmp_path).keyguard("install").code == 2


CONFIGURATIONS = {
    "none": None,
    "empty": "",
    "ordinary": '[user]\n\tname = Ada # a remark\n[alias]\n  co = checkout\n',
    "without a last line end": "[user]\n\tname = Ada",
    "with the section": "[core]\n\teditor = vi\n[init]\n\tdefaultBranch = main\n; the end\n",
}  # fmt: skip


class TestForAll:
    """`--global`, by either way."""

    @pytest.fixture
    def env(self, tmp_path: Path) -> dict[str, str]:
        home = tmp_path / "home"
        home.mkdir()
        return {
            "HOME": str(home), "USERPROFILE": str(home), "XDG_CONFIG_HOME": str(home / ".config"),
            "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        }  # fmt: skip

    @pytest.mark.parametrize("way", ["template", "hooks-path"])
    @pytest.mark.parametrize("state", CONFIGURATIONS)
    def test_uninstall_restores_every_byte(
        self, way: str, state: str, repo: Repo, env: dict[str, str], tmp_path: Path
    ) -> None:
        text = CONFIGURATIONS[state]
        if text is not None:
            Path(env["GIT_CONFIG_GLOBAL"]).write_text(text)
        (tmp_path / "home/.config").mkdir()
        before = snapshot(tmp_path / "home")

        for _ in range(2):
            installed = repo.keyguard("install", "--global", "--by", way, env=env)
            assert installed.code == 0, installed.said
        assert snapshot(tmp_path / "home") != before
        removed = repo.keyguard("uninstall", "--global", env=env)

        assert removed.code == 0, removed.said
        assert snapshot(tmp_path / "home") == before

    def test_a_template_guards_what_is_made_from_now_on(self, repo: Repo, env: dict[str, str], tmp_path: Path) -> None:
        repo.keyguard("install", "--global", env=env)
        new = tmp_path / "new"
        repo.git("clone", "--quiet", ".", str(new), env=env)

        assert commit_with_key(Repo(new)).code != 0
        assert Repo(new).keyguard("uninstall").code == 0
        assert commit_with_key(Repo(new)).code == 0

    def test_a_template_of_the_users_own_is_added_to(self, repo: Repo, env: dict[str, str], tmp_path: Path) -> None:
        own = tmp_path / "own"
        hook(own / "hooks/pre-commit", "echo before")
        repo.git("config", "--global", "init.templateDir", str(own), env=env)
        before = snapshot(own, Path(env["HOME"]))

        repo.keyguard("install", "--global", env=env)
        repo.git("clone", "--quiet", ".", str(tmp_path / "new"), env=env)
        assert "before" in commit_with_key(Repo(tmp_path / "new")).said
        repo.keyguard("uninstall", "--global", env=env)

        assert snapshot(own, Path(env["HOME"])) == before

    def test_a_hooks_path_guards_what_is_there_and_runs_its_own_hooks(self, repo: Repo, env: dict[str, str]) -> None:
        hook(repo.path / ".git/hooks/pre-commit", "echo its own")
        hook(repo.path / ".git/hooks/post-commit", "echo and after")
        repo.keyguard("install", "--global", "--by", "hooks-path", env=env)
        repo.write("config.py", f'KEY = "{KEY}"\n')
        repo.git("add", "config.py")

        outcome = repo.tried("commit", "--message", "x", env=env)
        assert outcome.code != 0
        assert "its own" in outcome.said

        repo.write("config.py", "x = 1\n")
        outcome = repo.tried("commit", "--all", "--message", "x", env=env)
        assert outcome.code == 0
        assert "and after" in outcome.said

    def test_a_hooks_path_for_all_is_not_taken_for_the_repositorys(self, repo: Repo, env: dict[str, str]) -> None:
        repo.keyguard("install", "--global", "--by", "hooks-path", env=env)

        outcome = repo.keyguard("install", env=env)

        assert outcome.code == 2
        assert "--global --by hooks-path" in outcome.err

    @pytest.mark.parametrize("command", ["install", "uninstall"])
    def test_a_configuration_that_is_no_file_stays_what_it_is(
        self, command: str, repo: Repo, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path / "home")
        with socket.socket(socket.AF_UNIX) as end:
            end.bind("gitconfig")

            outcome = repo.keyguard(command, "--global", env=env)

            assert (outcome.code, outcome.out) == (2, "")
            assert outcome.err.startswith(f"keyguard: {tmp_path}/home/gitconfig: git's global configuration is no file")
            assert stat.S_ISSOCK(Path("gitconfig").stat().st_mode)
            assert os.listdir() == ["gitconfig"]

    def test_a_configuration_that_cannot_be_written_is_told_in_a_line(
        self, repo: Repo, env: dict[str, str], tmp_path: Path
    ) -> None:
        outcome = repo.keyguard("install", "--global", env=env | {"GIT_CONFIG_GLOBAL": str(tmp_path / "no/such")})

        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.startswith("keyguard: git cannot write its global configuration")

    def test_options_that_do_not_go_together_are_refused(self, repo: Repo) -> None:
        assert repo.keyguard("install", "--by", "template").code == 2
        assert repo.keyguard("install", "--global", "--hook", "pre-push").code == 2
