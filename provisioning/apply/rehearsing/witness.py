"""Watching work that is only rehearsed: what it reads in ZSCloud, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.apply.recording.executed import Executed
from provisioning.apply.recording.outcome import Recorder
from provisioning.apply.recording.reasons import TAKEN
from provisioning.case import Case
from provisioning.errors import RemoteError
from provisioning.explaining.findings import Look, Owner, Refusal
from provisioning.job import Job
from provisioning.lanes import WorkItem
from provisioning.model import Capabilities, ObjectType, ScimId, TargetObject, TargetPage
from provisioning.plan import Planned, Skipped
from provisioning.ports import TargetReader
from provisioning.record import CycleRecord


class SeenReader:
    """A reader that remembers what it was asked and what it found."""

    def __init__(self, reader: TargetReader) -> None:
        self._reader = reader
        self.looks: list[Look] = []

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        return self._reader.requests

    @property
    def throttled(self) -> int:
        """Answers of 429 so far."""
        return self._reader.throttled

    async def capabilities(self) -> Capabilities:
        """What discovery offers."""
        return await self._reader.capabilities()

    async def page(self, type: ObjectType, start: int, count: int) -> TargetPage:
        """A page of a list."""
        return await self._reader.page(type, start, count)

    async def find(self, type: ObjectType, attribute: str, value: str) -> Sequence[TargetObject]:
        """Objects whose attribute equals the value, noted down."""
        found = await self._reader.find(type, attribute, value)
        self.looks.append(Look(attribute, value, tuple(found)))
        return found

    async def get(self, type: ObjectType, id: ScimId) -> TargetObject:
        """One object."""
        return await self._reader.get(type, id)


class Witness(Recorder):
    """A recorder that notes down what it is told."""

    plans: list[Planned]
    live: TargetObject | None = None
    was_matched = False
    has_vanished = False
    is_left_missing = False
    moved_from: Owner | None = None
    skipped: Skipped | None = None
    refused: Refusal | None = None

    def __init__(self, job: Job, cycle: CycleRecord) -> None:
        super().__init__(job, cycle, collect=True)
        self.plans = []

    async def success(self, item: WorkItem, case: Case, done: Executed, *, last: bool) -> None:
        """A request would have been sent."""
        self.plans.append(done.plan)
        await super().success(item, case, done, last=last)

    async def nothing_to_do(
        self, item: WorkItem, case: Case | None, skipped: Skipped | None, *, worked: bool = False
    ) -> None:
        """No request, or no further one."""
        self.skipped = skipped or self.skipped
        await super().nothing_to_do(item, case, skipped, worked=worked)

    async def failure(
        self, item: WorkItem, case: Case | None, error: RemoteError, plan: Planned | None = None
    ) -> None:
        """It cannot be done."""
        self.refused = refusal_of(error)
        await super().failure(item, case, error, plan)

    async def matched(self, item: WorkItem, case: Case, found: TargetObject) -> None:
        """An object would be linked."""
        self.live, self.was_matched = found, True
        await super().matched(item, case, found)

    async def refreshed(
        self,
        item: WorkItem,
        case: Case,
        found: TargetObject,
        sent: Planned | None = None,
        *,
        doubted: bool = False,
    ) -> bool:
        """The linked object was read."""
        self.live = found
        return await super().refreshed(item, case, found, sent, doubted=doubted)

    async def left_missing(self, item: WorkItem, case: Case) -> bool:
        """The linked object is gone, and perhaps left so."""
        left = await super().left_missing(item, case)
        self.is_left_missing = self.is_left_missing or left
        return left

    async def vanished(
        self,
        item: WorkItem,
        case: Case,
        again: Sequence[WorkItem] = (),
        *,
        doubted: bool = False,
    ) -> None:
        """The linked object is gone."""
        self.has_vanished = True
        await super().vanished(item, case, again, doubted=doubted)

    async def taken(self, item: WorkItem, case: Case) -> None:
        """The linked object has become somebody else's."""
        self.skipped = TAKEN
        await super().taken(item, case)

    async def moved(self, item: WorkItem, owner: Case) -> None:
        """The object comes from somebody who has no right to it any more."""
        self.moved_from = Owner(owner.key, owner.name)
        await super().moved(item, owner)


def refusal_of(error: RemoteError) -> Refusal:
    """An error as a fact."""
    return Refusal(error.code, str(error), error.remedy)
