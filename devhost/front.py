"""The HTTP front: the routes of the app, and ``/admin/functions/NAME`` to run one by hand."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aiohttp import web

from devhost.http import HttpAnswer
from devhost.invocations import InvocationFailed, Invocations, InvocationStopped
from devhost.keys import is_foreign, may_call
from provisioning.errors import ConfigurationError, Problem
from provisioning.setting_values import Secret

if TYPE_CHECKING:
    from devhost.worker import Worker

_log = logging.getLogger("serve")

LARGEST_BODY = 100 * 1024 * 1024
"""Bytes (Azure Functions: HTTP trigger limits)."""

REQUEST_SECONDS = 230.0
"""Then the platform's front end gives up; the function goes on (Azure Functions: scale and
hosting, function app timeout duration)."""

BODY_SECONDS = 30.0
"""For the body of a request: one that trickles in holds no connection for longer. In Azure the
front end of the platform takes the body first.
"""

_CLOSING_SECONDS = 2.0
"""For answers that are on their way when serve ends, and for bodies that nobody wants."""

_ADMIN = "/admin/functions/"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# What describes the transfer is for the server to say.
_OURS = frozenset({"content-length", "transfer-encoding", "set-cookie"})

ByHand = Callable[[str], Awaitable[None]]
"""Runs a timer or queue function with a text as its input."""


class Front:
    """Answers for an app. ``by_hand`` has the functions that can be run without a request.

    ``key`` ``None`` asks for none, and is for the loopback interface only.
    """

    def __init__(
        self,
        worker: Worker,
        invocations: Invocations,
        by_hand: Mapping[str, ByHand],
        key: Secret | None,
        *,
        request_seconds: float,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._worker = worker
        self._invocations = invocations
        self._by_hand = by_hand
        self._key = key
        self._request_seconds = request_seconds
        self._body_seconds = body_seconds
        self._site: web.TCPSite | None = None
        self._background: set[asyncio.Task[None]] = set()
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=_CLOSING_SECONDS,
            lingering_time=_CLOSING_SECONDS,
        )

    async def listen(self, host: str, port: int) -> str:
        """Begins to listen. The address, as a URL.

        Raises ``ConfigurationError`` for an address that cannot be had.
        """
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, host, port)
        try:
            await self._site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise _cannot_listen(host, port, error) from None
        taken = self._runner.addresses[0][1]
        return f"http://{f'[{host}]' if ':' in host else host}:{taken}"

    async def stop_listening(self) -> None:
        """Takes no new connection and no further request; those that came are answered."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def close(self) -> None:
        """Closes what connections there are."""
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        headers = _headers(request)
        path = request.raw_path
        if self._site is None:
            answer = HttpAnswer(503, {"connection": "close"})
        elif self._key is None and is_foreign(headers):
            answer = _text(403, "Without FUNCTION_KEY only this machine itself is answered.")
        elif path.lower().startswith(_ADMIN):
            answer = await self._admin(request, headers)
        elif request.method == "OPTIONS":
            answer = self._options(path)
        else:
            answer = await self._function(request, headers)
        return _response(answer)

    async def _function(self, request: web.Request, headers: Mapping[str, str]) -> HttpAnswer:
        path = request.raw_path
        # Whoever can GET can ask for the headers alone; the server then leaves the body out.
        method = "GET" if request.method == "HEAD" else request.method
        found = self._worker.find(method, path)
        if isinstance(found, HttpAnswer):
            return found
        function, _ = found
        if not may_call(function.auth_level, self._key, headers, path):
            return HttpAnswer(401)
        try:
            body = await self._body(request)
        except TimeoutError:
            return _too_slow()
        origin = f"{request.scheme}://{request.host}"
        call = partial(self._worker.http, method, path, headers, body, origin=origin)
        try:
            async with asyncio.timeout(self._request_seconds):
                return await self._invocations.http(function.name, call)
        except TimeoutError:
            _log.warning("%s: no answer within %g s", function.name, self._request_seconds)
            return HttpAnswer(504)
        except InvocationFailed:
            return HttpAnswer(500)
        except InvocationStopped:
            return HttpAnswer(503)

    async def _body(self, request: web.Request) -> bytes:
        """Raises ``TimeoutError`` for a body that does not come to its end."""
        async with asyncio.timeout(self._body_seconds):
            return await request.read()

    async def _admin(self, request: web.Request, headers: Mapping[str, str]) -> HttpAnswer:
        """Runs a function by hand; 202 at once, as the host does (Azure Functions: manually run a
        non HTTP-triggered function).
        """
        if not may_call("admin", self._key, headers, request.raw_path):
            return HttpAnswer(401)
        name = unquote(request.raw_path.partition("?")[0][len(_ADMIN) :])
        if name not in self._worker.functions:
            return HttpAnswer(404)
        if request.method != "POST":
            return HttpAnswer(405, {"allow": "POST"})
        if name not in self._by_hand:
            if self._worker.functions[name].trigger != "httpTrigger":
                return _text(400, f"{name} is not run here.")
            return _text(400, f"{name} is called at its own route.")
        try:
            text = _input(await self._body(request))
        except TimeoutError:
            return _too_slow()
        except ValueError as error:
            return _text(400, str(error))
        task = asyncio.create_task(self._run_by_hand(name, text))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return HttpAnswer(202)

    async def _run_by_hand(self, name: str, text: str) -> None:
        with suppress(InvocationFailed, InvocationStopped):  # in the log already
            await self._by_hand[name](text)

    def _options(self, path: str) -> HttpAnswer:
        allowed = [m for m in _METHODS if not isinstance(self._worker.find(m, path), HttpAnswer)]
        if not allowed:
            return HttpAnswer(404)
        head = ["HEAD"] if "GET" in allowed else []
        return HttpAnswer(204, {"allow": ", ".join([*allowed, *head, "OPTIONS"])})


def _input(body: bytes) -> str:
    """The input of a call by hand: ``{"input": TEXT}``, or nothing."""
    if not body:
        return ""
    wrong = 'Send {"input": "text"}.'
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError(wrong) from None
    text = document.get("input", "") if isinstance(document, dict) else None
    if not isinstance(text, str):
        raise ValueError(wrong)  # noqa: TRY004 - one kind for the caller
    return text


def _headers(request: web.Request) -> dict[str, str]:
    """Headers by lower-case name, repeated ones joined (RFC 9110 section 5.3)."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        low = name.lower()
        headers[low] = f"{headers[low]}, {value}" if low in headers else value
    return headers


def _text(status: int, text: str) -> HttpAnswer:
    return HttpAnswer(status, {"content-type": "text/plain; charset=utf-8"}, text.encode())


def _too_slow() -> HttpAnswer:
    return HttpAnswer(408, {"connection": "close"})


def _response(answer: HttpAnswer) -> web.Response:
    kept = {name: value for name, value in answer.headers.items() if name not in _OURS}
    response = web.Response(status=answer.status, headers=kept, body=answer.body)
    for cookie in answer.cookies:
        response.headers.add("set-cookie", cookie)
    return response


def _cannot_listen(host: str, port: int, error: OSError) -> ConfigurationError:
    taken = error.errno in {errno.EADDRINUSE, errno.EACCES}
    # asyncio's own text repeats the address; a name that does not resolve has a negative number.
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror
    return ConfigurationError(
        (
            Problem(
                "--port" if taken else "--host",
                f"{host}:{port} cannot be listened on ({reason}).",
                "Choose another --port (0 takes a free one), or end the program that has it."
                if taken
                else "Give an address of this machine.",
            ),
        )
    )
