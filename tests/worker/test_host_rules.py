"""What the host does around the worker: routes, output messages, answers."""

from __future__ import annotations

import pytest

from devhost.errors import WorkerError
from devhost.functions import Function, function_from_metadata
from devhost.http import http_answer
from devhost.outputs import read_outputs
from devhost.protocol import (
    InvocationResponse,
    NullableDouble,
    NullableTimestamp,
    ParameterBinding,
    RpcFunctionMetadata,
    RpcHttp,
    RpcHttpCookie,
    StatusResult,
    Timestamp,
    TypedData,
)
from devhost.routes import parse_route

GUID = "0F8FAD5B-d9cb-469f-a165-70867728950e"


def _function(*raw_bindings: str) -> Function:
    return function_from_metadata(
        RpcFunctionMetadata(
            name="f",
            function_id="1",
            directory=".",
            script_file="function_app.py",
            entry_point="f",
            language="python",
            bindings={},
            raw_bindings=raw_bindings,
            retry_options=None,
            properties={},
            managed_dependency_enabled=False,
            is_proxy=False,
        )
    )


TIMER = '{"direction": "IN", "type": "timerTrigger", "name": "t", "schedule": "0 * * * * *"}'
QUEUE = '{"direction": "OUT", "type": "queue", "name": "o", "queueName": "q", "connection": "C"}'


def _written(data: TypedData, name: str = "o") -> dict[str, list[str]]:
    binding = ParameterBinding(name, data)
    response = InvocationResponse("1", StatusResult(StatusResult.Success), output_data=[binding])
    return dict(read_outputs(_function(TIMER, QUEUE), response))


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("status", "Status/", {}),
        ("cycles/{id}", "cycles/a%20b", {"id": "a b"}),
        ("cycles/{id}", "cycles/a%2Fb", {"id": "a%2Fb"}),
        ("cycles/{id}", "cycles", None),
        ("cycles/{id}", "cycles/a/b", None),
        ("held/{id:guid?}", "held", {}),
        ("held/{id:guid?}", f"held/{GUID}", {"id": GUID}),
        ("held/{id:guid}", f"held/{GUID}0", None),
        ("held/{id:guid}/approve", f"held/{GUID}/approve", {"id": GUID}),
        ("n/{n:int}", "n/-12", {"n": "-12"}),
        ("n/{n:int}", "n/x", None),
        ("n/{n:bool}", "n/True", {"n": "True"}),
        ("files/{*rest}", "files/a/b", {"rest": "a/b"}),
        ("files/{*rest}", "files", {}),
        ("a.b", "axb", None),
    ],
)
def test_template_matches(template: str, path: str, values: dict[str, str] | None) -> None:
    assert parse_route(template).match(path) == values


def test_literal_goes_before_constrained_before_free_before_the_rest() -> None:
    templates = ["x/{*rest}", "x/{id}", "x/{id:int}", "x/new", "x"]
    ordered = sorted(templates, key=lambda each: parse_route(each).precedence)
    assert ordered == ["x", "x/new", "x/{id:int}", "x/{id}", "x/{*rest}"]


@pytest.mark.parametrize("template", ["a-{id}", "{id=5}", "{id:odd}", "{id", "x/{id:int:min(1)}"])
def test_unsupported_template_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="unsupported"):
        parse_route(template)


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (TypedData(string="text"), ["text"]),
        (TypedData(string=""), [""]),
        (TypedData(string='{"a": 1}'), ['{"a": 1}']),
        (TypedData(string='["a", {"b": 2}]'), ["a", '{"b": 2}']),
        (TypedData(json='["a", "b"]'), ["a", "b"]),
        (TypedData(bytes="é".encode()), ["é"]),
    ],
)
def test_value_becomes_messages_as_in_the_host(data: TypedData, messages: list[str]) -> None:
    assert _written(data) == {"q": messages}


def test_empty_list_writes_nothing() -> None:
    assert _written(TypedData(json="[]")) == {}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (TypedData(string="{not json}"), "looks like JSON"),
        (TypedData(bytes=b"\xff"), "not UTF-8"),
        (TypedData(int=1), "int data"),
    ],
)
def test_value_that_the_host_refuses_is_refused(data: TypedData, reason: str) -> None:
    with pytest.raises(WorkerError, match=reason):
        _written(data)


def test_output_must_be_bound() -> None:
    with pytest.raises(WorkerError, match="no output binding 'other'"):
        _written(TypedData(string="x"), name="other")


def test_function_needs_exactly_one_trigger() -> None:
    with pytest.raises(WorkerError, match="f has 0 triggers"):
        _function(QUEUE)


def test_oneof_names_the_field_that_is_set() -> None:
    assert TypedData().WhichOneof("data") is None
    assert TypedData(bytes=b"").WhichOneof("data") == "bytes"
    assert TypedData(int=0).WhichOneof("data") == "int"
    with pytest.raises(ValueError, match="no oneof"):
        TypedData().WhichOneof("rpc_data")
    with pytest.raises(ValueError, match="no oneof"):
        ParameterBinding("x", None).WhichOneof("data")


def test_cookie_that_expires_now_keeps_its_zero() -> None:
    cookie = RpcHttpCookie(
        "seen",
        "1",
        expires=NullableTimestamp(Timestamp(0)),
        max_age=NullableDouble(0.0),
        same_site=RpcHttpCookie.SameSite.ExplicitNone,
    )
    answer = http_answer(TypedData(http=RpcHttp(status_code="204", cookies=[cookie])), {})
    assert answer.cookies == (
        "seen=1; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; SameSite=None",
    )
    assert (answer.status, answer.body) == (204, b"")


def test_no_return_value_is_no_content() -> None:
    assert http_answer(None, {}).status == 204
