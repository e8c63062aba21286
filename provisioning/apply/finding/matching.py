"""Finding the ZSCloud object of a principal that has no link.

For bulk work the list is read once instead of one filter for each object. A listed row that was
read before the key's own last write is void.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from provisioning.apply.evidence import place_of
from provisioning.apply.finding.listing import PAGE, SETTLED, SEVERAL, Lists, check_pager
from provisioning.apply.finding.sightings import Sightings
from provisioning.apply.sending.pacer import Priority
from provisioning.apply.sending.sender import Sender, Stopped
from provisioning.case import Case
from provisioning.errors import (
    DuplicateTarget,
    LeaseUnavailable,
    NotFound,
    Rejected,
    RemoteError,
)
from provisioning.job import Job
from provisioning.links import Intent
from provisioning.model import (
    NAME_PATH,
    Attributes,
    ObjectType,
    ScimId,
    TargetObject,
    Write,
    folded,
    name_key,
    value_key,
)
from provisioning.ports import TargetReader

_URGENT = (1, 0)

_SEEN_LATELY = 10.0
"""Seconds for which a list that was there is taken to be there."""


class Matching:
    """Looks for objects by name and by externalId, in the list or by filter."""

    def __init__(self, job: Job, sender: Sender, reader: TargetReader) -> None:
        self._job = job
        self._sender = sender
        self._reader = reader
        self._lists = Lists(job, sender, reader)
        self._written: dict[ScimId, Attributes | None] = {}
        self._seen_at = float("-inf")
        self._sightings = Sightings(job.clock)

    async def prepare(
        self,
        type: ObjectType,
        unlinked: Callable[[int], Awaitable[int]],
        cycle_id: str,
        *,
        whole: bool = False,
    ) -> None:
        """Reads the list, if that is cheaper than one filter for each of the unlinked keys; in any
        case if it is wanted ``whole``.

        ``unlinked`` counts them, up to the number that it is given: there may be a million.
        """
        listing = await self._lists.of_cycle(type, cycle_id)
        if listing is not None and not await self._lists.is_void(listing, type):
            return
        if not whole and await unlinked(2) < 2:
            return
        began = self._job.clock.time()
        first = await self._lists.page(type, 1)
        further = -(-max(0, first.total - len(first.objects)) // max(1, len(first.objects) or PAGE))
        ways = len(self._job.mapping(type).matching)
        if not whole and further >= await unlinked(further + 1) * ways:
            return
        await self._lists.store(type, first, began, cycle_id)

    async def find(
        self, case: Case, intent: Intent | None, cycle_id: str, priority: Priority
    ) -> TargetObject | None:
        """The object that matches an unlinked principal, by the first matching attribute that
        finds one. Raises ``DuplicateTarget`` when that finds several.

        A key with an open intent is looked for under that name first, then under its present one.
        """
        listing = await self._lists.of_cycle(case.key.type, cycle_id)
        if listing is not None and (intent is None or intent.at + SETTLED < listing.began):
            return await self._from_listing(case, priority)
        if intent is not None and intent.name != case.mapped.name:
            found = await self.by_name(case.key.type, intent.name, priority)
            if found is not None and await self._made_for(case, found):
                return found
        former = await self._former(case, cycle_id, priority)
        if former is not None:
            return former
        for path, value in case.mapped.matches:
            found = await self._by_value(case.key.type, path, value, priority)
            if found is not None:
                return found
        return None

    async def _former(self, case: Case, cycle_id: str, priority: Priority) -> TargetObject | None:
        """The object that has the externalId of the principal, whatever both are called by now.

        The list that a rebuild has read tells of it, and is remembered: who is not in it had none.
        Before there is one ZSCloud is asked, for a user by a filter. For a group the list is read:
        a filter of groups by externalId is not documented (Zscaler: SCIM API).
        """
        type, id = case.key.type, case.key.id
        if case.mapped.attributes.get("externalId") != id:
            return None
        if not await self._lists.any(type):
            if type is ObjectType.USER:
                with contextlib.suppress(Rejected):  # A server that has no such filter.
                    return await self._by_value(type, "externalId", id, priority)
                return None
            await self._lists.read_if_none(type, cycle_id, priority)
        place = await self._lists.place_of(type, id)
        listed = await self._at(type, place) if place else None
        if listed is None:
            return None
        try:
            found = await self.by_id(type, listed.id, priority)
        except NotFound:
            return None
        return found if found.attributes.get("externalId") == id else None

    async def _made_for(self, case: Case, found: TargetObject) -> bool:
        """Whether an object under the name of an open intent is what that intent made."""
        external = found.attributes.get("externalId")
        if external is not None:
            return bool(external == case.key.id)
        return await self._job.links.owner(found.id) is None

    async def by_name(self, type: ObjectType, name: str, priority: Priority) -> TargetObject | None:
        """The object of that name, by filter. Raises ``DuplicateTarget`` when there are several."""
        seen = self._sightings.by_name(type, name)
        if seen is not None:
            return seen[0] if seen else None
        return await self._by_value(type, NAME_PATH[type], name, priority)

    async def any_answer(self, priority: Priority) -> None:
        """Asks for nobody in particular: raises what the token is refused with, if it is."""
        nobody = f"{self._job.ids.new()}@example.com"
        user = ObjectType.USER
        await self._sender.send(lambda: self._reader.find(user, NAME_PATH[user], nobody), priority)

    async def survey(self, writes: Sequence[Write]) -> None:
        """Looks for the users of a batch without an answer in the list, if that has fewer pages
        than they are. Groups are looked at one by one: a list may leave members out.
        """
        user = ObjectType.USER
        lost = [one for one in writes if place_of(one)[0] is user]
        try:
            listed = await self._listed(user, lost) if len(lost) > 1 else None
        except (RemoteError, Stopped, LeaseUnavailable):
            return  # Each is looked for by itself then.
        if listed is not None:
            self._sightings.note(user, lost, listed)

    async def _listed(self, type: ObjectType, lost: Sequence[Write]) -> list[TargetObject] | None:
        page, read, seen = await self._lists.page(type, 1, _URGENT), 0, set[ScimId]()
        if page.total > len(lost) * len(page.objects):
            return None
        concerned: list[TargetObject] = []
        while page.objects:
            check_pager(type, page.objects, seen)
            concerned += Sightings.concerned(type, lost, page.objects)
            read += len(page.objects)
            if read >= page.total:
                break
            page = await self._lists.page(type, read + 1, _URGENT)
        return concerned if read >= page.total else None

    async def _by_value(
        self, type: ObjectType, path: str, value: str, priority: Priority
    ) -> TargetObject | None:
        found = await self._sender.send(lambda: self._reader.find(type, path, value), priority)
        supposed = [each for o in found if (each := self._supposed(o, path, value)) is not None]
        if len(supposed) > 1:
            raise several(type, path, value, supposed)
        return supposed[0] if supposed else None

    def suppose(self, id: ScimId, values: Attributes | None) -> None:
        """In a dry run: the object would have these values by now, or (``None``) be gone."""
        before = self._written.get(id, {})
        self._written[id] = None if values is None or before is None else {**before, **values}

    def _supposed(self, found: TargetObject, path: str, value: str) -> TargetObject | None:
        """What the object would be by now, if it still had the value."""
        now = self._as_supposed(found)
        if now is None or now is found:
            return now
        has_it = folded(str(now.attributes.get(path, ""))) == folded(value)
        return now if has_it else None

    def _as_supposed(self, found: TargetObject) -> TargetObject | None:
        """What the object would be by now; ``None`` if it would be gone."""
        if found.id not in self._written:
            return found
        values = self._written[found.id]
        if values is None:
            return None
        attributes = {p: v for p, v in {**found.attributes, **values}.items() if v is not None}
        return msgspec.structs.replace(found, attributes=attributes)

    async def by_id(self, type: ObjectType, id: ScimId, priority: Priority) -> TargetObject:
        """The object as it is now. Raises ``NotFound``, and ``EndpointGone`` when it is not the
        object that is gone.
        """
        if seen := self._sightings.by_id(id):
            return seen[0]
        try:
            return await self._sender.send(lambda: self._reader.get(type, id), priority)
        except NotFound:
            await self._endpoint_is_there(type, priority)
            raise

    async def once_more(self, found: TargetObject, priority: Priority) -> TargetObject | None:
        """What was found, as it is now; ``None`` if it is gone."""
        try:
            return self._as_supposed(await self.by_id(found.type, found.id, priority))
        except NotFound:
            return None

    async def _endpoint_is_there(self, type: ObjectType, priority: Priority) -> None:
        """Before a 404 ends a link: the list must be there, or nothing is known of the object."""
        now = self._job.clock.monotonic()
        if now - self._seen_at < _SEEN_LATELY:
            return
        await self._sender.send(lambda: self._reader.page(type, 1, 1), priority)
        self._seen_at = now

    async def _from_listing(self, case: Case, priority: Priority) -> TargetObject | None:
        """By externalId, which may be ours from before; then as by filter."""
        type = case.key.type
        external = await self._lists.place_of(type, case.key.id)
        if external:
            return await self._at(type, external)
        for path, value in case.mapped.matches:
            place = await self._place(type, path, value)
            if place == SEVERAL:
                return await self._by_value(type, path, value, priority)
            found = await self._at(type, place) if place else None
            if found is not None:
                return found
        return None

    async def _place(self, type: ObjectType, path: str, value: str) -> str | None:
        """The place in the list of the object that has the value."""
        if path == NAME_PATH[type]:
            return name_key(type, value)
        if path == "externalId":
            return await self._lists.place_of(type, value)
        return await self._job.listing_value.get(value_key(type, path, value))

    async def _at(self, type: ObjectType, place: str) -> TargetObject | None:
        found = await self._lists.by_name(place)
        name = NAME_PATH[type]
        return found and self._supposed(found, name, str(found.attributes.get(name)))


def several(type: ObjectType, path: str, value: str, found: list[TargetObject]) -> DuplicateTarget:
    """The error that names them all."""
    ids = ", ".join(sorted(each.id for each in found))
    return DuplicateTarget(
        "ZSCloud",
        f"GET /{type.value.capitalize()}s by {path}",
        f"{len(found)} objects have the {path} {value!r}: {ids}",
        remedy="Delete or rename all but one of them in the ZSCloud portal.",
    )
