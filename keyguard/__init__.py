"""keyguard keeps OpenAI keys out of git.

The library's names stand in `keyguard.api`. They are imported when they are asked for, since a clean commit,
which passes through here too, needs none of them.
"""

__version__ = "0.1.0"

__all__ = [
    "Allow",
    "Commit",
    "Confidence",
    "ConfigError",
    "Examined",
    "Exposure",
    "Finding",
    "GitError",
    "KeyguardError",
    "Library",
    "Location",
    "Narrowing",
    "NotARepositoryError",
    "PatternError",
    "Policy",
    "Rule",
    "ScanResult",
    "Secret",
    "Unread",
    "UsageError",
    "load_patterns",
    "render",
    "scan_commits",
    "scan_history",
    "scan_paths",
    "scan_source",
    "scan_staged",
    "scan_text",
    "write_report",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyguard.api import (
        Allow,
        Commit,
        Confidence,
        ConfigError,
        Examined,
        Exposure,
        Finding,
        GitError,
        KeyguardError,
        Library,
        Location,
        Narrowing,
        NotARepositoryError,
        PatternError,
        Policy,
        Rule,
        ScanResult,
        Secret,
        Unread,
        UsageError,
        load_patterns,
        render,
        scan_commits,
        scan_history,
        scan_paths,
        scan_source,
        scan_staged,
        scan_text,
        write_report,
    )
else:

    def __getattr__(name):
        # Not for every name: `from keyguard import structure` asks here before it imports that module.
        if name in __all__:
            from importlib import import_module

            return getattr(import_module("keyguard.api"), name)
        raise AttributeError(f"module 'keyguard' has no attribute {name!r}")

    def __dir__():
        return [*globals(), *__all__]
