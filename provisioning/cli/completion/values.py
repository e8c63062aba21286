"""Values that are offered while somebody types. What cannot be read in time offers none."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from provisioning.errors import ProvisioningError
from provisioning.operations.documents import Document

if TYPE_CHECKING:
    from provisioning.services import Services

Candidates = list[tuple[str, str]]
"""Values, each with a few words about it for shells that show them."""

_PATIENCE = 3.0
"""Seconds for which somebody waits who has pressed Tab."""
_CYCLES = 20


def statuses() -> Candidates:
    """Of entries of the log."""
    from provisioning.provisioning_log import LogStatus

    return [(status.value, "") for status in LogStatus]


def actions() -> Candidates:
    """Of entries of the log."""
    from provisioning.model import Action

    return [(action.value, "") for action in Action]


def reset_scopes(incomplete: str) -> Candidates:
    """The next scope of a list with commas."""
    from provisioning.forgetting import Scope

    before, comma, _ = incomplete.rpartition(",")
    given = before.split(",")
    return [(f"{before}{comma}{scope.value}", "") for scope in Scope if scope.value not in given]


def plan_ids() -> Candidates:
    """Of held plans that wait for a decision."""

    async def read(services: Services) -> Document:
        from provisioning.operations import held

        return await held.list_(services)

    return [(item["id"], item["cause"]) for item in _stored(read) if item["state"] == "pending"]


def failing_names() -> Candidates:
    """Of users and groups in escrow."""

    async def read(services: Services) -> Document:
        from provisioning.operations import escrow

        return await escrow.list_(services)

    return [(item["name"], item["reason"]) for item in _stored(read)]


def cycle_ids() -> Candidates:
    """Of the last cycles."""

    async def read(services: Services) -> Document:
        from provisioning.operations.cycle_list import list_cycles

        return await list_cycles(services, limit=_CYCLES)

    return [(item["cycle_id"], f"{item['kind']} {item['status']}") for item in _stored(read)]


def _stored(read: Callable[[Services], Awaitable[Document]]) -> list[Document]:
    """Items of a document from the store that the settings name."""
    from provisioning.cli.environment import add_local_settings

    try:
        add_local_settings(os.environ, Path.cwd())
        document = asyncio.run(_read(read))
    except (ProvisioningError, TimeoutError):
        return []  # The command itself says what is wrong; in the midst of typing nobody could.
    items: list[Document] = document["items"]
    return items


async def _read(read: Callable[[Services], Awaitable[Document]]) -> Document:
    from provisioning.bootstrap import close_services, services

    try:
        async with asyncio.timeout(_PATIENCE):
            return await read(await services())
    finally:
        await close_services()
