"""What an expression may know beyond the object: given by the caller, never looked up here."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Surroundings(msgspec.Struct, frozen=True):
    """The time of the cycle in UTC, and what random values are derived from.

    ``seed`` is made of the job, the object and the target attribute, so that an object gets the
    same value each time, and another one for another attribute.
    ``default_domain`` is the tenant's. What is not given, no function can use: one that needs it
    fails for the object.
    """

    now: datetime | None = None
    seed: bytes | None = None
    default_domain: str | None = None


UNKNOWN = Surroundings()
"""Nothing is known."""
