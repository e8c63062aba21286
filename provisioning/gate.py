"""The gate before ZSCloud: shut while the job is in quarantine, opened by a probe that succeeds.

Whoever holds the lease passes it before anything else is done. What waited meanwhile stays where it
is filed, so the work goes on where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from provisioning.apply.naming import Blocked
from provisioning.apply.provision import Provisioner
from provisioning.apply.sending.sender import Halted, Sender, Stopped
from provisioning.errors import (
    LeaseUnavailable,
    ProvisioningError,
    RemoteError,
    StoreUnavailable,
)
from provisioning.escrow import EscrowEntry
from provisioning.job import Job
from provisioning.lanes import Due
from provisioning.model import ObjectType
from provisioning.ports import TargetReader
from provisioning.quarantine import (
    RETRIED,
    SAMPLE,
    WINDOW,
    Cause,
    QuarantineEntry,
    cause_of,
    is_unreached,
    outage_with,
    probe_wait,
)
from provisioning.resolve import load_graph
from provisioning.rows.order import in_steps

_log = logging.getLogger(__name__)

_URGENT = (1, 0)


class Gate:
    """The quarantine of a job, as the holder of the lease meets it.

    ``digest`` is that of the settings in force. ``provisioner`` makes what tries objects anew.
    """

    def __init__(
        self,
        job: Job,
        sender: Sender,
        reader: TargetReader,
        digest: str,
        provisioner: Callable[[], Provisioner],
    ) -> None:
        self._job = job
        self._sender = sender
        self._reader = reader
        self._digest = digest
        self._provisioner = provisioner
        self.has_opened = False
        """Whether a quarantine has just ended."""

    async def shut(self) -> QuarantineEntry | None:
        """The quarantine that holds on, after a probe if one is due. ``None``: the way is free.

        Raises ``LeaseUnavailable``, ``StoreUnavailable``, ``Halted``.
        """
        entry = await self._job.quarantine.get()
        if entry is None:
            return None
        if await self._job.quarantine.wait(self._now(), self._digest):
            return entry
        granted = await self._job.quarantine.granted()
        error = await self._probe(entry)
        if error is None:
            await self._open(entry)
            await self._job.store.write(granted)
            return None
        entry = self._prolonged(entry, error)
        await self._job.store.write([self._job.quarantine.put(entry), *granted])
        return entry

    async def shut_by(self, error: ProvisioningError, cycle_id: str) -> QuarantineEntry | None:
        """The quarantine that an error is the reason for, stored; ``None`` if it is none."""
        outage = await self._job.quarantine.unreached()
        rows = []
        if is_unreached(error):
            outage = outage_with(outage, self._now())
            rows.append(self._job.quarantine.unreached_row(outage))
        else:
            outage = None
        cause = cause_of(error, outage)
        before = await self._job.quarantine.get()
        if cause is None or before is not None:
            await self._job.store.write(rows)
            return before
        now = self._now()
        entry = QuarantineEntry(
            cause=cause,
            error_code=error.code,
            reason=str(error),
            remedy=error.remedy,
            since=now,
            next_probe=now + probe_wait(0, self._job.ids.random()),
            settings_digest=self._digest,
            cycle_id=cycle_id,
        )
        await self._job.store.write([*rows, self._job.quarantine.put(entry)])
        _log.warning("QUARANTINE %s: %s", cause.value, entry.reason)
        return entry

    async def reached(self) -> None:
        """ZSCloud has answered: an outage, if there was one, is over."""
        if await self._job.quarantine.unreached() is not None:
            await self._job.store.write([self._job.quarantine.unreached_row(None)])

    async def check(self) -> ProvisioningError | None:
        """What a cheap request is refused with, without any quarantine."""
        try:
            await self._sender.send(self._nobody, _URGENT, tries=1)
        except RemoteError as error:
            return error
        except Stopped:
            return None
        await self.reached()
        return None

    # --- probing -------------------------------------------------------------------------------

    async def _probe(self, entry: QuarantineEntry) -> ProvisioningError | None:
        """What a probe failed with."""
        try:
            if entry.cause is Cause.FAILURE_RATIO:
                return await self._try_some(entry)
            await self._sender.send(await self._request(entry), _URGENT, tries=1)
        except Halted:
            raise  # It says nothing about ZSCloud.
        except Stopped:
            return ProvisioningError("ZSCloud asked for a pause, or the budget was spent.")
        except (LeaseUnavailable, StoreUnavailable):
            raise
        except ProvisioningError as error:
            return error
        except Exception as error:
            if entry.cause is not Cause.FAILURE_RATIO:
                raise
            # A fault of ours in one object must not keep everybody's work shut off unexplained.
            _log.exception("trying objects anew failed")
            return ProvisioningError(f"A fault of this program: {error!r}")
        return None

    async def _request(self, entry: QuarantineEntry) -> Callable[[], Awaitable[object]]:
        """One cheap request. Discovery needs no token (Zscaler: SCIM API Examples), so it only
        shows that ZSCloud is there; a filter for nobody shows that the token is accepted.
        """
        known = await self._job.learned()
        if entry.cause is Cause.TARGET_GONE and known.capabilities is None:
            return self._reader.capabilities
        return self._nobody

    async def _nobody(self) -> object:
        name = f"{self._job.ids.new()}@example.com"
        return await self._reader.find(ObjectType.USER, "userName", name)

    async def _try_some(self, entry: QuarantineEntry) -> ProvisioningError | None:
        """Tries some of the objects that failed: all of them have to succeed."""
        provisioner = self._provisioner()
        provisioner.graph = await load_graph(self._job)
        for failing in await self._sample(entry):
            error = await self._try(provisioner, failing)
            if error is not None:
                return error
        provisioner.intents.withdraw_all()
        await self._job.store.flush()
        return None

    async def _sample(self, entry: QuarantineEntry) -> Sequence[EscrowEntry]:
        """Each time others: those that were tried least, leavers before the rest."""
        failing = [one async for _, one in self._job.escrow.entries.all() if _is_of(one, entry)]
        return sorted(failing, key=lambda one: (one.tries, one.item.lane))[:SAMPLE]

    async def _try(
        self, provisioner: Provisioner, failing: EscrowEntry
    ) -> ProvisioningError | None:
        """What the object fails with now. It is filed for it, so that no crash loses it."""
        escrow = self._job.escrow
        await self._job.store.write(escrow.at_once(failing, self._now(), RETRIED))
        due = await escrow.get(failing.item)
        if due is None:
            return None
        await self._job.store.write(self._job.work.promote(Due(due.next_try, due.item)))
        # What it tried to make before may be there: it is looked for first.
        await provisioner.intents.announce([due.item], provisioner.graph, {})
        try:
            await provisioner.provision(due.item, stopping=lambda: False)
        except Blocked:
            return None  # It waits for another object: that says nothing about ZSCloud.
        after = await escrow.get(failing.item)
        if after is None or after.tries <= failing.tries:
            return None
        return ProvisioningError(f"{after.name} still fails: {after.reason}")

    # --- opening -------------------------------------------------------------------------------

    async def _open(self, entry: QuarantineEntry) -> None:
        """What failed for its cause is due, then the quarantine ends: a crash between repeats."""
        now = self._now()
        escrow = self._job.escrow
        again = [one async for _, one in escrow.entries.all() if _is_of(one, entry)]
        rows = [row for one in again for row in escrow.at_once(one, now, RETRIED)]
        ended = [*self._job.tries.forget(), *self._job.quarantine.released()]
        await self._job.store.write(in_steps(rows, ended))
        self.has_opened = True
        minutes = round((now - entry.since) / 60)
        _log.warning("QUARANTINE over after %d minutes, %d probes", minutes, entry.probes + 1)

    def _prolonged(self, entry: QuarantineEntry, error: ProvisioningError) -> QuarantineEntry:
        """The quarantine after a probe that failed: it may have another cause by now."""
        _log.info("QUARANTINE goes on, a probe failed: %s", error)
        wait = probe_wait(entry.probes + 1, self._job.ids.random())
        prolonged = msgspec.structs.replace(
            entry,
            probes=entry.probes + 1,
            next_probe=self._now() + wait,
            settings_digest=self._digest,
        )
        cause = cause_of(error, None)
        if cause is None:
            return prolonged
        return msgspec.structs.replace(
            prolonged,
            cause=cause,
            error_code=error.code,
            reason=str(error),
            remedy=error.remedy,
        )

    def _now(self) -> float:
        return self._job.clock.time()


def _is_of(failing: EscrowEntry, entry: QuarantineEntry) -> bool:
    """Whether an object failed for what the quarantine is about: in its cycle, or since shortly
    before it.
    """
    lately = failing.last_try >= entry.since - WINDOW
    return lately or failing.item.cycle_id == entry.cycle_id
