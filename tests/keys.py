"""Keys of every format from a seed, valid in structure, and ones that are broken in each way.

No literal key lies in this repository: tests take theirs from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from keyguard import structure
from keyguard.judge.fakes import SHAPES
from keyguard.patterns.templates import fill

MODERN = {
    "user": ("sk-", 42, 42),
    "service-46": ("sk-svcacct-", 46, 46),
    "service-57": ("sk-svcacct-", 57, 58),
    "service-59": ("sk-svcacct-", 59, 60),
    "project-58": ("sk-proj-", 58, 58),
    "admin": ("sk-admin-", 58, 58),
    "project": ("sk-proj-", 74, 74),
    "service": ("sk-svcacct-", 74, 74),
    "none": ("sk-None-", 74, 74),
}
"""The lengths of the halves that genuine keys were seen with."""

LEGACY = ("sk-", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-", "sk-service-", "sk-my-backend-")


@dataclass(frozen=True)
class Keys:
    """Keys drawn from one seed: the same seed, the same keys."""

    seed: int | str = 0

    def make(self, template: str, number: int = 0) -> str:
        """A template filled so that no part of it looks like a fake by chance."""
        random = Random(f"{self.seed}:{template}:{number}")
        while True:
            text = fill(template, random)
            if not any(test(text) for test in SHAPES):
                return text

    def modern(self, kind: str = "project", number: int = 0) -> str:
        prefix, left, right = MODERN[kind]
        return self.make(f"{prefix}{{modern:{left},{right}}}", number)

    def legacy(self, prefix: str = "sk-", number: int = 0) -> str:
        return self.make(f"{prefix}{{alnum:20}}{structure.MARKER}{{alnum:20}}", number)

    def azure(self, provider: str = "AAAB", number: int = 0) -> str:
        return self.make(f"{{azure84:ACOG,{provider}}}", number)

    def session(self, number: int = 0) -> str:
        return self.make("sess-{alnum:40}", number)

    def unbalanced(self, number: int = 0) -> str:
        """A modern key of which the right half was cut short."""
        return self.modern("project", number)[:-9]

    def without_zero_tail(self, number: int = 0) -> str:
        """A modern key whose last byte was edited."""
        return self.modern("project", number)[:-2] + "_w"

    def wrong_checksum(self, number: int = 0) -> str:
        """An Azure key with its first character changed."""
        key = self.azure(number=number)
        return ("a" if key[0] != "a" else "b") + key[1:]

    def every_kind(self) -> list[str]:
        """One of each kind that is told by its own text."""
        return [
            *(self.modern(kind) for kind in MODERN),
            *(self.legacy(prefix) for prefix in LEGACY),
            self.azure(),
            self.azure("AAAA"),
            self.session(),
        ]
