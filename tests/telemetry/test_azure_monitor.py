"""The bytes that reach Application Insights, at an ingestion endpoint on this machine."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path

import pytest

from provisioning.settings import Settings, load_settings
from provisioning.telemetry import choice
from provisioning.telemetry.azure_monitor import QUIET
from provisioning.telemetry.catalogue import EVENTS, INSTRUMENTS
from provisioning.telemetry.choice import telemetry_for
from tests.infra.workbook import queries
from tests.telemetry.ingestion import Ingestion, ingestion
from tests.telemetry.test_collector import STORED, tell_everything
from tests.test_settings import LEAST

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def undisturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the exporter would set for the whole process is set for the test."""
    for name in QUIET:
        monkeypatch.setenv(name, "true")
    for name in ("OTEL_TRACES_SAMPLER", "OTEL_SERVICE_NAME", "WEBSITE_SITE_NAME"):
        monkeypatch.delenv(name, raising=False)


def settings(connection: str, **more: str) -> Settings:
    return load_settings({**LEAST, "APPLICATIONINSIGHTS_CONNECTION_STRING": connection, **more})


def sent(monkeypatch: pytest.MonkeyPatch) -> Ingestion:
    """What arrives of all that can be told, with the variables that Azure and operators set."""
    monkeypatch.setenv("WEBSITE_SITE_NAME", "func-zscloud")
    with ingestion() as endpoint:
        telemetry = telemetry_for(settings(endpoint.connection), instance="host/1")
        tell_everything(telemetry)  # which closes it
    return endpoint


def test_what_arrives_has_the_names_that_the_workbook_asks_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrived = sent(monkeypatch)
    assert set(arrived.paths) == {"/v2.1/track"}
    events = {each["name"]: each["properties"] for each in arrived.of("EventData")}
    assert set(events) == {event.name for event in EVENTS}
    numbers = {each["metrics"][0]["name"]: each for each in arrived.of("MetricData")}
    assert set(numbers) == {each.name for each in INSTRUMENTS} - {"provisioning.telemetry.dropped"}
    for query in queries():
        assert query.events <= set(events)
        assert query.metrics <= {each.name for each in INSTRUMENTS}
    logged = events["provisioning_log"]
    assert logged["source_id"] == "g1"
    assert (logged["status"], logged["latency_ms"]) == ("failure", "1500")
    assert json.loads(logged["member"])["source_id"] == "u1"
    assert "Ada" not in json.dumps(arrived.envelopes)
    assert events["provisioning_heartbeat"]["idle"] == "True"


def test_what_arrives_of_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    arrived = sent(monkeypatch)
    spans = {each["name"]: each for each in arrived.of("RemoteDependencyData")}
    request = [each for each in arrived.of("RemoteDependencyData") if each["name"] == "POST /Users"]
    assert {each["resultCode"] for each in request} == {"201", "429", "0"}
    assert {each["target"] for each in request} == {"zscloud"}
    assert {each["properties"]["attempt"] for each in request} == {"2"}
    assert {"hints", "cycle live", "provision user"} <= set(spans)
    tags = [each["tags"] for each in arrived.envelopes]
    assert {tag["ai.cloud.role"] for tag in tags} == {"func-zscloud"}
    assert {tag["ai.cloud.roleInstance"] for tag in tags} == {"host/1"}
    of_spans = [each for each in arrived.envelopes if "Dependency" in each["name"]]
    assert len({each["tags"]["ai.operation.id"] for each in of_spans}) == 1


def test_traces_are_sampled_by_the_variables_of_opentelemetry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    arrived = sent(monkeypatch)
    assert arrived.of("RemoteDependencyData") == []
    assert arrived.of("EventData"), "what the log and the heartbeat say is not sampled"


def test_an_endpoint_that_refuses_stops_nothing_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with ingestion() as endpoint, caplog.at_level(logging.ERROR):
        endpoint.status = 400
        telemetry = telemetry_for(settings(endpoint.connection), instance="host/1")
        telemetry.entries_stored([STORED])
        telemetry.close()
    assert endpoint.paths
    assert "azure.monitor" in {
        record.name.rpartition(".opentelemetry")[0] for record in caplog.records
    }


def test_a_slow_endpoint_keeps_no_command_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from provisioning.telemetry import azure_monitor

    monkeypatch.setattr(azure_monitor, "_CLOSING", 0.05)
    released = threading.Event()
    with ingestion() as endpoint:
        plain = endpoint.take
        endpoint.take = lambda *given: (released.wait(5), plain(*given))[1]  # type: ignore[method-assign]
        telemetry = telemetry_for(settings(endpoint.connection), instance="host/1")
        telemetry.entries_stored([STORED])
        began = time.perf_counter()
        telemetry.close()
        took = time.perf_counter() - began
        released.set()
        closing = [t for t in threading.enumerate() if t.name == "telemetry-close"]
        for thread in closing:
            thread.join(10)
    assert took < 2


def test_without_a_place_to_send_to_nobody_listens() -> None:
    assert not telemetry_for(load_settings(LEAST), instance="host/1").collects
    off = settings("InstrumentationKey=x", OTEL_SDK_DISABLED="true")
    assert off.insights is None
    assert "InstrumentationKey" not in repr(settings("InstrumentationKey=x"))


def test_where_the_process_has_its_own_nothing_is_sent_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The Functions worker may have set up the distribution of Azure Monitor."""
    from tests.telemetry.collected import Collected

    own = Collected().telemetry._providers
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: own.tracers)
    monkeypatch.setattr("opentelemetry.metrics.get_meter_provider", lambda: own.meters)
    monkeypatch.setattr("opentelemetry._logs.get_logger_provider", lambda: own.loggers)
    made = telemetry_for(settings("InstrumentationKey=x"), instance="host/1")
    assert made._providers.tracers is own.tracers  # type: ignore[attr-defined]


def test_a_library_that_cannot_start_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ImportError("no such library")

    monkeypatch.setattr(choice, "_of_azure", broken)
    made = telemetry_for(settings("InstrumentationKey=x"), instance="host/1")
    assert not made.collects
    assert "nothing is told" in caplog.text
