"""What ZSCloud has done of a plan: one request, with what was answered to it."""

from __future__ import annotations

import msgspec

from provisioning.model import TargetObject
from provisioning.plan import Planned


class Executed(msgspec.Struct, frozen=True):
    """A planned request that was executed. How it was carried does not matter to the record.

    ``answer`` is the object as ZSCloud gave it back, or as it was found afterwards; ``None`` where
    nothing was given back. ``took`` is seconds, from the send to the answer.
    """

    plan: Planned
    answer: TargetObject | None
    took: float = 0.0
