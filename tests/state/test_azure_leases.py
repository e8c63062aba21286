"""Leases on blobs beyond the contract: requests, lost answers, and a service that is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from provisioning.errors import StoreUnavailable
from provisioning.ports import LeaseState
from provisioning.state.azure import BlobLeases, lease
from provisioning.storage.retries import Retries
from tests.servers import azurite
from tests.servers.azure_proxy import Fault, Proxy, between
from tests.state.azure_storage import account, new_name

pytestmark = pytest.mark.filterwarnings("ignore:Testing an element's truth value")

_NAME = "zscloud.net/1234567 \u00e4#?"


@asynccontextmanager
async def _watched() -> AsyncIterator[tuple[Proxy, BlobLeases]]:
    async with between(azurite.shared(), "blob") as (proxy, environ):
        leases = BlobLeases(account(environ), container=new_name(), time=lambda: 1000.0)
        try:
            yield proxy, leases
        finally:
            await leases.close()


async def test_what_each_call_asks() -> None:
    async with _watched() as (proxy, leases):
        assert await leases.acquire(_NAME, "one", 30.0) is not None
        await leases.release(_NAME, "one", b"left")
        counts = []
        for call in (
            leases.acquire(_NAME, "one", 30.0),
            leases.renew(_NAME, "one", 30.0),
            leases.read(_NAME),
            leases.acquire(_NAME, "two", 30.0),
            leases.release(_NAME, "one", b"left"),
        ):
            proxy.seen.clear()
            await call
            counts.append(len(proxy.seen))
        assert counts == [3, 1, 1, 1, 2]


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_lost_answer_changes_nothing(lost: str) -> None:
    """Of any of the requests, the first ones that make container and blob among them."""
    for number in range(12):
        async with _watched() as (proxy, leases):
            proxy.befalls = lambda seen, n=number, p=proxy: len(p.seen) == n + 1  # type: ignore[misc]
            proxy.faults = [Fault(lost=lost)]
            state = LeaseState("one", 1030.0, b"")
            assert await leases.acquire("tenant", "one", 30.0) == state
            assert await leases.read("tenant") == state
            await leases.release("tenant", "one", b"left")
            assert await leases.read("tenant") == LeaseState("", 0.0, b"left")
            if proxy.faults:
                return
    pytest.fail("More requests than were tried.")


async def test_a_busy_service_is_asked_again_but_for_renewing() -> None:
    async with _watched() as (proxy, leases):
        proxy.faults = [Fault(503)] * 2
        assert await leases.acquire("tenant", "one", 30.0) is not None
        proxy.faults = [Fault(503)]
        with pytest.raises(StoreUnavailable, match=r"blob service .* answered 503"):
            await leases.renew("tenant", "one", 30.0)
        assert await leases.renew("tenant", "one", 30.0)


async def test_a_call_ends_soon_when_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder counts its deadline while it waits."""
    assert lease.ONCE.total <= 5.0
    assert lease._WHOLE_CALL <= 10.0
    monkeypatch.setattr(lease, "ONCE", Retries(attempts=1, attempt=0.3, total=0.3))
    monkeypatch.setattr(lease, "_WHOLE_CALL", 0.3)
    async with _watched() as (proxy, leases):
        proxy.faults = [Fault(hangs=True)] * 3
        for call in (
            leases.renew("tenant", "one", 30.0),
            leases.acquire("tenant", "one", 30.0),
            leases.release("tenant", "one", b""),
        ):
            with pytest.raises(StoreUnavailable, match="did not answer in time"):
                await call
        # On a busy machine one of them may not even have left by then.
        assert len(proxy.faults) < 3
        proxy.faults = []
        monkeypatch.undo()
        assert await leases.acquire("tenant", "one", 30.0) is not None


async def test_a_lease_that_was_broken_is_lost() -> None:
    """As an operator may do in the portal."""
    async with _watched() as (_, leases):
        await leases.acquire("tenant", "one", 30.0)
        blob = leases._connection.client().get_blob_client("tenant")
        await lease._lease(blob, "any").break_lease(lease_break_period=0)
        assert not await leases.renew("tenant", "one", 30.0)
        await leases.release("tenant", "one", b"of one")
        assert await leases.read("tenant") == LeaseState("one", 1000.0, b"")
        assert await leases.acquire("tenant", "two", 30.0) == LeaseState("two", 1030.0, b"")


async def test_a_lease_that_is_lost_while_it_is_taken_is_not_ours() -> None:
    """The process slept between taking it and saying so, and another has it by now."""
    async with _watched() as (proxy, leases):
        await leases.acquire("tenant", "one", 30.0)
        await leases.release("tenant", "one", b"")
        proxy.befalls = lambda seen: seen.kind == "put"
        proxy.faults = [Fault(412, "LeaseIdMismatchWithBlobOperation")]
        assert await leases.acquire("tenant", "one", 30.0) is None


@pytest.mark.parametrize(("asked", "lasts"), [(5.0, 15.0), (30.0, 30.0), (90.0, 60.0)])
async def test_it_lasts_as_long_as_azure_lets_it(asked: float, lasts: float) -> None:
    async with _watched() as (_, leases):
        state = await leases.acquire("tenant", "one", asked)
        assert state == LeaseState("one", 1000.0 + lasts, b"")


async def test_closing_twice_is_closing() -> None:
    leases = BlobLeases(account(), container=new_name())
    await leases.acquire("tenant", "one", 30.0)
    await leases.close()
    await leases.close()
    with pytest.raises(StoreUnavailable, match="was closed"):
        await leases.renew("tenant", "one", 30.0)
