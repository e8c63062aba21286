"""Processes on one loop: what never ends is found."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulated_time import EPOCH
from tests.soak import loop


def test_what_goes_round_and_round_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_MANY", 1000)

    async def spins() -> None:
        running = asyncio.get_running_loop()

        def again() -> None:
            running.call_soon(again)

        again()
        await asyncio.Event().wait()

    with pytest.raises(loop.Spinning, match="round and round"):
        loop.run(spins, EPOCH)


def test_many_steps_are_fine_while_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_MANY", 1000)

    async def goes_on() -> None:
        for _ in range(3000):
            await asyncio.sleep(0.01)

    loop.run(goes_on, EPOCH)
