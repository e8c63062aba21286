"""What operators ask for over HTTP. Function key, except for ``health``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import azure.functions as func

from handlers.access import Right
from handlers.http import answer, check_query, decode_body, number, paging, respond
from handlers.operator import operator_of

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]

_WAIT = 20.0
"""Seconds that a call on demand is waited for; the platform cuts every call at 230."""


@dataclass(frozen=True, slots=True)
class CycleRequest:
    """The body of ``POST cycles``."""

    kind: Literal["initial", "incremental", "reconcile"] = "incremental"
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class OnDemandRequest:
    """The body of ``POST provision-on-demand``: one user, several, or one group."""

    user: str | None = None
    users: list[str] | None = None
    group: str | None = None
    dry_run: bool = False


@blueprint.function_name("start_cycle")
@blueprint.route(route="cycles", methods=["POST"])
async def start_cycle(req: func.HttpRequest) -> func.HttpResponse:
    """Queues a cycle and answers 202 at once. The open cycle goes on instead of a second one."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import work
        from provisioning.record import CycleKind

        body = decode_body(req, CycleRequest)
        cycle = await work.queue_cycle(
            services, CycleKind(body.kind), dry_run=body.dry_run, operator=operator_of(req)
        )
        return answer(cycle, 202, {"Location": f"/api/cycles/{cycle['cycle_id']}"})

    return await respond(req, Right.OPERATE, call)


@blueprint.function_name("cycles")
@blueprint.route(route="cycles", methods=["GET"])
async def cycles(req: func.HttpRequest) -> func.HttpResponse:
    """The last cycles, newest first, in pages, which ``?after=`` turns."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import cycle_list

        return answer(await cycle_list.list_cycles(services, **paging(req)))

    return await respond(req, Right.READ, call)


@blueprint.function_name("get_cycle")
@blueprint.route(route="cycles/{id}", methods=["GET"])
async def get_cycle(req: func.HttpRequest) -> func.HttpResponse:
    """Progress, then the result; the plan of a dry run in pages, which ``?after=`` turns."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import cycles

        check_query(req, "after")
        after = number(req, "after")
        return answer(await cycles.get_cycle(services, req.route_params["id"], after))

    return await respond(req, Right.READ, call, path_field="id")


@blueprint.function_name("provision_on_demand")
@blueprint.route(route="provision-on-demand", methods=["POST"])
async def provision_on_demand(req: func.HttpRequest) -> func.HttpResponse:
    """Provisions the named principals: the results, or after 20 seconds 202 and where to look.

    A dry run answers 503 when another process has the lease all that time.
    """

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import on_demand

        body = decode_body(req, OnDemandRequest)
        users = [body.user, *(body.users or ())] if body.user is not None else body.users or []
        if body.dry_run:
            _, results = await on_demand.provision_on_demand(
                services, users=users, group=body.group, dry_run=True, wait=_WAIT
            )
            return answer(results)
        id, found = await on_demand.provision_within(
            services,
            users=users,
            group=body.group,
            seconds=_WAIT,
            operator=operator_of(req),
        )
        if found is not None:
            return answer(found)
        where = f"/api/provision-on-demand/{id}"
        return answer({"id": id, "status": "queued", "results": []}, 202, {"Location": where})

    return await respond(req, Right.OPERATE, call)


@blueprint.function_name("get_on_demand")
@blueprint.route(route="provision-on-demand/{id}", methods=["GET"])
async def get_on_demand(req: func.HttpRequest) -> func.HttpResponse:
    """The results of a call on demand; 202 while it goes on."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import on_demand

        check_query(req)
        found, done = await on_demand.get_on_demand(services, req.route_params["id"])
        return answer(found, 200 if done else 202)

    return await respond(req, Right.READ, call, path_field="id")


@blueprint.function_name("test_connection")
@blueprint.route(route="test-connection", methods=["POST"])
async def test_connection(req: func.HttpRequest) -> func.HttpResponse:
    """Reads a little from both systems. 200 also when a check failed: the document says so."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import connection

        check_query(req)
        return answer(await connection.test_connection(services))

    return await respond(req, Right.READ, call)


@blueprint.function_name("doctor")
@blueprint.route(route="doctor", methods=["POST"])
async def doctor(req: func.HttpRequest) -> func.HttpResponse:
    """Checks everything that a job needs. 200 also when a check failed: the document says so."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import doctor as operation

        check_query(req)
        return answer(await operation.examine(services))

    return await respond(req, Right.READ, call)


@blueprint.function_name("status")
@blueprint.route(route="status", methods=["GET"])
async def status(req: func.HttpRequest) -> func.HttpResponse:
    """How the job stands."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import status as operation

        check_query(req)
        return answer(await operation.status(services))

    return await respond(req, Right.READ, call)


@blueprint.function_name("due")
@blueprint.route(route="due", methods=["GET"])
async def due(req: func.HttpRequest) -> func.HttpResponse:
    """What is disabled or emptied and waits to be deleted, in pages, which ``?after=`` turns."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import due as operation

        return answer(await operation.list_due(services, **paging(req)))

    return await respond(req, Right.READ, call)


@blueprint.function_name("latency")
@blueprint.route(route="latency", methods=["GET"])
async def latency(req: func.HttpRequest) -> func.HttpResponse:
    """How long changes took to ZSCloud, for each hour of the last day."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import latency as operation

        check_query(req)
        return answer(await operation.list_latency(services))

    return await respond(req, Right.READ, call)


@blueprint.function_name("settings")
@blueprint.route(route="settings", methods=["GET"])
async def settings(req: func.HttpRequest) -> func.HttpResponse:
    """The settings in effect; of secrets, whether they are set."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import settings as operation

        check_query(req)
        return answer(await operation.list_settings(services))

    return await respond(req, Right.READ, call)


@blueprint.function_name("explain")
@blueprint.route(route="explain", methods=["GET"])
async def explain(req: func.HttpRequest) -> func.HttpResponse:
    """Why one principal is, or is not, in ZSCloud as it is. 404 for nobody, and for several."""
    principal = req.params.get("principal", "")

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.errors import InvalidRequest, Problem
        from provisioning.operations import explain as operation

        check_query(req, "principal")
        if not principal:
            remedy = "Give ?principal= with an object id, a user principal name, or a group's name."
            raise InvalidRequest(Problem("principal", "is missing", remedy))
        return answer(await operation.explain(services, principal))

    return await respond(req, Right.READ, call, path_field="principal" if principal else "")


@blueprint.function_name("health")
@blueprint.route(route="health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001
    """Alive: the worker answers. It says nothing of the job, and reads nothing."""
    return answer({"status": "alive"})
