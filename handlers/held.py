"""Held plans over HTTP: read, approved as shown, once, or rejected; and the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import azure.functions as func

from handlers.access import Right
from handlers.http import answer, check_query, decode_body, paging, respond
from handlers.operator import operator_of

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class ApproveRequest:
    """The body of ``POST held/{id}/approve``; without ``change_ids`` all of the plan."""

    change_ids: list[str] | None = None


@dataclass(frozen=True, slots=True)
class RejectRequest:
    """The body of ``POST held/{id}/reject``."""

    note: str


@blueprint.function_name("held_plans")
@blueprint.route(route="held", methods=["GET"])
async def held_plans(req: func.HttpRequest) -> func.HttpResponse:
    """The plans, newest first, and what is kept by decision."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import held

        check_query(req)
        return answer(await held.list_(services))

    return await respond(req, Right.READ, call)


@blueprint.function_name("held_plan")
@blueprint.route(route="held/{id}", methods=["GET"])
async def held_plan(req: func.HttpRequest) -> func.HttpResponse:
    """One plan with its changes, in pages, which ``?after=`` turns."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import held

        check_query(req, "after")
        after = req.params.get("after", "")
        return answer(await held.show(services, req.route_params["id"], after))

    return await respond(req, Right.READ, call, path_field="id")


@blueprint.function_name("approve_held_plan")
@blueprint.route(route="held/{id}/approve", methods=["POST"])
async def approve_held_plan(req: func.HttpRequest) -> func.HttpResponse:
    """Approves what was shown under the id. 409 for an id that is used, expired or unknown."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import held
        from provisioning.operations.writing import wakes

        body = decode_body(req, ApproveRequest)
        plan = await held.approve(
            services, req.route_params["id"], body.change_ids, operator_of(req)
        )
        await wakes(services).arm()
        return answer(plan)

    return await respond(req, Right.OPERATE, call)


@blueprint.function_name("reject_held_plan")
@blueprint.route(route="held/{id}/reject", methods=["POST"])
async def reject_held_plan(req: func.HttpRequest) -> func.HttpResponse:
    """Keeps whom the plan would take away. 409 for an id that is used, expired or unknown."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import held
        from provisioning.operations.writing import wakes

        body = decode_body(req, RejectRequest)
        plan = await held.reject(services, req.route_params["id"], body.note, operator_of(req))
        await wakes(services).arm()
        return answer(plan)

    return await respond(req, Right.OPERATE, call)


@blueprint.function_name("audit")
@blueprint.route(route="audit", methods=["GET"])
async def audit(req: func.HttpRequest) -> func.HttpResponse:
    """Who did what, newest first."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations.audit import query_audit

        return answer(await query_audit(services, **paging(req)))

    return await respond(req, Right.READ, call)
