"""How fast, how much memory, and how sure: `python -m benchmarks.staged`, `.scan`, `.prefilter`, `.noise`."""
