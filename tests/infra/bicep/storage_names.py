"""Queues, tables and containers: those of the program, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.infra.bicep.finding import Finding
from tests.infra.bicep.source import Source
from tests.infra.bicep.values import value_of

PATH = "modules/storage.bicep"


def check_storage_names(
    sources: Mapping[str, Source], expected: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    """Names that are missing or that nothing uses. ``expected`` is by variable of the module."""
    source = sources[PATH]
    for variable, names in expected.items():
        declared = source.of("var").get(variable)
        value = value_of(source, declared.body if declared else None)
        given = set(value) if isinstance(value, list) else set()
        node = declared.node if declared else source.root
        for name in sorted(names - given):
            yield source.find("name-missing", node, f"{name} is not among the {variable}")
        for name in sorted(map(str, given - names)):
            yield source.find("name-unknown", node, f"nothing uses {name} among the {variable}")
