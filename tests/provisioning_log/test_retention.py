"""A log that is far too long is kept to its retention bit by bit."""

from __future__ import annotations

from provisioning.operations.retention import forget_old_entries
from provisioning.ports import Row
from tests.provisioning_log.entries import entry
from tests.scenarios.simulation import simulate
from tests.scenarios.world import World

_DAY = 86_400.0


def test_one_run_ends_in_time_and_the_next_goes_on() -> None:
    async def story(world: World) -> None:
        now = world.clock.time()
        services = world.services()
        log = services.job().log
        old = [entry(n, time=now - 40 * _DAY - n) for n in range(3000)]
        await world.store.write(log.rows([*old, entry(1, time=now - 29 * _DAY)]))
        write = services.store.write

        async def slow(rows: list[Row]) -> None:
            await write(rows)
            await world.clock.sleep(8.0)

        world.store.write = slow  # type: ignore[method-assign]
        left = []
        for _ in range(3):
            began = world.clock.monotonic()
            await forget_old_entries(services, 20.0)
            assert world.clock.monotonic() - began <= 20.0 + 8.0
            left.append(await world.store.count(f"{services.settings.job}:log"))
        assert left == [1501, 1, 1]
        await world._close(services)

    simulate(story)
