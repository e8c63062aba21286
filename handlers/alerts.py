"""Alarms over HTTP. Function key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

from handlers.access import Right
from handlers.http import answer, check_query, respond
from handlers.operator import operator_of

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("alerts")
@blueprint.route(route="alerts", methods=["GET"])
async def alerts(req: func.HttpRequest) -> func.HttpResponse:
    """What holds now, and what each channel was told of it."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import alarms

        check_query(req)
        return answer(await alarms.list_(services))

    return await respond(req, Right.READ, call)


@blueprint.function_name("test_alerts")
@blueprint.route(route="alerts/test", methods=["POST"])
async def test_alerts(req: func.HttpRequest) -> func.HttpResponse:
    """Sends a test message through each channel. 200 also when one failed: the document says so."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import alarms

        check_query(req)
        return answer(await alarms.test(services, operator_of(req)))

    return await respond(req, Right.OPERATE, call)
