"""What is told of a cycle: the part that one execution does of it, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from provisioning.instrumentation import Telemetry
from provisioning.record import OPEN, CycleRecord


@contextmanager
def told(telemetry: Telemetry, record: CycleRecord, *, dry_run: bool) -> Iterator[None]:
    """Tells that the body works on a cycle; at its end, what came of it. A dry run does nothing
    that would count.
    """
    with telemetry.cycle(record.cycle_id, record.kind.value) as part:
        try:
            yield
        finally:
            part.ended(record.status.value)
        if telemetry.collects and not dry_run and record.status not in OPEN:
            _tell_end(telemetry, record)


def _tell_end(telemetry: Telemetry, record: CycleRecord) -> None:
    facts: dict[str, str | int] = {
        "cycle_id": record.cycle_id,
        "done": record.done,
        "left": record.left,
        **msgspec.to_builtins(record.counts),
        "graph_requests": record.requests.graph,
        "scim_requests": record.requests.scim,
        "throttled": record.requests.throttled,
    }
    if record.error_code is not None:
        facts["error_code"] = record.error_code
    took = max(0.0, (record.finished or record.started) - record.started)
    telemetry.cycle_ended(record.kind.value, record.status.value, took, facts)
