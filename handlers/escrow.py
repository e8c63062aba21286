"""What failed and is tried again, over HTTP. Function key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import azure.functions as func

from handlers.access import Right
from handlers.http import answer, check_query, decode_body, respond
from handlers.operator import operator_of

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class RetryRequest:
    """The body of ``POST escrow/retry-now``: object ids or names; all that failed without."""

    ids: list[str] | None = None


@blueprint.function_name("escrow")
@blueprint.route(route="escrow", methods=["GET"])
async def escrow(req: func.HttpRequest) -> func.HttpResponse:
    """Who is in escrow: cause, tries, next try. ``?after=`` turns the page."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import escrow as operation

        check_query(req, "after")
        return answer(await operation.list_(services, req.params.get("after", "")))

    return await respond(req, Right.READ, call)


@blueprint.function_name("retry_escrow")
@blueprint.route(route="escrow/retry-now", methods=["POST"])
async def retry_escrow(req: func.HttpRequest) -> func.HttpResponse:
    """Has them tried at once, by whoever writes: 202 with the entries that it is about."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.errors import InvalidRequest, Problem
        from provisioning.operations import escrow as operation

        body = decode_body(req, RetryRequest)
        if body.ids == []:
            raise InvalidRequest(Problem("ids", "names nobody", "Leave it out to try all."))
        found = await operation.retry_now(services, body.ids or (), operator_of(req))
        return answer(found, 202)

    return await respond(req, Right.OPERATE, call)
