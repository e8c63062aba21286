"""Groups are read several at a time, and believed one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from provisioning.discovery.members_ahead import MembersAhead
from provisioning.errors import NotFound
from provisioning.model import EntraId, Key, Member, ObjectType
from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.simulation import simulate
from tests.scenarios.world import World


class Reads:
    """A source of members: three pages of each group; ``bad`` does not exist."""

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.most = 0
        self.asked: list[str] = []

    async def members(self, group: EntraId) -> AsyncGenerator[Sequence[Member], None]:
        self.running.add(group)
        self.most = max(self.most, len(self.running))
        try:
            for number in range(3):
                self.asked.append(f"{group}/{number}")
                await asyncio.sleep(0)
                if group == "bad":
                    raise NotFound("Graph", "GET /groups/bad/members", "no such group")
                yield [Member(key=Key(ObjectType.USER, EntraId(f"{group}-{number}")), user=None)]
        finally:
            self.running.discard(group)


class Ticking:
    """Each look at the clock is a second later."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        self.now += 1.0
        return self.now


def ahead(source: Reads, *groups: str) -> aclosing[MembersAhead]:
    reads = MembersAhead(source, Ticking(), [EntraId(g) for g in groups])  # type: ignore[arg-type]
    return aclosing(reads)


async def test_a_single_group_is_read_once() -> None:
    source = Reads()
    async with ahead(source, "a") as reads:
        pages = [page async for page in reads.next().pages()]
    assert [m.key.id for page in pages for m in page] == ["a-0", "a-1", "a-2"]
    assert source.asked == ["a/0", "a/1", "a/2"]


async def test_reads_keep_their_order_and_the_time_they_began() -> None:
    source = Reads()
    names = [f"g{number:02}" for number in range(10)]
    seen, began = [], []
    async with ahead(source, *names) as reads:
        for _ in names:
            stream = reads.next()
            began.append(stream.began)
            seen += [m.key.id async for page in stream.pages() for m in page]
    assert seen == [f"{name}-{number}" for name in names for number in range(3)]
    assert began == sorted(began)
    assert source.most == 4
    assert source.running == set()


async def test_nobody_is_read_far_ahead_of_what_is_taken_in() -> None:
    source = Reads()
    async with ahead(source, "a", "b", "c", "d", "e", "f") as reads:
        reads.next()
        for _ in range(20):
            await asyncio.sleep(0)
        assert source.asked == ["a/0", "b/0", "c/0", "d/0"]
    assert source.running == set()


async def test_what_fails_fails_where_its_turn_is() -> None:
    source = Reads()
    async with ahead(source, "a", "bad", "c") as reads:
        assert len([page async for page in reads.next().pages()]) == 3
        with pytest.raises(NotFound):
            [page async for page in reads.next().pages()]
        assert len([page async for page in reads.next().pages()]) == 3


def many_groups() -> Tenant:
    tenant = Tenant.empty()
    people = [tenant.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(40)]
    for number in range(40):
        tenant.assign(tenant.add_group(f"Group {number}", people[number : number + 3]))
    return tenant


async def _cycle(world: World) -> None:
    began = world.clock.monotonic()
    requests = len(world.entra.requests)
    assert (await world.cycle()).status is CycleStatus.COMPLETED
    assert world.differences() == []
    sent = len(world.entra.requests) - requests
    # Round trips of a second each: one after the other, each request would be one.
    assert world.clock.monotonic() - began < sent / 2


def test_round_trips_are_shared() -> None:
    async def story(world: World) -> None:
        world.set_entra(latency=1.0)
        await _cycle(world)

    simulate(story, tenant=many_groups)
