"""``python -m benchmarks``: measures, prints the table, writes the JSON.

``--tiny`` only shows that it works; ``--quick`` takes two minutes, without a word some more, and
``--full`` hours, on an idle machine. ``--only`` names measures. ``--check`` exits with status 1
when a bound is not kept; without it the table says so and the status is 0. ``--write-docs`` puts
the figures into ``docs/performance.md``; ``--from`` takes them from JSON files that were written
before, of a measure those of the last file that has it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import (
    counts,
    cpu,
    docs,
    graph_reads,
    hinted,
    imports,
    load,
    log,
    mapping,
    pace,
    package,
    scale,
    shapes,
    webhook,
)
from benchmarks.figure import FULL, QUICK, STANDARD, TINY, Figure, Size
from benchmarks.machine import Machine, this_machine
from benchmarks.peers import table
from benchmarks.report import RESULTS, print_tables, read_json, write_json

MEASURES: dict[str, Callable[[Size], list[Figure]]] = {
    "peers": table.measure,
    "requests": counts.measure,
    "load": load.measure,
    "pace": pace.measure,
    "hint": hinted.measure,
    "webhook": webhook.measure,
    "cpu": cpu.measure,
    "mapping": mapping.measure,
    "scale": scale.measure,
    "shapes": shapes.measure,
    "graph": graph_reads.measure,
    "log": log.measure,
    "import": imports.measure,
    "package": package.measure,
}


_WIDTH = 150
"""Columns of the table when it goes into a file or a pipe."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the arguments ask for; the exit status."""
    options = _parser().parse_args(arguments)
    progress = Console(stderr=True)
    if options.given:
        figures, machine, when = _given(options.given)
    else:
        machine = this_machine()
        figures = _measured(options.only or MEASURES, options.size, progress)
        path = write_json(figures, machine, RESULTS, options.size)
        progress.print(f"written to {path}")
        _, _, when = read_json(path)
    print_tables(figures, machine, Console(width=None if sys.stdout.isatty() else _WIDTH))
    if options.write_docs:
        for path in docs.write(figures, machine, when):
            progress.print(f"written to {path}")
    return int(options.check and any(figure.verdict == "over" for figure in figures))


def _measured(names: Iterable[str], size: Size, progress: Console) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        began = time.perf_counter()
        figures += MEASURES[name](size)
        progress.print(f"{name}: {time.perf_counter() - began:.1f} s")
    return figures


def _given(paths: Sequence[Path]) -> tuple[list[Figure], Machine, str]:
    """The figures of several files, and the machine and the time of the last."""
    by_measure: dict[str, list[Figure]] = {}
    for path in paths:
        figures, machine, when = read_json(path)
        for measure in dict.fromkeys(figure.measure for figure in figures):
            by_measure[measure] = [figure for figure in figures if figure.measure == measure]
    return [figure for found in by_measure.values() for figure in found], machine, when


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.set_defaults(size=STANDARD)
    for name, size, text in (
        ("--tiny", TINY, "shows that it works"),
        ("--quick", QUICK, "smaller sizes, minutes"),
        ("--full", FULL, "larger sizes, hours"),
    ):
        parser.add_argument(name, dest="size", action="store_const", const=size, help=text)
    parser.add_argument("--only", action="append", choices=MEASURES, help="may be repeated")
    parser.add_argument("--write-docs", action="store_true", help="into docs/performance.md")
    parser.add_argument("--from", dest="given", nargs="+", type=Path, help="JSON files")
    parser.add_argument("--check", action="store_true", help="status 1 when a bound is not kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
