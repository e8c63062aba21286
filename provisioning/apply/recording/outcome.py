"""Recording outcomes: log, escrow, link; then the item leaves the work set.

Rows go in that order, the item last: dying in between repeats harmlessly.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from provisioning.apply.newcomers import Newcomers
from provisioning.apply.recording import reasons
from provisioning.apply.recording.again import Again
from provisioning.apply.recording.ending import Ending
from provisioning.apply.recording.entries import ItemEntries, why_skipped
from provisioning.apply.recording.executed import Executed
from provisioning.apply.recording.failures import Failures
from provisioning.apply.recording.ledger import Ledger
from provisioning.apply.recording.tally import linked_as, minus
from provisioning.case import Case
from provisioning.drift import EXISTENCE, DriftPolicy, Treatment
from provisioning.entries import Why
from provisioning.errors import RemoteError
from provisioning.guard import Tally
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, WorkItem
from provisioning.model import (
    Change,
    CreateObject,
    Key,
    Link,
    ObjectType,
    ScimId,
    TargetObject,
    UpdateObject,
    planned_id,
    without_planned,
)
from provisioning.plan import FAILURES, Planned, Skipped
from provisioning.ports import Row
from provisioning.provisioning_log import LogStatus
from provisioning.record import CycleRecord
from provisioning.scope import GroupGraph

_log = logging.getLogger(__name__)


class Recorder:
    """Records what became of each item, for the job and for the cycle. ``collect``: nothing was
    changed just now, and the changes are what was asked for. They are in the log too: with
    ``keep`` off they are there alone, and may be as many as the tenant has objects.
    """

    def __init__(
        self, job: Job, cycle: CycleRecord, *, collect: bool = False, keep: bool = True
    ) -> None:
        self._job = job
        self.cycle = cycle
        self.graph = GroupGraph((), job.rules.scope)
        self.ledger = Ledger(job)
        self._collect = collect
        self._keep = collect and keep
        self.failures = Failures(job, cycle)
        self._entries = ItemEntries(job, cycle)
        self._ending = Ending(job, cycle, self.failures, self._entries)
        self.newcomers = Newcomers()
        self._again = Again(job, self.ledger, self.newcomers)
        self.changes: list[Change] = []
        """Of a dry run: what would be sent, in order."""

    # --- of requests ---------------------------------------------------------------------------

    async def nothing_to_do(
        self, item: WorkItem, case: Case | None, skipped: Skipped | None, *, worked: bool = False
    ) -> None:
        """The item needs no request, or no further one (``worked``), or must not have one."""
        if skipped is not None and case is not None:
            await self._skipped(item, case, skipped)
            return
        rows = self.failures.done(item, worked=worked)
        if not worked and item.lane is Lane.ON_DEMAND and case and not case.verdict.active:
            why = Why(case.verdict.reason.value, case.verdict.sentence)
            rows += self._left(item, case, why)
        elif not worked:
            self.cycle.counts.unchanged += 1
        if case is not None and not worked:
            rows += await self._again.joined_meanwhile(self.graph, item, case)
        if case is not None:
            rows += self.ledger.forgotten(case)
        await self._note(item, case)
        await self._finish(item, rows)

    async def success(self, item: WorkItem, case: Case, done: Executed, *, last: bool) -> None:
        """A request was executed: the link says so, the log says why. ``last``: nothing more is
        to be done for the item.
        """
        plan, answer = done.plan, done.answer
        linked = case.link.scim_id if case.link is not None else None
        target = answer.id if answer is not None else linked
        entries = self._entries.of_executed(item, case, done, target)
        self._defer(item, self._job.log.rows(entries))
        rows = await self._ending.escrow_cleared(item)
        rows += await self._again.joined(self.graph, item, case)
        rows += await self.ledger.executed(self.graph, case, plan, answer, _about(item))
        rows.append(self._job.links.intents.drop(str(case.key)))
        rows += self._latency_rows(item, plan)
        for change in plan.changes:
            self.cycle.counts.add(change)
        if self._keep:
            self.changes.extend(without_planned(change) for change in plan.changes)
        if last:
            rows += self.failures.done(item)
            rows += self._ending.rows(item)
        self._defer(item, rows)

    def _latency_rows(self, item: WorkItem, plan: Planned) -> list[Row]:
        if item.changed_at is None or self._collect:
            return []
        now = self._job.clock.time()
        seconds = max(0.0, now - item.changed_at)
        action = plan.changes[0].action.value
        self._job.telemetry.latency(seconds, action)
        _log.info("LATENCY %.3f s: %s", seconds, action)
        return self._job.latencies.rows(seconds, now)

    async def failure(
        self,
        item: WorkItem,
        case: Case | None,
        error: RemoteError,
        plan: Planned | None = None,
    ) -> None:
        """The item failed: logged with what was to be done, and set aside in escrow."""
        why = reasons.refused(error)
        self._defer(item, await self._ending.set_aside(item, case, why, plan, asked=True))

    async def member_refused(
        self, item: WorkItem, case: Case, member: Key, error: RemoteError
    ) -> None:
        """One member is refused by the server: the group goes on without it for now."""
        why = reasons.member_refused(member, error)
        entry = self._entries.entry(item, case, LogStatus.FAILURE, why, error_code=error.code)
        self._defer(item, self._job.log.rows([entry]))

    async def protect(self, item: WorkItem, case: Case) -> None:
        """A delete was refused as an administrator's (409): the object is protected from now on,
        and the item is done with.
        """
        assert case.link is not None
        logged = self._left(item, case, reasons.protected(case), error_code="Conflict")
        link = msgspec.structs.replace(case.link, protected=True, leaving_since=None)
        self._defer(item, [*logged, *self._job.links.put(link, case.link)])
        await self._finish(item, [])

    def as_if_created(self, case: Case, write: CreateObject) -> TargetObject:
        """Of a dry run: the object that the create would make, so that later steps can name it."""
        return TargetObject(case.key.type, planned_id(case.key), write.attributes, write.members)

    async def placeholders(self, item: WorkItem, case: Case, ids: Sequence[ScimId]) -> None:
        """ZSCloud has taken what stood for new members for members: those go like any others of
        ours that do not belong there.
        """
        await self._job.links.change_members(
            case.key.id, dict.fromkeys(ids, True), (), _about(item)
        )
        self._job.count_provisioned(Tally(memberships=len(ids)))

    async def joined_before(self, item: WorkItem, found: TargetObject) -> list[Key]:
        """Somebody died over the create of an account, and may have made it a member of groups of
        ours meanwhile: those that did not know. Where it does not belong it is ours to take out.
        """
        joined: list[Key] = []
        owners = await self._job.links.owners(group.id for group in found.groups or ())
        for group in owners.values():
            if found.id not in await self._job.links.members(group.id):
                about = _about(item)
                await self._job.links.change_members(group.id, {found.id: True}, (), about)
                self._job.count_provisioned(Tally(memberships=1))
                joined.append(group)
        return joined

    # --- of looks ------------------------------------------------------------------------------

    async def matched(self, item: WorkItem, case: Case, found: TargetObject) -> None:
        """An object that exists already is the principal's: it is linked."""
        await self._linked(item, case, found, reasons.matched(case, found))

    async def adopted(self, item: WorkItem, case: Case, found: TargetObject) -> None:
        """An object that a rebuild has found is the principal's from now on: that was approved."""
        await self._linked(item, case, found, reasons.ADOPTED)

    async def _linked(self, item: WorkItem, case: Case, found: TargetObject, why: Why) -> None:
        self.failures.matched(item)
        self._defer(item, self._logged(item, case, LogStatus.SUCCESS, why, found.id))
        # Groups first: once the link is stored, a later process would not file them again.
        rows = await self._again.joined(self.graph, item, case)
        rows += await self.ledger.matched(case, found, _about(item))
        self._defer(item, [*rows, self._job.links.intents.drop(str(case.key))])

    async def refreshed(
        self,
        item: WorkItem,
        case: Case,
        found: TargetObject,
        sent: Planned | None = None,
        *,
        doubted: bool = False,
    ) -> bool:
        """Takes the live object for the record, but for edits by hand that DRIFT lets stand: of
        what ``sent`` was about, the record has to be right; of what is ``doubted``, all of it.
        True if the record was wrong.
        """
        policy = DriftPolicy() if doubted else self._drift(item)
        if sent is not None and isinstance(sent.write, UpdateObject):
            policy = policy.without(sent.write.values)
        changed, rows = await self.ledger.refreshed(
            case, found, _about(item), policy, unrecorded=doubted
        )
        if changed and doubted:
            self._defer(
                item, self._logged(item, case, LogStatus.SUCCESS, reasons.RECORDED, found.id)
            )
        self._defer(item, rows)
        return changed

    async def left_missing(self, item: WorkItem, case: Case) -> bool:
        """Whether the linked object, which is gone from ZSCloud, is to be left so. Then it is
        recorded, and said.
        """
        assert case.link is not None
        leave = self._drift(item).of(EXISTENCE) is Treatment.LEAVE
        if not leave or not case.verdict.active:
            return False
        logged = self._left(item, case, reasons.LEFT_MISSING)
        stored = await self._job.links.get(case.key) or case.link
        link = msgspec.structs.replace(stored, missing=True)
        tally = linked_as(case, active=stored.active)
        if case.key.type is ObjectType.USER:
            self._job.count_provisioned(minus(tally))
        self._defer(item, [*logged, *self._job.links.put(link, stored)])
        return True

    def _drift(self, item: WorkItem) -> DriftPolicy:
        policy = self._job.rules.drift
        return policy.on_demand() if item.lane is Lane.ON_DEMAND else policy

    async def vanished(
        self,
        item: WorkItem,
        case: Case,
        again: Sequence[WorkItem] = (),
        *,
        doubted: bool = False,
    ) -> None:
        """The linked object is gone from ZSCloud: the link ends, and the key is worked anew.

        ``again`` is filed before the link goes, so that nobody forgets it. ``doubted``: it may be
        gone by a request of ours.
        """
        assert case.link is not None
        rows = self._logged(item, case, LogStatus.SUCCESS, reasons.VANISHED, case.link.scim_id)
        if item.aspect is Aspect.REMOVAL and case.verdict.active:
            rows += self._again.rows(item, case.key)
        ended = await self.ledger.vanished(self.graph, case, _about(item), unrecorded=doubted)
        self._defer(item, [*rows, *self._job.work.file(again), *ended])

    async def moved(self, item: WorkItem, owner: Case) -> None:
        """The object of a principal that is gone or out of scope goes to its successor."""
        assert owner.link is not None
        why = reasons.moved(item.key)
        self._defer(item, self._logged(item, owner, LogStatus.SUCCESS, why, owner.link.scim_id))
        self._defer(item, await self.ledger.moved(owner, _about(item)))

    async def moved_on(self, item: WorkItem, case: Case) -> None:
        """Entra shows the principal as one who is not to be deleted: the delete is not sent, and
        the principal is read once more, by the rules of evidence.
        """
        await self._finish(item, self._left(item, case, reasons.MOVED_ON))

    async def taken(self, item: WorkItem, case: Case) -> None:
        """The object has become somebody else's by hand: it is let go of, and not deleted."""
        assert case.link is not None
        logged = self._left(item, case, why_skipped(reasons.TAKEN))
        ended = await self.ledger.vanished(self.graph, case, _about(item))
        self._defer(item, [*logged, *ended])

    def unlinked(self, item: WorkItem, link: Link) -> None:
        """A link whose principal nobody knows any more is dropped."""
        self._defer(item, self._job.links.drop(link))

    # --- what follows --------------------------------------------------------------------------

    async def file_again(self, item: WorkItem) -> None:
        """Files what else there is to do of the object: its members turned out to be others than
        recorded, or whoever is to be switched off does not wait for the rest.
        """
        self._defer(item, self._again.rows(item, item.key))

    def unjudged(self, item: WorkItem, key: Key) -> None:
        """A removal that no brake has judged: stored, so that no end of this process loses it."""
        self._defer(item, [self._job.touched.put(str(key), "")])

    # --- rows ----------------------------------------------------------------------------------

    def _defer(self, item: WorkItem, rows: Sequence[Row]) -> None:
        """Queues rows of the item's outcome, in order; other items' go beside them."""
        self._job.store.defer(rows, _about(item))

    def _logged(
        self, item: WorkItem, case: Case, status: LogStatus, why: Why, target: ScimId | None
    ) -> list[Row]:
        entry = self._entries.entry(item, case, status, why, target_id=target)
        return self._job.log.rows([entry])

    def _left(
        self, item: WorkItem, case: Case, why: Why, error_code: str | None = None
    ) -> list[Row]:
        """Rows that say why something is left as it is, which is counted."""
        self.cycle.counts.skipped += 1
        entry = self._entries.entry(item, case, LogStatus.SKIPPED, why, error_code=error_code)
        return self._job.log.rows([entry])

    async def _skipped(self, item: WorkItem, case: Case, skipped: Skipped) -> None:
        why = why_skipped(skipped)
        if skipped.code in FAILURES:
            self._defer(item, await self._ending.set_aside(item, case, why, asked=False))
            return
        self._defer(item, self._left(item, case, why))
        await self._note(item, case)
        await self._finish(item, [])

    async def _note(self, item: WorkItem, case: Case | None) -> None:
        """Notes in the link whether the object waits to be deleted."""
        if case is not None and case.link is not None and not case.verdict.undecided:
            # Stored at once: what is read of a link here may be of another one in a moment.
            self._defer(item, await self.ledger.noted(case))

    async def _finish(self, item: WorkItem, rows: Sequence[Row]) -> None:
        self._defer(item, await self._ending.done_with(item, rows))


def _about(item: WorkItem) -> str:
    """One task works on a key at a time: what it records keeps its order."""
    return str(item.key)
