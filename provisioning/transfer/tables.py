"""What of a job's tables an export has. Every table that is not named here is exported."""

from __future__ import annotations

from provisioning.forgetting import FATES

LOG = ("log", "log_principal", "log_attention", "cycle_changes")
"""What was done, and the plans of dry runs: exported if that is asked for."""

_STAYS = frozenset({"wake", "doctor"})
"""``wake`` numbers messages of a queue that the other store does not have: there the next tick of a
timer begins anew. ``doctor`` is a row that is taken out again at once."""

NEWEST_FIRST = frozenset({"log", "log_principal", "log_attention", "cycle"})
"""Read from their end, as Azure stores them: in the other direction each page costs a read of the
whole table (``state.azure.partitions``)."""


def exported(*, with_log: bool) -> tuple[str, ...]:
    """The tables of an export, in their order."""
    left_out = _STAYS if with_log else _STAYS.union(LOG)
    return tuple(table for table in FATES if table not in left_out)
