"""One execution of a function as whoever watches sees it: in the trace of the host, and with a
sign of life if a timer has called it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import azure.functions as func

if TYPE_CHECKING:
    from provisioning.services import Services


@asynccontextmanager
async def execution(
    context: func.Context, origins: tuple[str, ...] = ()
) -> AsyncIterator[Services]:
    """The services, within the span of the execution. ``origins`` are those whom its message comes
    from. Raises ``ConfigurationError`` for settings that cannot be used.
    """
    from provisioning.bootstrap import services

    made = await services()
    parent = context.trace_context.trace_parent or ""
    with made.telemetry.execution(context.function_name, parent, origins):
        yield made


@asynccontextmanager
async def timer(context: func.Context, *, count: bool = False) -> AsyncIterator[Services]:
    """The same for a timer, which gives a sign of life first: how the job stands before it begins
    something. ``count``: with what waits.
    """
    async with execution(context) as made:
        from provisioning.operations.heartbeat import beat

        await beat(made, context.function_name, count=count)
        yield made
