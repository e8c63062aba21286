"""The look before a delete that has waited: at the principal in Entra, and at its object.

Days lie between the decision and the delete, and a delete cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from provisioning.apply.finding.matching import Matching
from provisioning.apply.recording.outcome import Recorder
from provisioning.case import Case
from provisioning.errors import NotFound
from provisioning.lanes import WorkItem
from provisioning.model import NAME_PATH, DeleteObject, Link, TargetObject
from provisioning.plan import Planned
from provisioning.scope import GroupGraph

StillLeaves = Callable[[Case, GroupGraph], Awaitable[bool]]
"""Whether Entra, read just now, shows the principal as one that leaves, in the same way."""


class LastLook:
    """Looks once for each item. Without ``still_leaves`` Entra has been read by the caller."""

    def __init__(
        self, matching: Matching, recorder: Recorder, still_leaves: StillLeaves | None
    ) -> None:
        self._matching = matching
        self._recorder = recorder
        self._still_leaves = still_leaves
        self._done: set[str] = set()

    def is_wanted(self, case: Case, plans: Sequence[Planned], item: WorkItem) -> bool:
        """Whether the plans delete what has waited, and nobody has looked yet."""
        waited = case.link is not None and case.link.leaving_since is not None
        deletes = any(isinstance(plan.write, DeleteObject) for plan in plans)
        return waited and deletes and item.generation not in self._done

    async def look(self, case: Case, item: WorkItem, graph: GroupGraph) -> bool:
        """False if nothing is to be deleted: the outcome is recorded then. Else it is planned
        anew, with what was found.
        """
        assert case.link is not None
        self._done.add(item.generation)
        if self._still_leaves is not None and not await self._still_leaves(case, graph):
            await self._recorder.moved_on(item, case)
            return False
        try:
            found = await self._matching.by_id(case.key.type, case.link.scim_id, item.urgency)
        except NotFound:
            await self._recorder.vanished(item, case)
            return True
        if is_same_object(case.link, found):
            await self._recorder.refreshed(item, case, found)
        else:
            await self._recorder.taken(item, case)
        return True


def is_same_object(link: Link, found: TargetObject) -> bool:
    """Whether the object is still the one that was linked: by its externalId, else by its name.

    Either alone may be edited by hand, or left out by the server; both changed is somebody else.
    """
    for path in ("externalId", NAME_PATH[found.type]):
        before, now = link.attributes.get(path), found.attributes.get(path)
        if before and now and str(before).casefold() == str(now).casefold():
            return True
    return False
