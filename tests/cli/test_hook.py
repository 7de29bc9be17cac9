"""The hooks, called by git itself in real commits, merges and pushes."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from tests.keys import Keys
from tests.repos import Repo, called

KEY = Keys("hooks").modern()
OTHER = Keys("hooks").modern("service")
CALL = f"{shlex.quote(Path(sys.executable).as_posix())} -P -m keyguard hook"
ALLOW = '[[allow]]\npath = "**"\nreason = "all of it"\n'


def hooked(repo: Repo, *names: str) -> Repo:
    folder = Path(repo.git("rev-parse", "--absolute-git-dir")) / "hooks"
    folder.mkdir(exist_ok=True)
    for name in names:
        hook = folder / name
        hook.write_text(f'#!/bin/sh\nexec {CALL} {name} "$@"\n')
        hook.chmod(0o755)
    return repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.made(tmp_path / "repo")
    repo.commit("first", readme="hello\n")
    return repo


class TestCommit:
    """pre-commit, pre-merge-commit and commit-msg."""

    def test_a_key_stops_a_commit(self, repo: Repo) -> None:
        hooked(repo, "pre-commit")
        repo.write("config.py", f'KEY = "{KEY}"\n')
        repo.git("add", ".")

        outcome = repo.tried("commit", "--message", "x")

        assert outcome.code != 0
        assert "config.py:1:8" in outcome.said
        assert KEY not in outcome.said

    @pytest.mark.parametrize("options", [["--all"], ["config.py"], ["--amend", "--all"]], ids=["all", "path", "amend"])
    def test_the_index_of_the_commit_counts(self, repo: Repo, options: list[str]) -> None:
        repo.commit(config__py="x = 1\n")
        hooked(repo, "pre-commit")
        repo.write("config.py", f'KEY = "{KEY}"\n')

        assert repo.tried("commit", "--message", "x", *options).code != 0

    def test_a_merge_is_looked_at_as_pre_commit_looks(self, repo: Repo) -> None:
        repo.git("switch", "--quiet", "--create", "side")
        repo.commit(side__py=f'KEY = "{KEY}"\n')
        repo.git("switch", "--quiet", "main")
        repo.commit(main__py="x = 1\n")
        hooked(repo, "pre-merge-commit")

        outcome = repo.tried("merge", "--no-edit", "side")

        assert outcome.code != 0
        assert "side.py:1:8" in outcome.said

    def test_a_clean_merge_passes(self, repo: Repo) -> None:
        repo.git("switch", "--quiet", "--create", "side")
        repo.commit(side__py="y = 1\n")
        repo.git("switch", "--quiet", "main")
        repo.commit(main__py="x = 1\n")
        hooked(repo, "pre-merge-commit", "commit-msg")

        outcome = repo.tried("merge", "--no-edit", "side")

        assert outcome.code == 0, outcome.said
        assert "No keys found: 1 file" in outcome.said

    @pytest.mark.parametrize("name", ["pre-commit", "pre-merge-commit", "commit-msg"])
    def test_a_clean_hook_imports_nothing_heavy(self, repo: Repo, name: str) -> None:
        repo.write("config.py", "x = 1\n")
        message = repo.write("message", "a subject\n")
        repo.git("add", "config.py")
        program = (
            "import sys\nfrom keyguard.cli.entry import run\n"
            f"code = run({['hook', name, *([message.name] if name == 'commit-msg' else [])]!r})\n"
            "heavy = {'click', 'rich', 'regex', 'git', 'dataclasses', 'subprocess', 're'} & set(sys.modules)\n"
            "print(code, sorted(heavy))\n"
        )

        outcome = called([sys.executable, "-S", "-P", "-c", _with_path(program)], repo.path)

        assert outcome.out.splitlines()[-1] == "0 []", outcome.said

    def test_a_key_in_a_message_stops_a_commit(self, repo: Repo) -> None:
        hooked(repo, "commit-msg")

        outcome = repo.tried("commit", "--allow-empty", "--message", f"subject\n\nwith {KEY}")

        assert outcome.code != 0
        assert "commit message:3:6" in outcome.said
        assert KEY not in outcome.said

    def test_a_message_of_nothing_but_remarks_is_kept_and_so_examined(self, repo: Repo) -> None:
        hooked(repo, "commit-msg")

        assert repo.tried("commit", "--allow-empty", "--message", f"subject\n\n#\t{KEY}").code != 0

    def editor(self, repo: Repo, text: str) -> dict[str, str]:
        """An editor that puts a line at the beginning of what git shows in it."""
        program = repo.path.parent / "editor.py"
        program.write_text(
            "import sys\nfrom pathlib import Path\nfile = Path(sys.argv[1])\n"
            f"file.write_bytes({text.encode()!r} + b'\\n' + file.read_bytes())\n"
        )
        return {"GIT_EDITOR": shlex.join([Path(sys.executable).as_posix(), program.as_posix()])}

    def test_what_git_shows_in_the_editor_is_not_the_message(self, repo: Repo) -> None:
        repo.commit(config__py=f'KEY = "{KEY}"\n', **{f"{OTHER}__txt": "x\n"})
        hooked(repo, "commit-msg")
        repo.git("rm", "--quiet", "config.py", f"{OTHER}.txt")

        outcome = repo.tried("commit", "--verbose", env=self.editor(repo, "remove a key"))

        assert outcome.code == 0, outcome.said

    def test_what_is_written_in_the_editor_is_the_message(self, repo: Repo) -> None:
        hooked(repo, "commit-msg")

        outcome = repo.tried("commit", "--allow-empty", "--verbose", env=self.editor(repo, f"for {KEY}"))

        assert outcome.code != 0

    def test_a_clean_message_passes_without_a_word(self, repo: Repo) -> None:
        hooked(repo, "commit-msg")

        outcome = repo.tried("commit", "--quiet", "--allow-empty", "--message", "subject")

        assert (outcome.code, outcome.said) == (0, "")

    def test_a_message_that_is_not_there_is_never_a_pass(self, repo: Repo) -> None:
        assert repo.keyguard("hook", "commit-msg", "nowhere").code == 2


def _with_path(program: str) -> str:
    """`program` with this environment's packages on its path, but not what `site` imports."""
    return f"import sys\nsys.path[:] = {[entry for entry in sys.path if entry]!r}\n{program}"


