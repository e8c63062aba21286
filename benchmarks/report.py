"""The figures as tables for people and as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure, Size
from benchmarks.machine import Machine

RESULTS = Path(__file__).parent / "results"
PEERS = "peers"
_COLUMNS = ("requests", "seconds", "at 5/s", "429", "wrong")


def print_tables(figures: Sequence[Figure], machine: Machine, console: Console) -> None:
    """One row a figure; rows of one measure stand together. The peers have a table of their own."""
    console.print(f"Measured on {machine.sentence}.")
    table = Table(title="Benchmarks")
    for name, justify in (("measure", "left"), ("subject", "left"), ("value", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    table.add_column("bound", justify="right")
    table.add_column("verdict")
    table.add_column("source")
    previous = ""
    for figure in figures:
        if figure.measure == PEERS:
            continue
        if previous not in ("", figure.measure):
            table.add_section()
        shown = "" if figure.measure == previous else figure.measure
        previous = figure.measure
        table.add_row(
            shown, figure.subject, value(figure), bound(figure), _verdict(figure), figure.source
        )
    if table.row_count:
        console.print(table)
    _print_peers(figures, console)


def _print_peers(figures: Sequence[Figure], console: Console) -> None:
    rows = peer_rows(figures)
    if not rows:
        return
    table = Table(title="The program and its peers")
    for name in ("scenario", "system", *_COLUMNS, "verdict", "what"):
        table.add_column(name, justify="right" if name in _COLUMNS else "left")
    previous = ""
    for row in rows:
        if previous not in ("", row[0]):
            table.add_section()
        shown = "" if row[0] == previous else row[0]
        previous = row[0]
        table.add_row(shown, *row[1:])
    console.print(table)


def peer_rows(figures: Iterable[Figure]) -> list[tuple[str, ...]]:
    """Scenario, system, the columns, ``ok`` or ``over`` and what was wrong: a row for each run."""
    runs: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in figures:
        if figure.measure == PEERS:
            scenario, system, column = figure.subject.split("; ")
            runs.setdefault((scenario, system), {})[column] = figure
    order = list(dict.fromkeys(scenario for scenario, _ in runs))
    rows = []
    for (scenario, system), run in sorted(runs.items(), key=lambda each: order.index(each[0][0])):
        verdicts = {figure.verdict for figure in run.values()} - {None}
        rows.append(
            (
                scenario,
                system,
                *(value(run[name]) if name in run else "" for name in _COLUMNS),
                "over" if "over" in verdicts else "ok" if verdicts else "",
                "; ".join(figure.source for figure in run.values() if figure.source),
            )
        )
    return rows


def write_json(figures: Sequence[Figure], machine: Machine, folder: Path, size: Size) -> Path:
    """Writes the figures with the machine that they hold for; gives the file."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    document = {
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "size": asdict(size),
        "machine": asdict(machine),
        "figures": [{**asdict(figure), "verdict": figure.verdict} for figure in figures],
    }
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def read_json(path: Path) -> tuple[list[Figure], Machine, str]:
    """The figures of a file, the machine, and when they were measured."""
    document = json.loads(path.read_text(encoding="utf-8"))
    figures = []
    for row in document["figures"]:
        del row["verdict"]
        figures.append(Figure(**row))
    return figures, Machine(**document["machine"]), document["time"]


def value(figure: Figure) -> str:
    """The value with its unit."""
    return f"{_number(figure.value)} {figure.unit}".rstrip()


def bound(figure: Figure) -> str:
    """The bound, with the side on which the value has to be."""
    if figure.bound is None:
        return ""
    sign = "<=" if figure.side == "at most" else ">="
    return f"{sign} {_number(figure.bound)}"


def _number(number: float) -> str:
    if number == int(number):
        return f"{int(number):,}"
    return f"{number:,.1f}" if abs(number) >= 100 else f"{number:.3g}"


def _verdict(figure: Figure) -> str:
    return {"ok": "[green]ok[/]", "over": "[red]OVER[/]", None: ""}[figure.verdict]
