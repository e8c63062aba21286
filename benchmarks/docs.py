"""Puts measured figures into ``docs/performance.md``, and draws how the cost grows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.machine import Machine
from benchmarks.plot import svg
from benchmarks.report import PEERS, bound, peer_rows, value
from benchmarks.servers import ROOT

PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "plots"
_BEGIN = "<!-- figures: python -m benchmarks --write-docs -->"
_END = "<!-- end of figures -->"
_PLOTTED = (
    ("resident-set", "Resident set", "MiB", "resident set", 400.0),
    ("reading-cpu", "CPU of reading, for each user", "ms", "reading, CPU a user", None),
    ("writing-cpu", "CPU of writing, for each user", "ms", "writing, CPU a user", None),
    ("idle-cpu", "CPU of a cycle without changes", "s", "nothing changed, CPU", 2.0),
    ("graph-requests", "Graph requests of an initial cycle", "", "Graph requests, initial", None),
)


def write(figures: Sequence[Figure], machine: Machine, measured: str) -> list[Path]:
    """Replaces what stands between the marks of the page; gives the files that were written.

    Raises ``ValueError`` if the page has no marks.
    """
    plots = _draw(figures)
    text = PAGE.read_text(encoding="utf-8")
    before, mark, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (mark and end):
        raise ValueError(f"{PAGE} has no place for figures: {_BEGIN} ... {_END}")
    tables = _page(figures, machine, measured, plots)
    PAGE.write_text(f"{before}{mark}\n{tables}\n{end}{after}", encoding="utf-8")
    return [PAGE, *plots]


def _page(figures: Sequence[Figure], machine: Machine, measured: str, plots: Iterable[Path]) -> str:
    lines = [f"Measured {measured} on {machine.sentence}.", ""]
    rows = peer_rows(figures)
    if rows:
        lines += ["### The program and its peers", ""]
        lines += _table(
            ("scenario", "system", "requests", "seconds", "at 5/s", "429", "wrong", "", "what"),
            rows,
        )
    for measure in dict.fromkeys(f.measure for f in figures if f.measure != PEERS):
        ours = [figure for figure in figures if figure.measure == measure]
        lines += [f"### {measure[0].upper()}{measure[1:]}", ""]
        lines += _table(
            ("", "measured", "bound", "", "source"),
            [(f.subject, value(f), bound(f), f.verdict or "", f.source) for f in ours],
        )
    named = [f"![{path.stem}](plots/{path.name})" for path in plots]
    return "\n".join([*lines, *named]).rstrip()


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    shown = [head, ["---"] * len(head), *rows]
    return [*(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in shown), ""]


def _draw(figures: Iterable[Figure]) -> list[Path]:
    drawn = []
    scaled = [figure for figure in figures if figure.measure == "scale" and figure.at]
    for name, title, unit, what, limit in _PLOTTED:
        lines: dict[str, list[tuple[float, float]]] = {}
        for figure in scaled:
            place, _, said = figure.subject.partition(": ")
            if said == what and figure.value > 0 and figure.at is not None:
                store = place.rpartition(", ")[2]
                lines.setdefault(store, []).append((float(figure.at), figure.value))
        if lines:
            PLOTS.mkdir(parents=True, exist_ok=True)
            path = PLOTS / f"{name}.svg"
            path.write_text(svg(title, unit, lines, limit), encoding="utf-8")
            drawn.append(path)
    return drawn
