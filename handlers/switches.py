"""The operators' switches over HTTP: stop, start, restart. Function key, or the role to operate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import azure.functions as func

from handlers.access import Right
from handlers.http import answer, decode_body, respond
from handlers.operator import operator_of

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class StopRequest:
    """The body of ``POST stop``: why, for whoever looks at ``status``."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class StartRequest:
    """The body of ``POST start``, which has none."""


@dataclass(frozen=True, slots=True)
class RestartRequest:
    """The body of ``POST restart``. ``reset_scope``: scopes, in a list or with commas between
    them. ``take_over``: the job that the store holds, whose place this one takes.
    """

    reset_scope: str | list[str] | None = None
    take_over: str | None = None


@blueprint.function_name("stop")
@blueprint.route(route="stop", methods=["POST"])
async def stop(req: func.HttpRequest) -> func.HttpResponse:
    """Ends the sending to ZSCloud until ``start``."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import switches

        body = decode_body(req, StopRequest)
        return answer(await switches.stop(services, operator_of(req), body.note))

    return await respond(req, Right.OPERATE, call)


@blueprint.function_name("start")
@blueprint.route(route="start", methods=["POST"])
async def start(req: func.HttpRequest) -> func.HttpResponse:
    """Ends a stop: work goes on at once."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.operations import switches

        decode_body(req, StartRequest)
        return answer(await switches.start(services, operator_of(req)))

    return await respond(req, Right.OPERATE, call)


@blueprint.function_name("restart")
@blueprint.route(route="restart", methods=["POST"])
async def restart(req: func.HttpRequest) -> func.HttpResponse:
    """Orders a restart and answers 202 at once: whoever writes carries it out first."""

    async def call(services: Services) -> func.HttpResponse:
        from provisioning.forgetting import scopes_of
        from provisioning.operations import restart as operation

        body = decode_body(req, RestartRequest)
        scopes = scopes_of(body.reset_scope)
        ordered = await operation.order(
            services, scopes, operator_of(req), take_over=body.take_over
        )
        return answer(ordered, 202)

    return await respond(req, Right.OPERATE, call)
