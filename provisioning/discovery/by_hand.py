"""One object of ZSCloud against what is recorded and what should be: what hands have changed.

What is to be repaired goes into the record as it is, so that the next plan puts it right. What is
to be reported or left keeps its record. Nothing of a difference is an edit by hand that is as it
should be, or that nobody would ever write.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Set
from typing import Any

import msgspec

from provisioning.apply.last_look import is_same_object
from provisioning.apply.recording.ledger import Ledger
from provisioning.case import Case
from provisioning.deprovisioning import Deprovision
from provisioning.differences import differences, same
from provisioning.discovery.hand_entries import entry_of_edits, entry_of_missing, entry_of_taken
from provisioning.drift import (
    ACTIVE,
    EXISTENCE,
    MEMBERSHIPS,
    Finding,
    Outcome,
    Treatment,
    What,
    remembered_members,
)
from provisioning.drift_report import OpenReport
from provisioning.job import Job
from provisioning.model import (
    NAME_PATH,
    Attributes,
    ChangeMember,
    Link,
    ModifiedProperty,
    ObjectType,
    ScimId,
    TargetObject,
    UpdateObject,
)
from provisioning.plan import Planned, plan_group, plan_user
from provisioning.ports import Row
from provisioning.record import CycleRecord
from provisioning.redaction import hidden, hidden_properties
from provisioning.resolve import resolve
from provisioning.scope import GroupGraph

_log = logging.getLogger(__name__)

NAMED = 100
"""Members of one group that are named; all are counted."""


class HandEdits:
    """Compares objects one by one, for the record, the log and the report of one reconcile."""

    def __init__(self, job: Job, graph: GroupGraph, cycle: CycleRecord, report: OpenReport) -> None:
        self._job = job
        self._graph = graph
        self._cycle = cycle
        self._report = report
        self._ledger = Ledger(job)
        self._policy = job.rules.drift

    async def compare(self, link: Link, found: TargetObject) -> bool:
        """Takes note of how an object differs from its record. Whether it does at all."""
        link = await self._known_again(link, found)
        group = link.key.type is ObjectType.GROUP
        recorded = await self._job.links.members(link.key.id) if group else {}
        live = frozenset(found.members or ()) if group else frozenset()
        paths = [
            path
            for path in sorted({*found.attributes, *link.attributes})
            if not same(found.attributes.get(path), link.attributes.get(path))
        ]
        if not paths and live == recorded.keys():
            return False
        if link.leaving_since is not None and not is_same_object(link, found):
            # Taken for the record, it would be deleted as the one that was linked.
            await self._let_go(link, found, paths, recorded.keys(), live)
            return True
        case = await resolve(self._job, self._graph, link.key)
        if case is None:
            await self._unknown(link, found, recorded, live)
        else:
            await self._edited(case, link, found, paths, live)
        return True

    async def gone(self, link: Link) -> None:
        """Takes note of a linked object that is not in ZSCloud any more."""
        case = await resolve(self._job, self._graph, link.key)
        if case is None or not (case.verdict.active or case.verdict.undecided):
            # Nobody is to have it: that hands put it away is nothing to repair.
            await self._forget(link, entry_of_missing(self._job, self._cycle, link, None))
            return
        treatment = self._policy.of(EXISTENCE)
        again = case.verdict.active and not case.mapped.problems
        outcome = _outcome(treatment, repaired=again and treatment is Treatment.REPAIR)
        finding = self._finding(link, What.MISSING, EXISTENCE, True, False, outcome)
        rows = self._report.edits(link.key, [finding])
        if outcome is not Outcome.LEFT:
            rows += entry_of_missing(self._job, self._cycle, link, finding)
        if treatment is Treatment.REPAIR:
            await self._forget(link, rows)
            return
        missing = msgspec.structs.replace(link, missing=True)
        await self._job.store.write([*rows, *self._job.links.put(missing, link)])

    async def unmanaged(self, link: Link, ids: Collection[ScimId]) -> None:
        """Takes note of members of a group of ours who are nobody's of ours."""
        shown = sorted(ids)[:NAMED]
        names = await self._report.orphan_names(shown)
        left = self._policy.of(MEMBERSHIPS) is Treatment.LEAVE
        outcome = Outcome.LEFT if left else Outcome.REPORTED
        findings = [
            self._finding(
                link,
                What.UNMANAGED,
                "members",
                False,
                True,
                outcome,
                ChangeMember(None, id, names.get(id)),
            )
            for id in shown
        ]
        rows = self._report.unmanaged(link.key, findings, len(ids) - len(shown))
        await self._job.store.write(rows)

    # --- the record ----------------------------------------------------------------------------

    async def _known_again(self, link: Link, found: TargetObject) -> Link:
        """The link of an object that is there: not missing; perhaps an administrator's by now,
        which from then on is not ours to write.
        """
        protected = link.protected or self._ledger.is_administrators(found)
        now = msgspec.structs.replace(link, protected=protected, missing=False)
        if now != link:
            await self._job.store.write(self._job.links.put(now, link))
        return now

    async def _let_go(
        self,
        link: Link,
        found: TargetObject,
        paths: list[str],
        recorded: Set[ScimId],
        live: Set[ScimId],
    ) -> None:
        """An object that waits to be deleted has become somebody else's by hand."""
        changed = [
            ModifiedProperty(path, found.attributes.get(path), link.attributes.get(path))
            for path in paths
        ]
        shown = list(hidden_properties(changed, self._job.mapping(link.key.type).rules.redacted))
        if live != recorded:
            more, less = sorted(live - recorded)[:NAMED], sorted(recorded - live)[:NAMED]
            who = await self._people([*more, *less])
            came, went = ([str(who[i].name if i in who else i) for i in x] for x in (more, less))
            shown.append(ModifiedProperty("members", came, went))
        rows = entry_of_taken(self._job, self._cycle, link, shown)
        await self._forget(link, rows)

    async def _unknown(
        self,
        link: Link,
        found: TargetObject,
        recorded: Mapping[ScimId, bool],
        live: Set[ScimId],
    ) -> None:
        """Nobody knows whose the object should be: it is taken as it is."""
        added = dict.fromkeys(live - recorded.keys(), False)
        await self._job.links.change_members(link.key.id, added, recorded.keys() - live)
        now = msgspec.structs.replace(link, attributes=found.attributes)
        await self._job.store.write(self._job.links.put(now, link))

    async def _edited(
        self, case: Case, link: Link, found: TargetObject, paths: list[str], live: Set[ScimId]
    ) -> None:
        now, findings = self._attributes(case, link, found.attributes, paths)
        rows: list[Row] = []
        beyond: list[Finding] = []
        strangers: list[str] = []
        if link.key.type is ObjectType.GROUP:
            members, strangers = await self._members(case, link, live)
            findings += members[:NAMED]
            beyond = members[NAMED:]
        if any(each.is_reenabled for each in findings):
            _log.warning(
                "The account %s was switched on by hand, and is to be off: DRIFT=%s leaves it on",
                link.scim_id,
                self._policy,
            )
        rows += self._report.edits(link.key, findings, beyond)
        rows += entry_of_edits(self._job, self._cycle, case, link, findings, strangers)
        await self._job.store.write([*rows, *self._job.links.put(now, link)])

    def _attributes(
        self, case: Case, link: Link, live: Attributes, paths: list[str]
    ) -> tuple[Link, list[Finding]]:
        """The link as it is now recorded, and which of ``paths`` were edited by hand."""
        expected: dict[str, Any] = {p.name: p.new for p in differences(case.mapped, live)}
        taken = msgspec.structs.replace(link, attributes=live)
        expected = {**self._written(case, taken), **expected}
        edited = [path for path in paths if path in expected]
        kept = {p: link.attributes.get(p) for p in edited if self._policy.keeps(p)}
        merged = {p: value for p, value in {**live, **kept}.items() if value is not None}
        now = msgspec.structs.replace(link, attributes=merged)
        written = self._written(case, now)
        redacted = case.mapped.rules.redacted
        findings = [
            self._finding(
                link,
                What.ACTIVE if path == ACTIVE else What.ATTRIBUTE,
                path,
                hidden(expected[path], redacted=path in redacted),
                hidden(live.get(path), redacted=path in redacted),
                _outcome(self._policy.of(path), repaired=path in written),
            )
            for path in edited
        ]
        return now, findings

    def _written(self, case: Case, link: Link) -> Attributes:
        """What a plan would write, if this were the record."""
        rules = self._job.rules
        link = msgspec.structs.replace(link, protected=_protected(case, link))
        if case.key.type is ObjectType.USER:
            plan = plan_user(case.key, case.verdict, case.mapped, link, rules.deprovisioning)
            plans: Iterable[object] = (plan,)
        else:
            policy, ours = rules.deprovisioning, case.ours
            found = plan_group(case.key, case.verdict, case.mapped, link, {}, {}, ours, policy, 1)
            plans = found if isinstance(found, list) else ()
        writes = [plan.write for plan in plans if isinstance(plan, Planned)]
        return {
            path: value
            for write in writes
            if isinstance(write, UpdateObject)
            for path, value in write.values.items()
        }

    async def _members(
        self, case: Case, link: Link, live: Set[ScimId]
    ) -> tuple[list[Finding], list[str]]:
        """Brings the recorded members up to date. Memberships that were edited by hand, and who
        was put in that is nobody's of ours.
        """
        links, recorded = self._job.links, case.recorded
        wanted = self._belonging(case, live)
        more, less = live - recorded.keys(), recorded.keys() - live
        linked = await links.owners(more)
        add, gone = remembered_members(recorded, live, wanted, linked, self._policy)
        await links.change_members(case.key.id, dict.fromkeys(add, False), gone)
        put_in = {id for id in more if id in linked and id not in wanted}
        taken_out = less & wanted
        treatment = self._policy.of(MEMBERSHIPS)
        repaired = treatment is Treatment.REPAIR and not _protected(case, link)
        outcome = _outcome(treatment, repaired=repaired)
        who = await self._people([*sorted(taken_out)[:NAMED], *sorted(put_in)[:NAMED]])
        findings = [
            self._finding(
                link,
                What.MEMBERSHIP,
                "members",
                id in taken_out,
                id in put_in,
                outcome,
                who.get(id),
            )
            for id in (*sorted(taken_out), *sorted(put_in))
        ]
        strangers = sorted(more - linked.keys() - wanted)
        return findings, [str(id) for id in strangers[:NAMED]]

    def _belonging(self, case: Case, live: Set[ScimId]) -> Set[ScimId]:
        """Who is to be in the group in ZSCloud: nobody of ours, once it is not in scope."""
        if case.verdict.active:
            return case.wanted.keys()
        if case.link is None or case.verdict.undecided or case.stays:
            return live
        now = self._job.rules.deprovisioning.now(case.verdict, case.link)
        return frozenset() if now is Deprovision.DISABLE else live

    async def _people(self, ids: list[ScimId]) -> dict[ScimId, ChangeMember]:
        owners = await self._job.links.owners(ids)
        links = await self._job.links.get_many(owners.values())
        return {
            link.scim_id: ChangeMember(link.key.id, link.scim_id, _name(link))
            for link in links.values()
        }

    async def _forget(self, link: Link, rows: list[Row]) -> None:
        await self._job.links.forget_members(link.key.id)
        await self._job.store.write([*rows, *self._job.links.drop(link)])

    def _finding(
        self,
        link: Link,
        what: What,
        attribute: str,
        expected: Any,
        found: Any,
        outcome: Outcome,
        member: ChangeMember | None = None,
    ) -> Finding:
        return Finding(
            object_type=link.key.type,
            source_id=link.key.id,
            target_id=link.scim_id,
            name=_name(link),
            what=what,
            attribute=attribute,
            expected=expected,
            found=found,
            treatment=outcome,
            at=self._job.clock.time(),
            member=member,
        )


def _protected(case: Case, link: Link) -> bool:
    return link.protected or (case.link is not None and case.link.protected)


def _name(link: Link) -> str:
    return str(link.attributes.get(NAME_PATH[link.key.type]) or link.scim_id)


def _outcome(treatment: Treatment, *, repaired: bool) -> Outcome:
    """What is to be repaired and is not written, is reported: as that of somebody protected."""
    if repaired:
        return Outcome.REPAIRED
    return Outcome.LEFT if treatment is Treatment.LEAVE else Outcome.REPORTED
