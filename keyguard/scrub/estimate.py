"""How long a scrub will take: reckoned from the search that the plan has just made of the same repository."""

from __future__ import annotations

from dataclasses import dataclass

SEARCHES = 3.5
"""The backup, the search of what is new, the packing, the proof and git-fsck take as long as this many searches."""

COMMITS_A_SECOND = 2_500
"""Rewritten. It depends on how many folders deep and how wide the trees are."""

AT_LEAST_S = 0.5
SPREAD = 2.0
"""Of five repositories, of 20 to 20,000 commits, narrow and wide, a scrub took 0.8 to 1.4 times what is reckoned.

Only the shortest took a third of it. Another disk or a busy machine is worth as much again.
"""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds, `least` and `most`, and what they are reckoned from. Writing a large work tree comes on top."""

    least: float
    most: float
    searched: float
    commits: int


def estimate(searched: float, commits: int) -> Estimate:
    """`searched` are the seconds that the search took, `commits` those that will be rewritten."""
    reckoned = AT_LEAST_S + SEARCHES * searched + commits / COMMITS_A_SECOND
    return Estimate(reckoned / SPREAD, reckoned * SPREAD, searched, commits)
