"""`python -m keyguard`."""

from keyguard.cli.entry import main

main()
