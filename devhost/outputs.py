"""Output bindings: what the host makes of the data that a function wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from devhost.errors import WorkerError
from devhost.functions import Function
from devhost.protocol import InvocationResponse, TypedData

Outputs = Mapping[str, list[str]]
"""Messages by the name of their queue, in the order written."""


def read_outputs(function: Function, response: InvocationResponse) -> Outputs:
    """The messages of an invocation, those of its return value last.

    Raises ``WorkerError`` for data that the host would refuse.
    """
    outputs: dict[str, list[str]] = {}
    for parameter, data in _written(function, response):
        messages = _messages(function, data)
        if messages:
            outputs.setdefault(function.output_name(parameter), []).extend(messages)
    return outputs


def _written(function: Function, response: InvocationResponse) -> Iterable[tuple[str, TypedData]]:
    for binding in response.output_data:
        if binding.data is not None:
            yield binding.name, binding.data
    # What an HTTP function returns is its answer.
    if response.return_value is not None and function.trigger != "httpTrigger":
        yield "$return", response.return_value


def _messages(function: Function, data: TypedData) -> list[str]:
    """One value may be several messages.

    The host parses every text that looks like JSON, also a plain string: an array becomes one
    message for each element (azure-functions-host, ``FunctionBinding.ReadAsEnumerable``). An
    object stays one message, a ``QueueMessage`` too: it arrives as its JSON with id and body.
    """
    if data.bytes is not None:
        return [_text(function, data.bytes)]
    text = data.json if data.string is None else data.string
    if text is None:
        raise WorkerError(f"{function.name} wrote {data.WhichOneof('data')} data to a queue.")
    if not _looks_like_json(text):
        return [text]
    try:
        value = json.loads(text)
    except ValueError as error:
        raise WorkerError(
            f"{function.name} wrote a message that looks like JSON and is not: {error}"
        ) from error
    if not isinstance(value, list):
        return [text]
    return [each if isinstance(each, str) else json.dumps(each) for each in value]


def _text(function: Function, message: bytes) -> str:
    try:
        return message.decode()
    except UnicodeDecodeError as error:
        raise WorkerError(f"{function.name} wrote a message that is not UTF-8: {error}") from error


def _looks_like_json(text: str) -> bool:
    trimmed = text.strip()
    return (trimmed[:1], trimmed[-1:]) in {("{", "}"), ("[", "]")}
