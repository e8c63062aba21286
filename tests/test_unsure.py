"""What somebody died over, and what of it has to be looked at."""

from __future__ import annotations

from typing import Any

from provisioning.lanes import Aspect, Lane, Rank, WorkItem, WorkSet
from provisioning.links import Links
from provisioning.model import EntraId, Key, Link, ObjectType, Origin, ScimId
from provisioning.rows.buffer import WriteBehind
from provisioning.state.memory import MemoryStore
from provisioning.unsure import Unsure
from tests.scenarios.simulation import RunningClock, simulate
from tests.scenarios.world import World

KEY = Key(ObjectType.USER, EntraId("a"))


def item(generation: str, key: Key = KEY, aspect: Aspect = Aspect.OBJECT) -> WorkItem:
    return WorkItem(
        key=key,
        aspect=aspect,
        lane=Lane.LIVE,
        rank=Rank.USERS,
        cause="live",
        cycle_id="1",
        generation=generation,
        filed_at=1.0,
    )


class Stored:
    """A work set, links, and what is unsure of them, as each process reads it."""

    def __init__(self) -> None:
        self.store = WriteBehind(MemoryStore(), RunningClock())
        self.work, self.links = WorkSet(self.store, "job"), Links(self.store, "job")

    @property
    def unsure(self) -> Unsure:
        return Unsure(self.store, "job")

    async def file(self, *items: WorkItem) -> None:
        await self.store.write(self.work.file(items))

    async def link(self, key: Key = KEY) -> None:
        link = Link(
            key=key,
            scim_id=ScimId(f"scim-{key.id}"),
            attributes={},
            origin=Origin.CREATED,
            linked_at=0.0,
            written_at=0.0,
        )
        await self.store.write(self.links.put(link, None))

    async def note(self) -> None:
        await self.store.write(await self.unsure.noted(self.work, self.links))


def told(story: Any) -> None:
    async def run(_: World) -> None:
        await story(Stored())

    simulate(run)


def test_nothing_is_unsure_where_nothing_waits() -> None:
    async def story(stored: Stored) -> None:
        await stored.link()
        await stored.note()
        assert not await stored.unsure.doubts(item("1"), repeats=False)

    told(story)


def test_what_waits_and_is_linked_is_unsure_unless_the_same_is_done_again() -> None:
    async def story(stored: Stored) -> None:
        stranger = Key(ObjectType.USER, EntraId("b"))
        await stored.link()
        await stored.file(item("1"), item("2", stranger))
        await stored.note()
        assert not await stored.unsure.doubts(item("1"), repeats=True)
        assert await stored.unsure.doubts(item("1"), repeats=False)
        assert await stored.unsure.doubts(item("3"), repeats=True)
        assert not await stored.unsure.doubts(item("2", stranger), repeats=False)

    told(story)


def test_a_second_death_does_not_make_sure() -> None:
    """What was filed anew was never sent, but what it took the place of may have been."""

    async def story(stored: Stored) -> None:
        await stored.link()
        await stored.file(item("1"))
        await stored.note()
        await stored.file(item("2"))
        await stored.note()
        assert await stored.unsure.doubts(item("2"), repeats=True)

    told(story)


def test_what_took_the_place_of_another_before_the_death_is_unsure() -> None:
    """The other one's request may have been in flight, and asked for something else."""

    async def story(stored: Stored) -> None:
        await stored.link()
        await stored.file(item("1"))
        await stored.file(*await stored.work.joined([item("2")]))
        await stored.note()
        assert await stored.unsure.doubts(item("2"), repeats=True)

    told(story)


def test_it_is_sure_once_it_was_looked_at_or_all_of_it_was_done() -> None:
    async def story(stored: Stored) -> None:
        removal = item("2", aspect=Aspect.REMOVAL)
        await stored.link()
        await stored.file(item("1"), removal)
        await stored.note()
        await stored.store.write(await stored.unsure.done(removal))
        assert await stored.unsure.doubts(item("1"), repeats=False)
        await stored.store.write(await stored.unsure.done(item("1")))
        assert not await stored.unsure.doubts(item("3"), repeats=False)
        await stored.file(item("4"))
        await stored.note()
        await stored.store.write(await stored.unsure.looked_at(KEY))
        assert not await stored.unsure.doubts(item("4"), repeats=False)

    told(story)
