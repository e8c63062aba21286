"""Recording outcomes: link, provisioning log, escrow; then the item leaves the work set.

Rows go in that order, the item last: dying in between repeats harmlessly.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning.errors import RemoteError
from provisioning.explain import steps_of
from provisioning.guard import Tally
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.links import NAME_PATH, Link, Origin
from provisioning.mirror import MirrorUser
from provisioning.model import (
    Action,
    AddMembers,
    Attributes,
    Change,
    CreateObject,
    DeleteObject,
    Key,
    ModifiedProperty,
    ObjectType,
    RemoveMembers,
    ScimId,
    TargetObject,
    UpdateObject,
    change_digest,
)
from provisioning.plan import Planned, Skipped
from provisioning.ports import Row
from provisioning.provisioning_log import LogEntry, LogStatus, Step, entry_of_change
from provisioning.record import CycleRecord
from provisioning.resolve import Case
from provisioning.scope import GroupGraph


class Recorder:
    """Records what became of each item, for the job and for the cycle."""

    def __init__(self, job: Job, cycle: CycleRecord, *, collect: bool = False) -> None:
        self._job = job
        self.cycle = cycle
        self.graph = GroupGraph((), job.rules.scope)
        self._collect = collect
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
        rows: list[Row] = []
        if case is not None and case.link is None:
            rows.append(self._job.links.intents.drop(str(item.key)))
        if worked:
            pass
        elif item.lane is Lane.ON_DEMAND and case is not None and not case.verdict.active:
            self.cycle.counts.skipped += 1
            reason = case.verdict
            entry = self._entry(
                item,
                case,
                LogStatus.SKIPPED,
                reason_code=reason.reason.value,
                reason=reason.sentence,
            )
            rows += self._job.log.rows([entry])
        else:
            self.cycle.counts.unchanged += 1
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
        now = self._job.clock.time()
        linked = case.link.scim_id if case.link is not None else None
        target = answer.id if answer is not None else linked
        entries = [
            entry_of_change(
                change,
                id=self._job.ids.new(),
                time=now,
                cycle_id=item.cycle_id,
                cause=item.cause,
                target_id=target,
                attempt=item.attempt,
                duration_ms=round(took * 1000),
                latency_ms=max(0, round((now - item.filed_at) * 1000)),
                steps=steps_of(case, plan, target),
            )
            for change in plan.changes
        ]
        rows = self._job.log.rows(entries)
        rows += await self._escrow_cleared(item)
        rows += await self._link_rows(case, plan, answer, now)
        rows += await self._removed_rows(plan)
        rows += await self._provisioned_rows(case, plan)
        rows.append(self._job.links.intents.drop(str(case.key)))
        if case.link is None and case.key.type is ObjectType.USER:
            rows += await self._group_rows(item, case)
        for change in plan.changes:
            self.cycle.counts.add(change)
        if self._collect:
            self.changes.extend(plan.changes)
        if last:
            await self._finish(item, rows)
        else:
            self._job.store.defer(rows)

    async def matched(self, item: WorkItem, case: Case, found: TargetObject) -> None:
        """An object that exists already is the principal's: it is linked."""
        now = self._job.clock.time()
        link = Link(
            key=case.key,
            scim_id=found.id,
            attributes=found.attributes,
            origin=Origin.MATCHED,
            linked_at=now,
            written_at=now,
            protected=self._is_protected(found),
        )
        path = NAME_PATH[case.key.type]
        entry = self._entry(
            item,
            case,
            LogStatus.SUCCESS,
            reason_code="Matched",
            reason=f"An object of that {path} exists in ZSCloud: it is linked, not created again.",
            target_id=found.id,
        )
        rows = self._job.log.rows([entry])
        rows += self._job.links.put(link, None)
        if found.members is not None:
            rows += await self._job.links.members_rows(
                case.key.id, dict.fromkeys(found.members, False), ()
            )
        rows.append(self._job.links.intents.drop(str(case.key)))
        if case.key.type is ObjectType.USER:
            rows += await self._group_rows(item, case)
            rows += await self._job.provisioned_rows(Tally(users=int(link.active)))
        else:
            rows += await self._job.provisioned_rows(Tally(groups=1))
        self._job.store.defer(rows)

    async def failure(self, item: WorkItem, case: Case | None, error: RemoteError) -> None:
        """The item failed: logged, and set aside in escrow."""
        name = case.name if case else item.key.id
        await self._fail(item, case, name, error.code, str(error), error.remedy)

    async def refreshed(self, case: Case, found: TargetObject) -> bool:
        """Takes the live object for the record. True if the record was wrong."""
        assert case.link is not None
        link = msgspec.structs.replace(
            case.link, attributes=found.attributes, written_at=self._job.clock.time()
        )
        rows = self._job.links.put(link, case.link)
        changed = found.attributes != case.link.attributes
        if case.key.type is ObjectType.GROUP and found.members is not None:
            live = set(found.members)
            recorded = await self._job.links.members(case.key.id)
            changed = changed or live != set(recorded)
            rows += await self._job.links.members_rows(
                case.key.id,
                {id: False for id in live if id not in recorded},
                [id for id in recorded if id not in live],
            )
        self._job.store.defer(rows)
        return changed

    async def vanished(self, item: WorkItem, case: Case) -> None:
        """The linked object is gone from ZSCloud: the link ends, and the key is worked anew."""
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
        rows += self._job.links.drop(case.link)
        if case.key.type is ObjectType.GROUP:
            recorded = await self._job.links.members(case.key.id)
            rows += await self._job.links.members_rows(case.key.id, {}, list(recorded))
        self._job.store.defer(rows)

    async def protect(self, case: Case) -> None:
        """A delete was refused as an administrator's: the object is protected from now on."""
        assert case.link is not None
        link = msgspec.structs.replace(case.link, protected=True)
        self._job.store.defer(self._job.links.put(link, case.link))

    async def member_refused(
        self, item: WorkItem, case: Case, member: Key, error: RemoteError
    ) -> None:
        """One member is refused by the server: the group goes on without it."""
        self.cycle.counts.failed += 1
        entry = self._entry(
            item,
            case,
            LogStatus.FAILURE,
            reason_code=error.code,
            reason=f"The member {member} was refused: {error}",
            error_code=error.code,
            remedy=error.remedy,
        )
        self._job.store.defer(self._job.log.rows([entry]))

    async def file_again(self, item: WorkItem) -> None:
        """Files the group's additions: its members turned out to be others than recorded."""
        again = msgspec.structs.replace(
            item,
            aspect=Aspect.OBJECT,
            lane=Lane.LIVE,
            rank=Rank.GROUPS_AGAIN,
            generation=self._job.ids.new(),
        )
        self._job.store.defer(self._job.work.file([again]))

    # --- dry run and rings ---------------------------------------------------------------------

    def as_if_created(self, case: Case, write: CreateObject) -> TargetObject:
        """Of a dry run: the object that the create would make, so that later steps can name it."""
        return TargetObject(
            case.key.type, ScimId(f"planned:{case.key}"), write.attributes, write.members
        )

    def ring_change(self, case: Case, write: UpdateObject, name: str) -> Planned:
        """The change that gives an object a name of its own for a moment."""
        assert case.link is not None
        path = NAME_PATH[case.key.type]
        old = case.link.attributes.get(path)
        change = Change(
            change_id=change_digest(Action.UPDATE, case.key, {path: name}),
            action=Action.UPDATE,
            object_type=case.key.type,
            source_id=case.key.id,
            target_id=case.link.scim_id,
            name=case.name,
            reason_code="NameExchanged",
            reason="Principals exchange their names: one takes a name of its own for a moment.",
            modified_properties=(ModifiedProperty(path, old, name),),
        )
        return Planned(write, (change,))

    # --- rows ----------------------------------------------------------------------------------

    async def _finish(self, item: WorkItem, rows: Sequence[Row]) -> None:
        cleared = await self._escrow_cleared(item)
        self._count_done()
        self._job.store.defer(
            [
                *rows,
                *cleared,
                self._job.cycles.rows.put(self.cycle.cycle_id, self.cycle),
                self._job.work.done(item),
            ]
        )

    def _count_done(self) -> None:
        self.cycle.done += 1
        self.cycle.left = max(0, self.cycle.left - 1)

    async def _escrow_cleared(self, item: WorkItem) -> list[Row]:
        entry = await self._job.escrow.get(item)
        return [] if entry is None else self._job.escrow.clear(entry)

    async def _skipped(self, item: WorkItem, case: Case, skipped: Skipped) -> None:
        if skipped.code == "MandatoryFieldsMissing":
            await self._fail(item, case, case.name, skipped.code, skipped.sentence, skipped.remedy)
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
        await self._finish(item, self._job.log.rows([entry]))

    async def _fail(
        self,
        item: WorkItem,
        case: Case | None,
        name: str,
        code: str,
        sentence: str,
        remedy: str,
    ) -> None:
        self.cycle.counts.failed += 1
        before = await self._job.escrow.get(item)
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
        _, rows = self._job.escrow.enter(
            before,
            item,
            name=name,
            error_code=code,
            reason=sentence,
            remedy=remedy,
            now=self._job.clock.time(),
        )
        self._count_done()
        self._job.store.defer(
            [
                *self._job.log.rows([entry]),
                *rows,
                self._job.cycles.rows.put(self.cycle.cycle_id, self.cycle),
                self._job.work.done(item),
            ]
        )

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
        link = case.link if case else None
        return LogEntry(
            id=self._job.ids.new(),
            time=now,
            cycle_id=item.cycle_id,
            cause=item.cause,
            status=status,
            action=None,
            object_type=item.key.type,
            source_id=item.key.id,
            target_id=target_id or (link.scim_id if link else None),
            name=case.name if case else item.key.id,
            reason_code=reason_code,
            reason=reason,
            error_code=error_code,
            remedy=remedy,
            attempt=item.attempt,
            latency_ms=max(0, round((now - item.filed_at) * 1000)),
            steps=steps_of(case, None, target_id) if case else (),
        )

    async def _link_rows(
        self, case: Case, plan: Planned, answer: TargetObject | None, now: float
    ) -> list[Row]:
        write, link = plan.write, case.link
        if isinstance(write, CreateObject):
            assert answer is not None
            return await self._created_rows(case, write, answer, now)
        assert link is not None
        if isinstance(write, DeleteObject):
            gone = await self._job.links.members(case.key.id) if _is_group(case) else {}
            rows = self._job.links.drop(link)
            if msgspec.structs.replace(case, link=None).forgettable:
                rows.append(self._job.mirror.users.drop(case.key.id))
            return rows + await self._job.links.members_rows(case.key.id, {}, list(gone))
        if isinstance(write, AddMembers):
            return await self._job.links.members_rows(
                case.key.id, dict.fromkeys(write.members, True), ()
            )
        if isinstance(write, RemoveMembers):
            return await self._job.links.members_rows(case.key.id, {}, write.members)
        assert isinstance(write, UpdateObject)
        attributes = _merged(link.attributes, write.values)
        changed = msgspec.structs.replace(link, attributes=attributes, written_at=now)
        return self._job.links.put(changed, link)

    async def _created_rows(
        self, case: Case, write: CreateObject, answer: TargetObject, now: float
    ) -> list[Row]:
        link = Link(
            key=case.key,
            scim_id=answer.id,
            attributes=dict(write.attributes),
            origin=Origin.CREATED,
            linked_at=now,
            written_at=now,
        )
        rows = self._job.links.put(link, None)
        if _is_group(case):
            rows += await self._job.links.members_rows(
                case.key.id, dict.fromkeys(write.members, True), ()
            )
        return rows

    async def _removed_rows(self, plan: Planned) -> list[Row]:
        users = groups = memberships = 0
        for change in plan.changes:
            if change.action is Action.REMOVE_MEMBER:
                memberships += 1
            elif change.action in (Action.DISABLE, Action.DELETE):
                if change.object_type is ObjectType.USER:
                    users += 1
                else:
                    groups += 1
        if users + groups + memberships == 0:
            return []
        return await self._job.removed_rows(Tally(users, groups, memberships))

    async def _provisioned_rows(self, case: Case, plan: Planned) -> list[Row]:
        """What the executed plan changes in the numbers that the brake takes for its base."""
        users = groups = memberships = 0
        user = case.key.type is ObjectType.USER
        for change in plan.changes:
            if change.action in (Action.CREATE, Action.ENABLE):
                users, groups = users + user, groups + (not user)
            elif change.action is Action.DISABLE:
                users -= 1
            elif change.action is Action.DELETE and not user:
                groups -= 1
                memberships -= len(case.ours)
            elif change.action is Action.DELETE:
                users -= bool(case.link and case.link.active)
            elif change.action is Action.ADD_MEMBER:
                memberships += 1
            elif change.action is Action.REMOVE_MEMBER:
                memberships -= 1
        return await self._job.provisioned_rows(Tally(users, groups, memberships))

    async def _group_rows(self, item: WorkItem, case: Case) -> list[Row]:
        """A user that has an account now is missing in the groups that are there already."""
        assert isinstance(case.row, MirrorUser)
        groups = self.graph.assigned_ancestors(case.row.groups)
        linked = await self._job.links.get_many(
            msgspec.structs.replace(case.key, type=ObjectType.GROUP, id=id) for id in groups
        )
        return self._job.work.file(
            WorkItem(
                key=key,
                aspect=Aspect.OBJECT,
                lane=max(item.lane, Lane.ON_DEMAND),
                rank=Rank.GROUPS_AGAIN,
                cause=item.cause,
                cycle_id=item.cycle_id,
                generation=self._job.ids.new(),
                filed_at=item.filed_at,
            )
            for key in linked
        )

    def _is_protected(self, found: TargetObject) -> bool:
        name = str(found.attributes.get(NAME_PATH[found.type]) or "")
        admin = self._job.rules.admin_group.casefold()
        if found.type is ObjectType.GROUP:
            return name.casefold() == admin or self._job.rules.protects(name)
        in_admins = any(group.display.casefold() == admin for group in found.groups or ())
        return in_admins or self._job.rules.protects(name)


def _is_group(case: Case) -> bool:
    return case.key.type is ObjectType.GROUP


def _merged(attributes: Attributes, values: Attributes) -> Attributes:
    merged = {**attributes, **values}
    return {path: value for path, value in merged.items() if value is not None}
