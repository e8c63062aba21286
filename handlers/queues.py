"""The work queue: its name, and its message as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

WORK = "provisioning-work"
POISON = f"{WORK}-poison"
"""Where the host puts a message that failed ``maxDequeueCount`` times (Azure Queue trigger)."""

STORAGE = "AzureWebJobsStorage"

_KINDS = ("initial", "incremental", "reconcile")
_TYPES: Mapping[str, type] = {"cycle_id": str, "kind": str, "dry_run": bool, "generation": int}


@dataclass(frozen=True, slots=True)
class WorkMessage:
    """Wakes the worker for a cycle.

    It holds no facts: the cycle's record says what there is to do. ``generation`` counts the
    continuations; 0 is the message that began the cycle, or that a timer put there again.
    """

    cycle_id: str
    kind: str
    dry_run: bool
    generation: int = 0

    def next(self) -> WorkMessage:
        """The continuation of this message."""
        return WorkMessage(self.cycle_id, self.kind, self.dry_run, self.generation + 1)

    def encode(self) -> str:
        """The message as text."""
        return json.dumps(asdict(self))


def message_for(cycle: Mapping[str, Any]) -> WorkMessage:
    """The first message for a cycle document."""
    return WorkMessage(cycle["cycle_id"], cycle["kind"], cycle["dry_run"])


def decode_message(body: bytes) -> WorkMessage:
    """The message of a body. Raises ``ValueError`` that names what is wrong with it."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ValueError(f"the message is no JSON: {error}") from error
    if not isinstance(document, dict):
        found = type(document).__name__
        raise ValueError(f"the message is no JSON object but {found}")  # noqa: TRY004 - one kind
    if document.keys() != _TYPES.keys():
        names = ", ".join(sorted(document.keys() ^ _TYPES.keys()))
        raise ValueError(f"the message lacks, or should not have: {names}")
    for name, expected in _TYPES.items():
        # In Python a truth value is a whole number too; in JSON it is none.
        if type(document[name]) is not expected:
            raise ValueError(f"{name} is no {expected.__name__}: {document[name]!r}"[:200])
    if document["kind"] not in _KINDS:
        raise ValueError(f"kind is none of {', '.join(_KINDS)}: {document['kind']!r}"[:200])
    return WorkMessage(**document)