@pytest.fixture
def remote(tmp_path: Path) -> Repo:
    return Repo.made(tmp_path / "remote.git", "--bare")


class TestPrePush:
    """Every ref of a push counts, and every commit of it that the remote has not."""

    @pytest.fixture
    def local(self, repo: Repo, remote: Repo) -> Repo:
        repo.git("remote", "add", "origin", str(remote.path))
        repo.git("push", "--quiet", "origin", "main")
        return hooked(repo, "pre-push")

    def test_a_key_stops_a_push(self, local: Repo, remote: Repo) -> None:
        local.commit(config__py=f'KEY = "{KEY}"\n')

        outcome = local.tried("push", "origin", "main")

        assert outcome.code != 0
        assert f"config.py:1:8 @ {local.head[:12]}" in outcome.said
        assert remote.git("rev-parse", "main") != local.head

    def test_a_key_that_came_and_went_stops_a_push(self, local: Repo) -> None:
        local.commit(config__py=f'KEY = "{KEY}"\n')
        local.commit(config__py=None)

        assert local.tried("push", "origin", "main").code != 0

    def test_a_clean_push_passes_and_says_what_it_examined(self, local: Repo) -> None:
        local.commit(config__py="x = 1\n")

        outcome = local.tried("push", "origin", "main")

        assert outcome.code == 0
        assert "No keys found: a push to origin (1 commit, 1 blob)" in outcome.said

    def test_a_new_branch_counts_from_where_the_remote_ends(self, local: Repo) -> None:
        local.commit(old__py=f'KEY = "{KEY}"\n')
        local.git("push", "--quiet", "--no-verify", "origin", "main")
        local.git("switch", "--quiet", "--create", "feature")
        local.commit(config__py="x = 1\n")

        assert local.tried("push", "origin", "feature").code == 0
        local.commit(config__py=f'KEY = "{OTHER}"\n')
        assert local.tried("push", "origin", "feature").code != 0

    def test_every_ref_of_a_push_counts(self, local: Repo) -> None:
        local.git("branch", "clean")
        local.git("switch", "--quiet", "--create", "second")
        local.commit(config__py=f'KEY = "{KEY}"\n')

        assert local.tried("push", "origin", "clean", "second").code != 0
        assert local.tried("push", "origin", "second", "clean").code != 0
        assert local.tried("push", "origin", "clean").code == 0

    def test_an_annotated_tag_counts(self, local: Repo) -> None:
        local.git("tag", "--annotate", "--message", f"with {KEY}", "v1")

        outcome = local.tried("push", "origin", "v1")

        assert outcome.code != 0
        assert "tag message" in outcome.said

    def test_a_tag_that_is_not_pushed_does_not_count(self, local: Repo) -> None:
        local.git("tag", "--annotate", "--message", f"with {KEY}", "v1")
        local.commit()

        assert local.tried("push", "origin", "main").code == 0

    def test_a_deletion_passes(self, local: Repo) -> None:
        local.git("push", "--quiet", "origin", "main:gone")

        assert local.tried("push", "origin", ":gone").code == 0

    def test_a_deletion_does_not_hide_what_is_pushed_beside_it(self, local: Repo) -> None:
        local.git("push", "--quiet", "origin", "main:gone")
        local.commit(config__py=f'KEY = "{KEY}"\n')

        assert local.tried("push", "origin", ":gone", "main").code != 0

    def test_a_forced_push_counts_against_what_it_replaces(self, local: Repo) -> None:
        local.commit(old__py=f'KEY = "{KEY}"\n')
        local.git("push", "--quiet", "--no-verify", "origin", "main")
        local.git("commit", "--quiet", "--amend", "--message", "other words")

        assert local.tried("push", "--force", "origin", "main").code == 0
        local.write("new.py", f'KEY = "{OTHER}"\n')
        local.git("add", ".")
        local.git("commit", "--quiet", "--amend", "--message", "more")
        assert local.tried("push", "--force", "origin", "main").code != 0

    def test_a_forced_push_over_commits_that_are_not_here(self, local: Repo, remote: Repo, tmp_path: Path) -> None:
        other = remote.clone(tmp_path / "other")
        other.commit(more__py="x = 1\n")
        other.git("push", "--quiet", "origin", "main")
        local.commit(config__py=f'KEY = "{KEY}"\n')

        assert local.tried("push", "--force", "origin", "main").code != 0

    def test_a_push_to_an_address_counts_from_what_is_there(self, local: Repo, remote: Repo) -> None:
        local.commit(config__py="x = 1\n")
        assert local.tried("push", str(remote.path), "main").code == 0

        local.commit(config__py=f'KEY = "{KEY}"\n')
        assert local.tried("push", str(remote.path), "main").code != 0

    def test_the_first_push_of_all_counts_whole(self, local: Repo, tmp_path: Path) -> None:
        empty = Repo.made(tmp_path / "empty.git", "--bare")
        local.git("remote", "add", "mirror", str(empty.path))
        local.commit(config__py=f'KEY = "{KEY}"\n')
        local.commit(config__py=None)

        assert local.tried("push", "--mirror", "mirror").code != 0

    def test_a_linked_worktree_pushes_alike(self, local: Repo, tmp_path: Path) -> None:
        local.git("worktree", "add", "--quiet", "-b", "linked", str(tmp_path / "linked"))
        linked = Repo(tmp_path / "linked")
        linked.commit(config__py=f'KEY = "{KEY}"\n')

        assert linked.tried("push", "origin", "linked").code != 0

    def test_lines_that_are_none_of_gits_are_never_a_pass(self, local: Repo) -> None:
        assert local.keyguard("hook", "pre-push", "origin", "url", given="one two\n").code == 2

    def test_a_hook_manager_that_swallows_the_refs_is_no_way_around(self, local: Repo) -> None:
        local.git("switch", "--quiet", "--create", "feature")
        local.commit(config__py=f'KEY = "{KEY}"\n')

        assert local.keyguard("hook", "pre-push", "origin", "url", given="").code == 1

    def test_nothing_new_without_refs_passes(self, local: Repo) -> None:
        assert local.keyguard("hook", "pre-push", "origin", "url", given="").code == 0


