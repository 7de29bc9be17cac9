"""The pattern library: what a key looks like, as data. One TOML file a provider."""

from keyguard.patterns.library import Library, bundled, load
from keyguard.patterns.pattern import Context, Pattern

__all__ = ["Context", "Library", "Pattern", "bundled", "load"]
