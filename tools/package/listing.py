"""What is in a package, by top-level name and by distribution."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from rich.console import Console
from rich.table import Table

from tools.package.dependencies import SITE_PACKAGES

_SHOWN = 12
"""Dependencies that the table names, the largest ones; the JSON has all."""

_BYTECODE = re.compile(r"__pycache__/([^/]+)\.cpython-\d+\.pyc$")


@dataclass(frozen=True, slots=True)
class Part:
    """A top-level name of the app, or a dependency. Sizes are in bytes."""

    name: str
    dependency: bool
    files: int
    size: int
    zipped: int


def list_parts(archive: Path, owners: Mapping[str, str]) -> list[Part]:
    """The parts of a zip: the app's own first, then the dependencies from the largest on."""
    sums: dict[tuple[bool, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    with ZipFile(archive) as packed:
        for entry in packed.infolist():
            total = sums[_owner(entry.filename, owners)]
            for index, value in enumerate((1, entry.file_size, entry.compress_size)):
                total[index] += value
    parts = [Part(name, dependency, *total) for (dependency, name), total in sums.items()]
    return sorted(parts, key=lambda part: (part.dependency, -part.size, part.name))


def summed(name: str, parts: Sequence[Part]) -> Part:
    """Several parts as one."""
    return Part(
        name,
        all(part.dependency for part in parts),
        sum(part.files for part in parts),
        sum(part.size for part in parts),
        sum(part.zipped for part in parts),
    )


def print_parts(parts: Sequence[Part], console: Console) -> None:
    """The table for people."""
    own = [part for part in parts if not part.dependency]
    rest = [part for part in parts if part.dependency]
    table = Table(title="Deployment package")
    table.add_column("part")
    for name in ("files", "kB", "kB zipped"):
        table.add_column(name, justify="right")
    for part in own:
        _add(table, part)
    table.add_section()
    for part in rest[:_SHOWN]:
        _add(table, part)
    if more := rest[_SHOWN:]:
        _add(table, summed(f"{len(more)} more", more))
    table.add_section()
    _add(table, summed("all", parts))
    console.print(table)


def _add(table: Table, part: Part) -> None:
    sizes = (f"{value / 1000:,.0f}" for value in (part.size, part.zipped))
    table.add_row(part.name, f"{part.files:,}", *sizes)


def _owner(path: str, owners: Mapping[str, str]) -> tuple[bool, str]:
    source = _BYTECODE.sub(r"\1.py", path)
    if source in owners:
        return True, owners[source]
    parts = PurePosixPath(source).parts
    depth = len(SITE_PACKAGES.parts)
    dependency = parts[:depth] == SITE_PACKAGES.parts
    return dependency, parts[depth if dependency else 0]
