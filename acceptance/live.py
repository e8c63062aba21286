"""Changes that Entra tells of arrive within two seconds; assignments within an interval."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from acceptance.stage import Stage, stage
from acceptance.telling import Telling
from demo.verify import differences

_PAUSE = 0.7
"""Seconds from one change to the next: with two requests each, below the pace of ZSCloud."""

_SECOND_READ = 5.0
"""Seconds beyond an interval: the second read, and the requests themselves."""

_UNBRAKED = {
    "DELETION_THRESHOLD_PERCENT": "100",
    "DELETION_THRESHOLD_COUNT": "100000",
    "ON_GROUP_UNASSIGN": "delete",
}
_RARELY = {"CYCLE_SCHEDULE": "0 0 * * * *"}
"""No cycle may bring what a notification should have brought."""

_KINDS = ("move", "disable", "remove_member", "delete")


@dataclass(frozen=True, slots=True)
class Change:
    """One change, when it was made, and the object in ZSCloud that is to be written for it."""

    kind: str
    at: float
    path: str


async def live(
    telling: Telling, *, users: int, rate: int, changes: int, interval: int, bound: float
) -> None:
    """Changes of attributes, members, enabled state and existence, told of by notifications.

    ``bound`` is in seconds, for 99 % of them.
    """
    polls = {"ASSIGNMENTS_SCHEDULE": f"*/{interval} * * * * *"}
    async with stage(users, rate, **_UNBRAKED, **_RARELY, **polls) as made:
        await provisioned(made, within=users / rate * 2 + 60)
        await made.subscribed()
        await _idle(made, telling, interval)
        wanted = await _changed(made, changes, pause=_PAUSE)
        await right(made, within=60)
        times = await _times(made, wanted)
        telling.measured(
            changes=changes, p50_seconds=quantile(times, 0.5), p99_seconds=quantile(times, 0.99)
        )
        telling.check(len(times) == changes, f"{changes - len(times)} changes were not written")
        telling.check(quantile(times, 0.99) < bound, f"99 % within {quantile(times, 0.99):.2f} s")
        await _assigned(made, telling, interval)
        telling.wrong += await made.wrong()


async def leavers(telling: Telling, *, users: int, rate: int, count: int, bound: float) -> None:
    """Leavers in the middle of an initial load."""
    async with stage(users, rate, **_UNBRAKED, **_RARELY) as made:
        await made.start_initial()
        await made.reached(2 * count)
        await made.subscribed()
        wanted = []
        chance = random.Random(users)  # noqa: S311  no secret: the same run each time
        there = await _active(made)
        for account, id in chance.sample(sorted(there.items()), count):
            wanted.append(Change("disable", time.time(), f"/Users/{account}"))
            await made.remote.change("disable", id=id)
            await asyncio.sleep(chance.uniform(1.0, 2.0))
        await asyncio.sleep(3)
        times = await _times(made, wanted)
        load = await made.accounts()
        telling.measured(
            users=users,
            accounts_at_the_end=load,
            leavers=count,
            p50_seconds=quantile(times, 0.5),
            p99_seconds=quantile(times, 0.99),
        )
        telling.check(load < users, "the load had ended before the last leaver")
        telling.check(len(times) == count, f"{count - len(times)} leavers were not disabled")
        telling.check(quantile(times, 0.99) < bound, f"99 % within {quantile(times, 0.99):.2f} s")


# --- steps -------------------------------------------------------------------------------------


async def provisioned(made: Stage, within: float) -> None:
    """The initial cycle, to its end."""
    cycle = await made.ended(await made.start_initial(), within)
    assert cycle["status"] == "completed", cycle


async def _active(made: Stage) -> dict[str, str]:
    """Ids of active accounts of ours, with the ids of their users."""
    accounts = (await made.remote.tenant()).accounts
    return {a.id: a.external_id for a in accounts if a.external_id and a.active}


async def _changed(made: Stage, count: int, pause: float) -> list[Change]:
    """Makes changes one after the other, each about another user."""
    directory = await made.remote.directory()
    groups = {external: name for name, external, _ in (await made.remote.tenant()).groups}
    assert set(groups) >= directory.assigned_groups
    chance = random.Random(count)  # noqa: S311  no secret: the same run each time
    people = sorted((await _active(made)).items())
    chance.shuffle(people)
    found = []
    for number, (account, id) in enumerate(people[:count]):
        kind = _KINDS[number % len(_KINDS)]
        path = f"/Users/{account}"
        group = next((g for g in directory.assigned_groups if id in directory.members[g]), None)
        if kind == "remove_member" and group is None:
            kind = "move"
        if kind == "delete" and group is not None:
            kind = "disable"  # Who is deleted softly stays a member, which Entra does not show.
        at = time.time()
        if kind == "move":
            await made.remote.change("move", id=id, department=f"Department {number}")
        elif kind == "remove_member":
            await made.remote.change("remove_member", group=group, member=id)
            path = f"/Groups/{await _group_id(made, str(group))}"
        else:
            await made.remote.change(kind, id=id)
        found.append(Change(kind, at, path))
        await asyncio.sleep(pause * chance.uniform(0.7, 1.3))
    return found


async def _group_id(made: Stage, external_id: str) -> str:
    return (await made.remote.group_ids())[external_id]


async def _times(made: Stage, changes: list[Change]) -> list[float]:
    """From each change to the first write of its object that was accepted."""
    writes = [
        (request["path"], request["time"])
        for request in await made.remote.requests(changes[0].at)
        if request["method"] != "GET" and request["status"] < 300
    ]
    times = (
        next(
            (at - change.at for path, at in writes if path == change.path and at > change.at), None
        )
        for change in changes
    )
    return [took for took in times if took is not None]


async def right(made: Stage, within: float) -> None:
    """Returns when ZSCloud is as Entra says, or when it should long have been."""
    give_up = time.monotonic() + within
    while await differences(made.remote) and time.monotonic() < give_up:
        await asyncio.sleep(0.5)


def quantile(times: list[float], share: float) -> float:
    """The time within which such a share of them lies."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


