"""How bad a finding is, on the scale that the formats of the forges share."""

from __future__ import annotations

import enum

from keyguard.model import Confidence, Finding

OWN = ("openai", "azure-openai")
"""The providers whose keys are told by their structure."""


class Severity(enum.IntEnum):
    """From a key that is dead, or may be none, to one that opens an account."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        return self.name.lower()

    @property
    def score(self) -> str:
        """The number from 0 to 10 that GitHub's bands are made of (`security-severity`)."""
        return {"LOW": "3.0", "MEDIUM": "5.5", "HIGH": "8.0", "CRITICAL": "9.5"}[self.name]


def severity(finding: Finding) -> Severity:
    """By what asking the provider gave, if it was asked; else by how sure it is that this is a key, and whose."""
    if finding.status == "live":
        return Severity.CRITICAL
    if finding.status == "dead":
        return Severity.LOW
    if finding.confidence is Confidence.HIGH:
        return Severity.CRITICAL if finding.rule.provider in OWN else Severity.HIGH
    return Severity.MEDIUM if finding.confidence is Confidence.MEDIUM else Severity.LOW
