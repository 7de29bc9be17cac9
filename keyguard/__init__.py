"""keyguard keeps OpenAI keys out of git.

The library's names stand in `keyguard.api`. They are imported when they are asked for, since a clean commit,
which passes through here too, needs none of them.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyguard.api import *  # noqa: F403
else:

    def __getattr__(name):
        from importlib import import_module
        from importlib.util import find_spec

        # `from keyguard import structure` asks here first. To import the library for that would be a circle.
        if find_spec(f"keyguard.{name}"):
            raise AttributeError(f"module 'keyguard' has not imported {name!r} yet")
        api = import_module("keyguard.api")
        if name in api.__all__:
            return getattr(api, name)
        raise AttributeError(f"module 'keyguard' has no attribute {name!r}")

    def __dir__():
        from importlib import import_module

        return [*globals(), *import_module("keyguard.api").__all__]
