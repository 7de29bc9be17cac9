"""Pattern files, loaded: the bundled ones and a user's own, in the same way."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from keyguard.errors import PatternError
from keyguard.patterns.pattern import Pattern, parse

_HERE = Path(__file__).resolve().parent
_SHIPPED = _HERE / "bundled"
PUBLISHED = "published.txt"
_CHECKOUT = _HERE.parent.parent / "patterns"


@dataclass(frozen=True)
class Library:
    """Patterns by their id, in the order of their files, and the published keys that are no secret.

    `published` are digests: see `is_published`.
    """

    patterns: tuple[Pattern, ...]
    published: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Pattern]:
        return iter(self.patterns)

    def __len__(self) -> int:
        return len(self.patterns)

    def __contains__(self, name: object) -> bool:
        return any(pattern.id == name for pattern in self.patterns)

    def __getitem__(self, name: str) -> Pattern:
        for pattern in self.patterns:
            if pattern.id == name:
                return pattern
        raise KeyError(name)

    def is_published(self, key: str) -> bool:
        """Whether a key stands in public documentation, or in the tests of another scanner, as an example."""
        return bool(self.published) and digest(key) in self.published

    def with_files(self, paths: Iterable[Path], text: Callable[[Path], str] | None = None) -> Library:
        """This library and the patterns of further files. `text` gives what stands in one, if not the disk does.

        Raises PatternError where a file cannot be used or an id stands twice.
        """
        library = self
        for path in paths:
            library = Library((*library.patterns, *read(path, library, text)), library.published)
        return library


def bundled() -> Library:
    """The patterns that keyguard ships.

    Raises PatternError where the installation lacks them.
    """
    folder = _SHIPPED if _SHIPPED.is_dir() else _CHECKOUT
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise PatternError(f"{folder}: the pattern files are missing; install keyguard again")
    return Library((), _published(folder / PUBLISHED)).with_files(paths)


def digest(key: str) -> str:
    """What stands for a published key. It is not the fingerprint that reports show."""
    return hashlib.sha256(f"keyguard.published/1:{key}".encode()).hexdigest()


def _published(path: Path) -> frozenset[str]:
    """The digests of a list of published keys: one a line, what follows it and lines of `#` are remarks."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))


def load(paths: Iterable[Path] = ()) -> Library:
    """The bundled patterns and those of `paths`."""
    return bundled().with_files(paths)


def read(path: Path, taken: Library, text: Callable[[Path], str] | None = None) -> list[Pattern]:
    """The patterns of one file. `taken` are those whose ids are not free any more."""
    tables = _tables(path, text)
    patterns: list[Pattern] = []
    for table in tables:
        if not isinstance(table, dict):
            raise PatternError(f"{path}: each [[pattern]] must be a table")
        pattern = parse(table, str(path))
        if pattern.id in taken or any(pattern.id == other.id for other in patterns):
            raise PatternError(f"{path}: pattern {pattern.id}: there is a pattern of this id already")
        patterns.append(pattern)
    return patterns


def _tables(path: Path, text: Callable[[Path], str] | None) -> list[object]:
    try:
        document = tomllib.loads(text(path) if text else path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PatternError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PatternError(f"{path}: is no valid TOML: {error}") from error
    tables = document.pop("pattern", None)
    if not isinstance(tables, list) or not tables or document:
        raise PatternError(f"{path}: must hold [[pattern]] tables and nothing else")
    return tables
