"""What is logged of the requests that were answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as it was answered. ``status`` 0 is a dropped connection.

    ``time`` is seconds since the epoch when it arrived, ``units`` its resource units, ``batched``
    that it came inside a batch.
    """

    time: float
    method: str
    path: str
    query: Mapping[str, str]
    status: int
    units: int
    batched: bool = False
