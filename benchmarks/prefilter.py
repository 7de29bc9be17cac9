"""How many bytes a second go through the prefilter with all anchors, on one core, from memory."""

from __future__ import annotations

import statistics
import sysconfig
import time
from pathlib import Path
from random import Random

from benchmarks.noise import SAMPLES
from keyguard.engine import anchors
from keyguard.patterns import bundled
from keyguard.prefilter import Prefilter

SIZE = 16 << 20
RUNS = 9


def main() -> None:
    prefilter = Prefilter(anchors(bundled()))
    print(f"{len(prefilter.anchors)} anchors\n\n| content | GB/s |\n| --- | --- |")
    contents = {"the standard library's source": library(), **{k: make(Random(3), SIZE) for k, make in SAMPLES.items()}}
    for name, data in contents.items():
        print(f"| {name} | {_rate(prefilter, data):.1f} |")


def library() -> bytes:
    """Real source code that is on every machine."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("**/*.py"))
    return b"".join(path.read_bytes() for path in files if "site-packages" not in path.parts)[:SIZE]


def _rate(prefilter: Prefilter, data: bytes) -> float:
    """The median of several runs, in GB/s."""
    rates = []
    for _ in range(RUNS):
        began = time.perf_counter()
        prefilter.hits(data)
        rates.append(len(data) / (time.perf_counter() - began) / 1e9)
    return statistics.median(rates)


if __name__ == "__main__":
    main()
