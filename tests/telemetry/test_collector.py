"""What the collector tells: by the names of the catalogue, bounded, and without ever failing."""

from __future__ import annotations

import inspect
import logging

import msgspec
import pytest

from provisioning.instrumentation import (
    SILENT,
    Beat,
    LeaseChange,
    Remote,
    Telemetry,
    attempt,
    present_attempt,
)
from provisioning.ports import Row
from provisioning.state.memory import MemoryStore
from provisioning.telemetry import catalogue
from provisioning.telemetry.told_store import ToldStore
from tests.telemetry.collected import Collected
from tests.telemetry.test_entries import entry

STORED = msgspec.json.encode(entry())


def tell_everything(telemetry: Telemetry) -> None:
    """Uses all of the port."""
    with telemetry.execution("hints"), telemetry.cycle("c1", "live") as part:
        with telemetry.item("user", "u1", 3, ()):
            for status in (201, 429, 0):
                with telemetry.request(Remote.ZSCLOUD, "POST", "/Users", 2) as exchange:
                    if status:
                        exchange.answered(status)
        part.ended("failed")
        telemetry.cycle_ended("live", "failed", 2.0, {"cycle_id": "c1", "done": 3})
    telemetry.latency(1.5, "disable")
    telemetry.lease(LeaseChange.EXPIRED)
    telemetry.heartbeat(Beat("maintenance", "healthy", True, {1: 0, 3: 2}, 4, 5, 6.5))
    telemetry.entries_stored([STORED])
    telemetry.close()


def test_all_that_is_told_is_in_the_catalogue() -> None:
    collected = Collected(most=1, taken=lambda: 99)
    tell_everything(collected.telemetry)
    full = Collected(most=1)
    tell_everything(full.telemetry)
    numbers = {**full.numbers(), **collected.numbers()}
    assert {each.name for each in catalogue.INSTRUMENTS} <= {*numbers, catalogue.DROPPED.name}
    for each in catalogue.INSTRUMENTS:
        for attributes, _ in numbers.get(each.name, []):
            assert set(attributes) == set(each.attributes), each.name
    for event in catalogue.EVENTS:
        [shown] = collected.events(event.name)
        known = {*event.fields, *event.personal, "microsoft.custom_event.name"}
        assert set(shown) <= known
    spans = {span.name: set(span.attributes or {}) for span in collected.spans()}
    assert spans == {
        "hints": set(),
        "cycle live": set(catalogue.CYCLE_PART.attributes),
        "provision user": set(catalogue.ITEM.attributes),
        "POST /Users": set(catalogue.REQUEST.attributes) - {"http.response.status_code"},
    }


def test_numbers_of_requests() -> None:
    collected = Collected()
    tell_everything(collected.telemetry)
    numbers = collected.numbers()
    by_status = {a["status"]: value for a, value in numbers["provisioning.requests"]}
    assert by_status == {"201": 1, "429": 1, "none": 1}
    assert numbers["provisioning.throttles"] == [({"remote": "zscloud"}, 1)]
    requests = collected.spans("POST")
    assert [span.status.is_ok for span in requests] == [True, False, False]
    assert numbers["provisioning.work.items"] == [({"lane": "1"}, 0), ({"lane": "3"}, 2)]


def test_too_many_events_are_dropped_and_counted() -> None:
    taken = 0
    collected = Collected(most=10, taken=lambda: taken)
    collected.telemetry.entries_stored([STORED] * 25)
    assert len(collected.events("provisioning_log")) == 10
    assert collected.numbers()["provisioning.telemetry.dropped"] == [({}, 15)]
    taken = 10
    collected.telemetry.entries_stored([STORED] * 2)
    assert len(collected.events("provisioning_log")) == 12


def test_what_is_no_entry_fails_nothing(caplog: pytest.LogCaptureFixture) -> None:
    collected = Collected()
    with caplog.at_level(logging.ERROR):
        collected.telemetry.entries_stored([b"{}", b"\xff", STORED])
    assert len(collected.events("provisioning_log")) == 1
    assert "cannot be told" in caplog.text


def test_an_entry_belongs_to_the_trace_of_its_work() -> None:
    """Not to that of whatever is under way when it is stored."""
    collected = Collected()
    with collected.telemetry.execution("other"):
        collected.telemetry.entries_stored([STORED])
    [record] = collected._records.get_finished_logs()
    assert record.log_record.trace_id == int("a" * 32, 16)
    assert record.log_record.timestamp == round(1_760_000_000.1234 * 1e9)


async def test_entries_are_told_when_they_are_stored() -> None:
    collected = Collected()
    store = ToldStore(MemoryStore(), "job:log", collected.telemetry)
    await store.write([Row("job:log", "1", STORED), Row("job:link", "1", b"{}")])
    await store.write([Row("job:log", "1", None)])
    assert len(collected.events("provisioning_log")) == 1
    assert await store.get("job:link", "1") == b"{}"
    assert await store.get_many("job:link", ["1"]) == {"1": b"{}"}
    assert await store.scan("job:link") == [("1", b"{}")]
    assert await store.count("job:link") == 1
    await store.close()


async def test_an_entry_that_is_not_stored_is_not_told() -> None:
    class Away(MemoryStore):
        async def write(self, rows: object) -> None:
            raise OSError("away")

    collected = Collected()
    store = ToldStore(Away(), "job:log", collected.telemetry)
    with pytest.raises(OSError, match="away"):
        await store.write([Row("job:log", "1", STORED)])
    assert collected.events("provisioning_log") == []


def test_an_exception_marks_its_span_without_its_text() -> None:
    collected = Collected()
    with pytest.raises(ValueError, match="Ada"), collected.telemetry.execution("hints"):
        raise ValueError("Ada Adler")
    [span] = collected.spans()
    assert (span.status.is_ok, span.status.description, span.events) == (False, "ValueError", ())


def test_nobody_listens_to_silence() -> None:
    tell_everything(SILENT)
    assert (SILENT.origin(), SILENT.trace_id(), SILENT.collects) == ("", None, False)


def test_silence_has_all_that_the_port_has() -> None:
    """Its methods take whatever comes, so that no type checker sees one that is missing."""
    named = {name for name, _ in inspect.getmembers(Telemetry) if not name.startswith("_")}
    assert all(hasattr(SILENT, name) for name in named)


def test_a_try_is_told_to_whoever_sends() -> None:
    with attempt(3):
        assert present_attempt() == 3
    assert present_attempt() == 1
