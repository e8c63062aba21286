"""Which subscriptions the webhook takes for ours, on simulated time."""

from __future__ import annotations

import asyncio
from typing import Any

from provisioning.errors import StoreUnavailable
from provisioning.notifications.known_subscriptions import AFTER_FAILURE, AGAIN, KEPT, PATIENCE
from provisioning.notifications.known_subscriptions import KnownSubscriptions as Known
from provisioning.subscribed import Subscribed
from tests.scenarios.simulation import RunningClock
from tests.simulated_time import run_simulated


class Rows:
    """The stored subscriptions, ``slow`` to read and sometimes away."""

    def __init__(self, *ids: str, slow: float = 0.01) -> None:
        self.stored = ids
        self.slow = slow
        self.is_away = False
        self.reads = 0

    async def all(self) -> dict[str, Subscribed]:
        self.reads += 1
        await asyncio.sleep(self.slow)
        if self.is_away:
            raise StoreUnavailable("away")
        return {id: _subscribed(id) for id in self.stored}


def _subscribed(id: str) -> Subscribed:
    return Subscribed(
        resource="users", id=id, url="", secret_digest="", created_at=0, expires_at=2e10
    )


def known_of(rows: Rows) -> Known:
    return Known(rows, RunningClock())  # type: ignore[arg-type]


def run(story: Any) -> None:
    run_simulated(story)


def test_they_are_read_once_a_minute_however_many_ask() -> None:
    async def story() -> None:
        rows = Rows("a")
        known = known_of(rows)
        found = await asyncio.gather(*(known.ids() for _ in range(500)))
        assert (set(found), rows.reads) == ({frozenset("a")}, 1)
        rows.stored = ("a", "b")
        await asyncio.sleep(KEPT - 1)
        assert (await known.ids(), rows.reads) == ({"a"}, 1)
        await asyncio.sleep(1)
        assert (await known.ids(), rows.reads) == ({"a", "b"}, 2)

    run(story)


def test_all_who_ask_for_a_newer_answer_get_it_and_the_store_is_asked_once() -> None:
    """Two batches of a subscription that was just made, at once: neither may be dropped."""

    async def story() -> None:
        rows = Rows("a")
        known = known_of(rows)
        await known.ids()
        await asyncio.sleep(AGAIN)
        rows.stored = ("a", "new")
        now = RunningClock().monotonic()
        assert await asyncio.gather(*(known.renew(now) for _ in range(50))) == [True] * 50
        assert (await known.ids(), rows.reads) == ({"a", "new"}, 2)
        later = RunningClock().monotonic()
        assert await known.renew(later) is False
        assert rows.reads == 2
        await asyncio.sleep(AGAIN)
        assert await known.renew(later) is True

    run(story)


def test_a_read_that_was_under_way_before_is_not_new_enough() -> None:
    async def story() -> None:
        rows = Rows("a", slow=0.5)
        known = known_of(rows)
        reading = asyncio.create_task(known.ids())
        await asyncio.sleep(0.1)
        assert await known.renew(RunningClock().monotonic()) is False
        assert (await reading, rows.reads) == ({"a"}, 1)

    run(story)


def test_a_store_that_hangs_is_given_up_soon() -> None:
    async def story() -> None:
        rows = Rows("a", slow=40.0)
        known = known_of(rows)
        began = asyncio.get_running_loop().time()
        assert await known.ids() is None
        assert asyncio.get_running_loop().time() - began <= PATIENCE + 0.001
        # The next ones do not wait for it, until it is tried again.
        assert await known.ids() is None
        assert rows.reads == 1
        rows.slow = 0.01
        await asyncio.sleep(AFTER_FAILURE)
        assert await known.ids() == {"a"}

    run(story)


def test_a_store_that_fails_makes_nobody_fail() -> None:
    async def story() -> None:
        rows = Rows("a")
        known = known_of(rows)
        assert await known.ids() == {"a"}
        rows.is_away = True
        await asyncio.sleep(KEPT)
        assert await known.ids() is None

    run(story)


def test_a_caller_who_goes_away_does_not_end_the_read_of_the_others() -> None:
    async def story() -> None:
        rows = Rows("a")
        known = known_of(rows)
        first, second = (asyncio.create_task(known.ids()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second, rows.reads) == ({"a"}, 1)

    run(story)
