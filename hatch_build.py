"""The build of keyguard's extension in C. Where that cannot be, keyguard is installed without it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

NAME = "keyguard.git.odb._native"
SOURCES = "keyguard/git/odb/native"

# The oldest Python whose stable ABI is used; the extension then fits all later ones.
ABI = "cp311-abi3"

FAILURES = (BaseError, CCompilerError, OSError)


class NativeBuildHook(BuildHookInterface[Any]):
    """Compiles the extension beside its modules, for a wheel and for an editable install alike."""

    PLUGIN_NAME = "custom"

    def initialize(self, _version: str, build_data: dict[str, Any]) -> None:
        """Have the extension in the wheel, if there is one."""
        built = self._built()
        if built:
            build_data["pure_python"] = False
            build_data["tag"] = f"{ABI}-{_platform()}"
            build_data["artifacts"].append(built)

    def _built(self) -> str | None:
        """The path of the extension within the project."""
        try:
            return self._compiled()
        except FAILURES as error:
            self.app.display_warning(f"keyguard is installed without its extension in C: {error}")
            return None

    def _compiled(self) -> str:
        root = Path(self.root)
        sources = sorted(path.relative_to(root).as_posix() for path in (root / SOURCES).glob("*.c"))
        extension = Extension(NAME, sources, py_limited_api=True)
        command = build_ext(Distribution({"name": "keyguard", "ext_modules": [extension]}))
        with tempfile.TemporaryDirectory() as folder:
            command.build_lib = command.build_temp = folder
            command.ensure_finalized()
            command.run()
            built = Path(command.get_ext_fullpath(NAME))
            return _moved(built, root / built.relative_to(folder)).relative_to(root).as_posix()


def _moved(built: Path, place: Path) -> Path:
    # In one go: a process may be running that has the one before in its memory, and another just begin to.
    with tempfile.TemporaryDirectory(dir=place.parent) as beside:
        copy = shutil.copy(built, beside)
        Path(copy).replace(place)
    return place


def _platform() -> str:
    """The platform of this machine, as the name of a wheel has it that nobody has made fit for others."""
    platforms = (tag.platform for tag in sys_tags())
    return next(name for name in platforms if not name.startswith(("manylinux", "musllinux")))
