"""The text of an installed hook: it runs what was there before, then keyguard, and knows whether it was changed."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

KEPT = "{}.before-keyguard"
"""The name under which the hook that was there before is kept."""

_MARK = "# keyguard-hook 1 "
_MADE = "# The folder was made for it.\n"
_READS = ("pre-push", "pre-receive", "post-receive", "post-rewrite")
"""The hooks that git tells something on standard input."""


@dataclass(frozen=True, slots=True)
class Script:
    """A hook's text, as far as it is keyguard's. `ours`: nobody has changed it. `made`: so was its folder."""

    ours: bool
    made: bool


def parsed(text: bytes) -> Script | None:
    """What an installed hook says of itself; None where it is not keyguard's."""
    for line in text.split(b"\n")[:4]:
        if line.startswith(_MARK.encode()):
            body = text.partition(line + b"\n")[2]
            same = hashlib.sha256(body).hexdigest() == line[len(_MARK) :].decode("ascii", "replace")
            return Script(same, _MADE.encode() in body)
    return None


def beside(name: str, command: Sequence[str], *, made: bool = False) -> str:
    """A hook that stands in a repository, beside the one that it took the place of."""
    kept = f'before="$(dirname "$0")/{KEPT.format(name)}"\n'
    return _signed(f"{_MADE if made else ''}{kept}{_body(name, command)}")


def for_all(name: str, command: Sequence[str] | None) -> str:
    """A hook that stands for all repositories: it runs the repository's own, and keyguard where it has a command."""
    own = f'before="$(git rev-parse --git-common-dir)/hooks/{name}"\n'
    if command is not None:
        return _signed(own + _body(name, command))
    return _signed(own + '[ -x "$before" ] || exit 0\nexec "$before" "$@"\n')


def _signed(body: str) -> str:
    checksum = hashlib.sha256(body.encode()).hexdigest()
    return (
        "#!/bin/sh\n"
        "# Written by `keyguard install`. `keyguard uninstall` takes it away and puts back what was here before.\n"
        f"{_MARK}{checksum}\n{body}"
    )


def _body(name: str, command: Sequence[str]) -> str:
    """What was there before comes first: it may change what is to be committed."""
    call = " ".join(map(shlex.quote, command))
    program = shlex.quote(command[0])
    found = (
        f"if [ -x {program} ]; then\n"
        f'  keyguard() {{ {call} "$@"; }}\n'
        "elif ! command -v keyguard >/dev/null; then\n"
        f"  echo {shlex.quote(_GONE.format(command[0]))} >&2\n"
        "  exit 1\n"
        "fi\n"
    )
    if name not in _READS:
        return f'if [ -x "$before" ]; then "$before" "$@" || exit; fi\n{found}keyguard hook {name} "$@"\n'
    # The dot keeps the line ends, which $(…) would cut off.
    return (
        "lines=$(cat; echo .)\nlines=${lines%.}\n"
        'if [ -x "$before" ]; then printf %s "$lines" | "$before" "$@" || exit; fi\n'
        f'{found}printf %s "$lines" | keyguard hook {name} "$@"\n'
    )


_GONE = "keyguard is no longer at {}: install it again and run `keyguard install`. Nothing was looked at."
