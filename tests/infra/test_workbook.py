"""The workbook asks for nothing that the program does not tell, and for all that it does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from provisioning.instrumentation import Remote
from provisioning.telemetry.catalogue import EVENTS, INSTRUMENTS, REQUEST
from tests.infra.workbook import TABLES, Query, queries, workbook

QUERIES = {query.tile: query for query in queries()}


def wrong_with(query: Query) -> Iterator[str]:
    """Names in a query that nothing tells."""
    if query.table not in TABLES:
        yield f"{query.table} is none of {sorted(TABLES)}"
        return
    told: dict[str, tuple[str, ...]] = {
        "AppEvents": {event.name: event.fields for event in EVENTS},
        "AppMetrics": {each.name: each.attributes for each in INSTRUMENTS},
        "AppDependencies": {"": REQUEST.attributes},
    }[query.table]
    names = query.names or {""}
    for name in sorted(names - set(told)):
        yield f"nothing tells {name!r}"
    known = {field for name in names & set(told) for field in told[name]}
    for name in sorted(query.properties - known):
        yield f"{name} is no field of {', '.join(sorted(names))}"
    for remote in sorted(query.remotes - set(Remote)):
        yield f"nothing is sent to {remote}"


def test_every_query_asks_for_what_is_told() -> None:
    assert {
        tile: found for tile, query in QUERIES.items() if (found := list(wrong_with(query)))
    } == {}


def test_every_instrument_and_event_has_a_tile_but_the_age_of_the_watermark() -> None:
    asked = {name for query in QUERIES.values() for name in query.names}
    told = {each.name for each in INSTRUMENTS} | {event.name for event in EVENTS}
    assert told - asked == {"provisioning.watermark.age"}, "it is in the tile of the state"


@pytest.mark.parametrize(
    ("tile", "old", "new", "message"),
    [
        ("state", "provisioning_heartbeat", "heartbeat", "nothing tells 'heartbeat'"),
        ("failures", "Properties.error_code", "Properties.error", "error is no field of"),
        ("requests", "provisioning.requests", "provisioning.request", "nothing tells"),
        ("requests", "Properties.remote", "Properties.host", "host is no field of"),
        ("waiting", "'provisioning.held.changes'", "'provisioning.held'", "nothing tells"),
        ("slow-requests", "'zscloud'", "'scim'", "nothing is sent to scim"),
        ("slow-requests", "Properties.attempt", "Properties.tries", "tries is no field of"),
        ("cycles", "AppEvents", "customEvents", "customEvents is none of"),
    ],
)
def test_a_seeded_fault_is_found(tile: str, old: str, new: str, message: str) -> None:
    text = QUERIES[tile].text
    assert old in text
    found = list(wrong_with(Query(tile, text.replace(old, new))))
    assert any(each.startswith(message) for each in found), found


def test_what_a_principal_is_searched_by_is_there_without_personal_data() -> None:
    query = QUERIES["principal"]
    assert {"source_id", "member"} <= query.properties
    for event in EVENTS:
        assert not query.properties & set(event.personal)


def test_the_workbook_holds_together(texts: Mapping[str, str]) -> None:
    items = workbook()["items"]
    assert len({item["name"] for item in items}) == len(items)
    [parameters] = [item["content"]["parameters"] for item in items if item["type"] == 9]
    known = {each["name"] for each in parameters} | {"workspaceId"}
    text = "\n".join(query.text for query in QUERIES.values())
    assert set(re.findall(r"\{(\w+)\}", text)) <= known
    for item in items:
        if item["type"] == 3:
            assert item["content"]["timeContextFromParameter"] in known
            assert item["content"]["crossComponentResources"] == ["{workspaceId}"]
    assert (
        "replace(loadTextContent('../workbook.json'), '{workspaceId}'"
        in (texts["modules/workbook.bicep"])
    )
