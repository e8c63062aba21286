"""Whether one object cannot be reached, or ZSCloud cannot. Pure.

A server that is away fails whoever is tried; one object may fail alone, time and again.
"""

from __future__ import annotations

from enum import Enum

from provisioning.errors import NotReached, RemoteError
from provisioning.model import Key

_UNREACHED = 2
"""Tries of one object that may fail for that, until it is set aside."""

_OUTAGE = 5
"""Objects that fail in a row because ZSCloud cannot be reached, until the drain stops."""


class Follow(Enum):
    """What becomes of an object that could not be reached."""

    LATER = "later"
    """It stays where it is."""
    SET_ASIDE = "set aside"
    """It alone cannot be reached."""
    END = "end"
    """Nobody can."""


class Outage:
    """Who could not be reached in this drain, and how many of them in a row."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._missed: dict[Key, int] = {}

    def got_through(self) -> None:
        """Somebody's work has come to its end."""
        self._in_a_row = 0

    def missed(self, key: Key, error: RemoteError) -> Follow:
        """The work of a key has failed because ZSCloud could not be reached."""
        self._in_a_row += 1
        self._missed[key] = self._missed.get(key, 0) + 1
        if self._in_a_row >= _OUTAGE:
            return Follow.END
        if self._missed[key] <= _UNREACHED:
            return Follow.LATER
        if isinstance(error, NotReached) and self._in_a_row > _UNREACHED:
            # Nobody is there, and nobody else got through: that is no fault of this object's.
            return Follow.END
        return Follow.SET_ASIDE
