"""The lease of a ZSCloud tenant as the lease of a blob (Azure: Lease Blob).

The service keeps the time: whoever does not renew loses the lease, whatever the clocks of the
machines say. The blob holds who has it, and what the last holder left.
"""

from __future__ import annotations

import asyncio
import logging
import time as wall
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from provisioning.ports import LeaseState
from provisioning.state.azure.keys import encoded
from provisioning.state.leases import NOBODY
from provisioning.storage.account import StorageAccount
from provisioning.storage.connection import Connection, blobs
from provisioning.storage.errors import BLOBS, status_of, unavailable
from provisioning.storage.retries import Retries, call

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient, BlobLeaseClient, ContainerClient

T = TypeVar("T")

_log = logging.getLogger(__name__)

_SHORTEST, _LONGEST = 15, 60
"""Seconds that a lease may be asked for (Azure: Lease Blob)."""

_WHOLE_CALL = 8.0
"""Seconds that a call may take in all: far less than a lease lasts."""

ONCE = Retries(attempts=1, attempt=4.0, total=4.0)
"""For renewing: the holder asks again by itself, and each time counts its deadline anew."""

SHORT = Retries(attempts=3, attempt=3.0, total=6.0, first_wait=0.1, longest_wait=1.0)
"""For everything else."""


class _Record(msgspec.Struct, frozen=True):
    """What the blob holds. ``seconds`` is how long the lease lasts from each renewal."""

    holder: str = NOBODY
    seconds: float = 0.0
    payload: bytes = b""


class _NotOurs(Exception):
    """The lease is another's, or nobody's."""


class _Missing(_NotOurs):
    """There is no blob, so no lease."""


class BlobLeases:
    """``ports.LeasePort`` over blobs of one container, which is made when it is missing.

    A lease lasts 15 to 60 seconds from the last renewal, whatever is asked for. ``time`` is epoch
    seconds. Raises ``StoreUnavailable`` for what passes, and ``ConfigurationError`` for an account
    that refuses the program; each call ends within seconds. It belongs to the event loop of its
    first call.
    """

    def __init__(
        self,
        account: StorageAccount,
        *,
        container: str = "provisioning-lease",
        time: Callable[[], float] = wall.time,
    ) -> None:
        self._connection: Connection[ContainerClient] = blobs(account, container)
        self._time = time

    async def acquire(self, name: str, holder: str, seconds: float) -> LeaseState | None:
        """The lease, with what its last holder left; ``None`` while another holds it.

        Asked again by its holder, it is prolonged and answered again.
        """
        return await _bounded(self._acquire(name, holder, seconds))

    async def renew(self, name: str, holder: str, seconds: float) -> bool:  # noqa: ARG002
        """Prolongs the lease by what it was acquired for: one request. False when it is no longer
        the holder's.

        A lease that ran out, and that nobody has taken since, is still its last holder's.
        """
        try:
            await self._ask(ONCE, name, lambda blob: _lease(blob, holder).renew())
        except _NotOurs:
            return False
        return True

    async def release(self, name: str, holder: str, payload: bytes) -> None:
        """Lets go of the lease, if it is still the holder's, and leaves the payload with it."""
        await _bounded(self._release(name, holder, payload))

    async def read(self, name: str) -> LeaseState | None:
        """The lease as stored; ``None`` if nobody ever held it.

        ``until`` is the latest possible: the service does not say when the lease was renewed last.
        Of one that ran out it is now.
        """
        try:
            record, state = await self._ask(SHORT, name, _read)
        except _Missing:
            return None
        if record is None or record.holder == NOBODY:
            return None if record is None else LeaseState(NOBODY, 0.0, record.payload)
        left = record.seconds if state == "leased" else 0.0
        return LeaseState(record.holder, self._time() + left, record.payload)

    async def close(self) -> None:
        """Closes the connections. Leases that are held run out."""
        await self._connection.close()

    async def _acquire(self, name: str, holder: str, seconds: float) -> LeaseState | None:
        duration = min(max(_SHORTEST, round(seconds)), _LONGEST)

        async def take(blob: BlobClient) -> None:
            await _lease(blob, holder).acquire(lease_duration=duration)

        sent = self._time()
        try:
            try:
                await self._ask(SHORT, name, take)
            except _Missing:
                await self._make(name)
                await self._ask(SHORT, name, take)
            left, _ = await self._ask(SHORT, name, _read)
            record = _Record(holder, float(duration), left.payload if left else b"")
            await self._ask(SHORT, name, lambda blob: _write(blob, record, holder))
        except _NotOurs:
            return None
        released = left is not None and left.holder == NOBODY
        return LeaseState(holder, sent + duration, record.payload, released)

    async def _release(self, name: str, holder: str, payload: bytes) -> None:
        left = _Record(payload=payload)
        try:
            await self._ask(SHORT, name, lambda blob: _write(blob, left, holder))
            await self._ask(SHORT, name, lambda blob: _lease(blob, holder).release())
        except _NotOurs:
            return

    async def _make(self, name: str) -> None:
        """Makes the blob, and the container, unless another process does so now."""
        from azure.core.exceptions import ResourceExistsError

        client = self._connection.client()
        for make in (client.create_container, partial(_blob(client, name).upload_blob, b"")):
            try:
                await call(SHORT, BLOBS, make)
            except ResourceExistsError:
                continue

    async def _ask(
        self, retries: Retries, name: str, ask: Callable[[BlobClient], Awaitable[T]]
    ) -> T:
        """One request about a blob. Raises ``_NotOurs``, of which ``_Missing`` is one kind."""
        from azure.core.exceptions import HttpResponseError

        blob = _blob(self._connection.client(), name)
        try:
            return await call(retries, BLOBS, lambda: ask(blob))
        except HttpResponseError as error:
            if status_of(error) == 404:
                raise _Missing from error
            if status_of(error) in (409, 412):
                raise _NotOurs from error
            raise


def _blob(client: ContainerClient, name: str) -> BlobClient:
    return client.get_blob_client(encoded(name))


def _lease(blob: BlobClient, holder: str) -> BlobLeaseClient:
    from azure.storage.blob.aio import BlobLeaseClient

    # The same id for the same holder, so that asking again is answered again.
    return BlobLeaseClient(blob, lease_id=str(uuid.uuid5(uuid.NAMESPACE_URL, holder)))


async def _read(blob: BlobClient) -> tuple[_Record | None, str]:
    """What the blob holds, and the state of its lease. Nothing yet in a blob that was just made."""
    answer = await blob.download_blob()
    raw = await answer.readall()
    return _record(raw), str(answer.properties.lease.state)


def _record(raw: bytes) -> _Record | None:
    """What was written there; ``None`` for nothing, and for what nobody can read: it is written
    anew by the next holder.
    """
    try:
        return msgspec.json.decode(raw, type=_Record) if raw else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        _log.warning("The blob of the lease cannot be read: %s", error)
        return None


async def _write(blob: BlobClient, record: _Record, holder: str) -> None:
    raw = msgspec.json.encode(record)
    await blob.upload_blob(raw, overwrite=True, lease=_lease(blob, holder))


async def _bounded(work: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_WHOLE_CALL):
            return await work
    except TimeoutError as error:
        raise unavailable(BLOBS, "did not answer in time") from error
