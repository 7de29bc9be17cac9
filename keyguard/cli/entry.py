"""The way in. A clean commit leaves by the short way, before click and most of keyguard are imported."""

from __future__ import annotations

import gc
import os
import sys

from keyguard.errors import KeyguardError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from keyguard.patterns import Library

INTERRUPTED = 130

# Objects made before rings of them are looked for, of which there are hardly any: a twentieth of a short run's time.
SELDOM = 100_000


def main() -> None:
    """The `keyguard` command: runs, and exits with the codes of `docs/usage.md`."""
    gc.set_threshold(SELDOM)
    _open_streams()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one call. The one place that prints errors: a line, never a key, never a traceback."""
    try:
        return _called(arguments)
    except KeyguardError as error:
        return _complain(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return _hang_up()
    except OSError as error:
        return _complain(_of_the_system(error), 2)
    except Exception as error:
        return _complain(_unforeseen(error), 2)


def _called(arguments: list[str]) -> int:
    from keyguard.cli import quick

    code = quick.run(arguments)
    if code is None:
        from keyguard.cli.app import cli

        code = cli(arguments)
    # Here, and not when Python ends, it can still be told that something was not written.
    sys.stdout.flush()
    return code


def _open_streams() -> None:
    """Give the streams that were closed when Python began something to write to.

    Without that, the next file to be opened would be standard output. `sys.stdin` stays None: nothing is read there.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while os.open(os.devnull, os.O_RDWR) < 2:
        # The lowest number that is free is taken.
        pass
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _complain(text: str, code: int) -> int:
    printable = "".join(c if c.isprintable() else "?" for c in without_keys(text))
    try:
        print(f"keyguard: {printable}", file=sys.stderr, flush=True)
    except OSError:
        _drop(sys.stderr)
    return code


def without_keys(text: str, library: Library | None = None) -> str:
    """What was typed, or repeats what was, without any key. Keys are what the bundled patterns find, or a `library`."""
    from keyguard.redaction import Redaction

    redaction = Redaction()
    try:
        from keyguard.engine import Engine
        from keyguard.model import Blob, Match, StandardInput
        from keyguard.patterns import bundled

        # A key that was typed as an option has hyphens before it.
        for reading in (text, text.replace("--", "  ")):
            for item in Engine(library or bundled()).examine(Blob(reading.encode("utf-8", "replace"), StandardInput())):
                if isinstance(item, Match):
                    redaction.learn(item.secret)
    except KeyguardError:
        # The pattern library itself is what is broken.
        pass
    return redaction.text(text)


def _hang_up() -> int:
    """Whoever read the output has gone: that is no error, but nor did they see the whole of it."""
    _drop(sys.stdout)
    return 141


def _drop(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere: Python would try to write it once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _of_the_system(error: OSError) -> str:
    """What the system refused, where that is room to write or the current folder, which any command needs."""
    import errno

    try:
        sys.stdout.flush()
    except OSError:
        _drop(sys.stdout)
    if error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF):
        return f"cannot write: {error.strerror}"
    try:
        os.getcwd()
    except OSError:
        return "the current folder is gone: go to one that is there"
    return _unforeseen(error)


def _unforeseen(error: Exception) -> str:
    """A fault of keyguard's own. An exception's text could hold what was scanned, so its place alone is told."""
    import traceback
    from pathlib import Path

    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "keyguard" in frame.filename] or list(frames)
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "an unknown place"
    return f"internal error ({type(error).__name__} at {where}); please report it with the command you ran"
