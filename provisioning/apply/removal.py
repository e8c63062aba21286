"""How a member is taken out of a group: found out once, read back and proven, remembered.

No form works on every server, and the wrong one can empty a group: the first removal of a
tenant is read back before the form is trusted.
"""

from __future__ import annotations

import asyncio

import msgspec

from provisioning.apply.sending.pacer import Priority, Turn
from provisioning.apply.sending.sender import Sender
from provisioning.case import Case
from provisioning.errors import Rejected
from provisioning.job import Job
from provisioning.model import (
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    ReplaceObject,
    ScimId,
    TargetObject,
)
from provisioning.ports import TargetReader

_ORDER = (MemberRemoval.FILTER, MemberRemoval.VALUE, MemberRemoval.PUT)


class Proof(msgspec.Struct, frozen=True):
    """Whether the removal did what it should; the group as it is now, if not as expected."""

    holds: bool
    contradiction: TargetObject | None


class RemovalForm:
    """The form in use. A configured one is not proven: the operator answers for it."""

    def __init__(self, job: Job, sender: Sender, reader: TargetReader) -> None:
        self._job = job
        self._sender = sender
        self._reader = reader
        self.first = asyncio.Lock()
        """Held around the first removal: a form that empties groups must not meet two."""

    async def form(self) -> MemberRemoval:
        """The form to use for the next removal."""
        if self._job.rules.member_removal is not None:
            return self._job.rules.member_removal
        known = await self._job.learned()
        if known.removal is not None:
            return known.removal
        return next((form for form in _ORDER if form not in known.refused), MemberRemoval.PUT)

    async def as_replacement(
        self, case: Case, write: RemoveMembers, priority: Priority, turn: Turn | None
    ) -> ReplaceObject:
        """The removal as a PUT of the whole group, from what the group is now."""
        assert case.link is not None
        live = await self.read(case, priority, turn)
        gone = set(write.members)
        return ReplaceObject(
            ObjectType.GROUP,
            write.id,
            live.attributes,
            tuple(id for id in live.members or () if id not in gone),
        )

    async def is_proven(self, form: MemberRemoval) -> bool:
        """Whether the form is known to do what it should, or configured."""
        if self._job.rules.member_removal is not None:
            return True
        return (await self._job.learned()).removal is form

    async def try_another(self, form: MemberRemoval) -> bool:
        """The server refused the form. True if there is another one to try."""
        if form is MemberRemoval.PUT or await self.is_proven(form):
            return False
        await self._refuse(form)
        return True

    async def prove(self, case: Case, write: RemoveMembers, priority: Priority) -> Proof:
        """Reads the group back after the first removal of a tenant.

        The form holds if the members are gone, and the others are not gone with them. Raises
        ``Rejected`` when no form is left.
        """
        if await self.is_proven(write.form):
            return Proof(holds=True, contradiction=None)
        live = await self.read(case, priority)
        left = set(live.members or ())
        others: set[ScimId] = set(case.recorded) - set(write.members)
        if left.isdisjoint(write.members) and (not others or others & left):
            known = await self._job.learned()
            await self._job.learn(msgspec.structs.replace(known, removal=write.form))
            return Proof(holds=True, contradiction=None if left == others else live)
        await self._refuse(write.form)
        if write.form is MemberRemoval.PUT:
            raise Rejected(
                "ZSCloud",
                "remove members",
                "no known form of the request takes members out of a group",
                remedy="Take the members out in the ZSCloud portal and report the server's "
                "answers.",
            )
        return Proof(holds=False, contradiction=live)

    async def _refuse(self, form: MemberRemoval) -> None:
        known = await self._job.learned()
        refused = known.refused if form in known.refused else (*known.refused, form)
        await self._job.learn(msgspec.structs.replace(known, removal=None, refused=refused))

    async def read(self, case: Case, priority: Priority, turn: Turn | None = None) -> TargetObject:
        """The group as it is now."""
        assert case.link is not None
        id = case.link.scim_id
        return await self._sender.send(
            lambda: self._reader.get(ObjectType.GROUP, id), priority, turn
        )
