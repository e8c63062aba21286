"""The loop of these tests skips idle time, and only that."""

from __future__ import annotations

import asyncio
import time

from tests.foreign.loop import SkippingClock, run_skipping, running_loop

DAY = 86_400.0


def test_a_day_of_waiting_costs_nothing() -> None:
    async def main() -> None:
        clock = SkippingClock(running_loop())
        began, began_monotonic, really = clock.time(), clock.monotonic(), time.monotonic()
        await clock.sleep(DAY)
        assert clock.time() - began >= DAY
        assert clock.monotonic() - began_monotonic >= DAY
        assert time.monotonic() - really < 1

    run_skipping(main)


def test_timers_keep_their_order_and_distance() -> None:
    async def main() -> None:
        clock = SkippingClock(running_loop())
        woken: list[float] = []

        async def wake(after: float) -> None:
            began = clock.time()
            await clock.sleep(after)
            assert after <= clock.time() - began < after + 1
            woken.append(after)

        await asyncio.gather(wake(3600), wake(60), wake(DAY))
        assert woken == [60, 3600, DAY]

    run_skipping(main)


def test_nothing_is_skipped_while_an_answer_is_awaited() -> None:
    async def main() -> None:
        clock = SkippingClock(running_loop())
        sleeper = asyncio.create_task(clock.sleep(DAY))
        really = time.monotonic()
        with running_loop().waiting_for_an_answer():
            await asyncio.sleep(0.02)
            assert time.monotonic() - really >= 0.02
            assert not sleeper.done()
            assert running_loop().skipped == 0
        await sleeper
        assert running_loop().skipped > DAY - 1

    run_skipping(main)
