"""Any body and any query to any route: a document, or a problem that says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.calls import Session, parsers, session
from tests.fuzz.running import run

_CALLS = {
    "http: every route": 100,
    "message: set aside": 15,
    "message: events through the worker": 15,
}


@pytest.fixture(scope="module")
def running() -> Iterator[Session]:
    with session() as made:
        yield made


@pytest.mark.parametrize("name", _CALLS)
def test_the_app_holds_what_it_owes(running: Session, name: str) -> None:
    [parser] = [each for each in parsers(running) if each.name == name]
    assert run(parser, _CALLS[name]) > 0