# --- assignments -------------------------------------------------------------------------------


async def _assigned(made: Stage, telling: Telling, interval: int) -> None:
    """Assigns and unassigns a user and a group: each arrives within an interval and a bit."""
    directory = await made.remote.directory()
    one, two, three = [
        await _new(made, "user", userPrincipalName=f"new{n}@example.com", displayName=f"New {n}")
        for n in range(3)
    ]
    club = await _new(made, "group", displayName="Assembled", members=[two, three])
    free = directory.assigned & directory.in_scope
    old = min(free - frozenset().union(*directory.members.values()))
    old_group = min(directory.assigned_groups)
    steps: tuple[tuple[str, str, Callable[[_Target], bool]], ...] = (
        ("assign", one, lambda t: one in t.active),
        ("assign", club, lambda t: {two, three} <= t.active and len(t.members.get(club, ())) == 2),
        ("unassign", old, lambda t: old not in t.active),
        ("unassign", old_group, lambda t: old_group not in t.members),
    )
    before, began = await graph_reads(made), time.monotonic()
    for action, principal, is_there in steps:
        what = f"{action} a {'group' if principal in (club, old_group) else 'user'}"
        at = time.monotonic()
        await made.remote.change(action, principal=principal)
        while not is_there(await _target(made)) and time.monotonic() - at < interval + 30:
            await asyncio.sleep(0.2)
        took = time.monotonic() - at
        telling.measured(**{f"{what.replace(' ', '_')}_seconds": took})
        telling.check(took <= interval + _SECOND_READ, f"to {what} took {took:.1f} s")
    hours = (time.monotonic() - began) / 3600
    telling.measured(graph_reads_an_hour_changing=(await graph_reads(made) - before) / hours)


async def _idle(made: Stage, telling: Telling, interval: int) -> None:
    """What Graph is asked when nothing changes."""
    before, began = await graph_reads(made), time.monotonic()
    await asyncio.sleep(2 * interval)
    hours = (time.monotonic() - began) / 3600
    telling.measured(graph_reads_an_hour_idle=(await graph_reads(made) - before) / hours)


@dataclass(frozen=True, slots=True)
class _Target:
    """Ids in Entra of who is active in ZSCloud, and the members of each group."""

    active: frozenset[str]
    members: dict[str, frozenset[str]]


async def _target(made: Stage) -> _Target:
    tenant = await made.remote.tenant()
    return _Target(
        frozenset(a.external_id for a in tenant.accounts if a.external_id and a.active),
        {external_id: members for _, external_id, members in tenant.groups if external_id},
    )


async def _new(made: Stage, kind: str, **properties: Any) -> str:
    """Something new in Entra; its id."""
    return str((await made.remote.change(f"create_{kind}", **properties))["id"])


async def graph_reads(made: Stage) -> int:
    """Requests of the program that Graph has got. Those inside a batch count as one."""
    got = sum(not each["batched"] for each in await made.remote.graph_requests())
    return got - made.remote.graph_asked
