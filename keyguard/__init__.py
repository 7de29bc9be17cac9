"""keyguard keeps OpenAI keys out of git.

The library's names stand in `keyguard.api`. They are imported when they are asked for, since a clean commit,
which passes through here too, needs none of them.
"""

__version__ = "0.1.0"

# The names of `keyguard.api`. A name that is none of these is a module's, and costs nothing to say no to.
_API = frozenset(
    """
    Allow Commit Confidence ConfigError Examined Exposure Finding GitError KeyguardError Library
    Location NotARepositoryError PatternError Policy Rule ScanResult Secret Unread UsageError
    load_patterns render scan_paths scan_source scan_staged scan_text write_report
    """.split()
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyguard.api import *  # noqa: F403
else:

    def __getattr__(name):
        if name not in _API:
            raise AttributeError(f"module 'keyguard' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module("keyguard.api"), name)

    def __dir__():
        return [*globals(), *_API]
