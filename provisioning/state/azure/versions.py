"""Which version of which entity was seen last, so that it need not be read again to be replaced.

What is remembered may be out of date. It is only ever used to send a request that fails if it is:
that a row is *not* there, or has another value, is never believed from memory.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from provisioning.state.azure.partitions import Place

MOST = 20_000
"""Entities remembered, at about 600 bytes each."""


class Version(NamedTuple):
    """An entity's etag, and the digest of the value that it had then."""

    etag: str
    digest: bytes


class Versions:
    """The versions seen last, the latest ``most`` of them."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._seen: OrderedDict[Place, Version] = OrderedDict()

    def note(self, place: Place, version: Version) -> None:
        """The entity was seen, or written."""
        self._seen[place] = version
        self._seen.move_to_end(place)
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)

    def forget(self, place: Place) -> None:
        """The entity is gone, or not what was remembered."""
        self._seen.pop(place, None)

    def get(self, place: Place) -> Version | None:
        """What was seen last."""
        return self._seen.get(place)
