"""One object of ZSCloud against what is recorded and what should be: what hands have changed.

Nothing of a difference is an edit by hand that is as it should be, or that nobody would ever write.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Set

import msgspec

from provisioning.apply.last_look import is_same_object
from provisioning.apply.recording.ledger import Ledger
from provisioning.case import Case
from provisioning.differences import same
from provisioning.discovery.hand_attributes import edited_attributes
from provisioning.discovery.hand_entries import entry_of_edits, entry_of_missing, entry_of_taken
from provisioning.discovery.hand_findings import finding, outcome_of
from provisioning.discovery.hand_members import NAMED, HandMembers
from provisioning.drift import EXISTENCE, MEMBERSHIPS, Finding, Outcome, Treatment, What
from provisioning.drift_report import OpenReport
from provisioning.job import Job
from provisioning.model import (
    ChangeMember,
    Link,
    ModifiedProperty,
    ObjectType,
    ScimId,
    TargetObject,
)
from provisioning.ports import Row
from provisioning.record import CycleRecord
from provisioning.redaction import hidden_properties
from provisioning.resolve import resolve
from provisioning.scope import GroupGraph

_log = logging.getLogger(__name__)


class HandEdits:
    """Compares objects one by one, for the record, the log and the report of one reconcile."""

    def __init__(self, job: Job, graph: GroupGraph, cycle: CycleRecord, report: OpenReport) -> None:
        self._job = job
        self._graph = graph
        self._cycle = cycle
        self._report = report
        self._ledger = Ledger(job)
        self._members = HandMembers(job)
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
        outcome = outcome_of(treatment, repaired=again and treatment is Treatment.REPAIR)
        now = self._job.clock.time()
        missed = finding(link, What.MISSING, EXISTENCE, True, False, outcome, now)
        rows = self._report.edits(link.key, [missed])
        if outcome is not Outcome.LEFT:
            rows += entry_of_missing(self._job, self._cycle, link, missed)
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
        now = self._job.clock.time()
        findings = [
            finding(
                link,
                What.UNMANAGED,
                "members",
                False,
                True,
                outcome,
                now,
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
            who = await self._members.people([*more, *less])
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
        rules, at = self._job.rules, self._job.clock.time()
        now, findings = edited_attributes(rules, case, link, found.attributes, paths, at)
        rows: list[Row] = []
        beyond: list[Finding] = []
        strangers: list[str] = []
        if link.key.type is ObjectType.GROUP:
            members, strangers = await self._members.edited(case, link, live)
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

    async def _forget(self, link: Link, rows: list[Row]) -> None:
        await self._job.links.forget_members(link.key.id)
        await self._job.store.write([*rows, *self._job.links.drop(link)])
