"""What the last reconcile found in ZSCloud, over HTTP. Function key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import azure.functions as func

from handlers.access import Right
from handlers.http import answer, paging, respond

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("drift")
@blueprint.route(route="drift", methods=["GET"])
async def drift(req: func.HttpRequest) -> func.HttpResponse:
    """Edits by hand, and members of groups who are nobody's, in pages."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations.drift import list_drift

        return answer(await list_drift(services, **paging(req)))

    return await respond(req, Right.READ, call)


@blueprint.function_name("orphans")
@blueprint.route(route="orphans", methods=["GET"])
async def orphans(req: func.HttpRequest) -> func.HttpResponse:
    """Users and groups that no assignment explains, in pages."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations.drift import list_orphans

        return answer(await list_orphans(services, **paging(req)))

    return await respond(req, Right.READ, call)
