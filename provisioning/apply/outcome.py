"""Recording outcomes: log, escrow, link; then the item leaves the work set.

Rows go in that order, the item last: dying in between repeats harmlessly.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning import telemetry
from provisioning.apply.failures import Failures
from provisioning.apply.ledger import Ledger
from provisioning.apply.tally import linked_as, minus
from provisioning.case import Case
from provisioning.drift import EXISTENCE, DriftPolicy, Treatment
from provisioning.errors import RemoteError
from provisioning.explaining.steps import steps_of
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.model import (
    NAME_PATH,
    Change,
    CreateObject,
    Key,
    Link,
    ObjectType,
    ScimId,
    TargetObject,
    UpdateObject,
)
from provisioning.plan import FAILURES, Planned, Skipped
from provisioning.ports import Row
from provisioning.provisioning_log import LogEntry, LogStatus, Step, entry_of_change
from provisioning.record import CycleRecord
from provisioning.scope import GroupGraph

TAKEN = Skipped(
    "TargetTaken",
    "The object in ZSCloud has another externalId and name than the one that was linked: it is "
    "somebody else's now. It is not deleted, and the link is dropped.",
    "Look at the object in the ZSCloud portal; it is not ours any more.",
)
"""Why an object that has waited to be deleted is left alone."""


class Recorder:
    """Records what became of each item, for the job and for the cycle."""

    def __init__(self, job: Job, cycle: CycleRecord, *, collect: bool = False) -> None:
        self._job = job
        self.cycle = cycle
        self.graph = GroupGraph((), job.rules.scope)
        self.ledger = Ledger(job)
        self._collect = collect
        self.failures = Failures(job, cycle)
        self.changes: list[Change] = []
        """Of a dry run: what would be sent, in order."""

    # --- outcomes ------------------------------------------------------------------------------

    async def nothing_to_do(
        self, item: WorkItem, case: Case | None, skipped: Skipped | None, *, worked: bool = False
    ) -> None:
        """The item needs no request, or no further one (``worked``), or must not have one."""
        if skipped is not None and case is not None:
            await self._skipped(item, case, skipped)
            return
        rows = self.failures.done(item, worked=worked)
        if not worked and item.lane is Lane.ON_DEMAND and case and not case.verdict.active:
            self.cycle.counts.skipped += 1
            verdict = case.verdict
            code, why = verdict.reason.value, verdict.sentence
            entry = self._entry(item, case, LogStatus.SKIPPED, reason_code=code, reason=why)
            rows += self._job.log.rows([entry])
        elif not worked:
            self.cycle.counts.unchanged += 1
        if case is not None and case.forgettable:
            rows.append(self._job.mirror.users.drop(case.key.id))
        await self._note(item, case)
        await self._finish(item, rows)

    async def success(
        self,
        item: WorkItem,
        case: Case,
        plan: Planned,
        answer: TargetObject | None,
        took: float,
        *,
        last: bool,
    ) -> None:
        """A request was executed: the link says so, the log says why."""
        linked = case.link.scim_id if case.link is not None else None
        target = answer.id if answer is not None else linked
        self._defer(item, self._job.log.rows(self._entries(item, case, plan, target, took)))
        rows = await self._escrow_cleared(item)
        rows += await self._joined(item, case)
        rows += await self.ledger.executed(self.graph, case, plan, answer, _about(item))
        rows.append(self._job.links.intents.drop(str(case.key)))
        rows += self._latency_rows(item, plan)
        for change in plan.changes:
            self.cycle.counts.add(change)
        if self._collect:
            self.changes.extend(plan.changes)
        if last:
            rows += self.failures.done(item)
            rows += self._end_rows(item)
        self._defer(item, rows)

    def _latency_rows(self, item: WorkItem, plan: Planned) -> list[Row]:
        if item.changed_at is None or self._collect:
            return []
        now = self._job.clock.time()
        seconds = max(0.0, now - item.changed_at)
        telemetry.latency(seconds, plan.changes[0].action.value)
        return self._job.latencies.rows(seconds, now)

    async def matched(self, item: WorkItem, case: Case, found: TargetObject) -> None:
        """An object that exists already is the principal's: it is linked."""
        path = NAME_PATH[case.key.type]
        why = f"An object of that {path} exists in ZSCloud: it is linked, not created again."
        await self._linked(item, case, found, "Matched", why)

    async def adopted(self, item: WorkItem, case: Case, found: TargetObject) -> None:
        """An object that a rebuild has found is the principal's from now on: that was approved."""
        why = "A rebuild has found it, and it was approved that it is adopted: it is linked."
        await self._linked(item, case, found, "Adopted", why)

    async def _linked(
        self, item: WorkItem, case: Case, found: TargetObject, code: str, why: str
    ) -> None:
        self.failures.matched(item)
        entry = self._entry(
            item,
            case,
            LogStatus.SUCCESS,
            reason_code=code,
            reason=why,
            target_id=found.id,
        )
        self._defer(item, self._job.log.rows([entry]))
        # Groups first: once the link is stored, a later process would not file them again.
        rows = await self._joined(item, case)
        rows += await self.ledger.matched(case, found, _about(item))
        self._defer(item, [*rows, self._job.links.intents.drop(str(case.key))])

    async def failure(
        self,
        item: WorkItem,
        case: Case | None,
        error: RemoteError,
        plan: Planned | None = None,
    ) -> None:
        """The item failed: logged with what was to be done, and set aside in escrow."""
        await self._fail(item, case, error.code, str(error), error.remedy, plan, asked=True)

    async def refreshed(
        self, item: WorkItem, case: Case, found: TargetObject, sent: Planned | None = None
    ) -> bool:
        """Takes the live object for the record, but for edits by hand that DRIFT lets stand: of
        what ``sent`` was about, the record has to be right. True if the record was wrong.
        """
        policy = self._drift(item)
        if sent is not None and isinstance(sent.write, UpdateObject):
            policy = policy.without(sent.write.values)
        changed, rows = await self.ledger.refreshed(case, found, _about(item), policy)
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
        entry = self._entry(
            item,
            case,
            LogStatus.SKIPPED,
            reason_code="DeletedByHand",
            reason="The object was deleted in ZSCloud by hand, and DRIFT leaves that as it is.",
            target_id=case.link.scim_id,
            remedy="To have it made anew, set existence=repair in DRIFT and call again.",
        )
        self.cycle.counts.skipped += 1
        stored = await self._job.links.get(case.key) or case.link
        link = msgspec.structs.replace(stored, missing=True)
        tally = linked_as(case, active=stored.active)
        rows = self._job.links.put(link, stored)
        self._defer(item, [*self._job.log.rows([entry]), *rows])
        if case.key.type is ObjectType.USER:
            self._defer(item, self._job.provisioned_rows(minus(tally)))
        return True

    def _drift(self, item: WorkItem) -> DriftPolicy:
        policy = self._job.rules.drift
        return policy.on_demand() if item.lane is Lane.ON_DEMAND else policy

    async def vanished(self, item: WorkItem, case: Case, again: Sequence[WorkItem] = ()) -> None:
        """The linked object is gone from ZSCloud: the link ends, and the key is worked anew.

        ``again`` is filed before the link goes, so that nobody forgets it.
        """
        assert case.link is not None
        entry = self._entry(
            item,
            case,
            LogStatus.SUCCESS,
            reason_code="TargetGone",
            reason="The linked object is no longer in ZSCloud; the link was dropped.",
            target_id=case.link.scim_id,
        )
        rows = self._job.log.rows([entry])
        if item.aspect is Aspect.REMOVAL and case.verdict.active:
            rows += self._job.work.file([self._again(item, case.key)])
        ended = await self.ledger.vanished(self.graph, case, _about(item))
        self._defer(item, [*rows, *self._job.work.file(again), *ended])

    async def moved(self, item: WorkItem, owner: Case) -> None:
        """The object of a principal that is gone or out of scope goes to its successor."""
        assert owner.link is not None
        entry = self._entry(
            item,
            owner,
            LogStatus.SUCCESS,
            reason_code="LinkMoved",
            reason=f"The ZSCloud object goes to {item.key}, which has its name now.",
            target_id=owner.link.scim_id,
        )
        self._defer(item, self._job.log.rows([entry]))
        self._defer(item, await self.ledger.moved(owner, _about(item)))

    async def protect(self, item: WorkItem, case: Case) -> None:
        """A delete was refused as an administrator's (409): the object is protected from now on,
        and the item is done with.
        """
        assert case.link is not None
        self.cycle.counts.skipped += 1
        entry = self._entry(
            item,
            case,
            LogStatus.SKIPPED,
            reason_code="ProtectedObject",
            reason=f"ZSCloud refused to delete '{case.name}' (409), as it does with "
            "administrators: it is protected from now on, and not asked for again. "
            f"{case.verdict.sentence}",
            error_code="Conflict",
            remedy="Take its administrator's rights away in the ZSCloud portal, and disable or "
            "delete it there.",
        )
        link = msgspec.structs.replace(case.link, protected=True, leaving_since=None)
        self._defer(item, [*self._job.log.rows([entry]), *self._job.links.put(link, case.link)])
        await self._finish(item, [])

    async def moved_on(self, item: WorkItem, case: Case) -> None:
        """Entra shows the principal as one who is not to be deleted: the delete is not sent, and
        the principal is read once more, by the rules of evidence.
        """
        self.cycle.counts.skipped += 1
        entry = self._entry(
            item,
            case,
            LogStatus.SKIPPED,
            reason_code="SourceMovedOn",
            reason="Its grace period is over, but Entra shows it otherwise now: it is not "
            "deleted, and read once more.",
            remedy="Nothing: the next cycles decide.",
        )
        await self._finish(item, self._job.log.rows([entry]))

    async def taken(self, item: WorkItem, case: Case) -> None:
        """The object has become somebody else's by hand: it is let go of, and not deleted."""
        assert case.link is not None
        self.cycle.counts.skipped += 1
        entry = self._entry(
            item,
            case,
            LogStatus.SKIPPED,
            reason_code=TAKEN.code,
            reason=TAKEN.sentence,
            remedy=TAKEN.remedy,
        )
        ended = await self.ledger.vanished(self.graph, case, _about(item))
        self._defer(item, [*self._job.log.rows([entry]), *ended])

    async def member_refused(
        self, item: WorkItem, case: Case, member: Key, error: RemoteError
    ) -> None:
        """One member is refused by the server: the group goes on without it for now."""
        entry = self._entry(
            item,
            case,
            LogStatus.FAILURE,
            reason_code=error.code,
            reason=f"The member {member} was refused: {error}",
            error_code=error.code,
            remedy=error.remedy,
        )
        self._defer(item, self._job.log.rows([entry]))

    async def file_again(self, item: WorkItem) -> None:
        """Files the group's additions: its members turned out to be others than recorded."""
        self._defer(item, self._job.work.file([self._again(item, item.key)]))

    def unjudged(self, item: WorkItem, key: Key) -> None:
        """A removal that no brake has judged: stored, so that no end of this process loses it."""
        self._defer(item, [self._job.touched.put(str(key), "")])

    def unlinked(self, item: WorkItem, link: Link) -> None:
        """A link whose principal nobody knows any more is dropped."""
        self._defer(item, self._job.links.drop(link))

    def as_if_created(self, case: Case, write: CreateObject) -> TargetObject:
        """Of a dry run: the object that the create would make, so that later steps can name it."""
        return TargetObject(
            case.key.type, ScimId(f"planned:{case.key}"), write.attributes, write.members
        )

    # --- rows ----------------------------------------------------------------------------------

    def _defer(self, item: WorkItem, rows: Sequence[Row]) -> None:
        """Queues rows of the item's outcome, in order; other items' go beside them."""
        self._job.store.defer(rows, _about(item))

    async def _note(self, item: WorkItem, case: Case | None) -> None:
        """Notes in the link whether the object waits to be deleted."""
        if case is not None and case.link is not None and not case.verdict.undecided:
            # Stored at once: what is read of a link here may be of another one in a moment.
            self._defer(item, await self.ledger.noted(case))

    async def _finish(self, item: WorkItem, rows: Sequence[Row]) -> None:
        cleared = await self._escrow_cleared(item)
        self._defer(item, [*rows, *cleared, *self._end_rows(item)])

    def _end_rows(self, item: WorkItem) -> list[Row]:
        self.cycle.done += 1
        self.cycle.left = max(0, self.cycle.left - 1)
        done = self._job.work.done(item)
        if not self.cycle.is_stored:
            return [done]
        return [self._job.cycles.rows.put(self.cycle.cycle_id, self.cycle), done]

    async def _escrow_cleared(self, item: WorkItem) -> list[Row]:
        entry = await self._job.escrow.get(item)
        return [] if entry is None else self._job.escrow.clear(entry)

    async def _joined(self, item: WorkItem, case: Case) -> list[Row]:
        """A user that has an account now is missing in the groups that are there already, and with
        those who report to it.
        """
        if case.link is not None or case.key.type is not ObjectType.USER:
            return []
        groups = await self.ledger.groups_to_join(self.graph, case)
        reports: list[Key] = []
        ended: list[Row] = []
        if self._job.schema.user.references:
            reports, ended = await self._job.awaiting(case.key)
        lane = max(item.lane, Lane.ON_DEMAND)
        again = [self._again(item, key, lane=lane) for key in groups]
        # Nobody has named these: what takes access away from them meets the brake.
        again += [self._again(item, key) for key in reports]
        return [*self._job.work.file(again), *ended]

    def _again(self, item: WorkItem, key: Key, lane: Lane = Lane.LIVE) -> WorkItem:
        return WorkItem(
            key=key,
            aspect=Aspect.OBJECT,
            lane=lane,
            rank=Rank.GROUPS_AGAIN if key.type is ObjectType.GROUP else Rank.USERS,
            cause=item.cause,
            cycle_id=item.cycle_id,
            generation=self._job.ids.new(),
            filed_at=item.filed_at,
            changed_at=item.changed_at,
        )

    async def _skipped(self, item: WorkItem, case: Case, skipped: Skipped) -> None:
        if skipped.code in FAILURES:
            await self._fail(item, case, skipped.code, skipped.sentence, skipped.remedy)
            return
        self.cycle.counts.skipped += 1
        entry = self._entry(
            item,
            case,
            LogStatus.SKIPPED,
            reason_code=skipped.code,
            reason=skipped.sentence,
            remedy=skipped.remedy,
        )
        self._defer(item, self._job.log.rows([entry]))
        await self._note(item, case)
        await self._finish(item, [])

    async def _fail(
        self,
        item: WorkItem,
        case: Case | None,
        code: str,
        sentence: str,
        remedy: str,
        plan: Planned | None = None,
        *,
        asked: bool = False,
    ) -> None:
        self.cycle.counts.failed += 1
        before = await self._job.escrow.get(item)
        tried = self.failures.failed(item, before, sentence) if asked else []
        entry = self._entry(
            item,
            case,
            LogStatus.FAILURE,
            reason_code=code,
            reason=sentence,
            error_code=code,
            remedy=remedy,
        )
        failed = Step("export", "failure", sentence)
        entry = msgspec.structs.replace(entry, steps=(*entry.steps, failed))
        if plan is not None:
            change = plan.changes[0]
            entry = msgspec.structs.replace(
                entry,
                action=change.action,
                change_id=change.change_id,
                modified_properties=change.modified_properties,
            )
        _, rows = self._job.escrow.enter(
            before,
            item,
            name=case.name if case else item.key.id,
            error_code=code,
            reason=sentence,
            remedy=remedy,
            now=self._job.clock.time(),
        )
        self._defer(item, [*self._job.log.rows([entry]), *rows, *tried, *self._end_rows(item)])

    def _entries(
        self, item: WorkItem, case: Case, plan: Planned, target: ScimId | None, took: float
    ) -> list[LogEntry]:
        now = self._job.clock.time()
        steps = steps_of(case, plan, target)
        return [
            entry_of_change(
                change,
                id=self._job.ids.new(),
                time=now,
                cycle_id=item.cycle_id,
                cause=item.cause,
                target_id=target,
                attempt=item.attempt,
                duration_ms=round(took * 1000),
                latency_ms=_latency_ms(item, now),
                steps=steps,
            )
            for change in plan.changes
        ]

    def _entry(
        self,
        item: WorkItem,
        case: Case | None,
        status: LogStatus,
        *,
        reason_code: str,
        reason: str,
        target_id: ScimId | None = None,
        error_code: str | None = None,
        remedy: str | None = None,
    ) -> LogEntry:
        now = self._job.clock.time()
        key = case.key if case else item.key
        link = case.link if case else None
        return LogEntry(
            id=self._job.ids.new(),
            time=now,
            cycle_id=item.cycle_id,
            cause=item.cause,
            status=status,
            action=None,
            object_type=key.type,
            source_id=key.id,
            target_id=target_id or (link.scim_id if link else None),
            name=case.name if case else key.id,
            reason_code=reason_code,
            reason=reason,
            error_code=error_code,
            remedy=remedy,
            attempt=item.attempt,
            latency_ms=_latency_ms(item, now),
            steps=steps_of(case, None, target_id) if case else (),
        )


def _latency_ms(item: WorkItem, now: float) -> int:
    """From the change, or else from the filing, to the outcome. Clocks may differ a little."""
    began = item.filed_at if item.changed_at is None else item.changed_at
    return max(0, round((now - began) * 1000))


def _about(item: WorkItem) -> str:
    """One task works on a key at a time: what it records keeps its order."""
    return str(item.key)
