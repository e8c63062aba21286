"""The subscriptions to change notifications over HTTP. Function key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

from handlers.access import Right
from handlers.http import answer, check_query, respond
from handlers.operator import operator_of

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]

_WAIT = 20.0
"""Seconds to wait for another process that looks after the subscriptions."""


@blueprint.function_name("subscriptions")
@blueprint.route(route="subscriptions", methods=["GET"])
async def subscriptions(req: func.HttpRequest) -> func.HttpResponse:
    """What Graph has of this application, and which are ours."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import subscriptions as operation

        check_query(req)
        return answer(await operation.list_(services))

    return await respond(req, Right.READ, call)


@blueprint.function_name("ensure_subscriptions")
@blueprint.route(route="subscriptions/ensure", methods=["POST"])
async def ensure_subscriptions(req: func.HttpRequest) -> func.HttpResponse:
    """Makes, adopts, renews and deletes. 200 also when something failed: the document says so."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import subscriptions as operation
        from provisioning.operations.work import look_now

        check_query(req)
        report = await operation.ensure(services, wait=_WAIT, operator=operator_of(req))
        if report.look_wanted:
            await look_now(services)
        return answer(operation.report_document(services, report))

    return await respond(req, Right.OPERATE, call)
