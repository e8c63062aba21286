"""One writer for each ZSCloud tenant: a lease that is renewed, and a deadline that fences.

The deadline counts from the moment that acquire or renew was *sent*: a holder that was paused
past it sends nothing more, whatever it believes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Sequence

import msgspec

from provisioning.apply.sending.pacer import Pacer
from provisioning.errors import LeaseUnavailable, ProvisioningError
from provisioning.ports import Clock, LeasePort

_log = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
RENEW_EVERY = 5.0
REQUEST_TIMEOUT = 20.0
"""Of one request to ZSCloud, in all: a request starts only if the lease outlasts it."""

_POLL = 1.0


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What a holder leaves with the lease: its name, and its last send times (epoch seconds)."""

    holder: str = ""
    sends: tuple[float, ...] = ()


class HeldLease:
    """The lease while it is ours. ``after`` is the holder before, if nobody held it in between
    and that holder let go, with all that it had to store; else it is empty. ``let_go``: whether it
    did let go. Whoever has stored all sets ``is_clean``.
    """

    def __init__(self, port: LeasePort, name: str, holder: str, clock: Clock) -> None:
        self._port = port
        self._name = name
        self.holder = holder
        self._clock = clock
        self._deadline = 0.0
        self.lost = False
        self.after = ""
        self.let_go = False
        self.is_clean = False

    def may_send(self) -> bool:
        """Whether a request that starts now ends before the lease does."""
        return not self.lost and self._clock.monotonic() + REQUEST_TIMEOUT <= self._deadline

    def may_store(self) -> bool:
        """Whether the lease cannot be another's yet: what was not stored by then is not ours to
        store any more, since its next holder has looked by itself.
        """
        return not self.lost and self._clock.monotonic() < self._deadline

    async def acquire(self) -> Left | None:
        """What the last holder left, or ``None`` while another holds the lease."""
        sent = self._clock.monotonic()
        state = await self._port.acquire(self._name, self.holder, LEASE_SECONDS)
        if state is None:
            return None
        self._deadline = sent + LEASE_SECONDS
        left = _decoded(state.payload)
        self.let_go = state.released
        self.after = left.holder if state.released else ""
        return left

    async def keep(self) -> None:
        """Renews until cancelled, or until the lease is no longer ours."""
        missed = False
        while not self.lost:
            await self._clock.sleep(RENEW_EVERY if not missed else _POLL)
            sent = self._clock.monotonic()
            try:
                renewed = await self._port.renew(self._name, self.holder, LEASE_SECONDS)
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

    async def release(self, sends: Sequence[float] = ()) -> None:
        """Lets go; the send times wait for the next holder. Nothing is sent or stored any more."""
        lost, self.lost = self.lost, True
        if not lost:
            holder = self.holder if self.is_clean else ""
            left = msgspec.json.encode(Left(holder=holder, sends=tuple(sends)))
            await self._port.release(self._name, self.holder, left)


@contextlib.asynccontextmanager
async def held(
    port: LeasePort, name: str, holder: str, clock: Clock, pacer: Pacer, *, wait: float | None
) -> AsyncIterator[HeldLease]:
    """Holds the lease for the body. Waits up to ``wait`` seconds for it, for ever if ``None``.

    Raises ``LeaseUnavailable``, naming the holder.
    """
    lease = HeldLease(port, name, holder, clock)
    give_up = None if wait is None else clock.monotonic() + wait
    while (left := await lease.acquire()) is None:
        if give_up is not None and clock.monotonic() >= give_up:
            other = await port.read(name)
            raise LeaseUnavailable(
                f"Another process ({other.holder if other else 'just gone'}) is writing to this "
                "ZSCloud tenant."
            )
        await clock.sleep(_POLL)
    pacer.resume_after(left.sends)
    keeper = asyncio.create_task(lease.keep())
    try:
        yield lease
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await lease.release(pacer.sends())


def _decoded(payload: bytes) -> Left:
    if not payload:
        return Left()
    try:
        left = msgspec.json.decode(payload, type=Left | tuple[float, ...])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        # Else nobody could hold the lease any more. It may have sent at this very moment.
        _log.warning("what the last holder left with the lease cannot be read: %s", error)
        return Left(sends=(math.inf,))
    # An older version of the program left the times alone.
    return left if isinstance(left, Left) else Left(sends=left)
