"""Groups of outcomes as ``apply.outcome`` records them, each about its own principal."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from provisioning.bootstrap import RandomIds
from provisioning.deprovisioning import DeprovisioningPolicy
from provisioning.guard import Tally
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.links import Intent
from provisioning.mapping import compile_schema
from provisioning.model import Action, EntraId, Key, Link, ObjectType, Origin, ScimId
from provisioning.ports import Row, Store
from provisioning.provisioning_log import LogEntry, LogStatus
from provisioning.record import CycleKind, CycleRecord
from provisioning.rows.buffer import WriteBehind
from provisioning.rules import Rules
from provisioning.schema import load_schema
from tests.state.clock import ManualClock

JOB = "0a1b2c3d-4e5f-6789-abcd-ef0123456789@zscloud.net/1234567"


@dataclass
class Outcomes:
    """A job and what it is about to record. ``apart``: each outcome is about its principal."""

    job: Job
    cycle: CycleRecord
    apart: bool = True

    @staticmethod
    def on(store: Store, *, apart: bool = True) -> Outcomes:
        """Over a store. Nothing is written until it is told to."""
        clock = ManualClock()
        clock.now = 1_700_000_000.0
        schema = compile_schema(load_schema(None))
        rules = Rules(deprovisioning=DeprovisioningPolicy({}))
        buffer = WriteBehind(store, clock, outcomes=1000, seconds=1000.0)
        job = Job(JOB, buffer, schema, rules, clock, RandomIds())
        return Outcomes(job, CycleRecord(cycle_id="cycle", kind=CycleKind.INITIAL), apart)

    async def filed(self, count: int, seed: int = 1) -> list[WorkItem]:
        """Items that are in the work set, as one page of it, with their intents."""
        chance = random.Random(seed)
        items = [self._item(f"{chance.getrandbits(128):032x}") for _ in range(count)]
        await self.job.store.write(self.job.work.file(items))
        return await self.job.work.page(Lane.BULK, limit=count)

    async def announced(self, items: Sequence[WorkItem]) -> None:
        """The intents of creates, stored before their requests are sent."""
        intents = self.job.links.intents
        await self.job.store.write(
            [intents.put(str(item.key), Intent(_name(item), item.key.id, 0.0)) for item in items]
        )

    def created(self, item: WorkItem) -> None:
        """A user was created."""
        rows = self.job.links.put(_link(item), None)
        self.job.count_provisioned(Tally(users=1))
        self._success(item, Action.CREATE, rows)

    def updated(self, item: WorkItem) -> None:
        """An attribute was changed."""
        before = _link(item)
        after = msgspec.structs.replace(before, attributes={**before.attributes, "title": "new"})
        self._success(item, Action.UPDATE, self.job.links.put(after, before))

    def failed(self, item: WorkItem) -> None:
        """The server refused it."""
        _, escrow = self.job.escrow.enter(
            None,
            item,
            name=_name(item),
            error_code="Rejected",
            reason="ZSCloud answered 400.",
            remedy="Correct the value.",
            now=self.job.clock.time(),
        )
        log = self.job.log.rows([self._entry(item, None, LogStatus.FAILURE)])
        self._defer(item, [*log, *escrow, *self._end(item)])

    def _success(self, item: WorkItem, action: Action, rows: list[Row]) -> None:
        log = self.job.log.rows([self._entry(item, action, LogStatus.SUCCESS)])
        intent = self.job.links.intents.drop(str(item.key))
        self._defer(item, [*log, *rows, intent, *self._end(item)])

    def _end(self, item: WorkItem) -> list[Row]:
        self.cycle.done += 1
        cycle = self.job.cycles.rows.put(self.cycle.cycle_id, self.cycle)
        return [cycle, self.job.work.done(item)]

    def _defer(self, item: WorkItem, rows: Sequence[Row]) -> None:
        self.job.store.defer(rows, about=str(item.key) if self.apart else "")

    def _entry(self, item: WorkItem, action: Action | None, status: LogStatus) -> LogEntry:
        return LogEntry(
            id=self.job.ids.new(),
            time=self.job.clock.time(),
            cycle_id="cycle",
            cause="initial",
            status=status,
            action=action,
            object_type=ObjectType.USER,
            source_id=item.key.id,
            target_id=None,
            name=_name(item),
            reason="Assigned through the group Engineering.",
        )

    def _item(self, id: str) -> WorkItem:
        return WorkItem(
            key=Key(ObjectType.USER, EntraId(id)),
            aspect=Aspect.OBJECT,
            lane=Lane.BULK,
            rank=Rank.USERS,
            cause="initial",
            cycle_id="cycle",
            generation=self.job.ids.new(),
            filed_at=self.job.clock.time(),
        )


def _name(item: WorkItem) -> str:
    """A name that begins with any letter."""
    letter = string.ascii_lowercase[int(item.key.id[:8], 16) % 26]
    return f"{letter}.{item.key.id[:6]}@example.com"


def _link(item: WorkItem) -> Link:
    return Link(
        key=item.key,
        scim_id=ScimId(str(int(item.key.id[:8], 16))),
        origin=Origin.CREATED,
        attributes={"userName": _name(item), "externalId": item.key.id, "active": True},
        linked_at=0.0,
        written_at=0.0,
    )
