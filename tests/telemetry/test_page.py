"""``docs/telemetry.md`` lists exactly what the catalogue has.

``python -m tests.telemetry.test_page`` prints the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from provisioning.telemetry.catalogue import EVENTS, INSTRUMENTS, SPANS

PAGE = Path(__file__).parents[2] / "docs" / "telemetry.md"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def instruments() -> Iterator[str]:
    for each in INSTRUMENTS:
        cells = each.form.value, f"`{each.unit}`", _names(each.attributes), each.description
        yield f"| `{each.name}` | {' | '.join(cells)} |"


def events() -> Iterator[str]:
    for each in EVENTS:
        cells = _names(each.fields), _names(each.personal), each.description
        yield f"| `{each.name}` | {' | '.join(cells)} |"


def spans() -> Iterator[str]:
    for each in SPANS:
        yield f"| `{each.name}` | {_names(each.attributes)} | {each.description} |"


def _rows(heading: str) -> list[str]:
    part = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in part.splitlines() if line.startswith("| `")]


def test_the_page_has_every_instrument() -> None:
    assert _rows("Instruments") == list(instruments())


def test_the_page_has_every_event() -> None:
    assert _rows("Events") == list(events())


def test_the_page_has_every_span() -> None:
    assert _rows("Traces") == list(spans())


if __name__ == "__main__":
    for table in (instruments, events, spans):
        print("\n".join(table()), end="\n\n")  # noqa: T201
