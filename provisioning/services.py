"""Everything that an operation needs, put together by ``bootstrap``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from provisioning.apply.sending.diagnostics import DiagnosticPacer
from provisioning.apply.sending.pacer import Pacer
from provisioning.errors import ConfigurationError, Problem
from provisioning.instrumentation import SILENT, Telemetry
from provisioning.job import HELD_TABLES, Job
from provisioning.lease import HeldLease
from provisioning.mapping import CompiledSchema
from provisioning.ports import (
    AlertChannel,
    Clock,
    EndpointPort,
    Ids,
    LeasePort,
    Queue,
    Source,
    Store,
    SubscriptionPort,
    Target,
)
from provisioning.quarantine import settings_digest
from provisioning.rows.buffer import WriteBehind
from provisioning.rows.cache import CachedStore
from provisioning.rows.kept import KeptRows
from provisioning.rows.overlay import OverlayStore
from provisioning.rows.table import Table
from provisioning.rules import Rules
from provisioning.settings import Settings

_IMPORTING = "importing "
"""Stands before the job of a store that is being filled: an older program refuses it, too."""

_UNFINISHED = Problem(
    "STATE_STORE",
    "holds a part of an import that was not finished.",
    "Run `state import FILE` again: it begins anew. Or name another store.",
)

SourceFactory = Callable[[Sequence[str], Sequence[str]], Source]
"""Makes a source that reads these properties of users, and these of groups."""


@dataclass(frozen=True, slots=True)
class Services:
    """The adapters and rules of one process. ``holder`` names the process in its leases.

    ``source`` reads what the schema in force asks for; ``source_of`` makes another one, which its
    caller closes.
    ``scratch`` makes a store that ends when it is closed.
    ``diagnostics`` paces what is sent to ZSCloud without the lease.
    ``channels`` are the ways to tell people of alarms, none or more; ``telemetry`` tells whoever
    watches.
    """

    settings: Settings
    schema: CompiledSchema
    rules: Rules
    clock: Clock
    ids: Ids
    store: Store
    leases: LeasePort
    queue: Queue
    scratch: Callable[[], Store]
    source: Source
    source_of: SourceFactory
    subscriptions: SubscriptionPort
    endpoint: EndpointPort
    target: Target
    pacer: Pacer
    holder: str
    channels: tuple[AlertChannel, ...] = ()
    telemetry: Telemetry = SILENT
    kept: KeptRows = field(default_factory=lambda: KeptRows(HELD_TABLES))
    diagnostics: DiagnosticPacer = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "diagnostics", DiagnosticPacer(self.pacer, self.clock))

    def job(self) -> Job:
        """The job's stored state, to look at."""
        return self._job(WriteBehind(self.store, self.clock))

    @contextlib.asynccontextmanager
    async def imagined_job(self) -> AsyncIterator[Job]:
        """The job's stored state, to try things out on: what is written to it is seen by its own
        reads, and never stored. It needs no lease.
        """
        job = self._job(WriteBehind(OverlayStore(self.store), self.clock))
        try:
            yield job
        finally:
            await job.store.flush()

    @contextlib.asynccontextmanager
    async def blank_job(self) -> AsyncIterator[Job]:
        """The job as if nothing of it had ever been stored, with room for a whole tenant beside
        the memory. The state store is not even opened; what is written ends with the body.
        """
        store = WriteBehind(CachedStore(self.scratch(), HELD_TABLES), self.clock)
        try:
            yield self._job(store)
        finally:
            await store.close()

    @contextlib.asynccontextmanager
    async def held_job(self, lease: HeldLease, *, dry_run: bool) -> AsyncIterator[Job]:
        """The job's stored state while the lease is ours: what only its holder writes is kept in
        memory. A dry run sees it, and stores nothing. What is deferred is written at the end.

        After the end nothing is written; what it knew then can still be read.
        """
        rows = self.kept.over(self.store, lease.after)
        base = OverlayStore(rows) if dry_run else rows
        job = self._job(WriteBehind(base, self.clock, may_write=lease.may_store))
        if not lease.after and not dry_run:
            job.store.defer(await job.unsure.noted(job.work, job.links), "unsure")
        if not lease.after:
            # The last holder may have died between somebody new and their mark.
            job.store.defer([job.near_scope.renewed(self.ids.new())])
        try:
            yield job
        finally:
            await job.store.flush()
            # A dry run stores no mark: who comes next has to.
            lease.is_clean = bool(lease.after) or not dry_run
            self.kept.keep(rows, lease.holder)

    def _job(self, buffer: WriteBehind) -> Job:
        return Job(
            self.settings.job,
            buffer,
            self.schema,
            self.rules,
            self.clock,
            self.ids,
            self.telemetry,
        )

    @property
    def settings_digest(self) -> str:
        """Differs when URL or token of ZSCloud do; neither can be told by it."""
        settings = self.settings
        return settings_digest(
            settings.job, settings.zscloud_scim_base_url, settings.zscloud_scim_token.reveal()
        )

    async def claim(self, *, dry_run: bool = False) -> None:
        """Makes the store this job's own. Raises ``ConfigurationError`` if it holds another, or an
        import that was not finished.
        """
        stored = await self.stored_job()
        if stored is None:
            self.kept.forget()
        if stored is None and not dry_run:
            await self.store.write([self._owner().put("job", self.settings.job)])
        if stored is not None and stored.startswith(_IMPORTING):
            raise ConfigurationError((_UNFINISHED,))
        if stored is not None and stored != self.settings.job:
            raise ConfigurationError(
                (
                    Problem(
                        "STATE_STORE",
                        f"holds the job {stored}, and the settings name {self.settings.job}.",
                        "Correct ENTRA_SERVICE_PRINCIPAL_ID and ZSCLOUD_SCIM_BASE_URL, or give "
                        "each job a store of its own. If this job is to take the place of the "
                        f"stored one, run `restart --take-over {stored}`.",
                    ),
                )
            )

    async def stored_job(self) -> str | None:
        """The job that the store holds."""
        return await self._owner().get("job")

    async def is_importing(self) -> bool:
        """Whether an import of this job was begun, and not ended."""
        return await self.stored_job() == _IMPORTING + self.settings.job

    async def begin_import(self) -> None:
        """Marks the store: until ``end_import`` nothing else may use it, whatever happens."""
        await self.store.write([self._owner().put("job", _IMPORTING + self.settings.job)])

    async def end_import(self) -> None:
        """All is stored: from now on it is this job's own."""
        await self.store.write([self._owner().put("job", self.settings.job)])
        self.kept.forget()

    async def take_over(self, other: str) -> None:
        """Makes the store this job's own, if it is still the ``other``'s. The rows of that one
        stay. Raises ``ConfigurationError`` if somebody else was quicker.
        """
        owner = self._owner()
        ours = owner.put("job", self.settings.job)
        await self.store.write([ours._replace(only_if=owner.put("job", other).value)])
        self.kept.forget()
        await self.claim(dry_run=True)

    def _owner(self) -> Table[str]:
        return Table(self.store, "store", "owner", str)

    async def close(self) -> None:
        """Gives back connections and files, and hands over what telemetry has collected."""
        await self.diagnostics.close()
        await self.pacer.close()
        await self.source.close()
        await self.target.close()
        await self.queue.close()
        await self.leases.close()
        await self.store.close()
        if self.telemetry.collects:
            await asyncio.to_thread(self.telemetry.close)
