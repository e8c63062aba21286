"""Figures as tables, as JSON, as a page and as plots."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import docs
from benchmarks.__main__ import main
from benchmarks.figure import TINY, Figure
from benchmarks.machine import Machine, this_machine
from benchmarks.plot import svg
from benchmarks.report import peer_rows, print_tables, read_json, write_json

MACHINE = Machine("a processor", 2, 8.0, "Linux 6", "3.13.0", 0.1)
FIGURES = [
    Figure("pace", "rate used", 97.5, "%", 98.0, "at least", "budget"),
    Figure("pace", "refused", 0.0, "%", 0.1),
    Figure("peers", "first load; program; requests", 1053, "", 1074.0),
    Figure("peers", "first load; program; wrong", 0, "", 0.0),
    Figure("peers", "first load; naive; wrong", 3, "", source="3 accounts missing"),
    Figure("scale", "1,000 users, SQLite: resident set", 80.0, "MiB", 400.0, at=1000),
    Figure("scale", "10,000 users, SQLite: resident set", 110.0, "MiB", 400.0, at=10_000),
]


def test_a_bound_is_kept_on_its_side() -> None:
    assert [figure.verdict for figure in FIGURES[:2]] == ["over", "ok"]
    assert Figure("pace", "time", 1.0, "s").verdict is None


def test_the_tables_name_the_machine_and_what_is_over() -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    print_tables(FIGURES, MACHINE, console)
    shown = console.export_text()
    assert "2 cores of a processor, 8 GiB" in shown
    assert "OVER" in shown
    assert "3 accounts missing" in shown


def test_peers_stand_side_by_side() -> None:
    assert peer_rows(FIGURES) == [
        ("first load", "program", "1,053", "", "", "", "0", "ok", ""),
        ("first load", "naive", "", "", "", "", "3", "", "3 accounts missing"),
    ]


def test_json_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = write_json(FIGURES, MACHINE, tmp_path, TINY)
    figures, machine, when = read_json(path)
    assert (figures, machine) == (FIGURES, MACHINE)
    assert when.endswith("Z")


def test_files_are_put_together_and_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_json(FIGURES, MACHINE, tmp_path, TINY)
    assert main(["--from", str(path)]) == 0
    assert main(["--from", str(path), "--check"]) == 1
    assert "rate used" in capsys.readouterr().out


def test_the_page_gets_tables_and_plots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "performance.md"
    page.write_text(docs.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(docs, "PAGE", page)
    monkeypatch.setattr(docs, "PLOTS", tmp_path / "plots")
    before = page.read_text(encoding="utf-8")
    written = docs.write(FIGURES, MACHINE, "2026-11-26")
    after = page.read_text(encoding="utf-8")
    assert "| rate used | 97.5 % | >= 98 | over | budget |" in after
    assert "![resident-set](plots/resident-set.svg)" in after
    assert written == [page, tmp_path / "plots" / "resident-set.svg"]
    docs.write(FIGURES, MACHINE, "2026-11-26")
    assert page.read_text(encoding="utf-8") == after
    assert after.partition("<!-- figures")[0] == before.partition("<!-- figures")[0]


def test_a_plot_has_a_line_for_each_store_and_the_bound() -> None:
    lines = {"SQLite": [(1000, 80.0), (10_000, 110.0)], "Azurite": [(1000, 90.0)]}
    root = ET.fromstring(svg("Resident set", "MiB", lines, 400.0))
    kinds = [element.tag.rpartition("}")[2] for element in root]
    assert kinds.count("polyline") == 2
    assert kinds.count("circle") == 3
    assert "bound" in [element.text for element in root]


def test_the_machine_is_named() -> None:
    machine = this_machine()
    assert machine.processor
    assert machine.cores > 0
    assert machine.python in machine.sentence
