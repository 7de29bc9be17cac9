"""Everything but the keys stays as it was, in the commits that are rewritten too."""

from __future__ import annotations

from pathlib import Path

import pytest

from keyguard.git.command import Git
from keyguard.scrub.proof import compare
from keyguard.scrub.replace import ScrubError
from keyguard.scrub.rewrite import Rewritten
from keyguard.scrub.undo import undo
from tests.git.repositories import Repository
from tests.keys import Keys
from tests.scrub.scrubbing import backup_of, every_object, scrubbed, state

KEY = Keys("exact").modern()
SHOWN = f"{KEY[:12]}...{KEY[-4:]}-REMOVED".encode()


def started(tmp_path: Path, *options: str) -> Repository:
    repository = Repository(tmp_path / "repository", *options)
    repository.commit({"a.env": f"KEY={KEY}\n".encode(), "other.txt": b"other\n"}, "with a key")
    return repository


def test_dates_zones_people_and_messages_are_kept(tmp_path: Path) -> None:
    repository = started(tmp_path)
    env = {"GIT_AUTHOR_DATE": "1112911993 -0730", "GIT_COMMITTER_DATE": "2147483648 +1245", "GIT_AUTHOR_NAME": "Ünal"}
    repository("commit", "-q", "--allow-empty", "-m", "  odd\n\n\nlines\t\n", "--cleanup=verbatim", env=env)
    repository("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
    wanted = "--format=%an|%ae|%ad|%cn|%ce|%cd|%e|%B"
    before = repository.bytes("log", "--date=raw", wanted)

    scrubbed(repository)

    assert repository.bytes("log", "--date=raw", wanted) == before


def test_messages_in_other_encodings_keep_their_bytes(tmp_path: Path) -> None:
    repository = started(tmp_path)
    repository("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-F", "-", given=b"caf\xe9\n")

    scrubbed(repository)

    commit = repository.bytes("cat-file", "commit", "HEAD")
    assert b"\nencoding ISO-8859-1\n" in commit
    assert commit.endswith(b"\n\ncaf\xe9\n")


def test_merges_keep_their_parents_in_order_and_an_octopus_its_arms(tmp_path: Path) -> None:
    repository = started(tmp_path)
    for name in ("one", "two", "three"):
        repository("checkout", "-q", "-b", name, "main")
        repository.commit({f"{name}.txt": name.encode()}, name)
    repository("checkout", "-q", "main")
    repository("merge", "-q", "-m", "octopus", "one", "two", "three")
    before = repository("log", "--graph", "--format=%s", "--all")

    scrubbed(repository)

    assert repository("log", "--graph", "--format=%s", "--all") == before
    assert repository("log", "-1", "--format=%s", "HEAD^3") == "three"


def test_modes_links_submodules_and_renames_are_kept(tmp_path: Path) -> None:
    repository = started(tmp_path)
    (repository.path / "link").symlink_to("other.txt")
    (repository.path / "run.sh").write_text("#!/bin/sh\n")
    (repository.path / "run.sh").chmod(0o755)
    repository.commit({'odd "name"\té\n.txt': b"x"})
    module = "1" * 40
    repository("update-index", "--add", "--cacheinfo", f"160000,{module},module")
    repository("commit", "-q", "-m", "a submodule")
    repository("mv", "a.env", "moved.env")
    repository("commit", "-q", "-m", "moved")
    before = repository.bytes("ls-tree", "-r", "-z", "HEAD").split(b"\0")

    scrubbed(repository)

    after = repository.bytes("ls-tree", "-r", "-z", "HEAD").split(b"\0")
    changed = [path for path, other in zip(before, after, strict=True) if path != other]
    assert [entry.split(b"\t")[1] for entry in changed] == [b"moved.env"]
    assert repository.bytes("show", "HEAD:moved.env") == b"KEY=" + SHOWN + b"\n"
    assert repository("log", "--follow", "--format=%s", "--", "moved.env").split("\n") == ["moved", "with a key"]


def test_a_repository_of_sha_256_is_scrubbed(tmp_path: Path) -> None:
    repository = started(tmp_path, "--object-format=sha256")
    repository("tag", "-a", "-m", "tag", "v1")

    done = scrubbed(repository)

    assert done.proven
    assert KEY.encode() not in every_object(repository)


def test_a_bare_repository_is_scrubbed(tmp_path: Path) -> None:
    origin = started(tmp_path)
    origin("clone", "-q", "--mirror", "--no-local", origin.path, tmp_path / "bare" / "x.git")
    bare = object.__new__(Repository)
    bare.path = tmp_path / "bare" / "x.git"

    done = scrubbed(bare)

    assert done.proven
    assert KEY.encode() not in every_object(bare)


def test_a_commit_without_a_key_keeps_its_signature_and_one_after_it_loses_it_and_that_is_told(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a": b"a"}, "first")
    signed = _signed(repository)
    repository.commit({"a.env": KEY.encode()}, "with a key")
    _signed(repository)

    done = scrubbed(repository)

    assert done.plan.counts.signed_commits == 1
    assert b"gpgsig" in repository.bytes("cat-file", "commit", signed)
    assert b"gpgsig" not in repository.bytes("cat-file", "commit", "HEAD")
    assert signed in repository("rev-list", "HEAD").split()


def _signed(repository: Repository) -> str:
    commit = repository.bytes("cat-file", "commit", "HEAD")
    mark = b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\n"
    oid = repository("hash-object", "-t", "commit", "-w", "--stdin", given=commit.replace(b"\n\n", mark, 1))
    repository("reset", "-q", "--hard", oid)
    return oid


def test_a_signed_tag_of_a_rewritten_commit_loses_its_signature_and_that_is_told(tmp_path: Path) -> None:
    repository = started(tmp_path)
    tag = f"object {repository('rev-parse', 'HEAD')}\ntype commit\ntag v1\ntagger A <a@example.com> 1 +0000\n\nwords\n"
    tag += "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
    repository(
        "update-ref", "refs/tags/v1", repository("hash-object", "-t", "tag", "-w", "--stdin", given=tag.encode())
    )

    done = scrubbed(repository)

    assert done.plan.counts.signed_tags == 1
    assert repository("cat-file", "tag", "v1").endswith("\n\nwords")
    assert repository("rev-parse", "v1^{commit}") == repository("rev-parse", "HEAD")


def test_notes_follow_the_commits_that_they_are_of(tmp_path: Path) -> None:
    repository = started(tmp_path)
    repository("notes", "add", "-m", "about it", "HEAD")

    scrubbed(repository)

    assert repository("notes", "show", "HEAD") == "about it"


@pytest.mark.parametrize("name", ["HEAD", "HEAD:", "HEAD:folder", "HEAD:folder/a.env", "tagged"])
def test_a_replacement_of_an_object_of_any_kind_replaces_the_new_one(name: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"folder/a.env": b"KEY=\n"}, "clean")
    repository("tag", "-a", "-m", "clean", "other")
    repository.commit({"folder/a.env": f"KEY={KEY}\n".encode()}, "with a key")
    repository("tag", "-a", "-m", "with a key", "tagged")
    other = repository("rev-parse", name.replace("HEAD", "HEAD~1").replace("tagged", "other"))
    repository("replace", repository("rev-parse", name), other)
    before = state(repository)

    done = scrubbed(repository)

    assert done.proven
    new = repository("rev-parse", name)
    assert repository("for-each-ref", "--format=%(objectname) %(refname)", "refs/replace") == (
        f"{other} refs/replace/{new}"
    )
    assert repository("cat-file", "-p", new) == repository("cat-file", "-p", other)
    undo(repository.path, backup_of(repository))
    assert state(repository) == before


def test_a_replacement_of_what_is_gone_or_of_no_object_stays(tmp_path: Path) -> None:
    repository = started(tmp_path)
    repository("update-ref", f"refs/replace/{'1' * 40}", "HEAD:other.txt")
    repository("tag", "-a", "-m", "no id", "odd")
    repository("update-ref", "refs/replace/odd", "HEAD:other.txt")

    scrubbed(repository)

    names = repository("for-each-ref", "--format=%(refname)", "refs/replace").split()
    assert names == [f"refs/replace/{'1' * 40}", "refs/replace/odd"]


def test_stashes_are_kept_with_their_words_and_can_be_applied(tmp_path: Path) -> None:
    repository = started(tmp_path)
    for number in range(2):
        (repository.path / "other.txt").write_text(f"work {number} {KEY}\n")
        repository("stash", "push", "-q", "-m", f"work {number}")
    before = repository("stash", "list")

    scrubbed(repository)

    assert repository("stash", "list") == before
    repository("stash", "apply", "-q", "stash@{1}")
    assert (repository.path / "other.txt").read_bytes() == b"work 0 " + SHOWN + b"\n"


def test_the_work_tree_and_its_index_follow(tmp_path: Path) -> None:
    repository = started(tmp_path)
    (repository.path / "untracked.txt").write_text("mine")

    scrubbed(repository)

    assert (repository.path / "a.env").read_bytes() == b"KEY=" + SHOWN + b"\n"
    assert repository("status", "--porcelain") == "?? untracked.txt"


def test_a_key_in_the_name_of_the_current_branch(tmp_path: Path) -> None:
    repository = started(tmp_path)
    repository("checkout", "-q", "-b", f"fix/{KEY}")
    repository("config", f"branch.fix/{KEY}.description", "text")

    done = scrubbed(repository)

    name = repository("rev-parse", "--abbrev-ref", "HEAD")
    assert done.proven
    assert name.startswith("fix/sk_proj_")
    assert repository("config", f"branch.{name}.description") == "text"
    assert repository("status", "--porcelain") == ""


def test_a_change_that_had_no_reason_is_noticed(tmp_path: Path) -> None:
    repository = started(tmp_path)
    old = repository("rev-parse", "HEAD")
    new = repository.commit({"other.txt": b"tampered\n"})

    with pytest.raises(ScrubError, match="would change in 2 more files"):
        compare(Git(repository.path), Rewritten({old: new}, {}, {}, {}, {}, {}))


def _remade(repository: Repository, commit: bytes) -> str:
    oid = repository("hash-object", "-t", "commit", "-w", "--stdin", given=commit)
    repository("reset", "-q", "--hard", oid)
    return oid


def _with_header(commit: bytes, header: bytes) -> bytes:
    return commit.replace(b"\n\n", b"\n" + header + b"\n\n", 1)


def test_headers_that_git_does_not_know_and_odd_bytes_are_kept(tmp_path: Path) -> None:
    repository = started(tmp_path)
    repository.commit({}, "next")
    plain = repository.bytes("cat-file", "commit", "HEAD")
    header = b"HG:extra branch:one\n two lines\n \n and a third"
    odd = _with_header(plain, header).replace(b"A U Thor <", b"A  > U Thor<").replace(b"next\n", b"next\n\ntwo\n\n\n")
    _remade(repository, odd)

    scrubbed(repository)

    after = repository.bytes("cat-file", "commit", "HEAD")
    assert after.split(b"\n")[2:] == odd.split(b"\n")[2:]


def test_a_header_without_its_key_stays(tmp_path: Path) -> None:
    repository = started(tmp_path)
    repository.commit({}, "next")
    _remade(repository, _with_header(repository.bytes("cat-file", "commit", "HEAD"), f"x-key one\n {KEY}".encode()))

    scrubbed(repository)

    assert b"\nx-key one\n " + SHOWN + b"\n\n" in repository.bytes("cat-file", "commit", "HEAD")


TAGGED = (
    b"object %b\ntype commit\ntag v9\ntagger A <a@example.com> 1 +0000\n\nwords\n"
    b"-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
)


def _merge_of_tag(repository: Repository, of: str) -> bytes:
    """A merge with the signed tag that was merged, as `git merge v9` makes it; it becomes HEAD."""
    tag = (TAGGED % of.encode()).rstrip(b"\n").replace(b"\n", b"\n ")
    parents = f"parent {repository('rev-parse', 'HEAD')}\nparent {of}\n".encode()
    lines = repository.bytes("cat-file", "commit", "HEAD").split(b"\n")
    rest = b"\n".join(line for line in lines if not line.startswith((b"tree ", b"parent ")))
    _remade(repository, _with_header(lines[0] + b"\n" + parents + rest, b"mergetag " + tag))
    return tag


def test_a_merged_tag_of_a_commit_that_stays_keeps_its_signature(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    early = repository.commit({"a": b"a"})
    repository.commit({"a.env": KEY.encode()}, "with a key")
    tag = _merge_of_tag(repository, early)

    done = scrubbed(repository)

    assert b"\nmergetag " + tag + b"\n" in repository.bytes("cat-file", "commit", "HEAD")
    assert done.plan.counts.merged_tags == 0


def test_a_merged_tag_of_a_rewritten_commit_names_the_new_one_and_loses_its_signature_and_that_is_told(
    tmp_path: Path,
) -> None:
    repository = started(tmp_path)
    repository("checkout", "-q", "-b", "side")
    side = repository.commit({"b": b"b"}, "side")
    repository("checkout", "-q", "main")
    _merge_of_tag(repository, side)

    done = scrubbed(repository)

    commit = repository.bytes("cat-file", "commit", "HEAD")
    assert f"\nmergetag object {repository('rev-parse', 'HEAD^2')}\n type commit\n tag v9\n".encode() in commit
    assert b"PGP SIGNATURE" not in commit
    assert done.plan.counts.merged_tags == 1
    assert "error" not in repository("fsck", "--strict")


def test_messages_name_the_new_commits_whole_or_shortened(tmp_path: Path) -> None:
    repository = started(tmp_path)
    first = repository("rev-parse", "HEAD")
    repository.commit({}, f"reverts {first} and {first[:9]}, not {'0' * 40} nor {first[:6]}")

    scrubbed(repository)

    new = repository("rev-parse", "HEAD~1")
    assert repository("log", "-1", "--format=%s") == f"reverts {new} and {new[:9]}, not {'0' * 40} nor {first[:6]}"


def test_a_message_may_name_a_commit_of_a_later_date_on_another_branch(tmp_path: Path) -> None:
    repository = started(tmp_path)
    repository("checkout", "-q", "-b", "side")
    later = {"GIT_COMMITTER_DATE": "2147483648 +0000"}
    repository("commit", "-q", "--allow-empty", "-m", "of a clock that is ahead", env=later)
    ahead = repository("rev-parse", "HEAD")
    repository("checkout", "-q", "main")
    repository.commit({}, f"picked from {ahead}")
    repository.commit({}, "on top of it")

    scrubbed(repository)

    assert repository("log", "-1", "--format=%s", "main~1") == f"picked from {repository('rev-parse', 'side')}"
    assert repository("log", "--format=%s", "main").split("\n")[0] == "on top of it"


@pytest.mark.parametrize("kind", ["sha1", "sha256"])
def test_history_before_the_first_key_keeps_its_ids_and_signatures(kind: str, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository", f"--object-format={kind}")
    repository.commit({"a": b"a"}, "first")
    (repository.path / "module").mkdir()
    repository("update-index", "--add", "--cacheinfo", f"160000,{repository('rev-parse', 'HEAD')},module")
    repository("commit", "-q", "-m", "a submodule")
    _signed(repository)
    repository("tag", "-a", "-m", "before", "v1")
    repository("branch", "clean")
    before = repository("rev-list", "clean"), repository("rev-parse", "v1")
    repository.commit({"a.env": KEY.encode()}, "with a key")
    repository("checkout", "-q", "-b", "side", "clean")
    repository.commit({"b": b"b"}, "side")
    repository("checkout", "-q", "main")
    repository("merge", "-q", "--no-ff", "-m", "merge", "side")

    done = scrubbed(repository)

    assert done.proven
    assert done.plan.counts.signed_commits == 0
    assert (repository("rev-list", "clean"), repository("rev-parse", "v1")) == before
    assert repository("rev-list", "--count", "main") == "5"
    assert repository("ls-tree", "HEAD", "module").startswith("160000 commit ")


def test_a_branch_that_shares_its_history_with_notes_stays_with_them(tmp_path: Path) -> None:
    repository = started(tmp_path)
    repository("notes", "add", "-m", "about it", "HEAD")
    repository("update-ref", "refs/remotes/origin/notes/commits", "refs/notes/commits")
    repository("notes", "append", "-m", f"more {KEY}", "HEAD")

    done = scrubbed(repository)

    assert done.proven
    old, new = (repository("rev-parse", name) for name in ("refs/remotes/origin/notes/commits", "refs/notes/commits~1"))
    assert old == new
    assert repository("notes", "show", "HEAD") == f"about it\n\nmore {SHOWN.decode()}"
