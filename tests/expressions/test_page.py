"""The page about expressions says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.dotnet_regex import MAX_PATTERN_LENGTH, MAX_REPEAT, MAX_TEXT_LENGTH
from provisioning.dotnet_regex.limits import MAX_DEPTH, MAX_GROUPS, TIMEOUT_SECONDS
from provisioning.expressions import FUNCTIONS
from provisioning.expressions.operands import MAX_RESULT
from provisioning.expressions.syntax import MAX_DEPTH as MAX_NESTING
from provisioning.expressions.syntax import MAX_LENGTH, WORDS
from tools.expressions import PAGE, main, page


@pytest.fixture
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def test_the_table_is_what_the_code_gives(text: str) -> None:
    assert text == page(text), "write it anew: python -m tools.expressions"


def test_a_row_that_is_missing_is_noticed(text: str) -> None:
    lines = text.splitlines(keepends=True)
    without = "".join(line for line in lines if not line.startswith("| `Mid("))
    assert without != text
    assert page(without) == text


def test_a_page_without_a_place_for_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the lines"):
        page("# Expressions\n")


def test_the_command_writes_the_page(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "expressions.md"
    old.write_text(text.replace("| `Mid(", "| `Middle("), encoding="utf-8")
    monkeypatch.setattr("tools.expressions.PAGE", old)
    assert main() == 0
    assert old.read_text(encoding="utf-8") == text


def test_every_function_tells_what_it_gives() -> None:
    for function in FUNCTIONS.values():
        assert function.gives.endswith("."), function.name
        assert not function.deviation or function.deviation.endswith("."), function.name


def test_the_limits_on_the_page_are_those_of_the_code(text: str) -> None:
    one_line = " ".join(text.split())
    for words in (
        f"at most {MAX_LENGTH:,} characters",
        f"up to {MAX_NESTING} deep",
        f"more than {MAX_RESULT:,} characters",
        f"stopped after {TIMEOUT_SECONDS * 1000:.0f} ms",
        f"| characters of a pattern | {MAX_PATTERN_LENGTH:,} |",
        f"multiplied | {MAX_REPEAT:,} |",
        f"| {MAX_GROUPS}, {MAX_DEPTH} |",
        f"searched | {MAX_TEXT_LENGTH:,} |",
        *(f"`{word}`" for word in WORDS),
    ):
        assert words in one_line, words
