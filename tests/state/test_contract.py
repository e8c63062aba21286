"""Every store against the contract, alone and in the layers that the program puts on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from provisioning.ports import LeasePort, Row, Store
from provisioning.rows.buffer import WriteBehind
from provisioning.rows.key_range import KeyRange
from provisioning.rows.overlay import OverlayStore
from provisioning.state.azure import BlobLeases
from provisioning.state.memory import MemoryStore
from provisioning.state.sqlite import SqliteStore
from tests.state import azure_storage
from tests.state.clock import ManualClock
from tests.state.contract import BASES, LAYERS, machine
from tests.thoroughness import examples

_EXAMPLES = settings(
    max_examples=examples(10, 25),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("base", BASES)
def test_a_store_is_a_sorted_dictionary(base: str, layers: str) -> None:
    tried = settings(_EXAMPLES, max_examples=examples(4, 8)) if base == "azure" else _EXAMPLES
    run_state_machine_as_test(machine(base, layers), settings=tried)


def test_the_stores_have_the_types_of_the_ports(tmp_path: Path) -> None:
    """Type checkers compare the signatures; here, that the objects can be made."""
    sqlite = SqliteStore(tmp_path / "state.db")
    memory = MemoryStore()
    azure = azure_storage.store_at(tmp_path)
    stores: list[Store] = [
        sqlite,
        memory,
        azure,
        OverlayStore(memory),
        WriteBehind(memory, ManualClock()),
    ]
    leases: list[LeasePort] = [sqlite, memory, BlobLeases(azure_storage.account())]
    assert len(stores) + len(leases) == 8


@pytest.mark.parametrize("base", BASES)
async def test_more_keys_than_one_statement_takes(base: str, tmp_path: Path) -> None:
    store = BASES[base](tmp_path / "state.db")
    await store.write([Row("links", f"{n:04d}", b"%d" % n) for n in range(0, 2600, 2)])
    found = await store.get_many("links", [f"{n:04d}" for n in range(2600)])
    assert found == {f"{n:04d}": b"%d" % n for n in range(0, 2600, 2)}
    await store.close()


@pytest.mark.parametrize("base", BASES)
async def test_an_empty_key_is_refused(base: str, tmp_path: Path) -> None:
    store = BASES[base](tmp_path / "state.db")
    for refusing in (store, OverlayStore(store), WriteBehind(store, ManualClock())):
        with pytest.raises(ValueError, match="table links has an empty key"):
            await refusing.write([Row("links", "a", b""), Row("links", "", b"")])
    assert await store.count("links") == 0
    await store.close()


async def test_an_overlay_merges_over_many_pages_of_its_base() -> None:
    """More deletions than one page of the base makes up for."""
    base = MemoryStore()
    await base.write([Row("work", f"{n:05d}", b"base") for n in range(2000)])
    overlay = OverlayStore(base)
    await overlay.write([Row("work", f"{n:05d}", None) for n in range(1500)])
    await overlay.write([Row("work", f"{n:05d}x", b"own") for n in range(0, 2000, 100)])
    expected = sorted(
        [f"{n:05d}" for n in range(1500, 2000)] + [f"{n:05d}x" for n in range(0, 2000, 100)]
    )
    for limit in (1, 7, 300, 5000):
        forward = await overlay.scan("work", limit=limit)
        assert [key for key, _ in forward] == expected[:limit]
        back = await overlay.scan("work", limit=limit, reverse=True)
        assert [key for key, _ in back] == expected[::-1][:limit]
    assert await overlay.count("work") == len(expected)
    assert await base.count("work") == 2000


async def test_work_that_came_and_went_leaves_nothing_in_an_overlay() -> None:
    """Otherwise each look at the work set of a dry run would pass over all that is done."""
    base = MemoryStore()
    await base.write([Row("work", "stored", b"1")])
    overlay = OverlayStore(base)
    await overlay.write([Row("work", f"{n}", b"1") for n in range(100)])
    await overlay.write([Row("work", f"{n}", None, only_if=b"1") for n in range(100)])
    await overlay.write([Row("work", "stored", None)])
    assert overlay._edits.count("work", KeyRange.of()) == 1
    assert await overlay.count("work") == 0


async def test_an_overlay_shows_what_others_write_to_its_base() -> None:
    base = MemoryStore()
    overlay = OverlayStore(base)
    await overlay.write([Row("work", "mine", b"1"), Row("work", "gone", b"1")])
    await overlay.write([Row("work", "gone", None)])
    await base.write([Row("work", "theirs", b"2"), Row("work", "mine", b"3")])
    assert await overlay.scan("work") == [("mine", b"1"), ("theirs", b"2")]


async def test_an_overlay_decides_a_condition_when_it_is_written() -> None:
    base = MemoryStore()
    overlay = OverlayStore(base)
    await base.write([Row("work", "k", b"1")])
    await overlay.write(
        [Row("work", "k", b"2", only_if=b"1"), Row("work", "k", b"3", only_if=b"1")]
    )
    await base.write([Row("work", "k", b"9")])
    assert await overlay.get("work", "k") == b"2"
