"""The figures as a table for people and as JSON for machines."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure, Size

RESULTS = Path(__file__).parent / "results"


def print_table(figures: Sequence[Figure], console: Console) -> None:
    """One row a figure; rows of one measure stand together."""
    table = Table(title="Benchmarks")
    table.add_column("measure")
    table.add_column("subject")
    table.add_column("value", justify="right")
    table.add_column("bound", justify="right")
    table.add_column("kept")
    table.add_column("source")
    previous = ""
    for figure in figures:
        if previous not in ("", figure.measure):
            table.add_section()
        shown = "" if figure.measure == previous else figure.measure
        previous = figure.measure
        table.add_row(
            shown,
            figure.subject,
            f"{_number(figure.value)} {figure.unit}",
            _bound(figure),
            _verdict(figure),
            figure.source,
        )
    console.print(table)


def write_json(figures: Sequence[Figure], folder: Path, size: Size) -> Path:
    """Writes the figures with the machine that they hold for; gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    document = {
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "size": asdict(size),
        "python": platform.python_version(),
        "machine": {"system": platform.system(), "cores": os.cpu_count()},
        "figures": [{**asdict(figure), "kept": figure.kept} for figure in figures],
    }
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def _number(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"


def _bound(figure: Figure) -> str:
    if figure.bound is None:
        return ""
    sign = "<=" if figure.side == "at most" else ">="
    return f"{sign} {_number(figure.bound)}"


def _verdict(figure: Figure) -> str:
    return {True: "[green]yes[/]", False: "[red]NO[/]", None: ""}[figure.kept]
