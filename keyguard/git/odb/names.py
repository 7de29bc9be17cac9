"""The names in trees, each with a place by which the rest of this package speaks of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keyguard.git.odb.catalogue import Numbers

# How many names are kept, and how many bytes of them. With more, git is asked.
MOST_NAMES, MOST_OF_NAMES = 1 << 20, 32 << 20

# The place of the empty name, which nothing has in a tree.
NO_NAME = 0


class Names:
    """Names, each with a place."""

    def __init__(self) -> None:
        self._places = {b"": NO_NAME}
        self._width = 0

    def places(self, names: Sequence[bytes]) -> Numbers | None:
        """The place of each of some names, which have one from then on; None where these are too many."""
        known = self._places
        places = []
        for name in names:
            place = known.get(name)
            if place is None:
                place = known[name] = len(known)
                self._width += len(name) + 1
                if self._width >= MOST_OF_NAMES or place == MOST_NAMES:
                    return None
            places.append(place)
        return np.array(places, np.int64)

    def together(self) -> bytes:
        """All names by their places, with a NUL behind each."""
        return b"".join(name + b"\0" for name in self._places)


def taken_apart(names: bytes) -> list[bytes]:
    """Names that were put `together`."""
    return names.split(b"\0")[:-1]
