"""`keyguard staged` says what the next commit adds: the index against HEAD, added lines alone.

Each claim is made of a real repository. The fixture `staged` also holds the short way of a clean commit against
the full one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Call, Ran, Repo
from tests.keys import Keys

Staged = Callable[..., Ran]

FILLER = "".join(f"line {number}\n" for number in range(1, 41))


@pytest.fixture
def key(keys: Keys) -> str:
    return keys.modern()


def test_a_key_in_a_new_file_is_found_with_line_and_column(started: Repo, staged: Staged, key: str) -> None:
    started.stage("a.env", f"A=1\nKEY={key}\n")

    assert staged(started).places == [("a.env", 2, 5)]


def test_before_the_first_commit_all_that_is_staged_counts(repo: Repo, staged: Staged, key: str) -> None:
    repo.stage("a.env", key)

    assert staged(repo).places == [("a.env", 1, 1)]


def test_before_the_first_commit_a_clean_file_is_clean(repo: Repo, staged: Staged) -> None:
    repo.stage("a.env", "A=1\n")

    assert staged(repo).code == 0


def test_before_the_first_commit_nothing_staged_is_said(repo: Repo, keyguard: Call) -> None:
    ran = keyguard("staged", cwd=repo.path)

    assert (ran.code, ran.out.splitlines()[0]) == (0, "Nothing is staged: nothing was examined.")


def test_an_examination_of_nothing_is_said_to_be_one(started: Repo, keyguard: Call) -> None:
    ran = keyguard("staged", cwd=started.path)

    assert (ran.code, "nothing was examined" in ran.out) == (0, True)


def test_a_key_that_is_not_staged_is_not_reported(started: Repo, staged: Staged, key: str) -> None:
    started.write("README", key)
    started.write("untracked", key)
    started.stage("other", "fine\n")

    assert staged(started).findings == []


def test_a_staged_key_that_is_gone_from_the_work_tree_is_found(started: Repo, staged: Staged, key: str) -> None:
    started.stage("a.env", key)
    started.write("a.env", "clean again\n")

    assert staged(started).paths == ["a.env"]


def test_a_staged_key_whose_file_is_deleted_is_found(started: Repo, staged: Staged, key: str) -> None:
    started.stage("a.env", key)
    (started.path / "a.env").unlink()

    assert staged(started).paths == ["a.env"]


def test_a_removed_key_is_not_reported(started: Repo, staged: Staged, key: str) -> None:
    started.committed("a.env", f"{FILLER}{key}\n{FILLER}")
    started.stage("a.env", f"{FILLER}{FILLER}")

    assert staged(started).findings == []


def test_a_deleted_file_is_not_reported(started: Repo, staged: Staged, key: str) -> None:
    started.committed("a.env", key)
    started.git("rm", "--quiet", "a.env")

    assert staged(started).findings == []


@pytest.mark.parametrize("place", [0, 1, 2, 3, 39])
def test_a_key_in_the_context_of_a_change_is_not_reported(started: Repo, staged: Staged, key: str, place: int) -> None:
    lines = FILLER.splitlines(keepends=True)
    lines[3] = f"KEY={key}\n"
    started.committed("a.env", "".join(lines))
    lines.insert(place + (place >= 3), "a new line\n")
    started.stage("a.env", "".join(lines))

    assert staged(started).findings == []


def test_a_key_on_a_line_that_was_edited_is_reported(started: Repo, staged: Staged, key: str) -> None:
    started.committed("a.env", f"one\nKEY={key}\n")
    started.stage("a.env", f"one\nOPENAI_KEY={key}\n")

    assert staged(started).places == [("a.env", 2, 12)]


def test_a_second_key_beside_an_old_one_is_reported_alone(started: Repo, staged: Staged, keys: Keys) -> None:
    started.committed("a.env", f"OLD={keys.modern()}\n")
    started.stage("a.env", f"OLD={keys.modern()}\nNEW={keys.modern('admin')}\n")
    (found,) = staged(started).findings

    assert (found["kind"], found["locations"][0]["line"]) == ("admin", 2)


def test_the_same_key_on_a_further_line_is_reported_there(started: Repo, staged: Staged, key: str) -> None:
    started.committed("a.env", f"OLD={key}\n{FILLER}")
    started.stage("a.env", f"OLD={key}\n{FILLER}NEW={key}\n")

    assert staged(started).places == [("a.env", 42, 5)]


def test_a_line_that_only_lost_its_line_end_counts_as_gits_diff_has_it(started: Repo, staged: Staged, key: str) -> None:
    started.committed("a.env", f"x\n{key}\n")
    started.stage("a.env", f"x\n{key}")

    assert staged(started).places == [("a.env", 2, 1)]


def test_a_key_moved_within_a_file_is_reported_at_its_new_place(started: Repo, staged: Staged, key: str) -> None:
    started.committed("a.env", f"{key}\n{FILLER}")
    started.stage("a.env", f"{FILLER}{key}\n")

    assert staged(started).code in (0, 1)


def test_one_key_in_two_files_is_one_finding_with_two_places(started: Repo, staged: Staged, key: str) -> None:
    started.stage("a", key)
    started.stage("b", f"\n{key}")
    (found,) = staged(started).findings

    assert [(place["path"], place["line"]) for place in found["locations"]] == [("a", 1), ("b", 2)]


def test_a_place_names_the_index_and_the_blob(started: Repo, staged: Staged, key: str) -> None:
    started.stage("a", key)
    place = staged(started).findings[0]["locations"][0]

    assert (place["kind"], place["blob"]) == ("index", started.blob(key))


# Renames and copies.


def test_a_pure_rename_is_not_reported(started: Repo, staged: Staged, key: str) -> None:
    started.committed("old.env", f"KEY={key}\n{FILLER}")
    started.git("mv", "old.env", "new.env")

    assert staged(started).findings == []


def test_of_an_edited_rename_only_added_lines_count(started: Repo, staged: Staged, keys: Keys) -> None:
    started.committed("old.env", f"KEY={keys.modern()}\n{FILLER}")
    started.git("mv", "old.env", "new.env")
    started.stage("new.env", f"KEY={keys.modern()}\n{FILLER}ADMIN={keys.modern('admin')}\n")

    assert staged(started).places == [("new.env", 42, 7)]


def test_a_rename_whose_change_has_no_key_is_not_reported(started: Repo, staged: Staged, key: str) -> None:
    started.committed("old.env", f"KEY={key}\n{FILLER}")
    started.git("mv", "old.env", "sub dir.env")
    started.stage("sub dir.env", f"KEY={key}\n{FILLER}more\n")

    assert staged(started).findings == []


def test_many_renames_at_once_are_all_seen_as_such(started: Repo, staged: Staged, keys: Keys) -> None:
    for number in range(30):
        started.stage(f"old/{number}", f"KEY={keys.modern(number=number)}\n{number}{FILLER}")
    started.commit()
    started.git("mv", "old", "new")
    for number in range(0, 30, 2):
        started.stage(f"new/{number}", f"KEY={keys.modern(number=number)}\n{number}{FILLER}edited\n")

    assert staged(started).findings == []


def test_a_copy_is_reported(started: Repo, staged: Staged, key: str) -> None:
    started.committed("old.env", f"KEY={key}\n{FILLER}")
    started.stage("copy.env", f"KEY={key}\n{FILLER}")

    assert staged(started).paths == ["copy.env"]


def test_a_rename_beside_a_copy_is_reported_once(started: Repo, staged: Staged, key: str) -> None:
    started.committed("old.env", f"KEY={key}\n{FILLER}")
    started.git("mv", "old.env", "new.env")
    started.stage("copy.env", f"KEY={key}\n{FILLER}")

    assert len(staged(started).paths) == 1


# What a path can be, and become.


def test_a_file_that_becomes_a_link_to_a_key_is_found(started: Repo, staged: Staged, key: str) -> None:
    (started.path / "README").unlink()
    (started.path / "README").symlink_to(key)
    started.git("add", "README")

    assert staged(started).places == [("README", 1, 1)]


def test_a_link_that_becomes_a_file_with_a_key_is_found(started: Repo, staged: Staged, key: str) -> None:
    (started.path / "link").symlink_to("README")
    started.git("add", "link")
    started.commit()
    (started.path / "link").unlink()
    started.stage("link", f"x\n{key}\n")

    assert staged(started).places == [("link", 2, 1)]


def test_a_new_links_target_is_examined(started: Repo, staged: Staged, key: str) -> None:
    (started.path / "link").symlink_to(f"/run/secrets/{key}")
    started.git("add", "link")

    assert staged(started).places == [("link", 1, 14)]


def test_a_links_target_file_is_not_followed(started: Repo, staged: Staged, key: str) -> None:
    started.write("untracked", key)
    (started.path / "link").symlink_to("untracked")
    started.git("add", "link")

    assert staged(started).findings == []


def test_a_change_of_mode_alone_is_not_reported(started: Repo, staged: Staged, key: str) -> None:
    started.committed("a.env", key)
    started.git("update-index", "--chmod=+x", "a.env")

    assert staged(started).findings == []


@pytest.fixture
def with_submodule(started: Repo, tmp_path: Path) -> Repo:
    other = Repo.made(tmp_path / "other")
    other.committed("f", "x")
    started.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "sub")
    started.commit()
    return started


def test_a_submodules_new_commit_is_no_content(with_submodule: Repo, staged: Staged, key: str) -> None:
    inner = Repo(with_submodule.path / "sub")
    inner.committed("f", key)
    with_submodule.git("add", "sub")

    assert staged(with_submodule).code == 0


def test_a_submodule_that_becomes_a_file_with_a_key_is_found(with_submodule: Repo, staged: Staged, key: str) -> None:
    with_submodule.git("rm", "--quiet", "--cached", "sub")
    with_submodule.cache("sub", key)

    assert staged(with_submodule).paths == ["sub"]


def test_a_file_with_a_key_that_becomes_a_submodule_is_not_reported(started: Repo, staged: Staged, key: str) -> None:
    started.committed("sub", key)
    head = started.head()
    started.git("rm", "--quiet", "--cached", "sub")
    started.git("update-index", "--add", "--cacheinfo", f"160000,{head},sub")

    assert staged(started).code == 0


def test_an_intent_to_add_is_no_content(started: Repo, staged: Staged, key: str) -> None:
    started.write("later", key)
    started.git("add", "--intent-to-add", "later")

    assert staged(started).findings == []


def test_an_intent_to_add_does_not_hide_what_is_staged_beside_it(started: Repo, staged: Staged, key: str) -> None:
    started.write("later", "x")
    started.git("add", "--intent-to-add", "later")
    started.stage("now", key)

    assert staged(started).paths == ["now"]


def test_an_lfs_pointer_is_clean(started: Repo, staged: Staged) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d7a' * 16}\nsize 12345\n"
    started.stage("big.bin", pointer)

    assert staged(started).code == 0


@pytest.mark.parametrize(
    "attributes",
    [
        "* -diff",
        "* binary",
        "* -text",
        "* diff=hidden",
        "* filter=hidden",
        "*.env linguist-generated=true export-ignore",
        "* working-tree-encoding=UTF-16",
        "* eol=crlf",
        "* ident",
        "[attr]secret -diff\n* secret",
    ],
)
def test_no_attribute_hides_a_key(started: Repo, staged: Staged, key: str, attributes: str) -> None:
    started.config("diff.hidden.textconv", "true")
    started.config("diff.hidden.binary", "true")
    started.config("diff.hidden.xfuncname", "^x")
    started.committed(".gitattributes", "")
    started.cache("a.env", "KEY=\n")
    started.commit()
    started.write(".gitattributes", attributes + "\n")
    (started.path / ".git" / "info" / "attributes").write_text(attributes + "\n")
    started.cache("a.env", f"KEY={key}\n")

    assert staged(started).places == [("a.env", 1, 5)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-8-sig"])
@pytest.mark.parametrize("known", [False, True])
def test_a_key_in_any_encoding_is_found_on_its_line(
    started: Repo, staged: Staged, key: str, encoding: str, known: bool
) -> None:
    before = "$a = 1\r\n$größe = 2\r\n"
    if known:
        started.committed("profile.ps1", before.encode(encoding))
    started.stage("profile.ps1", f"{before}$key = '{key}'\r\n".encode(encoding))
    ((path, line, column),) = staged(started).places

    # A byte order mark of UTF-8 stands in another line.
    assert (path, line, column) == ("profile.ps1", 3, 9)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_key_on_an_old_line_of_utf_16_is_not_reported(started: Repo, staged: Staged, key: str, encoding: str) -> None:
    text = f"$a = 1\r\n$key = '{key}'\r\n$b = 2\r\n"
    started.committed("profile.ps1", text.encode(encoding))
    started.stage("profile.ps1", (text + "$c = 3\r\n").encode(encoding))

    assert staged(started).findings == []


def test_a_key_in_a_binary_file_is_found(started: Repo, staged: Staged, key: str) -> None:
    started.stage("a.bin", bytes(range(256)) * 8 + key.encode() + bytes(range(256)) * 8)

    assert staged(started).paths == ["a.bin"]


def test_a_key_that_a_binary_file_had_already_is_not_reported(started: Repo, staged: Staged, key: str) -> None:
    before = b"\0\1\n" + key.encode() + b"\n\0\2\n"
    started.committed("a.bin", before)
    started.stage("a.bin", before + b"more\n")

    assert staged(started).findings == []


@pytest.mark.parametrize(
    "name",
    [
        b"with space",
        b'a"quote',
        b"it's",
        b"new\nline",
        b"tab\there",
        b"back\\slash",
        "größe.py".encode(),
        "größe.py".encode("latin-1"),
        b"\xff\xfe\xfd",
        b"-leading",
        b"--output=x",
        b"-",
        b":colon",
        b":(top)magic",
        b":!exclude",
        b"*",
        b"[a]?",
        b"HEAD",
        b"a/b/c/d",
        b"sub/.gitattributes",
        b"{a,b}",
        b"\x1b[31mred",
        b" ",
        b"~",
        b"$HOME",
        b"`touch mark`",
        b"%s%n",
        b"con.txt",
        b"a" * 250,
    ],
)
def test_a_file_of_any_name_is_examined(started: Repo, staged: Staged, key: str, name: bytes) -> None:
    started.stage(name, "first\n")
    started.commit()
    started.stage(name, f"first\n{key}\n")

    assert staged(started).places == [(os.fsdecode(name), 2, 1)]
    assert staged(started, *(["--", os.fsdecode(name)])).places == [(os.fsdecode(name), 2, 1)]


@pytest.mark.parametrize(
    "line",
    [
        "++ {}",
        "+++ b/{}",
        "-- {}",
        "--- a/{}",
        "@@ -1,3 +1,9 @@ {}",
        "@@ {}",
        "diff --git a/{} b/x",
        "index 0000000..1111111 100644 {}",
        "\\ No newline at end of file {}",
        "rename from {}",
        "Binary files a/{} and b/x differ",
        "GIT binary patch {}",
        "commit {}",
        ":000000 100644 {}",
        "<<<<<<< {}",
        "\x00{}",
        "\r{}\r",
        "\x0c{}",
        "\u2028{}",
        "\x85{}",
    ],
)
def test_a_line_that_looks_like_a_diffs_own_is_examined(started: Repo, staged: Staged, key: str, line: str) -> None:
    noise = "".join(f"{text.format('x')}\n" for text in ("@@ -0,0 +1,900 @@", "+++ b/x", "--- a/x", "-y", "+z", line))
    started.committed("a.patch", FILLER + noise)
    started.stage("a.patch", f"{FILLER}new\n{noise}{line.format(key)}\n{noise}")
    ((path, number, _),) = staged(started).places

    assert (path, number) == ("a.patch", 40 + 1 + 6 + 1)


def test_old_keys_between_lines_that_look_like_hunks_are_not_reported(
    started: Repo, staged: Staged, keys: Keys
) -> None:
    old = "".join(f"@@ -1 +1 @@\n-{keys.modern(number=n)}\n+{keys.modern(number=n)}\n" for n in range(10))
    started.committed("a.patch", old)
    started.stage("a.patch", f"@@ -1 +{len(old)},999 @@\n{old}@@ -3,4 +1,99 @@\nend\n")

    assert staged(started).findings == []


# Repositories of every make.


def test_a_sha_256_repository_is_read(tmp_path: Path, staged: Staged, key: str) -> None:
    repo = Repo.made(tmp_path / "repo", "--object-format=sha256")
    repo.stage("a.env", key)
    first = staged(repo).places
    repo.commit()
    repo.stage("a.env", f"{key}\nmore\n{key[:20]}")
    second = staged(repo).places
    repo.stage("b.env", f"{key}\n")

    assert (first, len(second), staged(repo).paths[-1]) == ([("a.env", 1, 1)], 1, "b.env")


def test_a_split_index_is_read(started: Repo, staged: Staged, key: str) -> None:
    started.git("update-index", "--split-index")
    started.stage("a.env", key)

    assert staged(started).paths == ["a.env"]


@pytest.mark.parametrize("sparse_index", ["true", "false"])
def test_a_sparse_checkout_is_read(started: Repo, staged: Staged, key: str, sparse_index: str) -> None:
    for name in ("in/a", "out/b", "out/deep/c"):
        started.stage(name, "x\n")
    started.commit()
    started.config("index.sparse", sparse_index)
    started.git("sparse-checkout", "set", "--cone", "in")
    started.cache("out/deep/c", key)
    started.stage("in/a", "y\n")

    assert staged(started).paths == ["out/deep/c"]


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_flag_of_the_index_hides_nothing(started: Repo, staged: Staged, key: str, flag: str) -> None:
    started.stage("a.env", key)
    started.git("update-index", flag, "a.env")

    assert staged(started).paths == ["a.env"]


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_every_version_of_the_index_is_read(started: Repo, staged: Staged, key: str, version: str) -> None:
    started.stage("a.env", key)
    started.git("update-index", "--index-version", version)

    assert staged(started).paths == ["a.env"]


def test_an_unmerged_path_is_unread_and_the_scan_incomplete(started: Repo, staged: Staged) -> None:
    conflict(started, "ours\n", "theirs\n")
    ran = staged(started)

    assert (ran.code, ran.report["complete"]) == (3, False)
    assert [(entry["what"], entry["reason"]) for entry in ran.report["unread"]] == [
        ("f", "it has an unresolved conflict")
    ]


def test_a_key_beside_an_unmerged_path_is_found(started: Repo, staged: Staged, key: str) -> None:
    conflict(started, "ours\n", "theirs\n")
    started.stage("a.env", key)
    ran = staged(started)

    assert (ran.code, ran.paths, ran.report["complete"]) == (1, ["a.env"], False)


def test_a_resolution_that_adds_a_key_is_found(started: Repo, staged: Staged, key: str) -> None:
    conflict(started, "ours\n", "theirs\n")
    started.stage("f", f"ours\ntheirs\n{key}\n")

    assert staged(started).places == [("f", 3, 1)]


def test_what_a_merge_brings_in_counts_as_added(started: Repo, staged: Staged, key: str) -> None:
    started.git("checkout", "--quiet", "-b", "side")
    started.committed("a.env", key)
    started.git("checkout", "--quiet", "main")
    started.committed("other", "x")
    started.git("merge", "--quiet", "--no-commit", "--no-ff", "side")

    assert staged(started).paths == ["a.env"]


def test_what_head_had_before_a_merge_is_not_reported(started: Repo, staged: Staged, key: str) -> None:
    started.git("checkout", "--quiet", "-b", "side")
    started.committed("other", "x")
    started.git("checkout", "--quiet", "main")
    started.committed("a.env", key)
    started.git("merge", "--quiet", "--no-commit", "--no-ff", "side")

    assert staged(started).findings == []


def test_a_staged_object_that_is_missing_makes_the_scan_incomplete(started: Repo, staged: Staged) -> None:
    oid = "0123456789" * 4
    started.git("update-index", "--add", "--cacheinfo", f"100644,{oid},a.env")
    ran = staged(started)

    assert (ran.code, ran.report["unread"][0]["what"]) == (3, "a.env")


def test_a_missing_object_does_not_hide_a_key_in_another_file(started: Repo, staged: Staged, key: str) -> None:
    started.git("update-index", "--add", "--cacheinfo", f"100644,{'0123456789' * 4},a.env")
    started.stage("b.env", key)

    assert (staged(started).code, staged(started).paths) == (1, ["b.env"])


def test_where_heads_version_is_missing_every_key_counts_as_added(started: Repo, staged: Staged, key: str) -> None:
    started.committed("a.env", "before\n")
    oid = started.blob("before\n")
    (started.path / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    started.stage("a.env", f"before it\n{key}\n")

    assert staged(started).paths == ["a.env"]


def test_a_damaged_index_is_an_error(started: Repo, keyguard: Call) -> None:
    (started.path / ".git" / "index").write_bytes(b"DIRC\0\0\0\2nonsense")
    ran = keyguard("staged", cwd=started.path)

    assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_outside_a_repository_is_an_error(tmp_path: Path, keyguard: Call) -> None:
    ran = keyguard("staged", cwd=tmp_path)

    assert (ran.code, ran.err) == (2, "keyguard: this is not a git repository: run keyguard inside one\n")


def test_without_git_is_an_error(started: Repo, keyguard: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "relative/bin:")
    ran = keyguard("staged", cwd=started.path)

    assert (ran.code, "git is not installed" in ran.err) == (2, True)


def test_a_branch_that_points_nowhere_hides_nothing(started: Repo, staged: Staged, key: str) -> None:
    started.stage("a.env", key)
    (started.path / ".git" / "refs" / "heads" / "main").write_text("1" * 40 + "\n")

    assert staged(started).code in (1, 2)


@pytest.mark.parametrize("name", ["HEAD", "heads/HEAD"])
def test_a_ref_of_a_confusing_name_does_not_stand_for_head(started: Repo, staged: Staged, key: str, name: str) -> None:
    started.committed("a.env", key)
    (started.path / ".git" / "refs" / name).write_text(started.head() + "\n")
    started.git("update-ref", "--no-deref", "refs/heads/main", "HEAD~1")

    assert staged(started).paths == ["a.env"]


def test_a_replaced_object_hides_nothing(started: Repo, staged: Staged, key: str) -> None:
    started.stage("a.env", key)
    started.git("replace", started.blob(key), started.blob("clean\n"))

    assert staged(started).paths == ["a.env"]


def test_a_graft_hides_nothing(started: Repo, staged: Staged, key: str) -> None:
    (started.path / ".git" / "info" / "grafts").write_text(started.head() + "\n")
    started.stage("a.env", key)

    assert staged(started).paths == ["a.env"]


def test_a_key_in_a_new_files_name_is_found_and_redacted(started: Repo, keyguard: Call, key: str) -> None:
    started.stage(f"backup-{key}.txt", "x\n")
    ran = keyguard("staged", cwd=started.path)

    assert (ran.code, key in ran.out + ran.err) == (1, False)


def test_a_key_in_the_name_of_an_edited_file_is_not_new(started: Repo, staged: Staged, key: str) -> None:
    started.committed(f"backup-{key}.txt", "x\n")
    started.stage(f"backup-{key}.txt", "y\n")

    assert staged(started).findings == []


def conflict(repo: Repo, ours: str, theirs: str) -> None:
    """Leave a merge with a conflict in `f`."""
    repo.committed("f", "base\n")
    repo.git("checkout", "--quiet", "-b", "side")
    repo.committed("f", theirs)
    repo.git("checkout", "--quiet", "main")
    repo.committed("f", ours)
    repo.git("merge", "--quiet", "side", fails=True)


# Named files: their content in the index, whole.


def test_a_named_file_is_examined_whole(started: Repo, staged: Staged, key: str) -> None:
    started.committed("a.env", f"one\n{key}\n")

    assert staged(started, "a.env").places == [("a.env", 2, 1)]


def test_a_named_file_is_read_from_the_index_and_not_from_disk(started: Repo, staged: Staged, key: str) -> None:
    started.committed("a.env", "clean\n")
    started.write("a.env", key)

    assert staged(started, "a.env").findings == []


def test_a_named_file_that_is_not_in_the_index_is_read_from_disk(started: Repo, staged: Staged, key: str) -> None:
    started.write("new.env", key)

    assert staged(started, "new.env", "README").paths == ["new.env"]


def test_a_named_folder_is_all_the_index_has_below_it(started: Repo, staged: Staged, key: str) -> None:
    started.committed("sub/deep/a.env", key)

    assert staged(started, "sub").paths == ["sub/deep/a.env"]


def test_a_file_named_from_a_subdirectory_is_found(started: Repo, staged: Staged, key: str) -> None:
    started.committed("sub/a.env", key)

    assert staged(started, "a.env", cwd=started.path / "sub").paths == ["sub/a.env"]


def test_a_named_file_that_is_nowhere_is_an_error(started: Repo, keyguard: Call) -> None:
    ran = keyguard("staged", "nowhere", cwd=started.path)

    assert (ran.code, ran.err) == (2, "keyguard: nowhere: is neither in the index nor on disk\n")


def test_an_examination_of_named_files_without_content_is_said_to_be_one(started: Repo, keyguard: Call) -> None:
    (started.path / "empty").mkdir()
    ran = keyguard("staged", "empty", cwd=started.path)

    assert "nothing was examined" in ran.out


def test_a_named_unmerged_file_is_unread(started: Repo, staged: Staged) -> None:
    conflict(started, "ours\n", "theirs\n")

    assert staged(started, "f").code == 3
