"""Every parser over some inputs that are the same each time."""

from __future__ import annotations

import pytest

from tests.fuzz.called import called
from tests.fuzz.judge import Parser
from tests.fuzz.registry import PARSERS
from tests.fuzz.running import run
from tests.fuzz.scan import functions


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_it_holds_what_it_owes(parser: Parser) -> None:
    """And it calls what it says that it covers: what is covered in name only is not fuzzed."""
    with called() as places:
        assert run(parser, parser.examples) > 0
    claimed = set(parser.covers) & functions()
    assert claimed - places == set()
