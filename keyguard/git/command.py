"""Every call of git that keyguard makes: hardened, so that nothing of the repository runs.

This module stands on the way of a clean commit, where each millisecond is felt. It therefore imports
nothing but `os`, `sys` and `errors`, and starts git by `posix_spawn` where the system has it: importing
`subprocess` alone takes as long as starting Python (`docs/architecture.md`, "The clean commit").
"""

from __future__ import annotations

import os
import sys

from keyguard.errors import GitError, NotARepositoryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import IO

    Started = tuple[IO[bytes], IO[bytes], IO[bytes], Callable[[], int], Callable[[], None], int]
    # standard input, output and error, how to wait for the exit code, how to kill

# A hostile `.git/config` can name programs for each of these. What is given with -c wins over every file.
# safe.directory: `*` and not the folder's own name, since a hook may run anywhere below it; the repository
# runs nothing under these flags, which is what that check of git's guards against.
FLAGS = (
    "--no-pager",
    "--no-optional-locks",
    "--literal-pathspecs",
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.alternateRefsCommand=",
    "-c", "core.quotePath=false",
    "-c", "core.bigFileThreshold=1g",
    "-c", "core.attributesFile=/dev/null",
    "-c", "diff.external=",
    "-c", "diff.orderFile=/dev/null",
    "-c", "log.showSignature=false",
    "-c", "gpg.program=false",
    "-c", "color.ui=false",
    "-c", "protocol.allow=never",
    "-c", "safe.directory=*",
    "-c", "safe.bareRepository=all",
)  # fmt: skip

SETTINGS = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    # A graft would hide parents of a commit. No file of this name can be.
    "GIT_GRAFT_FILE": os.devnull + "/none",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}

# What git tells a hook about the repository it runs in. Everything else of git's environment is dropped.
OF_THE_HOOK = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_QUARANTINE_PATH",
        "GIT_NAMESPACE",
        "GIT_PREFIX",
        "GIT_COMMON_DIR",
        "GIT_CEILING_DIRECTORIES",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        "GIT_SHARED_INDEX_FILE",
    }
)

READ_BLOCK = 1 << 20


class Git:
    """git in one place.

    `where` is the folder that git is started in (`-C`). `as_hook` keeps what git tells its hooks in the
    environment (which index, which objects); without it the environment of the caller cannot lead elsewhere.
    """

    def __init__(self, where: str | os.PathLike[str] = ".", *, as_hook: bool = False) -> None:
        self.where = os.fspath(where)
        self.as_hook = as_hook

    def at(self, where: str | os.PathLike[str]) -> Git:
        """git in another place of the same repository."""
        return Git(where, as_hook=self.as_hook)

    def run(self, *arguments: str | bytes, given: bytes = b"", succeeds: Sequence[int] = (0,)) -> bytes:
        """What git prints for `arguments`, with `given` on its standard input.

        Raises GitError, with git's own words, where it exits with a code that is not in `succeeds`.
        """
        code, printed, complaint = self.attempt(*arguments, given=given)
        if code not in succeeds:
            raise failure(arguments, code, complaint)
        return printed

    def attempt(self, *arguments: str | bytes, given: bytes = b"") -> tuple[int, bytes, bytes]:
        """git's exit code, standard output and standard error, whatever the code is."""
        with self.start(*arguments, given=given) as process:
            printed = process.stdout.read()
            code = process.wait()
            return code, printed, process.complaint()

    def start(self, *arguments: str | bytes, given: bytes | None = None, aside: bool = False) -> Process:
        """git as a running process, to be used in a `with` statement.

        With `given` that is its whole standard input; with None its input is a pipe that the caller writes. What it
        prints goes through a pipe, or `aside` to memory, where it ends unread as well.
        """
        argv = [executable(), *FLAGS, "-C", self.where, *arguments]
        return Process(argv, environment(os.environ, self.as_hook), given, aside)

    def alternates(self) -> list[str]:
        """The folders of objects that git names to its hooks beside the repository's own."""
        named = os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "") if self.as_hook else ""
        return [folder for folder in named.split(os.pathsep) if folder]


