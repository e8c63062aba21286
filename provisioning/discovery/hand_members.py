"""Which memberships of a group were edited by hand, and what is recorded of its members then."""

from __future__ import annotations

from collections.abc import Iterable, Set

from provisioning.case import Case
from provisioning.deprovisioning import Deprovision
from provisioning.discovery.hand_findings import finding, is_protected, name_of, outcome_of
from provisioning.drift import MEMBERSHIPS, Finding, Treatment, What, remembered_members
from provisioning.job import Job
from provisioning.model import ChangeMember, Link, ScimId

NAMED = 100
"""Members of one group that are named; all are counted."""


class HandMembers:
    """Compares the members of groups, one by one."""

    def __init__(self, job: Job) -> None:
        self._job = job

    async def edited(
        self, case: Case, link: Link, live: Set[ScimId]
    ) -> tuple[list[Finding], list[str]]:
        """Brings the recorded members up to date. Memberships that were edited by hand, and who
        was put in that is nobody's of ours.
        """
        links, recorded = self._job.links, case.recorded
        wanted = self._belonging(case, live)
        more, less = live - recorded.keys(), recorded.keys() - live
        linked = await links.owners(more)
        add, gone = remembered_members(recorded, live, wanted, linked, self._job.rules.drift)
        await links.change_members(case.key.id, dict.fromkeys(add, False), gone)
        put_in = {id for id in more if id in linked and id not in wanted}
        taken_out = less & wanted
        treatment = self._job.rules.drift.of(MEMBERSHIPS)
        repaired = treatment is Treatment.REPAIR and not is_protected(case, link)
        outcome = outcome_of(treatment, repaired=repaired)
        who = await self.people([*sorted(taken_out)[:NAMED], *sorted(put_in)[:NAMED]])
        now = self._job.clock.time()
        findings = [
            finding(
                link,
                What.MEMBERSHIP,
                "members",
                id in taken_out,
                id in put_in,
                outcome,
                now,
                who.get(id),
            )
            for id in (*sorted(taken_out), *sorted(put_in))
        ]
        strangers = sorted(more - linked.keys() - wanted)
        return findings, [str(id) for id in strangers[:NAMED]]

    async def people(self, ids: Iterable[ScimId]) -> dict[ScimId, ChangeMember]:
        """Whose of ours they are, as far as they are anybody's."""
        owners = await self._job.links.owners(ids)
        links = await self._job.links.get_many(owners.values())
        return {
            link.scim_id: ChangeMember(link.key.id, link.scim_id, name_of(link))
            for link in links.values()
        }

    def _belonging(self, case: Case, live: Set[ScimId]) -> Set[ScimId]:
        """Who is to be in the group in ZSCloud: nobody of ours, once it is not in scope."""
        if case.verdict.active:
            return case.wanted.keys()
        if case.link is None or case.verdict.undecided or case.stays:
            return live
        now = self._job.rules.deprovisioning.now(case.verdict, case.link)
        return frozenset() if now is Deprovision.DISABLE else live
