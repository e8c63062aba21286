"""Every code and every alarm that somebody may see is explained, and none that is not there."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from provisioning.alerts.lines import AlertCode
from provisioning.apply.naming import EXCHANGED, GIVEN_UP
from provisioning.notice import Alarm
from provisioning.quarantine import Cause
from provisioning.scope.verdict import Reason

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
_MAKERS = {"Why", "Skipped", "Concern"}
"""What takes a code first."""
_FIELDS = {"code", "error_code", "reason_code"}
_CODE = re.compile(r"[A-Z][A-Za-z]+")
_DECIDING = ("plan", "scope", "apply", "discovery", "operations")
"""Folders in which a text that looks like a code is one."""


def _codes_of(tree: ast.AST, *, deciding: bool) -> Iterator[str]:
    listed = {
        id(each)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _names(node) == {"__all__"}
        for each in ast.walk(node)
    }
    for node in ast.walk(tree):
        values: list[ast.expr | None] = []
        if isinstance(node, ast.Assign) and _names(node) & _FIELDS:
            values = [node.value]
        elif isinstance(node, ast.Call):
            values = [each.value for each in node.keywords if each.arg in _FIELDS]
            values += node.args[:1] if getattr(node.func, "id", "") in _MAKERS else []
        elif isinstance(node, ast.Constant) and deciding and id(node) not in listed:
            text = str(node.value)
            values = [node] if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", text) else []
        for value in values:
            text = value.value if isinstance(value, ast.Constant) else None
            if isinstance(text, str) and _CODE.fullmatch(text):
                yield text


def _names(node: ast.Assign) -> set[str]:
    return {getattr(each, "id", getattr(each, "attr", "")) for each in node.targets}


def _codes() -> set[str]:
    found = {reason.value for reason in Reason} | {EXCHANGED[0], GIVEN_UP[0]}
    for path in chain((ROOT / "provisioning").rglob("*.py"), (ROOT / "handlers").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        deciding = path.relative_to(ROOT / path.relative_to(ROOT).parts[0]).parts[0] in _DECIDING
        found |= set(_codes_of(tree, deciding=deciding))
    return found


CODES = _codes()


def _explained() -> list[str]:
    """Codes in the first cells of the tables of codes."""
    part = PAGE.partition("\n## Codes\n")[2]
    cells = re.findall(r"^\| (`[^|]+) \|", part, re.MULTILINE)
    return [code for cell in cells for code in re.findall(r"`([A-Za-z]+)`", cell)]


def test_codes_are_found_in_the_code() -> None:
    for code in ("Unauthorized", "DeletionThreshold", "AttributeChanged", "NobodyIsTold", "Drift"):
        assert code in CODES
    assert len(CODES) > 90


def test_every_code_is_explained_once_and_no_other() -> None:
    explained = _explained()
    assert sorted(explained) == sorted(set(explained))
    assert set(explained) == CODES


@pytest.mark.parametrize(
    "source",
    [
        "class Broken(Exception):\n    code = 'Broken'",
        "raise Concern('Broken', 'sentence', 'remedy')",
        "Why('Broken', 'sentence')",
        "entry(error_code='Broken')",
    ],
)
def test_a_code_that_is_new_is_noticed(source: str) -> None:
    assert set(_codes_of(ast.parse(source), deciding=False)) == {"Broken"}


def _runbook() -> dict[str, str]:
    part = OPERATIONS.partition("\n## Runbook\n")[2].partition("\n## ")[0]
    split = re.split(r"^### `(\w+)`$", part, flags=re.MULTILINE)[1:]
    return dict(zip(split[::2], split[1::2], strict=True))


def test_every_alarm_has_its_page_in_the_runbook_and_no_other() -> None:
    rules = json.loads((ROOT / "infra" / "alerts.json").read_text(encoding="utf-8"))
    told = {alarm.value for alarm in Alarm if alarm is not Alarm.TEST}
    logged = {alert.value for alert in AlertCode}
    runbook = _runbook()
    assert runbook.keys() == told | logged | {rule["name"] for rule in rules}
    assert all(len(text) > 50 for text in runbook.values())


def test_every_alarm_is_listed_with_when_it_holds() -> None:
    part = OPERATIONS.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| .+", part, re.MULTILINE))))
    assert {alarm.value for alarm in Alarm} <= listed


def test_every_cause_of_a_quarantine_is_listed() -> None:
    part = OPERATIONS.partition("\n## Quarantine\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
    assert set(listed) - {"cause"} == {cause.value for cause in Cause}
