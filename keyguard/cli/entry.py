"""The way in. A clean commit leaves by the short way, before click and most of keyguard are imported."""

from __future__ import annotations

import gc
import sys

from keyguard.errors import KeyguardError

INTERRUPTED = 130

# Objects made before rings of them are looked for, of which there are hardly any: a twentieth of a short run's time.
SELDOM = 100_000


def main() -> None:
    """The `keyguard` command: runs, and exits with the codes of `docs/usage.md`."""
    gc.set_threshold(SELDOM)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one call. The one place that prints errors: a line, never a key, never a traceback."""
    try:
        from keyguard.cli import quick

        code = quick.run(arguments)
        if code is not None:
            return code
        from keyguard.cli.app import cli

        return cli(arguments)
    except KeyguardError as error:
        return _complain(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return _hang_up()
    except Exception as error:
        return _complain(_unforeseen(error), 2)


def _complain(text: str, code: int) -> int:
    printable = "".join(c if c.isprintable() else "?" for c in _without_keys(text))
    print(f"keyguard: {printable}", file=sys.stderr)
    return code


def _without_keys(text: str) -> str:
    """An error's text, which may repeat what was typed or what stands in a configuration, without any key."""
    from keyguard.redaction import Redaction

    redaction = Redaction()
    try:
        from keyguard.engine import Engine
        from keyguard.model import Blob, Match, StandardInput
        from keyguard.patterns import bundled

        # A key that was typed as an option has hyphens before it.
        for reading in (text, text.replace("--", "  ")):
            for item in Engine(bundled()).examine(Blob(reading.encode("utf-8", "replace"), StandardInput())):
                if isinstance(item, Match):
                    redaction.learn(item.secret)
    except KeyguardError:
        # The pattern library itself is what is broken.
        pass
    return redaction.text(text)


def _hang_up() -> int:
    """Whoever read the output has gone: that is no error, but nor did they see the whole of it."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


def _unforeseen(error: Exception) -> str:
    """A fault of keyguard's own. An exception's text could hold what was scanned, so its place alone is told."""
    import traceback
    from pathlib import Path

    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "keyguard" in frame.filename] or list(frames)
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "an unknown place"
    return f"internal error ({type(error).__name__} at {where}); please report it with the command you ran"
