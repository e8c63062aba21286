"""The alert rules look for what the program logs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.conftest import INFRA
from tests.infra.contract import ALERT_CODES, CYCLE_LINES
from tests.infra.rules import check_rules

RULES = json.loads((INFRA / "alerts.json").read_text(encoding="utf-8"))


def changed(which: str, **values: Any) -> list[dict[str, Any]]:
    """The rules with some values of one changed; ``None`` takes a field away."""
    rules = []
    for rule in RULES:
        new = {**rule, **values} if rule["name"] == which else rule
        rules.append({key: value for key, value in new.items() if value is not None})
    return rules


def test_nothing_is_wrong_with_the_rules() -> None:
    assert list(check_rules(RULES, ALERT_CODES, CYCLE_LINES)) == []


OWN_CODE = "has to look for its own code, at level ERROR"
LOOKS_BACK = "no_cycle has to look back far enough, and only while cycles run"
FIELDS = "held lacks a field, or has one too many"


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (changed("held", query="AppTraces"), "no rule looks for held"),
        (changed("held", name="poison"), "poison is there twice"),
        (changed("held", severity=None), FIELDS),
        (changed("held", windowSize="PT1H"), FIELDS),
        (changed("held", severity=5), "held: severity is 0 to 4"),
        (changed("poison", query="'ALERT psn:'"), "poison looks for psn, which nothing logs"),
        (changed("held", name="hold"), f"hold {OWN_CODE}"),
        (changed("held", query="'ALERT held:'"), f"held {OWN_CODE}"),
        (
            changed("no_cycle", query="'CYCLE held'"),
            "no_cycle, and it alone, has to look for 'CYCLE completed'",
        ),
        (
            changed("no_cycle", query="'CYCLE completed'"),
            "no_cycle, and it alone, has to look for 'CYCLE held'",
        ),
        (changed("no_cycle", range="PT1H"), LOOKS_BACK),
        (changed("no_cycle", whileOn=None), LOOKS_BACK),
    ],
)
def test_a_seeded_fault_is_found(rules: list[Mapping[str, Any]], message: str) -> None:
    assert message in list(check_rules(rules, ALERT_CODES, CYCLE_LINES))
