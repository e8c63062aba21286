"""Graph over the Microsoft Graph SDK: its requests, authentication and middleware; bytes out.

The SDK's models stay out: they cost milliseconds of processor time for each object. Its retry and
redirect handlers are off: retries are the channel's, and a redirect would carry the token away.
Imports are local, since they cost half a second.
"""

from __future__ import annotations

import asyncio
import functools
import gc
from collections.abc import Callable
from typing import TYPE_CHECKING

from provisioning.errors import CredentialsRefused, ProtocolError, RemoteUnavailable
from provisioning.graph.urls import Endpoint
from provisioning.graph.wire import GRAPH, Answer, Request, scrub
from provisioning.ports import Clock

if TYPE_CHECKING:
    import httpx
    from azure.core.credentials_async import AsyncTokenCredential
    from kiota_abstractions.authentication import AuthenticationProvider
    from kiota_abstractions.request_information import RequestInformation
    from msgraph.graph_request_adapter import GraphRequestAdapter

_SIGN_IN = (
    "Give the function app a managed identity; on a developer's machine sign in with the Azure CLI."
)


class SdkTransport:
    """Sends requests through the SDK's adapter. Bound to the event loop that it is first used on.

    On a loopback endpoint requests are anonymous. Elsewhere the credential is asked for a token,
    and the token goes to the endpoint's host only. A credential that is given is not closed here.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Clock,
        timeout: float,
        credential: AsyncTokenCredential | None,
        http_client_factory: Callable[[], httpx.AsyncClient] | None,
    ) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._timeout = timeout
        self._credential = credential
        self._owned_credential: AsyncTokenCredential | None = None
        self._http_client_factory = http_client_factory
        self._adapter: GraphRequestAdapter | None = None
        self._closers: list[httpx.AsyncClient | httpx.AsyncBaseTransport] = []

    async def send(self, request: Request) -> Answer:
        """One HTTP exchange, without retry, within the time limit.

        Raises ``RemoteUnavailable`` when no whole answer came, ``CredentialsRefused`` when there
        is no token to be had, ``ProtocolError`` for a URL outside the endpoint and for an answer
        that is too large to be one.
        """
        import httpx
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        from provisioning.graph.bounded import AnswerTooLarge

        try:
            async with asyncio.timeout(self._timeout):
                response = await self._exchange(request)
        except (TimeoutError, httpx.TimeoutException) as error:
            detail = f"no answer within {self._timeout:g} s"
            raise RemoteUnavailable(GRAPH, request.operation, detail) from error
        except AnswerTooLarge as error:
            raise ProtocolError(GRAPH, request.operation, str(error)) from None
        except (httpx.RequestError, AzureError) as error:
            detail = scrub(f"{type(error).__name__}: {error}")
            if isinstance(error, ClientAuthenticationError):
                raise CredentialsRefused(
                    GRAPH, request.operation, detail, remedy=_SIGN_IN
                ) from error
            raise RemoteUnavailable(GRAPH, request.operation, detail) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, response.content, self._clock.time())

    async def close(self) -> None:
        """Closes connections and an own credential. A later request opens new ones."""
        closers, self._closers, self._adapter = self._closers, [], None
        for closer in closers:
            await closer.aclose()
        credential, self._owned_credential = self._owned_credential, None
        if credential is not None:
            await credential.close()

    async def _exchange(self, request: Request) -> httpx.Response:
        if self._adapter is None:
            self._adapter = self._connect()
        information = self._information(request)
        response: httpx.Response | None = await self._adapter.send_primitive_async(
            information, "bytes", {}
        )
        assert response is not None  # the native handler passes on what came
        return response

    def _information(self, request: Request) -> RequestInformation:
        """The SDK's form of the request, answered by the HTTP response itself."""
        from kiota_abstractions.method import Method
        from kiota_abstractions.native_response_handler import NativeResponseHandler
        from kiota_abstractions.request_information import RequestInformation
        from kiota_http.middleware.options import ResponseHandlerOption

        url = self._endpoint.absolute(request.url)
        if not self._endpoint.admits(url):
            raise ProtocolError(GRAPH, request.operation, "a link to another host")
        information = RequestInformation(Method[request.method])
        information.url = url
        for name, value in request.headers.items():
            information.headers.add(name, value)
        information.content = request.body or None
        information.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        return information

    def _connect(self) -> GraphRequestAdapter:
        from kiota_http.observability_options import ObservabilityOptions
        from msgraph.graph_request_adapter import GraphRequestAdapter

        adapter = GraphRequestAdapter(self._authentication(), self._client())
        adapter.base_url = self._endpoint.url
        # URLs hold names of people and tokens: they stay out of traces.
        adapter.observability_options = ObservabilityOptions(include_euii_attributes=False)
        _libraries_stay()
        return adapter

    def _client(self) -> httpx.AsyncClient:
        """The HTTP client with the SDK's middleware around its transports."""
        import httpx
        from kiota_http.middleware.options import (
            RedirectHandlerOption,
            RetryHandlerOption,
            UrlReplaceHandlerOption,
        )
        from msgraph.graph_request_adapter import options as sdk_options
        from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]

        from provisioning.graph import bounded

        if self._http_client_factory is not None:
            client = self._http_client_factory()
        else:
            proxies = not self._endpoint.loopback
            client = httpx.AsyncClient(timeout=self._timeout, http2=True, trust_env=proxies)
        # The SDK wraps the transports in ones that do not pass a close on to them.
        inner = [client._transport, *client._mounts.values()]  # noqa: SLF001
        self._closers = [client, *(transport for transport in inner if transport is not None)]
        bounded.bound(client, bounded.LARGEST_ANSWER)
        options = {
            **sdk_options,
            RetryHandlerOption.get_key(): RetryHandlerOption(should_retry=False),
            RedirectHandlerOption.get_key(): RedirectHandlerOption(should_redirect=False),
            UrlReplaceHandlerOption.get_key(): UrlReplaceHandlerOption(enabled=False),
        }
        wrapped: httpx.AsyncClient = GraphClientFactory.create_with_default_middleware(
            client=client, options=options
        )
        return wrapped

    def _authentication(self) -> AuthenticationProvider:
        if self._endpoint.loopback:
            from kiota_abstractions.authentication.anonymous_authentication_provider import (
                AnonymousAuthenticationProvider,
            )

            return AnonymousAuthenticationProvider()
        from kiota_authentication_azure.azure_identity_authentication_provider import (
            AzureIdentityAuthenticationProvider,
        )

        credential = self._credential
        if credential is None:
            from azure.identity.aio import DefaultAzureCredential

            credential = self._owned_credential = DefaultAzureCredential()
        return AzureIdentityAuthenticationProvider(
            credential, scopes=[self._endpoint.scope], allowed_hosts=[self._endpoint.host]
        )


@functools.cache
def _libraries_stay() -> None:
    """Takes what is loaded by now out of the garbage collection, once in a process: most objects
    are of libraries, and each look through them keeps the event loop for 50 to 100 ms.
    """
    gc.collect()
    gc.freeze()
