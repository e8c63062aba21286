"""The messages of the work queue: a wake-up, or a dry run. Each is one JSON object."""

from __future__ import annotations

from dataclasses import dataclass

WORK = "provisioning-work"

POISON = f"{WORK}-poison"
"""Where the host puts a message that failed ``maxDequeueCount`` times (Azure Queue trigger)."""

HINTS = "provisioning-hints"

HINTS_POISON = f"{HINTS}-poison"

STORAGE = "AzureWebJobsStorage"

_EXAMPLE = '{"generation": 7} or {"dry_run": "<cycle id>"}'


@dataclass(frozen=True, slots=True)
class WakeUp:
    """There is work. ``generation`` numbers the wake-ups: an older one does not count."""

    generation: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """A dry run was asked for; ``cycle_id`` is its record."""

    cycle_id: str


def decode_message(body: bytes) -> WakeUp | DryRun:
    """The message of a body. Raises ``ValueError`` that says what is wrong with it."""
    import msgspec

    try:
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the message is no JSON: {error}") from error
    match document:
        case {"generation": int(number), **rest} if not rest and type(number) is int:
            return WakeUp(number)
        case {"dry_run": str(cycle_id), **rest} if not rest:
            return DryRun(cycle_id)
    raise ValueError(f"the message is not {_EXAMPLE}: {body[:200]!r}")
