"""The handshake of Graph, done by ourselves: it wakes the webhook up and shows what Graph will see.

A function app that slept may need half a minute for its first answer, and Graph waits 10 seconds
(Graph: receive change notifications through webhooks, notificationUrl validation).
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from provisioning.errors import EndpointUnfit, Unfit
from provisioning.ports import Clock

if TYPE_CHECKING:
    import httpx

TRIES = 3
PATIENT = 30.0
"""Seconds for the first try, which may meet a cold start."""

GRAPH_WAITS = 10.0
"""Seconds within which one answer must have come, as Graph demands it."""

LARGEST_ANSWER = 1024 * 1024
"""Bytes. A token has about a hundred, the page of something else that answers there a few more."""

_PAUSE = 1.0
_OWN_ADDRESS = (
    "NOTIFICATION_URL has to be the address of this app's own function: "
    "https://<name>.azurewebsites.net/api/notifications."
)
_STATUS_REMEDIES = {
    401: "Something before the function asks for a sign-in: leave the path of the webhook out of "
    "it. The function itself is anonymous.",
    403: "Something before the function refuses: see the access restrictions of the app. Graph has "
    "to reach it from the Internet.",
    404: f"Publish the app, and correct the URL. {_OWN_ADDRESS}",
}
_REMEDIES = {
    Unfit.TYPE: f"Something else answers there. {_OWN_ADDRESS}",
    Unfit.BODY: f"Something else answers there. {_OWN_ADDRESS}",
    Unfit.TIMEOUT: "See that the app runs (`GET /api/health`). Where it starts too slowly from "
    "cold, keep one instance of its HTTP functions always ready.",
    Unfit.TLS: "Give the host a certificate that is publicly trusted and bears its name.",
    Unfit.DNS: f"The name is not known. {_OWN_ADDRESS}",
    Unfit.UNREACHABLE: "See that the app runs and that nothing refuses the connection. If only "
    "this process cannot reach it, Graph may still.",
}


class Handshake:
    """Implements ``ports.EndpointPort``. Redirects are answers like any other: Graph follows none.

    ``token`` gives texts that nobody can guess.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        token: Callable[[], str] = lambda: secrets.token_hex(16),
        http_client_factory: Callable[[], httpx.AsyncClient] | None = None,
    ) -> None:
        self._clock = clock
        self._token = token
        self._http_client_factory = http_client_factory

    async def probe(self, url: str) -> None:
        """Up to three tries, a patient one first; one has to succeed within Graph's 10 seconds.

        Raises ``EndpointUnfit`` with what the last one saw.
        """
        patience = PATIENT
        for tries_left in reversed(range(TRIES)):
            began = self._clock.monotonic()
            try:
                await self._shake_hands(url, patience)
            except EndpointUnfit:
                if not tries_left:
                    raise
                await self._clock.sleep(_PAUSE)
            else:
                if self._clock.monotonic() - began <= GRAPH_WAITS:
                    return
            patience = GRAPH_WAITS

    async def _shake_hands(self, url: str, patience: float) -> None:
        # Blanks and a colon, as in Graph's own tokens: the endpoint has to decode them.
        token = f"Validation: is this the webhook of the provisioning app {self._token()}"
        operation = f"POST {_shown(url)}"
        try:
            async with asyncio.timeout(patience):
                answer = await self._post(f"{url}?validationToken={quote(token, safe='')}")
        except TimeoutError:
            raise _unfit(operation, Unfit.TIMEOUT, f"no answer within {patience:g} s") from None
        except OSError as error:
            seen = _cause(error)
            raise _unfit(operation, seen, f"{_NAMES[seen]}: {error}") from None
        _judge(operation, answer, token)

    async def _post(self, url: str) -> httpx.Response:
        """Raises ``OSError`` for what kept the answer from coming, ``EndpointUnfit`` for one that
        is too large to be a token.
        """
        import httpx

        from provisioning.graph.bounded import AnswerTooLarge, bound

        client = self._client(url)
        bound(client, LARGEST_ANSWER)
        try:
            async with client:
                return await client.post(
                    url, headers={"Content-Type": "text/plain; charset=utf-8"}, timeout=None
                )
        except AnswerTooLarge as error:
            raise _unfit(f"POST {_shown(url)}", Unfit.BODY, str(error)) from None
        except httpx.HTTPError as error:
            raise _as_os_error(error) from None

    def _client(self, url: str) -> httpx.AsyncClient:
        import httpx

        if self._http_client_factory is not None:
            return self._http_client_factory()
        # A simulator on this machine is not behind the proxy of the network.
        return httpx.AsyncClient(trust_env=not url.startswith("http://"))


_NAMES = {
    Unfit.TLS: "no secure connection",
    Unfit.DNS: "the host is not found",
    Unfit.UNREACHABLE: "no connection",
}


def _judge(operation: str, answer: httpx.Response, token: str) -> None:
    """Raises ``EndpointUnfit`` unless the answer is what Graph accepts."""
    status = answer.status_code
    if status != 200:
        remedy = _STATUS_REMEDIES.get(status, f"See the log of the app. {_OWN_ADDRESS}")
        detail = "it redirects" if 300 <= status < 400 else "200 is needed"
        raise EndpointUnfit(operation, detail, Unfit.STATUS, status=status, remedy=remedy)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "text/plain":
        raise _unfit(operation, Unfit.TYPE, f"the answer is {kind or 'of no type'}, not text/plain")
    if answer.text != token:
        size = len(answer.content)
        raise _unfit(operation, Unfit.BODY, f"the answer ({size} bytes) is not the token")


def _unfit(operation: str, seen: Unfit, detail: str) -> EndpointUnfit:
    return EndpointUnfit(operation, detail, seen, remedy=_REMEDIES[seen])


def _as_os_error(error: Exception) -> OSError:
    """The error below the library's own, which says more: of name resolution, of TLS."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError | socket.gaierror):
            return cause
    return ConnectionError(
        f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    )


def _cause(error: OSError) -> Unfit:
    if isinstance(error, ssl.SSLError):
        return Unfit.TLS
    return Unfit.DNS if isinstance(error, socket.gaierror) else Unfit.UNREACHABLE


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _shown(url: str) -> str:
    """Host and path: a query may hold a key."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}"
