"""What many runs came to: a table, and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from tests.soak.script import Script
from tests.soak.week import Result

_WEEK = 168.0
_FAULTS = ("fault", "renewals_fail", "store_down", "queue_down", "expire_tokens",
           "subscription_lost", "message_twice", "message_lost", "message_late",
           "lose_state")  # fmt: skip
_KILLS = ("kill_step", "kill_write", "kill_request")
_PAUSES = ("pause", "pause_request")
_OPERATORS = ("on_demand", "on_demand_group", "reconcile", "cycle", "approve", "reject",
              "retry_now", "dry_run", "stop", "start", "restart")  # fmt: skip


class Total(msgspec.Struct):
    """The sum of runs."""

    runs: int = 0
    weeks: float = 0.0
    events: int = 0
    faults: int = 0
    kills: int = 0
    pauses: int = 0
    hand_edits: int = 0
    operator_actions: int = 0
    rehearsals: int = 0
    stops: int = 0
    restarts: int = 0
    lost_states: int = 0
    zscloud_requests: int = 0
    batches: int = 0
    deletes: int = 0
    graph_requests: int = 0
    ticks: int = 0
    messages: int = 0
    wall_seconds: float = 0.0
    failed: int = 0

    def add(self, result: Result) -> None:
        """Adds a run."""
        done = Counter(result.done)
        self.runs += 1
        self.weeks += result.hours / _WEEK
        self.events += sum(done.values()) - done["not possible"]
        self.faults += sum(done[kind] for kind in _FAULTS)
        self.kills += sum(done[kind] for kind in _KILLS)
        self.pauses += sum(done[kind] for kind in _PAUSES)
        self.hand_edits += sum(count for kind, count in done.items() if kind.startswith("hand_"))
        self.operator_actions += sum(done[kind] for kind in _OPERATORS)
        self.rehearsals += done["rehearse"]
        self.stops += done["stop"]
        self.restarts += done["restart"]
        self.lost_states += done["lose_state"]
        self.batches += result.batches
        self.deletes += result.deletes
        self.zscloud_requests += sum(result.requests.values())
        self.graph_requests += result.graph_requests
        messages = sum(n for name, n in result.ticks.items() if name.startswith("provisioning"))
        self.messages += messages
        self.ticks += sum(result.ticks.values()) - messages
        self.wall_seconds += result.wall_seconds
        self.failed += bool(result.violations)


def table(total: Total) -> str:
    """The sum, for people."""
    rows: list[tuple[str, Any]] = [
        (name.replace("_", " "), getattr(total, name)) for name in Total.__struct_fields__
    ]
    width = max(len(name) for name, _ in rows)
    shown = [f"{v:,.1f}" if isinstance(v, float) else f"{v:,}" for _, v in rows]
    right = max(map(len, shown))
    return "\n".join(
        f"{name:<{width}}  {value:>{right}}" for (name, _), value in zip(rows, shown, strict=True)
    )


def told(script: Script, result: Result) -> str:
    """A run that failed: its script, as far as it went, and what was broken."""
    setting = " ".join(
        f"{n}={getattr(script.setting, n)}" for n in script.setting.__struct_fields__
    )
    lines: Sequence[str] = [
        f"seed {script.seed}, {script.hours:g} hours: {setting}",
        *(str(event) for event in script.events),
        *(f"BROKEN: {violation}" for violation in result.violations[:5]),
    ]
    return "\n".join(lines)
