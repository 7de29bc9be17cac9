"""Many ranges of numbers at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def ranges(first: npt.NDArray[np.signedinteger], count: npt.NDArray[np.signedinteger]) -> npt.NDArray[np.int64]:
    """The numbers `first`..`first + count` of each pair, one after the other."""
    before = np.cumsum(count) - count
    numbers: npt.NDArray[np.int64] = np.repeat(first - before, count) + np.arange(int(count.sum()))
    return numbers
