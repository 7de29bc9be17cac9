"""`keyguard scan` looks at files, folders and standard input as they are, and says what it could not read."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyguard.engine import Engine
from keyguard.source import files
from tests.conftest import Call, Repo, run_apart
from tests.keys import Keys


@pytest.fixture
def key(keys: Keys) -> str:
    return keys.modern()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir()
    return path


def test_a_file_is_examined(folder: Path, scan: Call, key: str) -> None:
    (folder / "a.env").write_text(f"A=1\nKEY={key}\n")

    assert scan("a.env", cwd=folder).places == [("a.env", 2, 5)]


def test_without_a_path_the_current_folder_is_examined(folder: Path, scan: Call, key: str) -> None:
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "sub" / "deep" / "a.env").write_text(key)

    assert scan(cwd=folder).paths == ["sub/deep/a.env"]


def test_a_folder_is_examined_by_the_path_that_was_given(folder: Path, scan: Call, key: str) -> None:
    (folder / "a.env").write_text(key)

    assert scan(folder).paths == [str(folder / "a.env")]


def test_several_paths_are_examined_once_each(folder: Path, scan: Call, key: str) -> None:
    (folder / "a").write_text(key)
    (folder / "b").write_text("x")
    ran = scan("a", "b", "a", ".", cwd=folder)

    assert (ran.paths, ran.report["scan"]["blobs"]) == (["a"], 2)


def test_a_clean_folder_gives_0(folder: Path, keyguard: Call) -> None:
    (folder / "a").write_text("x")
    ran = keyguard("scan", cwd=folder)

    assert (ran.code, ran.out) == (0, "No keys found: 1 file, 1 byte examined.\n")


def test_an_examination_of_nothing_is_said_to_be_one(folder: Path, keyguard: Call) -> None:
    ran = keyguard("scan", cwd=folder)

    assert (ran.code, ran.out.startswith("Nothing was examined")) == (0, True)


def test_a_path_that_is_not_there_gives_2(folder: Path, keyguard: Call) -> None:
    ran = keyguard("scan", "nowhere", cwd=folder)

    assert (ran.code, ran.err) == (2, "keyguard: nowhere: there is no such file or folder\n")


def test_an_empty_file_is_examined(folder: Path, scan: Call) -> None:
    (folder / "a").write_text("")

    assert scan(cwd=folder).report["scan"]["blobs"] == 1


@pytest.mark.parametrize("given", [b"KEY=%s\n", b"%s", b"x" * 100_000 + b" %s " + b"y" * 100_000])
def test_standard_input_is_examined(folder: Path, key: str, given: bytes) -> None:
    ran = run_apart("scan", "-", cwd=folder, given=given.replace(b"%s", key.encode()))

    assert (ran.returncode, b"stdin:1:" in ran.stdout, key.encode() in ran.stdout) == (1, True, False)


def test_clean_standard_input_gives_0(folder: Path) -> None:
    assert run_apart("scan", "-", cwd=folder, given=b"nothing\n").returncode == 0


def test_a_file_called_minus_can_be_named(folder: Path, scan: Call, key: str) -> None:
    (folder / "-").write_text(key)

    assert scan("./-", cwd=folder).paths == ["./-"]


# Content of every kind.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
def test_text_in_any_encoding_is_examined(folder: Path, scan: Call, key: str, encoding: str) -> None:
    (folder / "a.txt").write_bytes(f"Größe = 1\r\n  naïve £ schlüssel = '{key}'\r\n".encode(encoding))

    assert scan(cwd=folder).places == [("a.txt", 2, 24)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_an_unmarked_key_in_utf_16_is_found(folder: Path, scan: Call, keys: Keys, encoding: str) -> None:
    (folder / "a.txt").write_bytes(f"first line\r\ntoken: {keys.session()}\r\n".encode(encoding))

    assert scan(cwd=folder).places == [("a.txt", 2, 8)]


def test_a_key_within_a_binary_file_is_found(folder: Path, scan: Call, key: str) -> None:
    (folder / "a.bin").write_bytes(bytes(range(256)) * 9 + key.encode() + b"\0\xff" * 99)

    assert scan(cwd=folder).code == 1


@pytest.mark.parametrize("before", [b"", b"\x01", b"\x01\x02\x03"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_within_a_binary_file_is_found_at_any_alignment(
    folder: Path, scan: Call, key: str, before: bytes, encoding: str
) -> None:
    (folder / "a.exe").write_bytes(bytes(range(1, 255)) * 9 + before + key.encode(encoding) + b"\xfe\xca" * 99)

    assert [f["sha256"] for f in scan(cwd=folder).findings] == [hashlib.sha256(key.encode()).hexdigest()]


def test_one_line_of_30_megabytes_is_examined(folder: Path, scan: Call, key: str) -> None:
    line = b"var a=[%s];" % (b"12345678," * (30 << 20 >> 3))
    (folder / "a.min.js").write_bytes(line + f'"{key}"'.encode() + line[:100])

    assert scan(cwd=folder).places == [("a.min.js", 1, len(line) + 2)]


def test_a_file_whose_size_is_not_told_is_read_to_its_end(folder: Path, scan: Call, key: str) -> None:
    many = {f"FILLER_{number}": "x" * 100_000 for number in range(8)}
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], env={**many, "LAST": key}, stdin=subprocess.PIPE, cwd=folder
    ) as process:
        ran = scan(f"/proc/{process.pid}/environ")
        assert process.stdin
        process.stdin.write(b"\n")

    assert ran.code == 1


@pytest.mark.parametrize(
    "name",
    [
        b"with space",
        b"new\nline",
        b"\xff\xfe",
        "größe".encode(),
        b"-leading",
        b"--output=x",
        b":colon",
        b"*",
        b"\x1b[31mred",
        b"'\"`$",
        b".hidden",
        b"a" * 250,
        b"package-lock.json",
        b"a.min.js",
        b"a.svg",
        b"node_modules/x.js",
        b"vendor/x",
        b"a.png",
        b"a.pyc",
    ],
)
@pytest.mark.parametrize("in_a_repository", [False, True])
def test_a_file_of_any_name_is_examined(folder: Path, scan: Call, key: str, name: bytes, in_a_repository: bool) -> None:
    repo = Repo.made(folder) if in_a_repository else Repo(folder)
    repo.write(name, key)

    assert scan(cwd=folder).places == [(os.fsdecode(name), 1, 1)]


def test_control_characters_of_a_name_do_not_reach_a_terminal(folder: Path, keyguard: Call, key: str) -> None:
    (folder / "a\x1b[2Jb\nc\x9b").write_text(key)
    ran = keyguard("scan", cwd=folder)

    assert "a\\x1b[2Jb\\nc\\x9b:1:1: " in ran.out


# Links and what is no file.


@pytest.mark.parametrize("in_a_repository", [False, True])
def test_a_link_is_not_followed(folder: Path, tmp_path: Path, scan: Call, key: str, in_a_repository: bool) -> None:
    if in_a_repository:
        Repo.made(folder)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.env").write_text(key)
    (folder / "to a file").symlink_to(tmp_path / "outside" / "a.env")
    (folder / "to a folder").symlink_to(tmp_path / "outside")

    assert scan(cwd=folder).findings == []


@pytest.mark.parametrize("in_a_repository", [False, True])
def test_a_links_target_is_text_that_is_examined(folder: Path, scan: Call, key: str, in_a_repository: bool) -> None:
    if in_a_repository:
        Repo.made(folder)
    (folder / "dangling").symlink_to(f"x-{key}")

    assert scan(cwd=folder).places == [("dangling", 1, 3)]


def test_links_in_a_circle_do_not_hold_a_scan_up(folder: Path, scan: Call, key: str) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    (folder / "self").symlink_to(".")
    (folder / "c").write_text(key)

    assert (scan(cwd=folder).paths, scan(cwd=folder).report["complete"]) == (["c"], True)


def test_a_link_that_is_named_is_followed(folder: Path, tmp_path: Path, scan: Call, key: str) -> None:
    (tmp_path / "a.env").write_text(key)
    (folder / "link").symlink_to(tmp_path / "a.env")

    assert scan("link", cwd=folder).paths == ["link"]


@pytest.mark.parametrize("target", ["nowhere-{}", "{}"])
def test_a_link_that_is_named_and_leads_nowhere_is_text(folder: Path, scan: Call, key: str, target: str) -> None:
    (folder / "link").symlink_to(target.format(key))

    assert scan("link", cwd=folder).paths == ["link"]


def test_a_circle_that_is_named_is_text(folder: Path, scan: Call) -> None:
    (folder / "a").symlink_to("a")
    ran = scan("a", cwd=folder)

    assert (ran.code, ran.report["scan"]["blobs"]) == (0, 1)


@pytest.mark.parametrize("in_a_repository", [False, True])
def test_a_pipe_or_a_socket_in_a_folder_does_not_hold_a_scan_up(
    folder: Path, scan: Call, key: str, in_a_repository: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if in_a_repository:
        Repo.made(folder)
    os.mkfifo(folder / "pipe")
    # A socket's path must be short.
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        (folder / "z").write_text(key)
        ran = scan(cwd=folder)

    assert (ran.paths, ran.report["complete"], ran.report["scan"]["blobs"]) == (["z"], True, 1)


def test_a_pipe_that_is_named_is_read(folder: Path, scan: Call, key: str) -> None:
    os.mkfifo(folder / "pipe")
    with subprocess.Popen(["sh", "-c", f"echo 'KEY={key}' > pipe"], cwd=folder):
        ran = scan("pipe", cwd=folder)

    assert ran.places == [("pipe", 1, 5)]


# git's ignored files, and repositories in repositories.


def test_what_git_ignores_is_left_out(folder: Path, scan: Call, key: str) -> None:
    repo = Repo.made(folder)
    repo.write(".gitignore", "ignored\nbuild/\n")
    repo.write("ignored", key)
    repo.write("build/x", key)
    repo.write("seen", key)

    assert scan(cwd=folder).paths == ["seen"]


def test_with_no_ignore_it_is_examined_too(folder: Path, scan: Call, key: str) -> None:
    repo = Repo.made(folder)
    repo.write(".gitignore", "ignored\nbuild/\n")
    repo.write("ignored", key)
    repo.write("build/x", key)

    assert scan("--no-ignore", cwd=folder).paths == ["build/x", "ignored"]


def test_a_tracked_file_is_examined_even_if_it_is_ignored(folder: Path, scan: Call, key: str) -> None:
    repo = Repo.made(folder)
    repo.stage("ignored", key)
    repo.write(".gitignore", "ignored\n")

    assert scan(cwd=folder).paths == ["ignored"]


def test_an_ignored_file_that_is_named_is_examined(folder: Path, scan: Call, key: str) -> None:
    repo = Repo.made(folder)
    repo.write(".gitignore", "ignored\n")
    repo.write("ignored", key)

    assert scan("ignored", cwd=folder).paths == ["ignored"]


def test_the_ignore_rules_hold_below_a_subfolder_too(folder: Path, scan: Call, key: str) -> None:
    repo = Repo.made(folder)
    repo.write(".gitignore", "*.log\n")
    repo.write("sub/a.log", key)
    repo.write("sub/a.txt", key)

    assert (scan("sub", cwd=folder).paths, scan(cwd=folder / "sub").paths) == (["sub/a.txt"], ["a.txt"])


def test_a_users_own_ignore_file_hides_nothing(
    folder: Path, scan: Call, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ignore").write_text("*\n")
    (tmp_path / "gitconfig").write_text(f"[core]\n\texcludesFile = {tmp_path / 'ignore'}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    Repo.made(folder).write("a.env", key)

    assert scan(cwd=folder).paths == ["a.env"]


def test_a_tracked_file_that_was_deleted_is_not_missed(folder: Path, scan: Call) -> None:
    repo = Repo.made(folder)
    repo.stage("gone", "x")
    (folder / "gone").unlink()

    assert scan(cwd=folder).report["complete"]


def test_the_git_folder_is_left_out(folder: Path, scan: Call, key: str) -> None:
    repo = Repo.made(folder)
    (repo.path / ".git" / "config.bak").write_text(key)

    assert (scan(cwd=folder).code, scan("--no-ignore", cwd=folder).code) == (0, 0)


@pytest.mark.parametrize("outer", [False, True])
def test_a_repository_within_is_examined_by_its_own_rules(folder: Path, scan: Call, key: str, outer: bool) -> None:
    if outer:
        Repo.made(folder)
    inner = Repo.made(folder / "sub" / "inner")
    inner.write(".gitignore", "ignored\n")
    inner.write("ignored", key)
    inner.write("seen", key)

    assert scan(cwd=folder).paths == ["sub/inner/seen"]


@pytest.mark.parametrize("initialised", [False, True])
def test_a_submodules_files_are_examined(folder: Path, scan: Call, key: str, tmp_path: Path, initialised: bool) -> None:
    other = Repo.made(tmp_path / "other")
    other.committed("a.env", key)
    repo = Repo.made(folder)
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "sub")
    if not initialised:
        repo.git("submodule", "--quiet", "deinit", "--force", "sub")
        repo.write("sub/a.env", key)

    assert scan(cwd=folder).paths == ["sub/a.env"]


def test_a_linked_worktree_is_examined(folder: Path, scan: Call, key: str, tmp_path: Path) -> None:
    repo = Repo.made(folder)
    repo.committed("a.env", key)
    repo.git("worktree", "add", "--quiet", str(tmp_path / "linked"))

    assert scan(cwd=tmp_path / "linked").paths == ["a.env"]


def test_a_sparse_checkout_is_examined(folder: Path, scan: Call, key: str) -> None:
    repo = Repo.made(folder)
    repo.stage("in/a", key)
    repo.stage("out/b", key)
    repo.commit()
    repo.git("sparse-checkout", "set", "--cone", "in")

    assert (scan(cwd=folder).paths, scan(cwd=folder).report["complete"]) == (["in/a"], True)


def test_a_broken_git_file_hides_nothing(folder: Path, scan: Call, key: str) -> None:
    (folder / ".git").write_text("gitdir: /nowhere/at/all\n")
    (folder / "a.env").write_text(key)

    assert scan(cwd=folder).paths == ["a.env"]


@pytest.mark.parametrize("worktree", ["/", "../elsewhere", "..", "sub"])
def test_a_repository_that_says_its_work_tree_is_elsewhere_hides_nothing(
    folder: Path, scan: Call, key: str, worktree: str
) -> None:
    (folder.parent / "elsewhere").mkdir()
    repo = Repo.made(folder)
    repo.write("sub/b", "x")
    repo.write("a.env", key)
    repo.config("core.worktree", str((folder / worktree).resolve()))

    assert scan(cwd=folder).paths == ["a.env"]


def test_a_bare_repository_as_a_folder_is_examined_as_files(folder: Path, scan: Call, key: str) -> None:
    repo = Repo.made(folder, "--bare")
    repo.write("description", key)

    assert scan(cwd=folder).paths == ["description"]


def test_the_callers_environment_does_not_lead_a_scan_elsewhere(
    folder: Path, scan: Call, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repo.made(tmp_path / "other")
    Repo.made(folder).write("a.env", key)
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))

    assert scan(cwd=folder).paths == ["a.env"]


# What cannot be read.


def test_a_file_that_may_not_be_read_makes_the_scan_incomplete(nobodys: Path, scan: Call) -> None:
    (nobodys / "closed").write_text("x")
    (nobodys / "closed").chmod(0)
    ran = scan(cwd=nobodys)

    assert (ran.code, ran.report["complete"]) == (3, False)
    assert ran.report["unread"] == [{"what": "closed", "reason": "permission denied", "count": 1}]


def test_a_key_beside_a_file_that_may_not_be_read_gives_1(nobodys: Path, scan: Call, key: str) -> None:
    (nobodys / "closed").write_text("x")
    (nobodys / "closed").chmod(0)
    (nobodys / "open").write_text(key)
    ran = scan(cwd=nobodys)

    assert (ran.code, ran.paths, ran.report["complete"]) == (1, ["open"], False)


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("in_a_repository", [False, True])
def test_a_folder_that_may_not_be_read_makes_the_scan_incomplete(
    nobodys: Path, scan: Call, in_a_repository: bool, ignored: bool
) -> None:
    if in_a_repository:
        Repo.made(nobodys)
    (nobodys / "sub" / "closed").mkdir(parents=True)
    (nobodys / "sub" / "closed").chmod(0)
    (nobodys / "open").write_text("x")
    ran = scan(*(["--no-ignore"] if ignored else []), cwd=nobodys)

    assert ran.code == 3
    assert [(entry["what"].rstrip("/"), entry["reason"]) for entry in ran.report["unread"]] == [
        ("sub/closed", "permission denied")
    ]


def test_a_file_whose_reading_fails_makes_the_scan_incomplete(scan: Call) -> None:
    ran = scan("/proc/self/mem")

    assert (ran.code, ran.report["unread"][0]["reason"]) == (3, "input/output error")


def test_what_lies_too_deep_to_be_opened_makes_the_scan_incomplete(folder: Path, scan: Call, key: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=descriptor)
        deeper = os.open("d" * 250, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = deeper
    with open(os.open("a.env", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor), "w") as file:
        file.write(key)
    os.close(descriptor)
    ran = scan(cwd=folder)
    subprocess.run(["rm", "-rf", str(folder)], check=True)

    assert (ran.code, ran.report["complete"]) == (3, False)


def test_a_file_that_goes_while_it_is_scanned_is_not_an_error(
    folder: Path, scan: Call, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a").write_text("x")
    (folder / "b").write_text(key)
    before = files.Files._file

    def after_a_deletion(self: files.Files, engine: Engine, path: str) -> Iterator[object]:
        (folder / "a").unlink(missing_ok=True)
        return before(self, engine, path)

    monkeypatch.setattr(files.Files, "_file", after_a_deletion)

    assert (scan(cwd=folder).paths, scan(cwd=folder).report["complete"]) == (["b"], True)


# Keys in names.


def test_a_key_in_a_files_name_is_found_and_never_shown(folder: Path, keyguard: Call, key: str) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / f"backup-{key}.env").write_text("x")
    text = keyguard("scan", cwd=folder)
    json = keyguard("scan", "--format", "json", cwd=folder)

    assert (text.code, json.code, key in text.out + json.out) == (1, 1, False)
    assert f"sub/backup-sk-proj-{key[8:12]}…{key[-4:]}.env (the file's name)" in text.out


def test_a_key_in_a_folders_name_is_never_shown(folder: Path, keyguard: Call, key: str) -> None:
    (folder / key).mkdir()
    (folder / key / "a").write_text(key)
    ran = keyguard("scan", str(folder / key), cwd=folder)

    assert (ran.code, key in ran.out + ran.err) == (1, False)


def test_an_unreadable_files_name_with_a_key_is_never_shown(nobodys: Path, keyguard: Call, key: str) -> None:
    (nobodys / key).write_text("x")
    (nobodys / key).chmod(0)
    ran = keyguard("scan", cwd=nobodys)

    assert (key in ran.out + ran.err, "permission denied" in ran.out) == (False, True)