class TestPreReceive:
    """On a bare repository, in git's quarantine."""

    @pytest.fixture
    def local(self, repo: Repo, remote: Repo) -> Repo:
        repo.git("remote", "add", "origin", str(remote.path))
        repo.git("push", "--quiet", "origin", "main")
        hooked(remote, "pre-receive")
        return repo

    def test_a_key_is_refused_and_the_pusher_told_what_to_do(self, local: Repo, remote: Repo) -> None:
        brought = local.commit(config__py=f'KEY = "{KEY}"\n')
        local.commit(config__py=None)

        outcome = local.tried("push", "origin", "main")

        assert outcome.code != 0
        assert f"remote: config.py:1:8 @ {brought[:12]}" in outcome.said
        assert "git rebase --interactive" in outcome.said
        assert f"git config --add keyguard.bypass {local.head}" in outcome.said
        assert KEY not in outcome.said
        assert called(["git", "cat-file", "-e", brought], remote.path).code != 0

    def test_a_clean_push_is_taken(self, local: Repo, remote: Repo) -> None:
        local.commit(config__py="x = 1\n")

        outcome = local.tried("push", "origin", "main")

        assert outcome.code == 0
        assert "remote: No keys found: a push to refs/heads/main (1 commit, 1 blob)" in outcome.said
        assert remote.git("rev-parse", "main") == local.head

    def test_only_what_is_pushed_is_read(self, local: Repo, remote: Repo) -> None:
        for number in range(20):
            local.commit(**{f"file{number}__py": f"x = {number}\n"})
        (remote.path / "hooks/pre-receive").chmod(0o644)
        local.git("push", "--quiet", "origin", "main")
        (remote.path / "hooks/pre-receive").chmod(0o755)
        local.commit(last__py="last = 1\n")

        outcome = local.tried("push", "origin", "main", "main:refs/heads/two")

        assert "(1 commit, 1 blob)" in outcome.said

    @pytest.mark.parametrize("ref", ["refs/heads/new", "refs/tags/new", "refs/notes/commits", "refs/odd/one"])
    def test_any_ref_counts(self, local: Repo, ref: str) -> None:
        local.commit(config__py=f'KEY = "{KEY}"\n')

        assert local.tried("push", "origin", f"HEAD:{ref}").code != 0

    def test_a_tag_of_a_blob_counts(self, local: Repo) -> None:
        blob = local.git("hash-object", "-w", "--stdin", given=KEY)

        assert local.tried("push", "origin", f"{blob}:refs/tags/blob").code != 0

    def test_the_first_push_of_all_counts(self, repo: Repo, remote: Repo) -> None:
        hooked(remote, "pre-receive")
        repo.commit(config__py=f'KEY = "{KEY}"\n')

        assert repo.tried("push", str(remote.path), "main").code != 0

    def test_a_deletion_passes(self, local: Repo) -> None:
        local.git("push", "--quiet", "origin", "main:gone")

        assert local.tried("push", "origin", ":gone").code == 0

    def test_what_comes_along_does_not_allow_it(self, local: Repo) -> None:
        local.commit(config__py=f'KEY = "{KEY}"\n', __keyguard__toml=ALLOW)

        outcome = local.tried("push", "origin", "main")

        assert outcome.code != 0
        assert "These commits change .keyguard.toml" in outcome.said

    def test_what_the_default_branch_allows_is_taken(self, local: Repo) -> None:
        local.commit(__keyguard__toml=ALLOW)
        local.git("push", "--quiet", "origin", "main")
        local.commit(config__py=f'KEY = "{KEY}"\n')

        assert local.tried("push", "origin", "main:refs/heads/new").code == 0

    def test_an_allow_on_another_branch_does_not_count(self, local: Repo) -> None:
        local.commit(__keyguard__toml=ALLOW)
        local.git("push", "--quiet", "origin", "main:side")
        local.commit(config__py=f'KEY = "{KEY}"\n')

        assert local.tried("push", "origin", "main:side").code != 0

    def test_an_administrator_lets_one_push_in(self, local: Repo, remote: Repo) -> None:
        local.commit(config__py=f'KEY = "{KEY}"\n')
        remote.git("config", "--add", "keyguard.bypass", local.head)

        outcome = local.tried("push", "origin", "main")

        assert outcome.code == 0
        assert f"Not examined, as an administrator has set keyguard.bypass: {local.head}" in outcome.said
        local.commit(config__py=f'KEY = "{OTHER}"\n')
        assert local.tried("push", "origin", "main").code != 0

    def test_a_pusher_cannot_give_leave(self, local: Repo) -> None:
        local.commit(config__py=f'KEY = "{KEY}"\n')

        assert local.tried("-c", f"keyguard.bypass={local.head}", "push", "origin", "main").code != 0

    def test_a_server_of_sha256_is_no_exception(self, tmp_path: Path) -> None:
        remote = hooked(Repo.made(tmp_path / "other.git", "--bare", "--object-format=sha256"), "pre-receive")
        local = Repo.made(tmp_path / "local", "--object-format=sha256")
        local.commit(readme="hello\n")
        assert local.tried("push", str(remote.path), "main").code == 0

        local.commit(config__py=f'KEY = "{KEY}"\n')
        assert local.tried("push", str(remote.path), "main").code != 0

    def test_lines_that_are_none_of_gits_are_never_a_pass(self, remote: Repo) -> None:
        assert remote.keyguard("hook", "pre-receive", given="one two\n").code == 2
