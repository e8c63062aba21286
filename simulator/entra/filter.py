"""The part of OData ``$filter`` that the simulated collections understand.

Comparisons with ``eq``, ``in`` and ``startswith``, joined by ``and`` or by ``or``. Text compares
without regard to case, as Entra does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .call import GraphError

_TEXT = r"'(?:[^']|'')*'"
_VALUE = rf"(?:{_TEXT}|[\w.:-]+)"
_CLAUSE = re.compile(
    rf"\s*(?:(?P<eq>\w+)\s+eq\s+(?P<value>{_VALUE})"
    rf"|startswith\(\s*(?P<starts>\w+)\s*,\s*(?P<prefix>{_TEXT})\s*\)"
    rf"|(?P<in>\w+)\s+in\s*\((?P<values>\s*{_VALUE}(?:\s*,\s*{_VALUE})*)\s*\))\s*",
    re.IGNORECASE,
)
_JOIN = re.compile(r"(and|or)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison. ``operator`` is ``eq`` (any of the values) or ``startswith``."""

    property: str
    operator: str
    values: tuple[Any, ...]

    def holds(self, value: Any) -> bool:
        folded = value.lower() if isinstance(value, str) else value
        if self.operator == "startswith":
            return isinstance(folded, str) and folded.startswith(self.values[0])
        return folded in self.values


@dataclass(frozen=True, slots=True)
class Filter:
    """Comparisons of which all (``and``) or any (``or``) must hold."""

    comparisons: tuple[Comparison, ...]
    any: bool

    def holds(self, value_of: Callable[[str], Any]) -> bool:
        results = (one.holds(value_of(one.property)) for one in self.comparisons)
        return any(results) if self.any else all(results)

    def only(self, name: str) -> tuple[Any, ...] | None:
        """The values wanted of this property, when the filter says nothing else."""
        if any(one.property != name or one.operator != "eq" for one in self.comparisons):
            return None
        if len(self.comparisons) > 1 and not self.any:
            return None
        return tuple(value for one in self.comparisons for value in one.values)


def invalid_filter(detail: str) -> GraphError:
    return GraphError(400, "Request_UnsupportedQuery", f"Invalid filter clause: {detail}")


def parse(text: str) -> Filter:
    """The filter of a query. Raises ``GraphError`` for what is not understood."""
    comparisons: list[Comparison] = []
    joins: set[str] = set()
    place = 0
    while True:
        match = _CLAUSE.match(text, place)
        if match is None:
            raise invalid_filter(text)
        comparisons.append(_comparison(match))
        place = match.end()
        if place == len(text):
            break
        join = _JOIN.match(text, place)
        if join is None:
            raise invalid_filter(text)
        joins.add(join[1].lower())
        place = join.end()
    if len(joins) > 1:
        raise invalid_filter("'and' and 'or' cannot be mixed here")
    return Filter(tuple(comparisons), joins == {"or"})


def _comparison(match: re.Match[str]) -> Comparison:
    if match["eq"]:
        return Comparison(match["eq"], "eq", (_value(match["value"]),))
    if match["starts"]:
        return Comparison(match["starts"], "startswith", (_value(match["prefix"]),))
    values = re.findall(_VALUE, match["values"])
    return Comparison(match["in"], "eq", tuple(_value(value) for value in values))


def _value(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'").lower()
    words = {"true": True, "false": False, "null": None}
    return words.get(text.lower(), text.lower())
