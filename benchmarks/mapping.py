"""The attribute mapping, which every resolve of a user passes through."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from benchmarks.figure import Figure, Size
from provisioning.expressions import Surroundings, compile_expression
from provisioning.mapping import compile_schema
from provisioning.model import EntraId
from provisioning.schema import load_schema

_SHIPPED_US = 50.0
_NESTED_US = 200.0
"""CPU microseconds for one user: 0.5 s and 2 s for 10,000. The send slot of a request is a
thousand times as long.
"""

_ID = EntraId("3f0b6a52-1c5e-4a0e-9c54-5f2f0c8f7a01")
_AROUND = Surroundings(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), b"job/object")

_NESTED = (
    'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
    'ToLower(Append(NormalizeDiacritics(StripSpaces(Join(".", [givenName], [surname]))), "@x"))',
    'IIF([country]="USA", IIF([state]="CA", "West", "East"), Coalesce([region], "World"))',
    r'Replace([telephone], , "\\+(?<code>\\d* )(?<number>\\d{10})", , "${number}", , )',
    "Append(Mid([givenName], 1, 3), Mid([surname], 1, 5))",
    'PCase(Join(" ", [givenName], [surname]))',
    'FormatDateTime(DateAdd("d", 7, CDate([hireDate])), , , "yyyy-MM-dd")',
    'Item(Split(ToUpper([department]), ","), 1)',
    'IgnoreFlowIfNullOrEmpty(Left(Word([displayName], 2, " "), 10))',
    'IIF(BitAnd([control], 2) = "2", "off", Append("x", Len([mail])))',
)
"""Of every subject one, as administrators nest them."""


def measure(size: Size) -> list[Figure]:
    """CPU of mapping that many users; the best of three each."""
    rows = [_row(number) for number in range(size.mapped)]
    return [
        _figure("the shipped schema", rows, _shipped(), _SHIPPED_US),
        _figure("ten nested expressions", rows, _nested(), _NESTED_US),
    ]


def _row(number: int) -> dict[str, Any]:
    return {
        "userPrincipalName": f"user{number}@example.com",
        "displayName": f"Zo\u00eb M\u00fcller {number}",
        "givenName": "Zo\u00eb",
        "surname": f"M\u00fcller {number}",
        "department": "Research, Laboratory",
        "country": "USA",
        "state": "WA",
        "telephone": f"+91 {number:010}",
        "hireDate": f"{1990 + number % 30}-{number % 12 + 1:02}-{number % 28 + 1:02}-07:00",
        "control": 512,
        "mail": f"user{number}@example.com",
        "IsSoftDeleted": False,
    }


Use = Callable[[Mapping[str, Any]], object]


def _shipped() -> Use:
    user = compile_schema(load_schema(None)).user
    return lambda row: user.map(_ID, row, soft_deleted=False, around=_AROUND)


def _nested() -> Use:
    expressions = [compile_expression(text, "source") for text in _NESTED]
    return lambda row: [expression.evaluate(row, _AROUND) for expression in expressions]


def _figure(what: str, rows: list[dict[str, Any]], use: Use, budget: float) -> Figure:
    best = min(_seconds(rows, use) for _ in range(3))
    bound = len(rows) * budget / 1e6
    subject = f"{len(rows):,} users, {what}"
    return Figure("mapping", subject, best, "s", bound, source=f"{budget:.0f} us of CPU a user")


def _seconds(rows: list[dict[str, Any]], use: Use) -> float:
    began = time.process_time()
    for row in rows:
        use(row)
    return time.process_time() - began
