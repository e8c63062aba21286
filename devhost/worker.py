"""Runs the function app in the Python worker library of Azure Functions, in this process.

``azure-functions-runtime`` is the library that Azure's own worker process calls: it imports
``function_app.py``, indexes the functions, checks their signatures against their bindings,
decodes triggers and encodes outputs. It is called here without gRPC. ``WorkerUnavailable`` is
raised on import where the library cannot be imported (it needs Python 3.13).

**One app per process.** The library keeps its registry, and Python its modules, for the life of
the process. A second app needs a process of its own. The same app may be started again after it
was stopped, on another event loop too: it is then a warm start, with its modules as they were.

Function keys, schedules, retries and the queues themselves are not the worker's: whoever stands
in for the host does them.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from devhost import protocol
from devhost.errors import FunctionFailed, WorkerError, WorkerUnavailable
from devhost.functions import Function, function_from_metadata
from devhost.http import ROUTE_PREFIX, HttpAnswer, Identity, http_answer, http_request
from devhost.outputs import Outputs, read_outputs
from devhost.protocol import InvocationResponse, StreamingMessage, TypedData, WorkerRequest
from devhost.routes import Route, parse_route
from devhost.triggers import (
    events_data,
    events_metadata,
    made_message,
    message_data,
    message_metadata,
    timer_data,
)
from provisioning.queues.messages import Message

try:
    import azure_functions_runtime as library
except ImportError as missing:
    raise WorkerUnavailable(
        "The Azure Functions worker needs Python 3.13 or newer with azure-functions-runtime; "
        f"this is Python {sys.version_info.major}.{sys.version_info.minor} ({missing})."
    ) from missing

__all__ = ["FunctionFailed", "HttpAnswer", "Identity", "Worker", "WorkerError", "WorkerUnavailable"]

_SCRIPT = "function_app.py"
_ORIGIN = "http://localhost:7071"


class _Process:
    """What the library keeps for the life of the process."""

    app: Path | None = None
    functions: Mapping[str, Function] | None = None
    running: bool = False


_process = _Process()


class Worker:
    """A function app, loaded and ready to be called.

    Use it as an asynchronous context manager. Entering raises ``WorkerError`` with the library's
    text when the app cannot be imported or a function does not fit its bindings, when another
    app was loaded in this process, or when a worker is running in it. Asynchronous functions run
    on the caller's event loop, each call in a task of its own; synchronous ones in the library's
    threads, which leaving waits for.
    """

    def __init__(self, app_directory: Path) -> None:
        self._directory = app_directory.resolve()
        self._functions: Mapping[str, Function] = MappingProxyType({})
        self._routes: Sequence[tuple[Route, Function]] = ()

    @property
    def functions(self) -> Mapping[str, Function]:
        """The functions by name; none before the worker is entered."""
        return self._functions

    async def __aenter__(self) -> Self:
        _claim_process(self._directory)
        library.start_threadpool_executor()
        try:
            if _process.functions is None:
                _process.functions = await _load(self._directory)
            self._routes = _routes(_process.functions)
        except BaseException:
            await self._stop()
            raise
        self._functions = _process.functions
        return self

    async def __aexit__(
        self,
        type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def http(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        identity: Identity | None = None,
        origin: str = _ORIGIN,
    ) -> HttpAnswer:
        """The answer to a request for ``path``, such as ``/api/logs?limit=5``.

        404 where no route matches, 405 where only other methods are allowed. ``identity`` signs
        the caller in as the platform would, ``origin`` is how the caller addressed the app. Raises
        ``FunctionFailed`` where the host would answer 500.
        """
        found = self.find(method, path)
        if isinstance(found, HttpAnswer):
            return found
        function, values = found
        url = origin + path
        return await self._answer(function, method, url, values, headers or {}, body, identity)

    def find(self, method: str, path: str) -> tuple[Function, Mapping[str, str]] | HttpAnswer:
        """The function that a request is for, with its route values; else the answer 404 or 405.

        Raises ``WorkerError`` when the worker is not running.
        """
        if not self._functions:
            raise WorkerError("The worker is not running.")
        allowed: set[str] = set()
        for function, values in self._matches(path.partition("?")[0]):
            if not function.methods or method.upper() in function.methods:
                return function, values
            allowed.update(function.methods)
        if allowed:
            return HttpAnswer(405, {"allow": ", ".join(sorted(allowed))})
        return HttpAnswer(404)

    async def http_by_name(
        self,
        name: str,
        method: str = "GET",
        *,
        route_values: Mapping[str, str] | None = None,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        identity: Identity | None = None,
    ) -> HttpAnswer:
        """The answer of a function called by its name, whatever its route and methods are."""
        function = self._function(name, "httpTrigger")
        url = f"{_ORIGIN}{ROUTE_PREFIX}{name}" + (f"?{query}" if query else "")
        return await self._answer(
            function, method, url, route_values or {}, headers or {}, body, identity
        )

    async def timer(self, name: str, *, past_due: bool = False) -> Outputs:
        """Ticks a timer. The messages that it wrote, by the name of the queue."""
        function = self._function(name, "timerTrigger")
        return read_outputs(function, await self._invoke(function, timer_data(past_due=past_due)))

    async def queue(
        self, name: str, message: str | bytes | Message, *, dequeue_count: int = 1
    ) -> Outputs:
        """Hands a message to the function of a queue: one as received, or a text or bytes as
        delivered the n-th time.

        The messages that it wrote, by the name of the queue. ``name`` is the function's.
        """
        function = self._function(name, "queueTrigger")
        received = message if isinstance(message, Message) else made_message(dequeue_count)
        data = message_data(message.text if isinstance(message, Message) else message)
        metadata = message_metadata(data, received)
        return read_outputs(function, await self._invoke(function, data, metadata))

    async def events(self, name: str, events: Sequence[str]) -> Outputs:
        """Hands a batch of events to the function of an Event Hub."""
        function = self._function(name, "eventHubTrigger")
        data, metadata = events_data(events), events_metadata(events)
        return read_outputs(function, await self._invoke(function, data, metadata))

    async def _stop(self) -> None:
        self._functions = MappingProxyType({})
        self._routes = ()
        try:
            # The library waits for its threads; the loop must stay free meanwhile, since a
            # synchronous function may be waiting for something that runs on it.
            await asyncio.to_thread(library.stop_threadpool_executor)
        finally:
            sys.path.remove(str(self._directory))
            _process.running = False

    def _matches(self, path: str) -> list[tuple[Function, Mapping[str, str]]]:
        if not path.lower().startswith(ROUTE_PREFIX):
            return []
        rest = path[len(ROUTE_PREFIX) :]
        matches = ((function, route.match(rest)) for route, function in self._routes)
        return [(function, values) for function, values in matches if values is not None]

    def _function(self, name: str, trigger: str) -> Function:
        function = self._functions.get(name)
        if function is None or function.trigger != trigger:
            known = ", ".join(sorted(f.name for f in self.functions.values()))
            raise WorkerError(f"There is no {trigger} function {name!r} among: {known or 'none'}.")
        return function

    async def _answer(
        self,
        function: Function,
        method: str,
        url: str,
        route_values: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        identity: Identity | None,
    ) -> HttpAnswer:
        data = http_request(method, url, route_values, headers, body, identity)
        response = await self._invoke(function, data)
        return http_answer(response.return_value, read_outputs(function, response))

    async def _invoke(
        self,
        function: Function,
        data: TypedData,
        metadata: Mapping[str, TypedData] | None = None,
    ) -> InvocationResponse:
        request = protocol.InvocationRequest(
            invocation_id=str(uuid.uuid4()),
            function_id=function.id,
            input_data=[protocol.ParameterBinding(function.parameter, data)],
            trigger_metadata=metadata or {},
            trace_context=protocol.RpcTraceContext(
                f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
            ),
        )
        message = WorkerRequest(StreamingMessage(invocation_request=request))
        # Its own task, as in Azure: context variables that the function sets stay its own.
        call = asyncio.create_task(library.invocation_request(message), name=function.name)
        response: InvocationResponse = await call
        failure = _failure(response.result)
        if failure is not None:
            raise FunctionFailed(function.name, failure.message, failure.stack_trace)
        return response


def _claim_process(directory: Path) -> None:
    if _process.running:
        raise WorkerError("A worker is already running in this process.")
    if _process.app not in {None, directory}:
        raise WorkerError(
            f"This process has loaded the app in {_process.app}; {directory} needs its own."
        )
    script = directory / _SCRIPT
    if not script.is_file():
        raise WorkerError(f"There is no {_SCRIPT} in {directory}.")
    imported: Any = sys.modules.get(script.stem)
    if imported is not None and Path(imported.__file__).resolve() != script:
        raise WorkerError(f"This process has imported {imported.__file__} as {script.stem}.")
    _process.app, _process.running = directory, True
    sys.path.insert(0, str(directory))


async def _load(directory: Path) -> Mapping[str, Function]:
    properties: Mapping[str, Any] = {"host": "127.0.0.1", "protos": protocol}
    init = protocol.WorkerInitRequest(str(directory))
    request = WorkerRequest(StreamingMessage(worker_init_request=init), properties)
    _check_loaded((await library.worker_init_request(request)).result)
    answer = await library.functions_metadata_request(WorkerRequest(StreamingMessage()))
    _check_loaded(answer.result)
    if not answer.function_metadata_results:
        raise WorkerError(f"The app in {directory} has no functions.")
    functions = [function_from_metadata(each) for each in answer.function_metadata_results]
    for function in functions:
        load = protocol.FunctionLoadRequest(function.id)
        message = WorkerRequest(StreamingMessage(function_load_request=load))
        _check_loaded((await library.function_load_request(message)).result)
    return MappingProxyType({function.name: function for function in functions})


def _routes(functions: Mapping[str, Function]) -> list[tuple[Route, Function]]:
    routes = []
    for function in functions.values():
        if function.trigger == "httpTrigger":
            try:
                routes.append((parse_route(function.route or function.name), function))
            except ValueError as error:
                raise WorkerError(f"{function.name}: {error}.") from error
    return sorted(routes, key=lambda each: (each[0].precedence, each[0].template.lower()))


def _check_loaded(result: protocol.StatusResult) -> None:
    failure = _failure(result)
    if failure is not None:
        raise WorkerError(failure.message, failure.stack_trace)


def _failure(result: protocol.StatusResult) -> protocol.RpcException | None:
    if result.status == protocol.StatusResult.Success:
        return None
    return result.exception or protocol.RpcException("The worker failed without an exception.")
