"""Many writes over a network that loses, delays and refuses at random: nothing is lost."""

from __future__ import annotations

import random

import pytest

from provisioning.ports import Row
from provisioning.state.azure import AzureStore
from provisioning.storage.retries import Retries
from tests.servers import azurite
from tests.servers.azure_proxy import Fault, between
from tests.state.azure_storage import account, new_name
from tests.state.contract import Model, apply

_TABLES = ("link", "work", "log", "watermark")
_FAULTS = (
    Fault(503),
    Fault(500, "InternalError"),
    Fault(lost="before"),
    Fault(lost="after"),
    Fault(lost="midway"),
)
_WRITES = 12


async def _no_wait(seconds: float) -> None:
    """Waits are over at once."""


def _rows(chance: random.Random, model: Model) -> list[Row]:
    """A group of outcomes: puts, deletes, and deletes on a condition that may hold."""
    rows = []
    for _ in range(chance.randint(1, 60)):
        table, number = chance.choice(_TABLES), chance.randrange(60)
        key = f"user/{number % 5:x}{number}"
        value = chance.choice([None, b"%d" % chance.randrange(1000)])
        only_if = None
        if value is None and chance.random() < 0.6:
            only_if = chance.choice([model.get((table, key)), b"another"])
        about = chance.choice(["", *(f"user/{n}" for n in range(9))])
        rows.append(Row(table, key, value, only_if, about))
    return rows


@pytest.mark.parametrize("seed", range(2))
async def test_the_end_is_that_of_a_good_network(seed: int) -> None:
    chance, model = random.Random(seed), dict[tuple[str, str], bytes]()
    async with between(azurite.shared(), "table") as (proxy, environ):
        # So many attempts that none of them fails for good.
        retries = Retries(attempts=30, sleep=_no_wait)
        store = AzureStore(account(environ), table=new_name(), retries=retries)
        for _ in range(_WRITES):
            rows = _rows(chance, model)
            proxy.faults = [chance.choice(_FAULTS) for _ in range(chance.randint(0, 12))]
            unlucky = chance.uniform(0.2, 1.0)
            proxy.befalls = lambda seen, share=unlucky: chance.random() < share  # type: ignore[misc]
            await store.write(rows)
            apply(model, rows)
            proxy.faults = []
            for table in _TABLES:
                expected = {key: value for (t, key), value in model.items() if t == table}
                assert dict(await store.scan(table)) == expected
        await store.close()
