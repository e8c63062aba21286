"""host.json, triggers and keys: what the host reads, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from devhost.functions import Function
from devhost.host_json import HostOptions, QueueOptions, read_host_json
from devhost.keys import is_foreign, may_call
from devhost.triggered import triggered
from provisioning.errors import ConfigurationError
from provisioning.setting_values import Secret
from tests.devhost.served import ROOT


def _read(folder: Path, document: Any) -> HostOptions:
    text = document if isinstance(document, str) else json.dumps(document)
    (folder / "host.json").write_text(text, encoding="utf-8")
    return read_host_json(folder)


def _queues(**values: Any) -> dict[str, Any]:
    return {"extensions": {"queues": {"messageEncoding": "none", **values}}}


def test_ours_is_read() -> None:
    options = read_host_json(ROOT)
    assert options.function_timeout == 1800.0
    assert options.queues == QueueOptions(1, 0, 5, 2.0, 30.0)
    assert options.queues.polling(0.1).max_polling_interval == 0.1
    assert options.queues.polling(None) == options.queues


def test_what_is_not_set_is_as_on_the_platform(tmp_path: Path) -> None:
    assert _read(tmp_path, _queues()) == HostOptions(1800.0, QueueOptions(16, 8, 5, 60.0, 0.0))
    assert _read(tmp_path, _queues(batchSize=5)).queues.new_batch_threshold == 2


def test_no_time_limit(tmp_path: Path) -> None:
    assert _read(tmp_path, {"functionTimeout": "-1", **_queues()}).function_timeout is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00:00.1", 0.1), ("1.02:03:04", 93784.0), ("00:00:00.05", 0.05), ("0:01:00", 60.0)],
)
def test_times(tmp_path: Path, text: str, seconds: float) -> None:
    read = _read(tmp_path, _queues(maxPollingInterval=text)).queues.max_polling_interval
    assert read == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"batchSize": 0}, "batchSize"),
        ({"batchSize": 33}, "batchSize"),
        ({"batchSize": "1"}, "batchSize"),
        ({"batchSize": True}, "batchSize"),
        ({"newBatchThreshold": -1}, "newBatchThreshold"),
        ({"maxDequeueCount": 0}, "maxDequeueCount"),
        ({"visibilityTimeout": "30"}, "visibilityTimeout"),
        ({"visibilityTimeout": 30}, "visibilityTimeout"),
        ({"maxPollingInterval": "00:61:00"}, "maxPollingInterval"),
        ({"maxPollingInterval": "24:00:00"}, "maxPollingInterval"),
        ({"messageEncoding": "base64"}, "messageEncoding"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, values: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        _read(tmp_path, _queues(**values))
    assert [problem.field for problem in raised.value.problems] == [f"host.json {field}"]


def test_all_that_is_wrong_is_reported_together(tmp_path: Path) -> None:
    document = {"functionTimeout": "soon", "extensions": {"http": {"routePrefix": ""}}}
    with pytest.raises(ConfigurationError) as raised:
        _read(tmp_path, document)
    fields = {problem.field for problem in raised.value.problems}
    assert fields == {f"host.json {n}" for n in ("functionTimeout", "routePrefix")} | {
        "host.json messageEncoding"
    }


@pytest.mark.parametrize("text", ["", "[]", "{", '{"extensions": []}', '{"extensions": {"a": 1}}'])
def test_no_host_json(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"host\.json"):
        _read(tmp_path, text)


def test_missing_host_json(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_host_json(tmp_path)


def _function(name: str, **trigger: Any) -> Function:
    binding = {"name": "x", **trigger}
    return Function(
        name=name,
        id=name,
        trigger=trigger["type"],
        parameter="x",
        route=None,
        methods=(),
        auth_level=None,
        schedule=trigger.get("schedule"),
        queue_name=trigger.get("queueName"),
        bindings=(MappingProxyType(binding),),
    )


def _queue(name: str, queue: str, connection: str = "AzureWebJobsStorage") -> Function:
    return _function(name, type="queueTrigger", queueName=queue, connection=connection)


def test_names_of_settings_are_resolved() -> None:
    functions = [
        _function("tick", type="timerTrigger", schedule="%TICK%"),
        _function("fixed", type="timerTrigger", schedule="0 0 * * * *"),
        _queue("work", "%PREFIX%-work"),
        _function("page", type="httpTrigger"),
    ]
    found = triggered(functions, {"TICK": " */5 * * * * * ", "PREFIX": "our"})
    assert {name: each.text for name, each in found.timers.items()} == {
        "tick": "*/5 * * * * *",
        "fixed": "0 0 * * * *",
    }
    assert found.queues == {"work": "our-work"}
    assert list(found.http) == ["page"]


def test_what_the_host_would_not_index_is_named_together() -> None:
    functions = [
        _function("tick", type="timerTrigger", schedule="%TICK%"),
        _function("odd", type="timerTrigger", schedule="%ODD%"),
        _function("never", type="timerTrigger", schedule="0 0 0 31 2 *"),
        _queue("work", "%QUEUE%"),
        _queue("other", "other", connection="OtherStorage"),
        _function("blob", type="blobTrigger"),
    ]
    with pytest.raises(ConfigurationError) as raised:
        triggered(functions, {"ODD": "sometimes", "QUEUE": " "})
    fields = [problem.field for problem in raised.value.problems]
    assert fields == ["TICK", "ODD", "never", "QUEUE", "other", "blob"]
    assert all(problem.message and problem.remedy for problem in raised.value.problems)


@pytest.mark.parametrize(
    ("level", "headers", "path", "allowed"),
    [
        ("anonymous", {}, "/api/x", True),
        ("function", {}, "/api/x", False),
        (None, {}, "/api/x", False),
        ("function", {"x-functions-key": "k+y"}, "/api/x", True),
        ("admin", {"x-functions-key": "k+y"}, "/api/x", True),
        ("function", {"x-functions-key": "k+y2"}, "/api/x", False),
        ("function", {"x-functions-key": "\udcff"}, "/api/x", False),
        ("function", {}, "/api/x?code=k%2By", True),
        ("function", {}, "/api/x?code=k+y", False),
        ("function", {"x-functions-key": "wrong"}, "/api/x?code=k%2By", False),
        ("function", {}, "/api/x?CODE=k%2By", False),
    ],
)
def test_keys(level: str | None, headers: dict[str, str], path: str, allowed: bool) -> None:
    assert may_call(level, Secret("k+y"), headers, path) is allowed
    assert may_call(level, None, headers, path)


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({"host": "127.0.0.1:7071"}, False),
        ({"host": "localhost:7071"}, False),
        ({"host": "[::1]:7071"}, False),
        ({"host": "127.0.0.1", "origin": "http://localhost:3000"}, False),
        ({"host": "127.0.0.1", "origin": "https://site.example.com"}, True),
        ({"host": "127.0.0.1", "origin": "null"}, True),
        ({"host": "127.0.0.1.site.example.com"}, True),
        ({"host": "site.example.com:7071"}, True),
        ({"host": "[broken"}, True),
        ({}, True),
    ],
)
def test_foreign_pages(headers: dict[str, str], foreign: bool) -> None:
    assert is_foreign(headers) is foreign
