"""What is ready to be worked on, and whose turn it is: most urgent first, users before groups."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from provisioning.apply.standing_back import StandingBack
from provisioning.in_flight import InFlight
from provisioning.lanes import Lane, Rank, WorkItem
from provisioning.model import ObjectType


class Ready:
    """The items of one drain that nobody works on yet. ``may_refer`` says whether a write may name
    what another one of its request creates.
    """

    def __init__(
        self, active: InFlight, standing_back: StandingBack, may_refer: Callable[[], bool]
    ) -> None:
        self._active = active
        self._standing_back = standing_back
        self._may_refer = may_refer
        self.items: dict[str, WorkItem] = {}
        """By their position in the work set."""
        self.unannounced = False
        """Whether there are items among them that nothing was read ahead for."""
        self._looked_in_vain = False
        """Whether all of them stood back, and nothing has begun since a look for more."""

    def add(self, item: WorkItem) -> None:
        """Another one, or one that is known already."""
        if self.items.setdefault(item.position, item) is item:
            self.unannounced = True

    def announced(self) -> list[WorkItem]:
        """All of them, for whoever reads ahead for them now."""
        self.unannounced = False
        return list(self.items.values())

    def clear(self) -> None:
        """Nobody begins any more."""
        self.items.clear()

    def begin(self, window: int, work: Callable[[WorkItem], Coroutine[Any, Any, None]]) -> None:
        """Begins with all whose turn it is: as many as there are at once, but for urgent ones."""
        first: dict[Lane, Lane | None] = {}
        for position in sorted(self.items):
            item = self.items[position]
            if len(self._active) >= window and item.lane > Lane.ON_DEMAND:
                return
            if item.key in self._active or self._waits(item, first):
                continue
            del self.items[position]
            self._looked_in_vain = False
            self._active.start(item, work(item))

    def waits_in_vain(self) -> bool:
        """Asked when nothing is under way: whether all of them stand back, and a look for more has
        brought nothing to begin with. Then nobody is waited for any more; else a look is due.
        """
        if self.items and self._looked_in_vain:
            self._standing_back.give_up_waiting()
            return True
        self._looked_in_vain = bool(self.items)
        return False

    def _waits(self, item: WorkItem, first: dict[Lane, Lane | None]) -> bool:
        """Users go before the groups of their lane: their ids are wanted there. ``first`` keeps for
        each lane what is found when its first group is looked at, after its users.
        """
        if item.key in self._standing_back:
            return True
        if item.rank < Rank.GROUPS:
            return False
        if item.lane not in first:
            first[item.lane] = self._first_users()
        users = first[item.lane]
        return users is not None and users <= item.lane

    def _first_users(self) -> Lane | None:
        """The most urgent lane that has users in flight or ready. Those in flight do not count
        where a group may travel with them.
        """
        active = [] if self._may_refer() else self._active.items
        items = [*active, *self.items.values()]
        return min((item.lane for item in items if item.key.type is ObjectType.USER), default=None)
