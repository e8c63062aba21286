"""Who stands back for whom: in one drain, newcomers wait for the holders of the names they want."""

from __future__ import annotations

from enum import StrEnum

from provisioning.apply.naming import Blocked
from provisioning.model import Key


class Step(StrEnum):
    """What follows when a name is held."""

    WAIT = "wait"
    """The holder goes first."""
    GIVE_UP = "give_up"
    """The holder is out of use, and takes a name of its own first."""
    RING = "ring"
    """Each waits for the next, all round: the newcomer takes a name of its own for a while."""
    HOPELESS = "hopeless"
    """The holder had its turn and has the name still: waiting on would never end."""


class StandingBack:
    """The waits of one drain."""

    def __init__(self) -> None:
        self._holders: dict[Key, Key] = {}
        self._waited: set[tuple[Key, Key]] = set()
        self._gave_up: set[Key] = set()
        self._twice: set[Key] = set()
        """Whose next work is a name of its own, and then its work itself."""

    def __contains__(self, key: Key) -> bool:
        """Whether the key waits for another."""
        return key in self._holders

    def blocked(self, key: Key, by: Blocked) -> Step:
        """Notes that the key wants a name that is held; what follows."""
        on = holder = by.holder
        while on in self._holders and on != key:
            on = self._holders[on]
        if on == key:
            self._twice.add(key)
            return Step.RING
        gives_up = by.gives_up and holder not in self._gave_up
        if (key, holder) in self._waited and not (gives_up or by.under_way):
            return Step.HOPELESS
        self._holders[key] = holder
        return Step.GIVE_UP if gives_up else Step.WAIT

    def give_up_waiting(self) -> None:
        """Nobody who is waited for has any work: who waits may try again, once."""
        self._waited.update(self._holders.items())
        self._gave_up.update(self._holders.values())
        self._holders.clear()

    def giving_up(self, holder: Key) -> None:
        """The holder is about to give its name up, once in a drain."""
        self._gave_up.add(holder)
        self._twice.add(holder)

    def worked(self, key: Key) -> None:
        """The key's work is done for now: those who wait for it may try again, once."""
        if key in self._twice:
            self._twice.discard(key)
        elif key not in self._holders:
            for waiting in [one for one, other in self._holders.items() if other == key]:
                del self._holders[waiting]
                self._waited.add((waiting, key))
