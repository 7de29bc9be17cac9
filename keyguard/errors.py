"""What a person can act on: each error's text names the thing and the remedy, and never a key."""


class KeyguardError(Exception):
    """The base of all: `keyguard.cli.entry` prints its text as one line and exits with `exit_code`."""

    exit_code = 2


class UsageError(KeyguardError):
    """A command was asked for something that it cannot do."""


class ConfigError(KeyguardError):
    """A configuration file, an allow or a baseline is not what it should be."""


class PatternError(KeyguardError):
    """A pattern file cannot be used. The text names file, pattern and reason."""


class GitError(KeyguardError):
    """git, or a file of a git repository, did not give what was asked of it."""


class RangeError(KeyguardError):
    """Commits that were to be examined are not here, or there are none. The text names the command that mends it."""


class NotARepositoryError(GitError):
    """The folder is no git repository."""


class DamagedError(GitError):
    """A file or an object of a repository is not what git's format asks for. The text is the reason."""


class ArchiveError(KeyguardError):
    """An archive, or what is packed in it, cannot be read. The text is the reason."""


class BoundError(ArchiveError):
    """An archive holds more than is unpacked: nothing further of it is read."""
