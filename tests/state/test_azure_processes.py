"""Azure between processes: killed in the middle of writing, writing together, leasing."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from provisioning.state.azure import AzureStore, BlobLeases
from tests.servers import azurite
from tests.state.azure_storage import account, new_name
from tests.state.processes import (
    OUTCOME,
    ROWS_IN_BATCH,
    claimed_together,
    killed_after,
    line_of,
    running,
    together,
)

_ENOUGH = 1_000_000


async def _things(store: AzureStore, name: str) -> dict[str, set[str]]:
    """What was written by a process, by table, as the key of the thing."""
    found = {}
    for table in OUTCOME:
        rows = await store.scan(table, limit=_ENOUGH, reverse=table == "log")
        found[table] = {key for key, _ in rows if f"-{name}-" in key}
    return found


async def test_a_killed_process_leaves_the_first_rows_of_each_thing() -> None:
    """And all of what it was told. Killed at different moments of many writes."""
    table = new_name()
    store = AzureStore(account(), table=table)
    for run, lines in enumerate((1, 4, 9)):
        name = f"run{run}"
        told = killed_after(lines, f"azure:{table}", "write_outcomes", name)
        found = await _things(store, name)
        for before, after in pairwise(OUTCOME):
            assert found[after] <= found[before]
        whole = {key for key in found[OUTCOME[-1]] if int(key[-4:]) < told}
        assert len(whole) == told * ROWS_IN_BATCH
        assert all(int(key[-4:]) <= told for key in found[OUTCOME[0]])
    await store.close()


async def test_processes_write_the_same_table_together() -> None:
    table, batches = new_name(), 6
    told = together(f"azure:{table}", "write_outcomes", batches)
    assert told == [[str(n) for n in range(batches)]] * 2
    store = AzureStore(account(), table=table)
    for name in ("one", "two"):
        found = await _things(store, name)
        assert all(len(found[table]) == batches * ROWS_IN_BATCH for table in OUTCOME)
    await store.close()


async def test_a_condition_holds_between_processes() -> None:
    table = new_name()
    await claimed_together(AzureStore(account(), table=table), f"azure:{table}", 40)


async def test_the_lease_of_a_killed_process_runs_out() -> None:
    container = new_name()
    leases = BlobLeases(account(), container=container)
    assert await leases.acquire("tenant", "here", 30.0) is not None
    await leases.release("tenant", "here", b"sent at 12")
    with running(f"azure:{container}", "take_lease", "there") as process:
        assert await asyncio.to_thread(line_of, process) == "sent at 12"
        assert await leases.acquire("tenant", "here", 30.0) is None
        assert not await leases.renew("tenant", "here", 30.0)
    assert await leases.acquire("tenant", "here", 30.0) is None
    azurite.shared().put_clock_forward(31.0)
    state = await leases.acquire("tenant", "here", 30.0)
    assert state is not None
    assert state.payload == b"sent at 12"
    with running(f"azure:{container}", "take_lease", "there") as process:
        assert await asyncio.to_thread(line_of, process) == "none"
    await leases.close()
