"""`python -m keyguard`: the `keyguard` command."""

import os
import sys

try:
    here = os.getcwd()
except OSError:
    # It is gone: Python looks nowhere first.
    here = ""

# Python looks into the current folder first, which may be a scanned one: nothing of it is to be imported.
if not sys.flags.safe_path and sys.path and sys.path[0] in ("", here):
    del sys.path[0]

from keyguard.cli.entry import main

main()
