"""Alert rules: what is wrong with those of ``infra/alerts.json``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FIELDS = frozenset({"name", "severity", "description", "query"})
OPTIONAL = frozenset({"range", "whileOn"})
_CODE = re.compile(r"'ALERT (\w+):'")


def check_rules(
    rules: Sequence[Mapping[str, Any]], codes: frozenset[str], cycle_lines: Sequence[str]
) -> Iterator[str]:
    """Codes without a rule, rules of no code, and rules that cannot work."""
    named = {code for rule in rules for code in _CODE.findall(str(rule.get("query")))}
    for code in sorted(codes - named):
        yield f"no rule looks for {code}"
    names = [str(rule.get("name")) for rule in rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is there twice"
    for rule in rules:
        yield from _check_rule(rule, codes)
    for line in cycle_lines:
        missing = [rule for rule in rules if f"'{line}'" in str(rule.get("query"))]
        if [rule["name"] for rule in missing] != ["no_cycle"]:
            yield f"no_cycle, and it alone, has to look for {line!r}"


def _check_rule(rule: Mapping[str, Any], codes: frozenset[str]) -> Iterator[str]:
    name = rule.get("name")
    if not FIELDS <= rule.keys() <= FIELDS | OPTIONAL:
        yield f"{name} lacks a field, or has one too many"
        return
    if rule["severity"] not in range(5):
        yield f"{name}: severity is 0 to 4"
    found = set(_CODE.findall(rule["query"]))
    for code in sorted(found - codes):
        yield f"{name} looks for {code}, which nothing logs"
    if found and (found != {name} or "SeverityLevel >= 3" not in rule["query"]):
        yield f"{name} has to look for its own code, at level ERROR"
    # The service lets a query look back two days; noCycleAlertMinutes is a day at most.
    if "{minutes}" in rule["query"] and (rule.get("range") != "P2D" or not rule.get("whileOn")):
        yield f"{name} has to look back far enough, and only while cycles run"
