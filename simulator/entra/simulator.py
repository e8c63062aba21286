"""The Graph endpoint: receives a request, applies faults, finds the resource, writes the answer."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import suppress
from email.utils import formatdate
from types import TracebackType
from typing import Any

from simulator.clock import Clock
from simulator.http import Request, Response, json_response

from . import batch
from .call import JSON_TYPE, Call, GraphError, Reply
from .control import Control, knobs_document
from .delta import DeltaQueries
from .faults import FaultInjector, Faults
from .mangling import mangled
from .notifications import Notifier, post_over_http
from .properties import timestamp
from .reading import Reading
from .requestlog import LoggedRequest
from .routes import Routes
from .subscriptions import Post, Subscriptions
from .tenant import Tenant
from .throttle import ResourceUnits, cost_of
from .token import TokenEpochs


class EntraSimulator:
    """One tenant behind Microsoft Graph v1.0, under ``/v1.0``, with control under ``/control``.

    The tenant opens with the first simulator on it. With ``token`` set, requests need it as a
    bearer token. Nothing runs in the background unless the simulator is used as an async
    context manager: then notifications are delivered as they fall due.
    """

    def __init__(
        self,
        tenant: Tenant,
        clock: Clock | None = None,
        seed: int = 0,
        token: str | None = None,
        faults: Faults | None = None,
        post: Post | None = None,
    ) -> None:
        tenant.open(clock)
        self.tenant = tenant
        self._elsewhere = Tenant.empty(seed=_ANOTHER_SEED)
        self._elsewhere.open(tenant.clock)
        self.clock = tenant.clock
        self.faults = FaultInjector(faults or Faults(), seed)
        self.requests: list[LoggedRequest] = []
        self.subscriptions = Subscriptions(tenant, post or post_over_http)
        self.notifier = Notifier(tenant, self.subscriptions, self.faults, post or post_over_http)
        self._token = token
        self._epochs = TokenEpochs()
        self._units = ResourceUnits()
        self._routes = Routes(DeltaQueries(seed), self.subscriptions)
        self._control = Control(self)
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> EntraSimulator:
        """Deliver notifications in the background from now on."""
        self._running = asyncio.create_task(self.notifier.run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
            self._running = None

    def set(self, **knobs: Any) -> None:
        """Turn knobs of ``Faults``."""
        self.faults.set(**knobs)

    def expire_tokens(self, which: str = "delta") -> None:
        """Expire all ``delta`` or ``page`` tokens handed out so far, or ``all``."""
        self._epochs.expire(which)

    def state(self) -> dict[str, Any]:
        """A summary of the tenant and the simulator."""
        tenant = self.tenant
        return {
            "tenantId": tenant.id,
            "servicePrincipalId": tenant.service_principal_id,
            "time": timestamp(self.clock.time()),
            "users": len(tenant.users),
            "groups": len(tenant.groups),
            "assignments": len(tenant.assignments),
            "changes": tenant.journal.position,
            "subscriptions": [one.document() for one in self.subscriptions.living()],
            "notifications": {
                "pending": self.notifier.pending,
                "delivered": self.notifier.delivered,
            },
            "requests": len(self.requests),
            "knobs": knobs_document(self.faults.knobs),
        }

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        if request.path.startswith("/control/"):
            return await self._control.answer(request)
        call = Call.of(request)
        knobs = self.faults.knobs
        if knobs.latency or knobs.latency_jitter:
            jitter = self.faults.random.random() * knobs.latency_jitter
            await self.clock.sleep(knobs.latency + jitter)
        arrived = self.clock.time()
        if call.path == "/$batch" and self._authorized(request):
            reply = await self._batch(call)
            units = 0
        else:
            reply, units = await self._one(call, authorized=self._authorized(request))
        dropped = self.faults.strikes("drop", call.path)
        status = 0 if dropped else reply.status
        self.requests.append(
            LoggedRequest(arrived, call.method, call.path, call.query, status, units)
        )
        answer = _written(call, reply, self._date(), drop=dropped)
        form = self.faults.knobs.body if self.faults.reaches(call.path) else ""
        return mangled(answer, form) if form and reply.status == _OK else answer

    def _date(self) -> str:
        return formatdate(self.clock.time() + self.faults.knobs.clock_ahead, usegmt=True)

    def _authorized(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return self._token is None or given == f"Bearer {self._token}"

    async def _batch(self, call: Call) -> Reply:
        async def answer(inner: Call) -> Reply:
            arrived = self.clock.time()
            reply, units = await self._one(inner, authorized=True)
            self.requests.append(
                LoggedRequest(
                    arrived,
                    inner.method,
                    inner.path,
                    inner.query,
                    reply.status,
                    units,
                    batched=True,
                )
            )
            return reply

        try:
            return await batch.answer(call, answer, self.faults.random)
        except GraphError as error:
            return self._refusal(call, error)

    async def _one(self, call: Call, *, authorized: bool) -> tuple[Reply, int]:
        """The reply to one call, in a batch or not, and its resource units."""
        units = cost_of(call)
        try:
            if not authorized:
                raise GraphError(
                    401, "InvalidAuthenticationToken", "Access token validation failure."
                )
            usage = self._strike(call, units)
            reading = Reading(call, self._answering(call), self.faults, self._epochs)
            reply = await self._routes.answer(reading)
            headers = {**reply.headers, "x-ms-resource-unit": str(units), **usage}
            reply = Reply(reply.document, reply.status, headers)
        except GraphError as error:
            reply = self._refusal(call, error)
        return reply, units

    def _answering(self, call: Call) -> Tenant:
        """The tenant that answers. Another one knows none of the tokens of this one."""
        if not (self.faults.knobs.other_tenant and self.faults.reaches(call.path)):
            return self.tenant
        given = {call.query.get("$deltatoken", "latest"), call.query.get("$skiptoken", "latest")}
        if given != {"latest"}:
            raise GraphError(400, "Directory_InvalidDeltaToken", "The token is not valid.")
        return self._elsewhere

    def _strike(self, call: Call, units: int) -> dict[str, str]:
        """Raise the fault that strikes this call, if one does; else headers about the quota."""
        now = self.clock.time()
        if self.faults.strikes("throttle", call.path):
            raise self._throttled("CPULimitExceeded")
        quota = self.faults.knobs.quota_units
        share = self._units.spend(now, units, quota)
        if share > 1:
            raise self._throttled("ResourceUnitLimitExceeded")
        if self.faults.strikes("error", call.path):
            status = self.faults.knobs.error_status
            pause = self.faults.retry_after(now) if status == 503 else {}
            raise GraphError(status, _ERROR_CODES.get(status, "UnknownError"), "", pause)
        # The header appears only near the limit (Graph, throttling limits).
        return {"x-ms-throttle-limit-percentage": f"{share:.2f}"} if share >= _NEAR else {}

    def _throttled(self, why: str) -> GraphError:
        return GraphError(
            429,
            "TooManyRequests",
            "Too many requests.",
            {
                **self.faults.retry_after(self.clock.time()),
                "x-ms-throttle-scope": f"Tenant_Application/Read/app/{self.tenant.id}",
                "x-ms-throttle-information": why,
            },
        )

    def _refusal(self, call: Call, error: GraphError) -> Reply:
        """The error in Graph's form (Graph, error resource type)."""
        request_id = self._request_id()
        inner = {
            "date": timestamp(self.clock.time()).rstrip("Z"),
            "request-id": request_id,
            "client-request-id": call.headers.get("client-request-id", request_id),
        }
        document = {
            "error": {"code": error.code, "message": error.message, "innerError": inner},
        }
        return Reply(document, error.status, {"request-id": request_id, **error.headers})

    def _request_id(self) -> str:
        return str(uuid.UUID(int=self.faults.random.getrandbits(128), version=4))


_ANOTHER_SEED = -1
_OK = 200
_NEAR = 0.8
_ERROR_CODES = {
    500: "InternalServerError",
    502: "BadGateway",
    503: "serviceNotAvailable",
    504: "GatewayTimeout",
}


def _written(call: Call, reply: Reply, date: str, *, drop: bool) -> Response:
    headers = {"date": date, **reply.headers}
    if "client-request-id" in call.headers:
        headers["client-request-id"] = call.headers["client-request-id"]
    if reply.document is None:
        return Response(reply.status, headers, b"", drop)
    if isinstance(reply.document, str):
        return Response(
            reply.status, {"content-type": "text/plain", **headers}, reply.document.encode(), drop
        )
    answer = json_response(reply.status, reply.document, JSON_TYPE, headers)
    return Response(answer.status, answer.headers, answer.body, drop)
