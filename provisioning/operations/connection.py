"""Checks whether both remote systems can be reached with what the settings say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from provisioning import bulk
from provisioning.errors import StoreUnavailable, Throttled
from provisioning.model import Capabilities, ObjectType
from provisioning.operations import checks
from provisioning.operations.checks import Check, Look
from provisioning.operations.documents import Document
from provisioning.services import Services

T = TypeVar("T")

_PACE = 1.0
_URGENT = (2, 0)
_TRIES = 3


async def test_connection(services: Services) -> Document:
    """Reads a little from each side, and writes nothing: ``{ok, checks}``.

    Runs beside a cycle without its lease, at most one request a second to ZSCloud.
    """
    return await checks.run(services, _CHECKS)


async def _application(services: Services) -> str:
    application = await services.source.service_principal()
    roles = ", ".join(role.display_name for role in application.app_roles) or "none"
    state = "" if application.enabled else ", disabled for sign-in"
    return f"'{application.display_name}', app roles: {roles}{state}"


async def _assignments(services: Services) -> str:
    async for page in services.source.assignments():
        return f"the first page holds {len(page)} assignments"
    return "no assignments"


def _changes_of(type: ObjectType) -> Look:
    """The first thing that a cycle reads of them. It needs the permission for their attributes."""

    async def check(services: Services) -> str:
        await services.source.latest_delta(type)
        return f"changes of {type.value}s can be read"

    return check


async def discovery(services: Services) -> str:
    """What the server offers, in a few words."""
    offered = await paced(services, services.target.capabilities)
    patch = "offered" if offered.patch else "not offered"
    return f"PATCH {patch}, {await _bulk(services, offered)}"


async def _bulk(services: Services, offered: Capabilities) -> str:
    """What is offered now, and what was learned about it."""
    if not services.rules.bulk:
        return "Bulk switched off by ZSCLOUD_BULK"
    try:
        stored = await services.job().bulk.get("target")
    except StoreUnavailable:
        stored = None  # What is stored is no part of what is checked.
    return str(bulk.known(stored, offered, services.clock.time()))


async def token(services: Services) -> str:
    """As Entra does it: look for a user of a random name, and expect none."""
    name = f"{services.ids.new()}@example.com"
    found = await paced(services, lambda: services.target.find(ObjectType.USER, "userName", name))
    return "the token is accepted, the filter on userName works" if not found else "odd answer"


async def paced(services: Services, call: Callable[[], Awaitable[T]]) -> T:
    """What the call gives, at the pace of diagnostics; a 429 is waited out."""
    for tries in range(_TRIES):
        turn = await services.diagnostics.turn(_URGENT)
        try:
            await turn.start()
            return await call()
        except Throttled as error:
            if tries == _TRIES - 1:
                raise
            await services.clock.sleep(max(_PACE, error.retry_after))
        finally:
            turn.finish()
    raise AssertionError


_CHECKS = (
    Check("Graph: enterprise application", _application),
    Check("Graph: assignments", _assignments),
    Check("Graph: users", _changes_of(ObjectType.USER)),
    Check("Graph: groups", _changes_of(ObjectType.GROUP)),
    Check("ZSCloud: discovery", discovery),
    Check("ZSCloud: token and filter", token),
)