class Process:
    """A child process: `stdin` and `stdout` are binary streams, standard error is kept aside.

    `stdout` may be kept `aside` too, and is to be read from its beginning once the process has ended.
    """

    def __init__(
        self, argv: Sequence[str | bytes], env: dict[str, str], given: bytes | None, aside: bool = False
    ) -> None:
        if hasattr(os, "memfd_create") and hasattr(os, "posix_spawn"):
            started = _spawned(argv, env, given, aside)
        else:
            started = _popened(argv, env, given, aside)
        self.stdin, self.stdout, self._stderr, self._reap, self._kill, self._pid = started
        self._code: int | None = None

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process if it still runs, and give back what it held."""
        for stream in (self.stdin, self.stdout):
            # The process may be gone already, with bytes of ours unread.
            try:
                stream.close()
            except BrokenPipeError:
                continue
        if self._code is None:
            self._kill()
            self.wait()
        self._stderr.close()

    def kill(self) -> None:
        """End the process, if it still runs. Reading from it then comes to its end."""
        if self._code is None:
            self._kill()

    def bound(self, memory: int) -> None:
        """Let the process take no more than so many bytes of memory, where the system can see to that."""
        if sys.platform == "linux":
            import resource

            try:
                resource.prlimit(self._pid, resource.RLIMIT_DATA, (memory, memory))
            except OSError:
                # It has ended already.
                return

    def wait(self) -> int:
        """The exit code (a signal's number, negated, where one ended the process)."""
        if self._code is None:
            self._code = self._reap()
        return self._code

    def answer(self) -> tuple[int, bytes]:
        """The exit code, and all of a standard output that was kept aside."""
        code = self.wait()
        self.stdout.seek(0)
        return code, self.stdout.read()

    def complaint(self) -> bytes:
        """What the process wrote to standard error."""
        self._stderr.seek(0)
        return self._stderr.read(1 << 16)

    def blocks(self) -> Iterator[bytes]:
        """Standard output, block by block, to its end."""
        while block := self.stdout.read(READ_BLOCK):
            yield block


def executable() -> str:
    """The path of git, from PATH.

    A relative entry of PATH is passed over: it could lead into the scanned repository (CVE-2023-40590).
    """
    names = ("git.exe", "git.cmd") if sys.platform == "win32" else ("git",)
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if not os.path.isabs(folder):
            continue
        for name in names:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK) and not os.path.isdir(path):
                return path
    raise GitError("git is not installed, or not on PATH: install it from https://git-scm.com")


def environment(outer: os._Environ[str] | dict[str, str], as_hook: bool) -> dict[str, str]:
    """The environment that git is started with, made from the caller's."""
    kept = {
        name: value for name, value in outer.items() if not name.startswith("GIT_") or (as_hook and name in OF_THE_HOOK)
    }
    return kept | SETTINGS


def failure(arguments: Sequence[str | bytes], code: int, complaint: bytes) -> GitError:
    """The error that stands for a failed call of git."""
    words = complaint.decode("utf-8", "replace").strip().splitlines()
    said = next((line for line in words if line.startswith(("fatal:", "error:"))), words[0] if words else "")
    said = "".join(c if c.isprintable() else "?" for c in said)
    if "not a git repository" in said:
        return NotARepositoryError("this is not a git repository: run keyguard inside one, or name one")
    name = os.fsdecode(arguments[0]) if arguments else "git"
    return GitError(f"git {name} failed with exit code {code}: {said or 'it gave no reason'}")


def _spawned(argv: Sequence[str | bytes], env: dict[str, str], given: bytes | None, aside: bool) -> Started:
    """Start by posix_spawn. Standard error goes to memory, so that no pipe can fill up."""
    ours, theirs = _in_memory() if aside else os.pipe()
    stderr = os.memfd_create("stderr")
    if given is None:
        reads, writes = os.pipe()
    else:
        reads, writes = os.memfd_create("stdin"), -1
        with open(reads, "wb", closefd=False) as file:
            file.write(given)
        os.lseek(reads, 0, os.SEEK_SET)
    try:
        pid = os.posix_spawn(
            os.fspath(argv[0]),
            list(argv),
            env,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, reads, 0),
                (os.POSIX_SPAWN_DUP2, theirs, 1),
                (os.POSIX_SPAWN_DUP2, stderr, 2),
            ],
        )
    except BaseException:
        for descriptor in (ours, stderr, writes):
            if descriptor >= 0:
                os.close(descriptor)
        raise
    finally:
        os.close(theirs)
        os.close(reads)

    def reap() -> int:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def kill() -> None:
        os.kill(pid, 9)

    stdin = open(os.devnull if writes < 0 else writes, "wb", buffering=0)  # noqa: SIM115
    return stdin, open(ours, "rb"), open(stderr, "w+b"), reap, kill, pid


def _in_memory() -> tuple[int, int]:
    """Two ends of one file in memory, which stand at the same place of it."""
    file = os.memfd_create("stdout")
    return file, os.dup(file)


def _popened(argv: Sequence[str | bytes], env: dict[str, str], given: bytes | None, aside: bool) -> Started:
    """Start by subprocess, on systems without posix_spawn or memory files."""
    import subprocess
    import tempfile

    stderr = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
    source: int | IO[bytes] = subprocess.PIPE
    if given is not None:
        source = tempfile.TemporaryFile()  # noqa: SIM115 - likewise
        source.write(given)
        source.seek(0)
    kept = tempfile.TemporaryFile() if aside else None  # noqa: SIM115 - likewise
    process = subprocess.Popen(argv, env=env, stdin=source, stdout=kept or subprocess.PIPE, stderr=stderr)
    stdin = process.stdin or open(os.devnull, "wb")  # noqa: SIM115
    stdout = kept or process.stdout
    assert stdout is not None  # noqa: S101 - it was asked for
    return stdin, stdout, stderr, process.wait, process.kill, process.pid
