"""``docs/threat-model.md``: every threat has a defence that is there and a test that is there.

That each test fails without its defence was shown once by taking the defence away; here is seen
to it that neither disappears, and that no line stands without them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "threat-model.md"
FIELDS = ("Who", "Defence", "Test", "Remains")
_HEADING = re.compile(r"^### (\d+)\. (.+)$", re.MULTILINE)
_FIELD = re.compile(r"^- \*\*(\w+)\*\*: (.+)$")
_QUOTED = re.compile(r"`([^`]+)`")
_FILE = re.compile(r"[\w.-]+(/[\w.-]+)+|[\w-]+\.(py|txt|json|yaml)|\.gitignore|\.funcignore")


def problems(page: str) -> Iterator[str]:
    """What is missing on the page."""
    numbers = [int(number) for number, _ in _HEADING.findall(page)]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        yield f"the threats are not numbered one by one: {numbers}"
    for part in re.split(r"^(?=### )", page, flags=re.MULTILINE)[1:]:
        title, *lines = re.split(r"^## ", part, flags=re.MULTILINE)[0].strip().splitlines()
        fields = dict(found.groups() for line in lines if (found := _FIELD.match(line)))
        for name in FIELDS:
            if not fields.get(name, "").strip():
                yield f"{title}: {name} is missing"
        files = [
            text for text in _QUOTED.findall(fields.get("Defence", "")) if _FILE.fullmatch(text)
        ]
        tests = [text for text in _QUOTED.findall(fields.get("Test", "")) if "::" in text]
        if not files:
            yield f"{title}: the defence names no file"
        if not tests:
            yield f"{title}: no test is named"
        yield from (f"{title}: there is no {file}" for file in files if not (ROOT / file).exists())
        yield from (f"{title}: there is no {test}" for test in tests if not _is_there(test))


def _is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    return name in _functions(ROOT / path)


@cache
def _functions(path: Path) -> frozenset[str]:
    """Names of the tests of a file; those of a class with its name before them."""
    if not path.is_file():
        return frozenset()
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            methods = (ast.FunctionDef, ast.AsyncFunctionDef)
            names |= {
                f"{node.name}::{each.name}" for each in node.body if isinstance(each, methods)
            }
    return frozenset(name for name in names if name.rpartition("::")[2].startswith("test_"))


def test_every_threat_has_a_defence_and_a_test_that_are_there() -> None:
    assert list(problems(PAGE.read_text(encoding="utf-8"))) == []


GOOD = """
### 1. A threat
- **Who**: anyone.
- **Defence**: it is refused (`provisioning/wake.py`).
- **Test**: `tests/test_threat_model.py::test_a_seeded_fault_is_found`
- **Remains**: nothing.
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("### 1.", "### 2.", "not numbered"),
        ("- **Who**: anyone.\n", "", "Who is missing"),
        ("- **Remains**: nothing.", "- **Remains**: ", "Remains is missing"),
        ("provisioning/wake.py", "provisioning/sleep.py", "there is no provisioning/sleep.py"),
        ("(`provisioning/wake.py`)", "", "the defence names no file"),
        ("::test_a_seeded_fault_is_found", "::test_that_was_renamed", "there is no tests/test_thr"),
        ("tests/test_threat_model.py::", "tests/test_gone.py::", "there is no tests/test_gone.py"),
        ("::test_a_seeded_fault_is_found", "::problems", "there is no tests/test_threat_model.py"),
        ("`tests/test_threat_model.py::test_a_seeded_fault_is_found`", "by hand", "no test is"),
    ],
)
def test_a_seeded_fault_is_found(old: str, new: str, said: str) -> None:
    assert list(problems(GOOD)) == []
    assert old in GOOD
    assert any(said in each for each in problems(GOOD.replace(old, new)))
