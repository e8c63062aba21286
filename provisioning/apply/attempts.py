"""One item's work, and what its end means to all others: nothing, a wait, or the end of the drain.

Whatever becomes of it, no error of one object stops everybody else's work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from provisioning.apply.naming import Blocked
from provisioning.apply.outage import Follow, Outage
from provisioning.apply.provision import Provisioner
from provisioning.apply.ready import Ready
from provisioning.apply.sending.sender import Halted, Stopped
from provisioning.apply.standing_back import StandingBack, Step
from provisioning.drained import Drained, DrainEnd
from provisioning.errors import (
    Conflict,
    CredentialsRefused,
    EndpointGone,
    LeaseUnavailable,
    RemoteError,
    StoreUnavailable,
)
from provisioning.in_flight import InFlight
from provisioning.job import Job
from provisioning.lanes import Aspect, WorkItem
from provisioning.model import Key

_log = logging.getLogger(__name__)


class Attempts:
    """The attempts of one drain. ``end`` is told what it ends with; ``stopping`` says whether it is
    to end.
    """

    def __init__(
        self,
        job: Job,
        provisioner: Provisioner,
        active: InFlight,
        ready: Ready,
        standing_back: StandingBack,
        *,
        stopping: Callable[[], bool],
        end: Callable[[Drained], None],
    ) -> None:
        self._job = job
        self._provisioner = provisioner
        self._active = active
        self._ready = ready
        self._standing_back = standing_back
        self._stopping = stopping
        self._end = end
        self._outage = Outage()

    async def work(self, item: WorkItem) -> None:
        """Works on one item. Raises ``StoreUnavailable``."""
        key, lane = item.key, item.lane.value
        self._job.under_way.add(key)
        try:
            with self._job.telemetry.item(key.type.value, key.id, lane, item.origins):
                await self._attempt(item)
        finally:
            self._job.under_way.discard(key)

    async def _attempt(self, item: WorkItem) -> None:
        try:
            await self._provisioner.provision(item, stopping=self._stopping)
            self._outage.got_through()
        except Blocked as blocked:
            await self._block(item, blocked)
        except Halted:
            self._end(Drained(DrainEnd.HALTED))
        except Stopped:
            self._end(Drained(DrainEnd.BUDGET))
        except CredentialsRefused as error:
            self._end(Drained(DrainEnd.REFUSED, error))
        except LeaseUnavailable as error:
            self._end(Drained(DrainEnd.LEASE_LOST, error))
        except EndpointGone as error:
            self._end(Drained(DrainEnd.UNAVAILABLE, error))
        except RemoteError as error:
            await self._unreachable(item, error)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  the boundary of one object's work
            # A fault of ours in one object must not stop everybody else's work.
            _log.exception("provisioning %s failed", item.key)
            await self._provisioner.set_aside(item, _internal(item, error))

    async def _unreachable(self, item: WorkItem, error: RemoteError) -> None:
        """The item stays where it is, unless it alone cannot be reached, time and again."""
        follow = self._outage.missed(item.key, error)
        if follow is Follow.END:
            self._end(Drained(DrainEnd.UNAVAILABLE, error))
        elif follow is Follow.SET_ASIDE:
            await self._provisioner.set_aside(item, error)

    async def _block(self, item: WorkItem, blocked: Blocked) -> None:
        """The newcomer waits for the holder of its name; a ring is broken by a name of our own, and
        so does a holder give its name up.
        """
        if blocked.under_way and blocked.holder not in self._active:
            self._ready.add(item)  # It has just ended.
            return
        holder, step = blocked.holder, self._standing_back.blocked(item.key, blocked)
        if step is Step.HOPELESS:
            await self._provisioner.set_aside(item, _name_taken(item, holder))
            return
        if step is Step.RING:
            self._provisioner.ring(item.key)
        elif holder not in self._active:
            if step is Step.GIVE_UP:
                self._standing_back.giving_up(holder)
                self._provisioner.give_up(holder)
            await self._file_first(item, holder)
        self._ready.add(item)

    async def _file_first(self, item: WorkItem, holder: Key) -> None:
        first = msgspec.structs.replace(
            item,
            key=holder,
            aspect=Aspect.OBJECT,
            cause="name",
            generation=self._job.ids.new(),
        )
        await self._job.store.write(self._job.work.file([first]))
        self._ready.add(first)


def _name_taken(item: WorkItem, holder: Key) -> Conflict:
    return Conflict(
        "ZSCloud",
        f"provision {item.key}",
        f"its name in ZSCloud is still that of {holder}, which could not be renamed",
        remedy=f"See why in the log of {holder.id}; this object follows by itself.",
    )


def _internal(item: WorkItem, error: Exception) -> RemoteError:
    return RemoteError(
        "ZSCloud",
        f"provision {item.key}",
        f"a fault of this program: {error!r}",
        remedy="Report this with the log; the object is tried again.",
    )
