"""`keyguard commits BASE..HEAD`: what commits bring to their base."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.keys import Keys
from tests.repos import Outcome, Repo, called

KEY = Keys("commits").modern()
OTHER = Keys("commits").modern("service")
ZEROS = "0" * 40


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.made(tmp_path / "repo")
    repo.commit("first", readme="hello\n")
    repo.git("branch", "base")
    return repo


def judged(repo: Repo, text: str = "base..HEAD", *options: str) -> Outcome:
    """Looked at as JSON, and never with a key in what is printed."""
    outcome = repo.keyguard("commits", text, "--format", "json", *options)
    assert KEY not in outcome.said
    assert OTHER not in outcome.said
    return outcome


def places(outcome: Outcome) -> list[tuple[str, str | None, str | None]]:
    return [
        (place["kind"], place["path"], place["commit"])
        for finding in outcome.report["findings"]
        for place in finding["locations"]
    ]


def test_a_key_is_placed_at_the_commit_and_path_that_brought_it(repo: Repo) -> None:
    brought = repo.commit("second", config__py=f'KEY = "{KEY}"\n')
    repo.commit("third", other__py="x = 1\n")

    outcome = judged(repo)

    assert outcome.code == 1
    assert places(outcome) == [("blob", "config.py", brought)]
    assert outcome.report["scan"]["target"] == "base..HEAD (2 commits, 2 blobs)"


def test_a_key_added_and_removed_inside_the_range_is_reported(repo: Repo) -> None:
    brought = repo.commit(config__py=f'KEY = "{KEY}"\n')
    repo.commit(config__py=None)

    outcome = judged(repo)

    assert places(outcome) == [("blob", "config.py", brought)]


def test_a_clean_range_says_how_much_it_examined(repo: Repo) -> None:
    repo.commit(config__py="x = 1\n")
    repo.commit(config__py="x = 2\n", more__py="y = 1\n")

    outcome = repo.keyguard("commits", "base..HEAD")

    assert outcome.code == 0
    assert "No keys found: base..HEAD (2 commits, 3 blobs), " in outcome.out


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"config__py": f'KEY = "{KEY}"\nx = 2\n'}, 0),
        ({"config__py": None, "moved__py": f'KEY = "{KEY}"\n'}, 0),
        ({"copy__py": f'KEY = "{KEY}"\n'}, 0),
        ({"copy__py": f'KEY = "{KEY}"  # and {OTHER}\n'}, 1),
    ],
    ids=["its file is edited", "it is moved", "it is copied", "another comes beside it"],
)
def test_a_key_that_the_base_holds_already_is_not_brought(repo: Repo, change: dict[str, str], verdict: int) -> None:
    repo.commit(config__py=f'KEY = "{KEY}"\n')
    repo.git("branch", "--force", "base")
    repo.commit(**change)

    assert judged(repo).code == verdict


def test_a_renamed_file_with_a_key_is_not_brought(repo: Repo) -> None:
    repo.commit(config__py=f'KEY = "{KEY}"\n')
    repo.git("branch", "--force", "base")
    repo.git("mv", "config.py", "settings.py")
    repo.commit("rename")

    outcome = judged(repo)

    assert outcome.code == 0
    assert outcome.report["scan"]["target"] == "base..HEAD (1 commit, 0 blobs)"


def test_a_key_that_is_added_again_is_reported(repo: Repo) -> None:
    repo.commit(config__py=f'KEY = "{KEY}"\n')
    repo.commit(config__py=None)
    repo.git("branch", "--force", "base")
    brought = repo.commit(config__py=f'KEY = "{KEY}"\n')

    outcome = judged(repo)

    assert places(outcome) == [("blob", "config.py", brought)]


def test_a_key_that_the_base_allows_in_one_place_is_reported_in_another(repo: Repo) -> None:
    repo.commit(tests__py=f'KEY = "{KEY}"  # keyguard: allow\n')
    repo.git("branch", "--force", "base")
    repo.commit(config__py=f'KEY = "{KEY}"\n')

    assert judged(repo).code == 1


def test_a_key_that_the_base_allows_by_its_path_is_reported_elsewhere(repo: Repo) -> None:
    allow = '[[allow]]\npath = "examples.py"\nreason = "of a closed account"\n'
    repo.commit(examples__py=f'KEY = "{KEY}"\n', __keyguard__toml=allow)
    repo.git("branch", "--force", "base")
    repo.commit(config__py=f'import os\nKEY = "{KEY}"\n')

    assert places(judged(repo)) == [("blob", "config.py", repo.head)]


@pytest.mark.parametrize("field", ["AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"])
def test_a_key_in_a_field_for_people_is_reported(repo: Repo, field: str) -> None:
    repo.git("commit", "--quiet", "--allow-empty", "--message", "x", env={f"GIT_{field}": KEY})

    assert places(judged(repo)) == [("author", None, repo.head)]


def test_a_key_in_a_message_is_reported_with_its_line(repo: Repo) -> None:
    brought = repo.commit(f"subject\n\nthe key is {KEY}")

    outcome = judged(repo)

    assert places(outcome) == [("commit-message", None, brought)]
    assert outcome.report["findings"][0]["locations"][0]["line"] == 3


def test_a_key_in_the_message_of_a_tag_within_the_range_is_reported(repo: Repo) -> None:
    repo.commit()
    repo.git("tag", "--annotate", "v1", "--message", f"released with {KEY}")
    repo.git("tag", "--annotate", "v1-signed-off", "v1", "--message", f"and {OTHER}")
    repo.commit()

    outcome = judged(repo)

    assert {kind for kind, _, _ in places(outcome)} == {"tag-message"}
    assert len(outcome.report["findings"]) == 2


def test_a_tag_of_the_base_is_not_part_of_the_range(repo: Repo) -> None:
    repo.git("tag", "--annotate", "v1", "--message", f"released with {KEY}")
    repo.commit()

    assert judged(repo).code == 0


@pytest.mark.parametrize("path", [f"{KEY}.txt", f"keys/{KEY}/note.txt"], ids=["file", "folder"])
def test_a_key_in_a_name_is_reported(repo: Repo, path: str) -> None:
    repo.write(path, "hello\n")
    repo.git("add", ".")
    brought = repo.commit("names")

    outcome = judged(repo)

    assert outcome.code == 1
    assert [(place[0], place[2]) for place in places(outcome)] == [("path", brought)]


def test_a_key_in_the_target_of_a_link_is_reported(repo: Repo) -> None:
    oid = repo.git("hash-object", "-w", "--stdin", given=KEY)
    repo.git("update-index", "--add", "--cacheinfo", f"120000,{oid},link")
    repo.git("commit", "--quiet", "--message", "a link")

    assert places(judged(repo)) == [("blob", "link", repo.head)]


def test_a_merge_brings_what_its_other_side_has_and_the_base_has_not(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--create", "side")
    brought = repo.commit(side__py=f'KEY = "{KEY}"\n')
    repo.git("switch", "--quiet", "main")
    repo.commit(main__py="x = 1\n")
    repo.git("merge", "--quiet", "--no-edit", "side")

    outcome = judged(repo)

    assert places(outcome) == [("blob", "side.py", brought)]


def test_a_merge_of_the_base_itself_brings_nothing_of_it(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--create", "side")
    repo.commit(side__py="x = 1\n")
    repo.git("switch", "--quiet", "base")
    repo.commit(main__py=f'KEY = "{KEY}"\n')
    repo.git("switch", "--quiet", "side")
    repo.git("merge", "--quiet", "--no-edit", "base")

    assert judged(repo).code == 0


def test_a_key_that_a_merge_itself_adds_is_reported(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--create", "side")
    repo.commit(side__py="x = 1\n")
    repo.git("switch", "--quiet", "main")
    repo.commit(main__py="x = 1\n")
    repo.git("merge", "--quiet", "--no-commit", "side")
    repo.write("evil.py", f'KEY = "{KEY}"\n')
    repo.git("add", ".")
    repo.git("commit", "--quiet", "--no-edit")

    outcome = judged(repo)

    assert {place[:2] for place in places(outcome)} == {("blob", "evil.py")}
    assert {place[2] for place in places(outcome)} == {repo.head}


def test_octopus_and_unrelated_histories_are_part_of_what_comes(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--orphan", "other")
    brought = repo.commit(other__py=f'KEY = "{KEY}"\n')
    repo.git("switch", "--quiet", "main")
    repo.commit()
    repo.git("merge", "--quiet", "--no-edit", "--allow-unrelated-histories", "other")

    assert places(judged(repo)) == [("blob", "other.py", brought)]


@pytest.mark.parametrize(
    "text", ["nowhere..HEAD", "base..nowhere", f"{'1' * 40}..HEAD", "--all..HEAD"], ids=["base", "head", "id", "option"]
)
def test_an_unknown_end_is_never_a_pass(repo: Repo, text: str) -> None:
    repo.commit()

    outcome = repo.keyguard("commits", "--", text)

    assert outcome.code == 2
    assert "is not in this clone, so nothing was examined: `git fetch origin" in outcome.err


@pytest.mark.parametrize("text", ["base..HEAD", "HEAD..base", "HEAD..HEAD"])
def test_an_empty_range_is_never_a_pass(repo: Repo, text: str) -> None:
    outcome = repo.keyguard("commits", text)

    assert outcome.code == 2
    assert "there are no commits to examine" in outcome.err


def test_a_single_revision_is_no_range(repo: Repo) -> None:
    assert repo.keyguard("commits", "HEAD").code == 2


def test_without_a_range_and_a_ci_system_nothing_is_guessed(repo: Repo) -> None:
    outcome = repo.keyguard("commits")

    assert outcome.code == 2
    assert "name the commits" in outcome.err


def test_a_folder_without_a_repository_is_never_a_pass(tmp_path: Path) -> None:
    assert Repo(tmp_path).keyguard("commits", "a..b").code == 2


def test_three_dots_mean_the_same_commits(repo: Repo) -> None:
    repo.commit(config__py=f'KEY = "{KEY}"\n')

    assert judged(repo, "base...HEAD").code == 1


class TestZeros:
    """A BASE of zeros: everything that is on no other remote branch."""

    def test_means_what_no_remote_branch_has(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit(old__py=f'KEY = "{KEY}"\n')
        clone = repo.clone(tmp_path / "clone")
        clone.git("switch", "--quiet", "--create", "feature")
        clone.commit(new__py=f'KEY = "{OTHER}"\n')

        outcome = judged(clone, f"{ZEROS}..HEAD")

        assert places(outcome) == [("blob", "new.py", clone.head)]

    def test_does_not_count_the_branch_itself(self, repo: Repo, tmp_path: Path) -> None:
        repo.git("switch", "--quiet", "--create", "feature")
        brought = repo.commit(new__py=f'KEY = "{KEY}"\n')
        clone = repo.clone(tmp_path / "clone", "--branch", "feature")

        assert places(judged(clone, f"{ZEROS}..HEAD")) == [("blob", "new.py", brought)]
        clone.git("checkout", "--quiet", "--detach")
        assert places(judged(clone, f"{ZEROS}..HEAD")) == [("blob", "new.py", brought)]

    def test_without_any_remote_is_the_whole_history(self, repo: Repo) -> None:
        brought = repo.commit(new__py=f'KEY = "{KEY}"\n')

        assert places(judged(repo, f"{ZEROS}..HEAD")) == [("blob", "new.py", brought)]

    def test_a_branch_that_came_along_does_not_hide_the_commits(self, repo: Repo, tmp_path: Path) -> None:
        repo.git("switch", "--quiet", "--create", "one")
        brought = repo.commit(new__py=f'KEY = "{KEY}"\n')
        repo.git("branch", "two")
        repo.git("switch", "--quiet", "main")
        clone = repo.clone(tmp_path / "clone")
        clone.git("switch", "--quiet", "one")

        assert places(judged(clone, f"{ZEROS}..HEAD")) == [("blob", "new.py", brought)]


class TestShallow:
    """A clone that ends too early is never a pass."""

    @pytest.fixture
    def origin(self, repo: Repo) -> Repo:
        for number in range(5):
            repo.commit(file__py=f"x = {number}\n")
        return repo

    def test_a_base_beyond_the_end_is_unknown(self, origin: Repo, tmp_path: Path) -> None:
        clone = origin.clone(tmp_path / "clone", "--depth", "2")

        outcome = clone.keyguard("commits", f"{origin.git('rev-parse', 'base')}..HEAD")

        assert outcome.code == 2
        assert "git fetch --unshallow origin" in outcome.err

    def test_a_range_that_reaches_the_end_is_incomplete(self, origin: Repo, tmp_path: Path) -> None:
        clone = origin.clone(tmp_path / "clone", "--depth", "2")
        clone.git("fetch", "--quiet", "--depth", "1", "origin", "base:base")

        outcome = judged(clone)

        assert outcome.code == 3
        assert not outcome.report["complete"]
        assert "git fetch --unshallow origin" in outcome.report["unread"][0]["reason"]

    def test_a_range_within_is_whole(self, origin: Repo, tmp_path: Path) -> None:
        clone = origin.clone(tmp_path / "clone", "--depth", "3")

        assert judged(clone, "HEAD~2..HEAD").code == 0

    def test_the_command_that_it_names_mends_it(self, origin: Repo, tmp_path: Path) -> None:
        clone = origin.clone(tmp_path / "clone", "--depth", "2")
        asked = f"{origin.git('rev-parse', 'base')}..HEAD"
        told = clone.keyguard("commits", asked).err
        command = told.split("`")[1].split()
        clone.git(*command[1:])

        assert judged(clone, asked).code == 0


def test_a_blob_that_a_partial_clone_lacks_is_unread(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit(config__py=f'KEY = "{KEY}"\n')
    clone = repo.clone(tmp_path / "clone", "--filter=blob:none", "--no-checkout")

    outcome = judged(clone, "origin/base..HEAD")

    assert outcome.code == 3
    assert "clone it without a filter" in outcome.report["unread"][0]["reason"]


def test_a_commit_that_is_missing_is_never_a_pass(repo: Repo) -> None:
    lost = repo.commit(config__py=f'KEY = "{KEY}"\n')
    repo.commit(config__py=None)
    (repo.path / ".git/objects" / lost[:2] / lost[2:]).unlink()

    assert repo.keyguard("commits", "base..HEAD").code == 2


def test_a_tree_that_is_missing_is_never_a_pass(repo: Repo) -> None:
    repo.commit(config__py="x = 1\n")
    lost = repo.git("rev-parse", "HEAD^{tree}")
    (repo.path / ".git/objects" / lost[:2] / lost[2:]).unlink()

    assert repo.keyguard("commits", "base..HEAD").code in (2, 3)


def test_a_damaged_blob_is_never_a_pass(repo: Repo) -> None:
    repo.commit(config__py=f'KEY = "{KEY}"\n')
    lost = repo.git("rev-parse", "HEAD:config.py")
    file = repo.path / ".git/objects" / lost[:2] / lost[2:]
    file.chmod(0o644)
    file.write_bytes(b"x" * 40)

    assert repo.keyguard("commits", "base..HEAD").code in (2, 3)


def test_a_damaged_pack_is_never_a_pass(repo: Repo) -> None:
    repo.commit(config__py=f'KEY = "{KEY}"\n')
    repo.git("repack", "-a", "-d", "--quiet")
    repo.git("prune-packed")
    (pack,) = (repo.path / ".git/objects/pack").glob("*.pack")
    pack.chmod(0o644)
    data = bytearray(pack.read_bytes())
    for place in range(len(data) // 3, len(data) - 40, 7):
        data[place] ^= 0xFF
    pack.write_bytes(bytes(data))

    assert repo.keyguard("commits", "base..HEAD").code in (2, 3)


def test_no_number_of_commits_is_too_many(repo: Repo) -> None:
    stream = ["commit refs/heads/many\n", "committer A <a@example.com> 1 +0000\n", f"data {len(KEY)}\n{KEY}\n"]
    for number in range(2, 400):
        stream += ["commit refs/heads/many\n", f"committer A <a@example.com> {number} +0000\n", "data 2\nx\n"]
    repo.git("fast-import", "--quiet", given="".join(stream))

    outcome = judged(repo, "base..many")

    assert outcome.code == 1
    assert outcome.report["scan"]["target"] == "base..many (399 commits, 0 blobs)"


@pytest.mark.parametrize(
    "setting",
    [
        ("color.ui", "always"), ("core.bigFileThreshold", "100"), ("diff.orderFile", "missing"),
        ("log.showSignature", "true"), ("diff.noprefix", "true"), ("core.abbrev", "4"), ("core.commentChar", "x"),
    ],
)  # fmt: skip
def test_no_setting_of_git_hides_a_key(repo: Repo, setting: tuple[str, str]) -> None:
    brought = repo.commit(config__py=f'KEY = "{KEY}"\n')
    repo.git("config", *setting)

    assert places(judged(repo)) == [("blob", "config.py", brought)]


@pytest.mark.parametrize("attributes", ["* -diff", "* binary", "* -text export-ignore", "* filter=lost"])
def test_no_attribute_hides_a_key(repo: Repo, attributes: str) -> None:
    brought = repo.commit(config__py=f'KEY = "{KEY}"\n', __gitattributes=f"{attributes}\n")

    assert places(judged(repo)) == [("blob", "config.py", brought)]


def test_neither_graft_nor_replacement_hides_a_commit(repo: Repo) -> None:
    hidden = repo.commit(config__py=f'KEY = "{KEY}"\n')
    repo.commit(config__py="x = 1\n")
    (repo.path / ".git/info/grafts").write_text(f"{repo.head} {repo.git('rev-parse', 'base')}\n")
    repo.git("replace", hidden, "base")

    assert places(judged(repo)) == [("blob", "config.py", hidden)]


def test_a_sub_folder_sees_all_of_the_range(repo: Repo) -> None:
    repo.commit(config__py=f'KEY = "{KEY}"\n')
    repo.write("sub/file", "x")

    assert Repo(repo.path / "sub").keyguard("commits", "base..HEAD").code == 1


def test_sha256_repositories_are_read_like_others(tmp_path: Path) -> None:
    repo = Repo.made(tmp_path / "repo", "--object-format=sha256")
    repo.commit("first", readme="hello\n")
    brought = repo.commit(config__py=f'KEY = "{KEY}"\n', **{KEY: "name\n"})

    assert {place[2] for place in places(judged(repo, "HEAD~1..HEAD"))} == {brought}
    assert judged(repo, f"{'0' * 64}..HEAD").code == 1


class TestSettings:
    """Configuration, allows and baseline are those of BASE."""

    ALLOW = '[[allow]]\npath = "**"\nreason = "all of it"\n'

    def test_an_allow_that_comes_with_the_key_does_not_count(self, repo: Repo) -> None:
        repo.commit(config__py=f'KEY = "{KEY}"\n', __keyguard__toml=self.ALLOW)

        outcome = repo.keyguard("commits", "base..HEAD")

        assert outcome.code == 1
        assert "These commits change .keyguard.toml, by which keyguard is set" in outcome.out

    def test_an_allow_of_the_base_counts_though_it_is_removed(self, repo: Repo) -> None:
        repo.commit(__keyguard__toml=self.ALLOW)
        repo.git("branch", "--force", "base")
        repo.commit(config__py=f'KEY = "{KEY}"\n', __keyguard__toml=None)

        outcome = repo.keyguard("commits", "base..HEAD")

        assert outcome.code == 0
        assert "These commits change .keyguard.toml" in outcome.out

    def test_an_allow_on_disk_does_not_count(self, repo: Repo) -> None:
        repo.commit(config__py=f'KEY = "{KEY}"\n')
        repo.write(".keyguard.toml", self.ALLOW)

        assert judged(repo).code == 1

    def test_a_table_of_pyproject_counts_like_a_file(self, repo: Repo) -> None:
        table = '[[tool.keyguard.allow]]\npath = "**"\nreason = "all of it"\n'
        repo.commit(pyproject__toml=table)
        repo.commit(config__py=f'KEY = "{KEY}"\n', pyproject__toml='[project]\nname = "x"\n')

        assert judged(repo).code == 1
        outcome = repo.keyguard("commits", "HEAD~1..HEAD")
        assert outcome.code == 0
        assert "These commits change pyproject.toml" in outcome.out

    def test_a_change_of_pyproject_that_is_not_keyguards_is_not_mentioned(self, repo: Repo) -> None:
        repo.commit(pyproject__toml='[project]\nname = "x"\n')

        assert "These commits change" not in repo.keyguard("commits", "base..HEAD").out

    def baseline(self, repo: Repo) -> str:
        repo.write("accepted.py", f'KEY = "{KEY}"\n')
        repo.keyguard("baseline", "accepted.py", "--reason", "for the tests", "--baseline", "accepted.json")
        (repo.path / "accepted.py").unlink()
        return (repo.path / "accepted.json").read_text()

    def test_a_baseline_that_comes_with_the_key_does_not_count(self, repo: Repo) -> None:
        repo.commit(config__py=f'KEY = "{KEY}"\n', accepted__json=self.baseline(repo))

        outcome = repo.keyguard("commits", "base..HEAD", "--baseline", "accepted.json")

        assert outcome.code == 1
        assert "accepted.json is new in these commits" in outcome.out

    def test_a_baseline_of_the_base_counts(self, repo: Repo) -> None:
        repo.commit(accepted__json=self.baseline(repo), __keyguard__toml='baseline = "accepted.json"\n')
        repo.git("branch", "--force", "base")
        repo.commit(config__py=f'KEY = "{KEY}"\n', accepted__json='{"schema": "keyguard.baseline/1", "accepted": []}')

        outcome = repo.keyguard("commits", "base..HEAD")

        assert outcome.code == 0
        assert "These commits change accepted.json" in outcome.out

    def test_a_baseline_outside_of_the_repository_is_read_from_disk(self, repo: Repo, tmp_path: Path) -> None:
        (tmp_path / "accepted.json").write_text(self.baseline(repo))
        repo.commit(config__py=f'KEY = "{KEY}"\n')

        assert judged(repo, "base..HEAD", "--baseline", str(tmp_path / "accepted.json")).code == 0

    def test_a_broken_configuration_of_the_base_is_never_a_pass(self, repo: Repo) -> None:
        repo.commit(__keyguard__toml="allow = 3\n")
        repo.commit()

        assert repo.keyguard("commits", "HEAD~1..HEAD").code == 2

    def test_a_remark_that_comes_along_is_mentioned(self, repo: Repo) -> None:
        repo.commit(config__py=f'KEY = "{KEY}"  # keyguard: allow\n')

        outcome = repo.keyguard("commits", "base..HEAD")

        assert outcome.code == 0
        assert "These commits bring remarks that allow keys: config.py:1." in outcome.out

    def test_the_nearest_configuration_of_the_base_counts(self, repo: Repo) -> None:
        repo.write("sub/.keyguard.toml", self.ALLOW)
        repo.git("add", ".")
        repo.commit("settings")
        repo.commit(config__py=f'KEY = "{KEY}"\n')

        assert Repo(repo.path / "sub").keyguard("commits", "HEAD~1..HEAD").code == 0
        assert repo.keyguard("commits", "HEAD~1..HEAD").code == 1


def test_nothing_of_the_scanned_folder_is_imported(repo: Repo) -> None:
    repo.commit(copy__py="raise SystemExit(0)\n", click__py="raise SystemExit(0)\n", config__py=f'KEY = "{KEY}"\n')

    outcome = called([sys.executable, "-m", "keyguard", "commits", "base..HEAD"], repo.path)

    assert outcome.code == 1
