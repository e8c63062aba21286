"""``python -m benchmarks``: measures, prints the table, writes the JSON.

``--quick`` is the size for a CI run, under a minute; ``--full`` takes many minutes. ``--only``
names measures. ``--check`` exits with status 1 when a bound is not kept; without it the table says
so and the status is 0.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from rich.console import Console

from benchmarks import counts, cpu, imports, mapping, memory, pace, package, peer, webhook
from benchmarks.figure import FULL, QUICK, STANDARD, Figure, Size
from benchmarks.report import RESULTS, print_table, write_json

MEASURES: dict[str, Callable[[Size], list[Figure]]] = {
    "requests": counts.measure,
    "pace": pace.measure,
    "cpu": cpu.measure,
    "mapping": mapping.measure,
    "memory": memory.measure,
    "import": imports.measure,
    "webhook": webhook.measure,
    "package": package.measure,
    "peer": peer.measure,
}


_WIDTH = 130
"""Columns of the table when it goes into a file or a pipe."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the arguments ask for; the exit status."""
    options = _parser().parse_args(arguments)
    size = options.size
    progress = Console(stderr=True)
    figures: list[Figure] = []
    for name in options.only or MEASURES:
        began = time.perf_counter()
        figures += MEASURES[name](size)
        progress.print(f"{name}: {time.perf_counter() - began:.1f} s")
    print_table(figures, Console(width=None if sys.stdout.isatty() else _WIDTH))
    path = write_json(figures, RESULTS, size)
    progress.print(f"written to {path}")
    return int(options.check and any(figure.kept is False for figure in figures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.set_defaults(size=STANDARD)
    for name, size, text in (
        ("--quick", QUICK, "smaller sizes, under a minute"),
        ("--full", FULL, "larger sizes, many minutes"),
    ):
        parser.add_argument(name, dest="size", action="store_const", const=size, help=text)
    parser.add_argument("--only", action="append", choices=MEASURES, help="may be repeated")
    parser.add_argument("--check", action="store_true", help="status 1 when a bound is not kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
