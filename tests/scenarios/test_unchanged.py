"""After the wait for a slot: what has not changed is not mapped again, what has is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from provisioning.case import Case
from provisioning.job import Job
from provisioning.mirror import user_key
from provisioning.model import EntraId, MirrorUser, Presence
from provisioning.ports import Row
from provisioning.resolve import is_unchanged, resolve
from provisioning.scope import GroupGraph
from provisioning.state.memory import MemoryStore
from tests.decisions.principals import link
from tests.state.outcomes import Outcomes

ID = EntraId("11111111-2222-3333-4444-555555555555")
JO = MirrorUser(
    id=ID,
    enabled=True,
    attributes={"userPrincipalName": "jo@example.com", "displayName": "Jo"},
    roles={"assignment": "11111111-0000-0000-0000-000000000001"},
    read_at=1.0,
)


async def in_scope() -> tuple[Job, GroupGraph, Case]:
    """A user who is in scope and has no account."""
    job = Outcomes.on(MemoryStore()).job
    await job.store.write([job.mirror.users.put(ID, JO)])
    graph = GroupGraph((), job.rules.scope)
    case = await resolve(job, graph, user_key(ID))
    assert case is not None
    assert case.verdict.active
    return job, graph, case


async def test_time_alone_changes_nothing() -> None:
    job, graph, case = await in_scope()
    job.clock.now += 100.0  # type: ignore[attr-defined]
    assert await is_unchanged(job, graph, case)


def _row(**changes: Any) -> Callable[[Job], Row]:
    return lambda job: job.mirror.users.put(ID, msgspec.structs.replace(JO, **changes))


@pytest.mark.parametrize(
    "change",
    [
        _row(enabled=False),
        _row(roles={}),
        _row(presence=Presence.SOFT_DELETED),
        _row(attributes={"userPrincipalName": "jo@example.com", "displayName": "Jo Doe"}),
        lambda job: job.mirror.users.drop(ID),
        lambda job: job.links.rows.put(str(user_key(ID)), link(user_key(ID))),
    ],
    ids=["disabled", "unassigned", "deleted", "renamed", "forgotten", "linked"],
)
async def test_what_has_changed_is_seen(change: Callable[[Job], Row]) -> None:
    job, graph, case = await in_scope()
    job.store.defer([change(job)])
    assert not await is_unchanged(job, graph, case)


async def test_who_is_out_of_scope_is_always_judged_anew() -> None:
    """What waits for its time, a grace period, is measured by when it was judged."""
    job, graph, _ = await in_scope()
    await job.store.write([_row(enabled=False)(job)])
    case = await resolve(job, graph, user_key(ID))
    assert case is not None
    assert not await is_unchanged(job, graph, case)
