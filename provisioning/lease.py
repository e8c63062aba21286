"""One writer for each ZSCloud tenant: a lease that is renewed, and a deadline that fences.

The deadline counts from the moment that acquire or renew was *sent*: a holder that was paused
past it sends nothing more, whatever it believes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import msgspec

from provisioning.apply.pacer import Pacer
from provisioning.errors import LeaseUnavailable, ProvisioningError
from provisioning.ports import Clock, LeasePort

_log = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
RENEW_EVERY = 5.0
REQUEST_TIMEOUT = 20.0
"""Of one request to ZSCloud, in all: a request starts only if the lease outlasts it."""

_POLL = 1.0


class HeldLease:
    """The lease while it is ours."""

    def __init__(self, port: LeasePort, name: str, holder: str, clock: Clock) -> None:
        self._port = port
        self._name = name
        self._holder = holder
        self._clock = clock
        self._deadline = 0.0
        self.lost = False

    def may_send(self) -> bool:
        """Whether a request that starts now ends before the lease does."""
        return not self.lost and self._clock.monotonic() + REQUEST_TIMEOUT <= self._deadline

    def may_store(self) -> bool:
        """Whether the lease cannot be another's yet: what was not stored by then is not ours to
        store any more, since its next holder has looked by itself.
        """
        return not self.lost and self._clock.monotonic() < self._deadline

    async def acquire(self) -> bytes | None:
        """The payload of the last holder, or ``None`` while another holds the lease."""
        sent = self._clock.monotonic()
        state = await self._port.acquire(self._name, self._holder, LEASE_SECONDS)
        if state is None:
            return None
        self._deadline = sent + LEASE_SECONDS
        return state.payload

    async def keep(self) -> None:
        """Renews until cancelled, or until the lease is no longer ours."""
        missed = False
        while not self.lost:
            await self._clock.sleep(RENEW_EVERY if not missed else _POLL)
            sent = self._clock.monotonic()
            try:
                renewed = await self._port.renew(self._name, self._holder, LEASE_SECONDS)
            except ProvisioningError as error:
                # Tried again at once; if it lasts, the deadline stops all sending. A refusal
                # passes too: an identity is not served now and then.
                _log.warning("the lease could not be renewed: %s", error)
                missed = True
                continue
            missed = False
            if renewed:
                self._deadline = sent + LEASE_SECONDS
            else:
                self.lost = True

    async def release(self, payload: bytes) -> None:
        """Lets go; the payload waits for the next holder. Nothing is sent or stored any more."""
        lost, self.lost = self.lost, True
        if not lost:
            await self._port.release(self._name, self._holder, payload)


@contextlib.asynccontextmanager
async def held(
    port: LeasePort, name: str, holder: str, clock: Clock, pacer: Pacer, *, wait: float | None
) -> AsyncIterator[HeldLease]:
    """Holds the lease for the body. Waits up to ``wait`` seconds for it, for ever if ``None``.

    Raises ``LeaseUnavailable``, naming the holder.
    """
    lease = HeldLease(port, name, holder, clock)
    give_up = None if wait is None else clock.monotonic() + wait
    while (payload := await lease.acquire()) is None:
        if give_up is not None and clock.monotonic() >= give_up:
            other = await port.read(name)
            raise LeaseUnavailable(
                f"Another process ({other.holder if other else 'just gone'}) is writing to this "
                "ZSCloud tenant."
            )
        await clock.sleep(_POLL)
    pacer.resume_after(msgspec.json.decode(payload, type=list[float]) if payload else [])
    keeper = asyncio.create_task(lease.keep())
    try:
        yield lease
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await lease.release(msgspec.json.encode(pacer.sends()))
