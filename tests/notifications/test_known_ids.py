"""Whom the webhook takes for a stranger, on simulated time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from provisioning.errors import StoreUnavailable
from provisioning.near_scope import NearScope
from provisioning.notifications import known_ids
from provisioning.notifications.known_ids import AGAIN, PATIENCE, KnownIds
from provisioning.notifications.message import HintMessage
from provisioning.ports import Row
from provisioning.state.memory import MemoryStore
from tests.scenarios.simulation import RunningClock
from tests.simulated_time import run_simulated

USERS, GROUPS = "job:mirror_user", "job:mirror_group"


class Slow(MemoryStore):
    """Takes its time, and is away sometimes."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.01
        self.is_away = False

    async def get(self, table: str, key: str) -> bytes | None:
        await self._pass()
        return await super().get(table, key)

    async def scan(self, table: str, prefix: str = "", **more: Any) -> Any:
        await self._pass()
        return await super().scan(table, prefix, **more)

    async def _pass(self) -> None:
        await asyncio.sleep(self.seconds)
        if self.is_away:
            raise StoreUnavailable("away")


async def stored(store: MemoryStore, mark: str, *users: str) -> None:
    near = NearScope(store, "job")
    await store.write([*(Row(USERS, id, b"") for id in users), near.renewed(mark)])


def told(*users: str) -> HintMessage:
    return HintMessage(told=0.0, users=dict.fromkeys(users, 7), groups={"g": 7})


def run(story: Any) -> None:
    run_simulated(story)


def test_strangers_are_let_go_once_everybody_else_is_known() -> None:
    async def story() -> None:
        store = Slow()
        await stored(store, "one", "a")
        await store.write([Row(GROUPS, "g", b"")])
        known = KnownIds(NearScope(store, "job"), RunningClock())
        message = told("a", "s")
        assert await known.without_strangers(message) is message
        await asyncio.sleep(1)
        narrowed = await known.without_strangers(message)
        assert (narrowed.users, narrowed.groups, narrowed.narrowed) == ({"a": 7}, {"g": 7}, True)

    run(story)


def test_somebody_new_is_no_stranger_from_that_moment_on() -> None:
    """Also while the ids are read anew, which does not happen too often."""

    async def story() -> None:
        store = Slow()
        await stored(store, "one", "a")
        known = KnownIds(NearScope(store, "job"), RunningClock())
        for mark, new in (("two", "b"), ("three", "c"), ("four", "d")):
            for wait in (0.0, 0.025, AGAIN / 2, AGAIN):
                await known.without_strangers(told("a"))
                await asyncio.sleep(wait)
            await stored(store, mark, new)
            assert new in (await known.without_strangers(told(new, "s"))).users
        await asyncio.sleep(AGAIN)
        await known.without_strangers(told("a"))
        await asyncio.sleep(1)
        assert set((await known.without_strangers(told("d", "s"))).users) == {"d"}

    run(story)


def test_what_changed_while_it_was_read_does_not_count() -> None:
    async def story() -> None:
        store = Slow()
        store.seconds = 0.5
        await stored(store, "one", "a")
        known = KnownIds(NearScope(store, "job"), RunningClock())
        await known.without_strangers(told("a"))
        await asyncio.sleep(0.8)  # The users have been read.
        await stored(store, "two", "b")
        await asyncio.sleep(5)
        assert "b" in (await known.without_strangers(told("b"))).users

    run(story)


@pytest.mark.parametrize("trouble", ["away", "slow", "nothing", "many"])
def test_nobody_is_let_go_who_is_not_known(trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        store = Slow()
        if trouble == "many":
            monkeypatch.setattr(known_ids, "MOST", 1)
        if trouble != "nothing":
            await stored(store, "one", "a", "b")
        known = KnownIds(NearScope(store, "job"), RunningClock())
        await known.without_strangers(told("a"))
        await asyncio.sleep(1)
        store.is_away = trouble == "away"
        store.seconds = PATIENCE * 2 if trouble == "slow" else 0.01
        message = told("a", "s")
        assert await known.without_strangers(message) is message

    run(story)


def test_a_message_without_keys_asks_nothing() -> None:
    async def story() -> None:
        store = Slow()
        store.is_away = True
        known = KnownIds(NearScope(store, "job"), RunningClock())
        message = HintMessage(told=0.0, feeds=True)
        assert await known.without_strangers(message) is message

    run(story)
