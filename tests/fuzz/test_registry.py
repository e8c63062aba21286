"""Everything that decodes is fuzzed, or it is said why not; and who says so is checked."""

from __future__ import annotations

from tests.fuzz.registry import EXCEPTIONS, PARSERS
from tests.fuzz.scan import functions, places

COVERED = frozenset(name for parser in PARSERS for name in parser.covers)


def test_every_place_that_decodes_is_fuzzed() -> None:
    """A new decoder needs a parser in ``registry``, or a reason there why nobody can send to it."""
    missing = [
        f"{name} (line {line})"
        for name, line in places().items()
        if name not in COVERED and name not in EXCEPTIONS
    ]
    assert missing == []


def test_exceptions_are_places_that_decode_and_have_reasons() -> None:
    assert [name for name in EXCEPTIONS if name not in places()] == []
    assert [name for name in EXCEPTIONS if name in COVERED] == []
    assert [name for name, reason in EXCEPTIONS.items() if len(reason) < 20] == []


def test_parsers_are_named_once() -> None:
    assert len({parser.name for parser in PARSERS}) == len(PARSERS)


def test_the_walk_finds_what_is_known() -> None:
    """One place of each kind that it looks for."""
    assert {
        "provisioning.graph.wire:_ERROR",  # a decoder of a module
        "provisioning.token_expiry:expires_at",  # msgspec.json.decode in a function
        "provisioning.schema.reading:read_export",  # json.loads
        "provisioning.rows.table:Table.__init__",  # a decoder of an object
        "provisioning.model:Key.parse",  # a method by its name
        "provisioning.graph.rows:Rows.delta.decode_delta",  # a function within a method
        "handlers.http:decode_body",
    } <= places().keys()


def test_what_is_covered_exists() -> None:
    """A function, or a decoder of a module."""
    known = functions() | places().keys()
    assert sorted(COVERED - known) == []
