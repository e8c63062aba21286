"""When the changes of a look were made, and who told of them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from provisioning.model import Key
from provisioning.origins import Origins


class Since(msgspec.Struct, frozen=True):
    """When the changes of one look were made, in epoch seconds: ``by_key`` where Graph says so,
    else ``told``, when we were told. ``None``: no single change has brought the work. Who told of
    it is in ``origins_by_key``, else, for what is found beside that, in ``origins``.
    """

    told: float | None = None
    by_key: Mapping[Key, float] = {}
    origins: Origins = ()
    origins_by_key: Mapping[Key, Origins] = {}

    def of(self, key: Key) -> float | None:
        """When the change of a key was made."""
        return self.by_key.get(key, self.told)

    def origins_of(self, key: Key) -> Origins:
        """Who told of a key."""
        return self.origins_by_key.get(key) or self.origins
