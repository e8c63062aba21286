"""What a lease carries from its last holder to the next one."""

from __future__ import annotations

import msgspec
import pytest

from provisioning.lease import held
from provisioning.state.memory import MemoryStore
from tests.graph.scripted import FakeClock


class Pacer:
    """Notes what it is to resume after."""

    def __init__(self) -> None:
        self.after: tuple[float, ...] | None = None

    def resume_after(self, sends: tuple[float, ...]) -> None:
        self.after = sends

    def sends(self) -> tuple[float, ...]:
        return (7.0,)


async def taken(left: bytes) -> Pacer:
    clock, pacer = FakeClock(), Pacer()
    store = MemoryStore(time=clock.time)
    await store.acquire("tenant", "before", 30.0)
    await store.release("tenant", "before", left)
    async with held(store, "tenant", "now", clock, pacer, wait=0):  # type: ignore[arg-type]
        return pacer


async def test_send_times_go_from_holder_to_holder() -> None:
    assert (await taken(msgspec.json.encode({"holder": "a", "sends": [1, 2]}))).after == (1, 2)
    assert (await taken(b"[1, 2]")).after == (1, 2)
    assert (await taken(b"")).after == ()


@pytest.mark.parametrize("left", [b"\xff", b"{", b"5", b'{"sends": "x"}', b"[" * 100_000])
async def test_what_cannot_be_read_keeps_nobody_from_the_lease(left: bytes) -> None:
    """The last send may have been at this moment."""
    assert (await taken(left)).after == (float("inf"),)
