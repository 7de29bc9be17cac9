"""keyguard keeps OpenAI keys out of git."""

__version__ = "0.1.0"
