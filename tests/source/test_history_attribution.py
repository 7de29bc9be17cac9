"""Histories made by hand, and what is said of the key in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from keyguard.model import Commit, Exposure
from keyguard.source.repository import Narrowing
from tests.git.repositories import Repository
from tests.source.auditing import KEY, OTHER, audit, only, places

KEYED = f"# settings\nKEY={KEY}\n".encode()
CLEAN = b"# settings\nKEY=from the environment\n"


def on(day: int) -> dict[str, str]:
    date = f"2024-03-{day:02}T10:00:00 +0100"
    return {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}


class Told:
    """A repository whose commits are made on given days of March 2024."""

    def __init__(self, path: Path) -> None:
        self.git = Repository(path)
        self.path = path
        self.commit(1, {"readme": b"nothing\n"})

    def commit(self, day: int, files: dict[str, bytes | None], message: str = "a change") -> str:
        for name, content in files.items():
            path = self.path / name
            if content is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, env=on(day))
        return self.head()

    def merge(self, day: int, *branches: str) -> str:
        self.git("merge", "-q", "--no-ff", "-m", "a merge", *branches, env=on(day))
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def exposure(self) -> Exposure:
        exposure = only(audit(self.path)).exposure
        assert exposure is not None
        return exposure


def commit(oid: str, day: int) -> Commit:
    return Commit(oid, "A U Thor", "author@example.com", f"2024-03-{day:02}T10:00:00+01:00")


def days_since(day: int) -> int:
    began = datetime.fromisoformat(f"2024-03-{day:02}T10:00:00+01:00")
    return (datetime.now(UTC) - began).days


def test_a_key_that_is_still_there(tmp_path: Path) -> None:
    told = Told(tmp_path)
    added = told.commit(2, {"a.env": KEYED})
    told.commit(3, {"other": b"x\n"})

    finding = only(audit(told.path))

    assert places(finding) == {("blob", "a.env", 2, added)}
    assert finding.locations[0].column == 5
    assert finding.exposure == Exposure(
        commit(added, 2), None, days_since(2), True, ("refs/heads/main",), in_head=True, pushed=False
    )


def test_a_key_that_was_removed(tmp_path: Path) -> None:
    told = Told(tmp_path)
    added = told.commit(2, {"a.env": KEYED})
    removed = told.commit(14, {"a.env": CLEAN})
    told.commit(15, {"a.env": CLEAN + b"more\n"})

    assert told.exposure() == Exposure(
        commit(added, 2), commit(removed, 14), 12, True, ("refs/heads/main",), in_head=False, pushed=False
    )


def test_a_file_that_was_renamed_still_has_its_key(tmp_path: Path) -> None:
    told = Told(tmp_path)
    added = told.commit(2, {"a.env": KEYED})
    renamed = told.commit(3, {"a.env": None, "folder/b.env": KEYED})

    finding = only(audit(told.path))

    assert places(finding) == {("blob", "a.env", 2, added), ("blob", "folder/b.env", 2, renamed)}
    assert finding.exposure and finding.exposure.introduced == commit(added, 2)
    assert finding.exposure.removed is None
    assert finding.exposure.in_head


def test_a_renamed_file_that_is_then_removed(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.commit(2, {"a.env": KEYED})
    told.commit(3, {"a.env": None, "b.env": KEYED})
    removed = told.commit(4, {"b.env": None})

    assert told.exposure().removed == commit(removed, 4)


def test_a_key_that_came_back_is_open_since_it_first_came(tmp_path: Path) -> None:
    told = Told(tmp_path)
    added = told.commit(2, {"a.env": KEYED})
    told.commit(3, {"a.env": CLEAN})
    told.commit(4, {"a.env": KEYED})

    exposure = told.exposure()

    assert (exposure.introduced, exposure.removed, exposure.in_head) == (commit(added, 2), None, True)


def test_a_changed_file_that_keeps_its_key_is_a_place_and_no_beginning(tmp_path: Path) -> None:
    told = Told(tmp_path)
    added = told.commit(2, {"a.env": KEYED})
    changed = told.commit(3, {"a.env": b"# a line before\n" + KEYED})

    finding = only(audit(told.path))

    assert places(finding) == {("blob", "a.env", 2, added), ("blob", "a.env", 3, changed)}
    assert finding.exposure and finding.exposure.introduced == commit(added, 2)


def test_a_key_removed_on_one_branch_only_is_open_on_the_other(tmp_path: Path) -> None:
    told = Told(tmp_path)
    added = told.commit(2, {"a.env": KEYED})
    told.git("branch", "old")
    told.commit(3, {"a.env": CLEAN})

    exposure = told.exposure()

    assert exposure == Exposure(
        commit(added, 2), None, days_since(2), True, ("refs/heads/main", "refs/heads/old"), in_head=False, pushed=False
    )


def test_a_key_that_a_merge_brought_from_a_branch(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.git("switch", "-q", "-c", "side")
    added = told.commit(2, {"a.env": KEYED})
    told.git("switch", "-q", "main")
    told.commit(3, {"other": b"x\n"})
    told.merge(4, "side")

    finding = only(audit(told.path))

    assert places(finding) == {("blob", "a.env", 2, added)}
    assert finding.exposure and finding.exposure.in_head


def test_a_key_that_an_octopus_brought_from_one_of_its_branches(tmp_path: Path) -> None:
    told = Told(tmp_path)
    for number, name in enumerate(("one", "two", "three")):
        told.git("switch", "-q", "-c", name, "main")
        told.commit(2 + number, {name: KEYED if name == "two" else b"x\n"})
    added = told.git("rev-parse", "two")
    told.git("switch", "-q", "main")
    told.merge(6, "one", "two", "three")

    assert told.exposure().introduced == commit(added, 3)


def test_a_key_that_only_the_merge_itself_brought(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.git("switch", "-q", "-c", "side")
    told.commit(2, {"side": b"x\n"})
    told.git("switch", "-q", "main")
    told.commit(3, {"other": b"x\n"})
    told.git("merge", "-q", "--no-ff", "--no-commit", "side")
    evil = told.commit(4, {"a.env": KEYED}, "an evil merge")

    finding = only(audit(told.path))

    assert places(finding) == {("blob", "a.env", 2, evil)}
    assert finding.exposure and finding.exposure.introduced == commit(evil, 4)


def test_a_key_that_only_a_merge_took_out(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.git("switch", "-q", "-c", "side")
    added = told.commit(2, {"a.env": KEYED})
    told.git("switch", "-q", "main")
    told.commit(3, {"other": b"x\n"})
    told.git("merge", "-q", "--no-ff", "-s", "ours", "-m", "without it", "side", env=on(5))
    merge = told.head()
    told.git("branch", "-q", "-D", "side")

    exposure = told.exposure()

    assert exposure.introduced == commit(added, 2)
    assert exposure.removed == commit(merge, 5)
    assert exposure.days == 3


def test_a_removal_that_a_merge_only_took_over(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.commit(2, {"a.env": KEYED})
    told.git("switch", "-q", "-c", "side")
    removed = told.commit(3, {"a.env": CLEAN})
    told.git("switch", "-q", "main")
    told.commit(4, {"other": b"x\n"})
    told.merge(5, "side")

    assert told.exposure().removed == commit(removed, 3)


def test_a_key_that_came_back_and_that_a_merge_then_took_out(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.commit(2, {"a.env": KEYED})
    told.commit(3, {"a.env": CLEAN})
    told.git("switch", "-q", "-c", "side")
    told.commit(4, {"a.env": KEYED})
    told.git("switch", "-q", "main")
    told.commit(5, {"other": b"x\n"})
    told.git("merge", "-q", "--no-ff", "--no-commit", "-s", "ours", "side")
    merge = told.commit(6, {}, "without it")
    told.git("branch", "-q", "-D", "side")

    assert told.exposure().removed == commit(merge, 6)


def test_a_merge_that_has_the_key_like_one_of_its_sides_did_not_bring_it(tmp_path: Path) -> None:
    told = Told(tmp_path)
    added = told.commit(2, {"a.env": KEYED})
    told.git("switch", "-q", "-c", "side")
    told.commit(3, {"a.env": CLEAN})
    told.git("switch", "-q", "main")
    told.commit(4, {"other": b"x\n"})
    told.git("merge", "-q", "--no-ff", "-s", "ours", "-m", "with it", "side", env=on(5))

    finding = only(audit(told.path))

    assert places(finding) == {("blob", "a.env", 2, added)}
    assert finding.exposure and finding.exposure.removed is None and finding.exposure.in_head


def test_a_file_that_became_executable_is_no_new_place(tmp_path: Path) -> None:
    told = Told(tmp_path)
    added = told.commit(2, {"a.env": KEYED})
    told.git("update-index", "--chmod=+x", "a.env")
    told.git("commit", "-q", "-m", "executable", env=on(3))

    assert places(only(audit(told.path))) == {("blob", "a.env", 2, added)}


def test_a_key_that_only_a_tag_reaches(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.commit(2, {"a.env": KEYED})
    told.git("tag", "-a", "-m", "x", "v1")
    told.git("reset", "-q", "--hard", "HEAD~1")

    exposure = told.exposure()

    assert (exposure.refs, exposure.reachable, exposure.in_head) == (("refs/tags/v1",), True, False)


def test_a_key_in_a_stash_is_reached_by_the_stash_alone(tmp_path: Path) -> None:
    told = Told(tmp_path)
    (tmp_path / "readme").write_bytes(KEYED)
    told.git("stash", "-q", env=on(2))

    exposure = told.exposure()

    assert (exposure.refs, exposure.in_head) == (("refs/stash",), False)


def test_a_key_in_an_untracked_file_of_a_stash(tmp_path: Path) -> None:
    told = Told(tmp_path)
    (tmp_path / "new.env").write_bytes(KEYED)
    told.git("stash", "-q", "-u", env=on(2))

    finding = only(audit(told.path))

    assert {place.path for place in finding.locations} == {"new.env"}
    assert finding.exposure and finding.exposure.refs == ("refs/stash",)


def test_a_key_that_was_amended_away_is_reached_by_no_ref(tmp_path: Path) -> None:
    told = Told(tmp_path)
    amended = told.commit(2, {"a.env": KEYED})
    (tmp_path / "a.env").write_bytes(CLEAN)
    told.git("commit", "-q", "-a", "--amend", "-m", "without", env=on(3))

    finding = only(audit(told.path))

    assert places(finding) == {("blob", "a.env", 2, amended)}
    assert finding.exposure and not finding.exposure.reachable
    assert finding.exposure.introduced == commit(amended, 2)


def test_a_dangling_commit_is_named_too(tmp_path: Path) -> None:
    told = Told(tmp_path)
    dangling = told.commit(2, {"a.env": KEYED})
    told.git("reset", "-q", "--hard", "HEAD~1")
    told.git("reflog", "expire", "--expire=now", "--all")

    finding = only(audit(told.path))

    assert places(finding) == {("blob", "a.env", 2, dangling)}
    assert finding.exposure and finding.exposure.introduced == commit(dangling, 2)
    assert not finding.exposure.reachable


def test_a_dangling_blob_has_no_commit(tmp_path: Path) -> None:
    told = Told(tmp_path)
    oid = told.git.blob(KEYED)

    finding = only(audit(told.path))

    (place,) = finding.locations
    assert (place.kind, place.path, place.commit, place.blob) == ("blob", None, None, oid)
    assert finding.exposure == Exposure(None, None, None, False, (), in_head=False, pushed=False)


def test_a_staged_key_is_in_the_index_only(tmp_path: Path) -> None:
    told = Told(tmp_path)
    (tmp_path / "a.env").write_bytes(KEYED)
    told.git("add", "a.env")

    assert places(only(audit(told.path))) == {("index", "a.env", 2, None)}


def test_a_key_in_a_note(tmp_path: Path) -> None:
    told = Told(tmp_path)
    noted = told.head()
    told.git("notes", "add", "-m", KEY, noted, env=on(2))

    ((kind, path, line, _),) = places(only(audit(told.path)))

    assert (kind, path, line) == ("note", noted, 1)


def test_a_key_in_a_commit_message_is_in_head_as_long_as_the_commit_is(tmp_path: Path) -> None:
    told = Told(tmp_path)
    spoken = told.commit(2, {}, f"a subject\n\nand {KEY}")

    finding = only(audit(told.path))

    # git leaves the message that it was given last in a file.
    assert places(finding) == {
        ("commit-message", None, 3, spoken),
        ("commit-message", ".git/COMMIT_EDITMSG", 3, None),
    }
    assert finding.exposure and finding.exposure.in_head
    assert finding.exposure.introduced == commit(spoken, 2)


def test_a_key_in_a_tag_message_is_reached_by_the_tag(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.git("tag", "-a", "-m", f"with {KEY}", "v1")

    finding = only(audit(told.path))

    assert {place.kind for place in finding.locations} == {"tag-message"}
    assert finding.exposure and finding.exposure.refs == ("refs/tags/v1",)


def test_a_key_that_a_remote_has_was_pushed(tmp_path: Path) -> None:
    told = Told(tmp_path)
    added = told.commit(2, {"a.env": KEYED})
    told.git("update-ref", "refs/remotes/origin/main", added)

    assert told.exposure().pushed


def test_a_key_that_came_after_the_last_push_was_not_pushed(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.git("update-ref", "refs/remotes/origin/main", "HEAD")
    told.commit(2, {"a.env": KEYED})

    assert not told.exposure().pushed


def test_a_key_on_the_branch_of_a_linked_worktree(tmp_path: Path) -> None:
    told = Told(tmp_path / "main")
    told.git("worktree", "add", "-q", tmp_path / "linked", "-b", "linked")
    (tmp_path / "linked" / "a.env").write_bytes(KEYED)
    told.git("-C", tmp_path / "linked", "add", "-A")
    told.git("-C", tmp_path / "linked", "commit", "-q", "-m", "x", env=on(2))

    exposure = told.exposure()

    assert (exposure.refs, exposure.in_head) == (("refs/heads/linked",), False)


def test_two_keys_are_two_findings_each_with_its_own_history(tmp_path: Path) -> None:
    told = Told(tmp_path)
    first = told.commit(2, {"a.env": KEYED})
    second = told.commit(3, {"b.env": f"KEY={OTHER}\n".encode()})

    found = {finding.secret.reveal(): finding for finding in audit(told.path).findings}

    assert {key: finding.locations[0].commit for key, finding in found.items()} == {KEY: first, OTHER: second}


def test_a_path_with_a_line_end_is_placed(tmp_path: Path) -> None:
    told = Told(tmp_path)
    added = told.commit(2, {"a\nb.env": KEYED})

    assert places(only(audit(told.path))) == {("blob", "a\nb.env", 2, added)}


def test_since_leaves_out_what_older_commits_brought(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.commit(2, {"a.env": f"KEY={OTHER}\n".encode()})
    told.commit(9, {"b.env": KEYED})

    assert only(audit(told.path, narrowing=Narrowing(since="2024-03-05")))


def test_a_ref_leaves_out_what_other_refs_lead_to(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.git("switch", "-q", "-c", "side")
    told.commit(2, {"a.env": f"KEY={OTHER}\n".encode()})
    told.git("switch", "-q", "main")
    told.commit(3, {"b.env": KEYED})

    assert only(audit(told.path, narrowing=Narrowing(refs=("main",))))


def test_what_no_ref_reaches_can_be_left_out(tmp_path: Path) -> None:
    told = Told(tmp_path)
    told.commit(2, {"a.env": f"KEY={OTHER}\n".encode()})
    told.git("reset", "-q", "--hard", "HEAD~1")
    told.commit(3, {"b.env": KEYED})

    assert only(audit(told.path, narrowing=Narrowing(reachable=True)))
