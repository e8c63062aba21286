"""Lists that are read whole, on a store that breaks off in the middle of a write."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from provisioning.errors import StoreUnavailable
from provisioning.ports import Row
from provisioning.rows.order import in_steps
from tests.scenarios.piecewise import PiecewiseStore, pieces
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, group, office, provisioned, user
from tests.scenarios.world import World


class BreakingStore(PiecewiseStore):
    """Once armed it breaks off when ``left`` rows of a change of a list of members are done, and
    nothing can be written any more until it is repaired.
    """

    def __init__(self, left: int, seed: int) -> None:
        super().__init__(seed)
        self._left, self._order = left, random.Random(seed)
        self.armed = self.broke = False

    async def write(self, rows: Sequence[Row]) -> None:
        if self.broke:
            raise StoreUnavailable("It cannot be written.")
        if not self.armed or all(not row.table.endswith(":mirror_members") for row in rows):
            await super().write(rows)
            return
        done = [row for piece in pieces(rows, self._order) for row in piece][: self._left]
        for row in done:
            await super().write([row])
        self.broke = True
        raise StoreUnavailable("It broke off.")

    def repair(self) -> None:
        self.armed = self.broke = False


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("left", range(2, 9))
def test_a_member_that_a_whole_read_misses_is_not_forgotten_half_way(left: int, seed: int) -> None:
    """The next read finds the same members missing, and takes them out."""

    async def story(world: World) -> None:
        await provisioned(world)
        await world.clock.sleep(SETTLE)
        await world.cycle()
        for number in (0, 1):
            world.tenant.remove_member(group(world, "Sales"), user(world, number))
        world.entra.expire_tokens()
        await world.clock.sleep(SETTLE)
        world.store.armed = True
        with pytest.raises(StoreUnavailable):
            await world.cycle()
        assert world.store.broke
        await world.clock.sleep(60)
        world.store.repair()
        for _ in range(2):
            await world.clock.sleep(SETTLE)
            await world.cycle()
        assert world.differences() == []

    simulate(story, tenant=office, store=BreakingStore(left, seed))


def test_the_plan_of_an_old_dry_run_is_forgotten_before_the_cycle_that_finds_it() -> None:
    async def story(world: World) -> None:
        record = await world.cycle(dry_run=True)
        cycles = world.services().job().cycles
        rows = in_steps(await cycles.forget_before(world.clock.time() + 1))
        assert len(rows) > 10
        for seed in range(20):
            order = [row for piece in pieces(rows, random.Random(seed)) for row in piece]
            assert (order[-1].table, order[-1].key) == (cycles.rows.name, record.cycle_id)

    simulate(story, tenant=office)
