"""The workbook of ``infra/``: its queries, and the names that they ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.infra.conftest import INFRA

TABLES = frozenset({"AppDependencies", "AppEvents", "AppMetrics"})
_NAME = re.compile(r"\bName (?:==|in) \(?((?:'[^']*'(?:, )?)+)")
_TEXT = re.compile(r"'([^']*)'")
_PROPERTY = re.compile(r"\bProperties\.(\w+)")
_TARGET = re.compile(r"\bTarget in \(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a tile: where it looks, for which names, at which properties."""

    tile: str
    text: str

    @property
    def table(self) -> str:
        """The table that it begins with."""
        return self.text.splitlines()[0]

    @property
    def names(self) -> set[str]:
        """What it compares ``Name`` with."""
        return {name for texts in _NAME.findall(self.text) for name in _TEXT.findall(texts)}

    @property
    def events(self) -> set[str]:
        """The events that it asks for."""
        return self.names if self.table == "AppEvents" else set()

    @property
    def metrics(self) -> set[str]:
        """The instruments that it asks for."""
        return self.names if self.table == "AppMetrics" else set()

    @property
    def properties(self) -> set[str]:
        """The properties that it looks at."""
        return set(_PROPERTY.findall(self.text))

    @property
    def remotes(self) -> set[str]:
        """Whom it looks for among the targets of requests."""
        return {name for texts in _TARGET.findall(self.text) for name in _TEXT.findall(texts)}


def workbook() -> Any:
    """The whole document."""
    return json.loads((INFRA / "workbook.json").read_text(encoding="utf-8"))


def queries() -> Iterator[Query]:
    """The query of each tile."""
    for item in workbook()["items"]:
        if item["type"] == 3:
            yield Query(item["name"], item["content"]["query"])
