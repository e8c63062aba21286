"""How much of what a test means to try is tried: with the suite little, with ``THOROUGH=1`` all."""

from __future__ import annotations

import os

THOROUGH = os.environ.get("THOROUGH") == "1"


def examples(few: int, meant: int) -> int:
    """The number of examples for a property: ``meant`` with ``THOROUGH=1``."""
    return meant if THOROUGH else few
