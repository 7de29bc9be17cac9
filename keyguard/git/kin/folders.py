"""Folders by their paths, each with a number, and the paths of files below some trees."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from keyguard.errors import GitError
from keyguard.git.kin.arcs import distinct
from keyguard.git.kin.ways import TOO_MANY, Ways
from keyguard.git.odb.catalogue import Numbers

# Bytes of a path, and of all that are told of: folders in each other can be as many as there are objects. And what a
# folder takes besides.
LONGEST_PATH, MOST_OF_PATHS, BESIDES = 1 << 14, 64 << 20, 200
TOO_LONG = "its folders lie so deep in each other that the places of its keys cannot be listed"

# Entries of trees that are looked at in one folder after the other.
MOST_ENTRIES = 10_000_000


class Folders:
    """Paths of folders, each with a number. 0 is that of the root."""

    def __init__(self, names: list[bytes]) -> None:
        self._names = names
        self._paths = [b""]
        self._number: dict[int, int] = {}
        self._left = MOST_OF_PATHS

    def path(self, folder: int) -> bytes:
        """The path of a folder, with a slash at its end."""
        return self._paths[folder]

    def within(self, folders: Numbers, names: Numbers) -> Numbers:
        """The numbers of the folders with these names in `folders`. Raises GitError."""
        keys, which = np.unique(folders * len(self._names) + names, return_inverse=True)
        numbers: Numbers = np.array([self._known(key) for key in keys.tolist()], np.int64)[which.reshape(-1)]
        return numbers

    def _known(self, key: int) -> int:
        if key not in self._number:
            folder, name = divmod(key, len(self._names))
            path = self._paths[folder] + self._names[name] + b"/"
            if len(path) > LONGEST_PATH:
                raise GitError(TOO_LONG)
            self._left -= len(path) + BESIDES
            if self._left < 0:
                raise GitError(TOO_MANY)
            self._number[key] = len(self._paths)
            self._paths.append(path)
        return self._number[key]


def paths(ways: Ways, roots: Numbers, files: Numbers) -> Iterator[tuple[int, bytes]]:
    """Each path of each of `files` below one of `roots`. A tree is looked at once in each folder.

    Raises GitError where these are too many, or too deep.
    """
    names = ways.names()
    folders = Folders(names)
    trees = distinct(roots)
    folder = np.zeros(len(trees), np.int64)
    left, most = MOST_OF_PATHS, MOST_ENTRIES
    while len(trees):
        most -= int(ways.widths(trees).sum())
        if most < 0:
            raise GitError(TOO_MANY)
        which, name, child = ways.entries(trees)
        # A tree in a folder names mostly what the version before it did.
        folder, name, child = np.unique(np.stack([folder[which], name, child]), axis=1)
        for at in np.flatnonzero(np.isin(child, files)).tolist():
            path = folders.path(int(folder[at])) + names[name[at]]
            left -= len(path)
            if left < 0:
                raise GitError(TOO_MANY)
            yield int(child[at]), path
        within = ways.is_tree(child)
        trees, folder = child[within], folders.within(folder[within], name[within])
