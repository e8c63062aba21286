"""Changes that Entra tells of arrive within two seconds; assignments within an interval."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from acceptance.stage import Stage, stage
from acceptance.telling import Telling
from demo.verify import differences

_BOUND = 2.0
_SECOND_READ = 5.0
"""Seconds beyond an interval: the second read, and the requests themselves."""

_UNBRAKED = {"DELETION_THRESHOLD_PERCENT": "100", "DELETION_THRESHOLD_COUNT": "100000"}
_RARELY = {"CYCLE_SCHEDULE": "0 0 * * * *"}
"""No cycle may bring what a notification should have brought."""

_KINDS = ("move", "disable", "remove_member", "delete")


@dataclass(frozen=True, slots=True)
class Change:
    """One change, when it was made, and the object in ZSCloud that is to be written for it."""

    kind: str
    at: float
    path: str


async def live(telling: Telling, *, users: int, rate: int, changes: int, interval: int) -> None:
    """Changes of attributes, members, enabled state and existence, told of by notifications."""
    polls = {"ASSIGNMENTS_SCHEDULE": f"*/{interval} * * * * *"}
    async with stage(users, rate, **_UNBRAKED, **_RARELY, **polls) as made:
        await provisioned(made, within=users / rate * 2 + 60)
        await made.subscribed()
        wanted = await _changed(made, changes, pause=3.0 / rate)
        await right(made, within=60)
        times = await _times(made, wanted)
        telling.measured(
            changes=changes, p50_seconds=quantile(times, 0.5), p99_seconds=quantile(times, 0.99)
        )
        telling.check(len(times) == changes, f"{changes - len(times)} changes were not written")
        telling.check(quantile(times, 0.99) < _BOUND, f"99 % within {quantile(times, 0.99):.2f} s")
        await _assigned(made, telling, interval)
        telling.wrong += await made.wrong()


async def leavers(telling: Telling, *, users: int, rate: int, count: int) -> None:
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
        telling.check(quantile(times, 0.99) < _BOUND, f"99 % within {quantile(times, 0.99):.2f} s")


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
    free = sorted(id for id, p in directory.people.items() if p.enabled)
    outside = [id for id in free if id not in directory.in_scope]
    old = next(iter(sorted(directory.assigned & directory.in_scope)), None)
    group = sorted(directory.assigned_groups)[0]
    new = await made.remote.change("create_group", displayName="Assembled", members=outside[:2])
    before, began = await graph_reads(made), time.monotonic()
    steps: Iterator[tuple[str, str, str]] = iter(
        [
            ("assign a user", "assign", outside[2]),
            ("assign a group", "assign", new["id"]),
            ("unassign a user", "unassign", old or ""),
            ("unassign a group", "unassign", group),
        ]
    )
    for name, action, principal in steps:
        if not principal:
            continue
        at = time.monotonic()
        await made.remote.change(action, principal=principal)
        await right(made, within=interval + 30)
        took = time.monotonic() - at
        telling.measured(**{f"{name.replace(' ', '_')}_seconds": took})
        telling.check(took <= interval + _SECOND_READ, f"to {name} took {took:.1f} s")
    hours = (time.monotonic() - began) / 3600
    await asyncio.sleep(2 * interval)
    idle, quiet = await graph_reads(made), time.monotonic()
    await asyncio.sleep(4 * interval)
    reads = await graph_reads(made) - idle
    telling.measured(
        graph_reads_an_hour_idle=reads * 3600 / (time.monotonic() - quiet),
        graph_reads_an_hour_changing=(idle - before) / hours,
    )


async def graph_reads(made: Stage) -> int:
    """Requests that Graph has got: those inside a batch count as the one that it is."""
    return sum(not each["batched"] for each in await made.remote.graph_requests())
