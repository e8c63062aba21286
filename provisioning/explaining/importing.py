"""Import: what Entra shows now, beside what the last look stored."""

from __future__ import annotations

from typing import Any

from provisioning.explaining.explanation import ExplainedStep, StepStatus
from provisioning.explaining.findings import Findings
from provisioning.explaining.words import clock_time, moment
from provisioning.model import MirrorGroup, MirrorUser, Presence

_PRESENCE = {
    Presence.PRESENT: "is there",
    Presence.SOFT_DELETED: "was deleted, and can be restored",
    Presence.GONE: "is deleted for good",
}


def import_step(found: Findings) -> ExplainedStep:
    """What is known of the principal itself."""
    row = found.case.row
    facts: dict[str, Any] = {
        "entra": _facts(row),
        "stored": None if found.known is None else _facts(found.known),
        "differs": _differing(row, found.known),
    }
    if found.distrusted is not None:
        detail = f"Entra's answer is not believed: {found.distrusted.sentence}"
        return ExplainedStep(
            "import", StepStatus.FAILURE, detail, found.distrusted.remedy or None, facts
        )
    state = _PRESENCE[row.presence]
    if isinstance(row, MirrorUser) and row.presence is Presence.PRESENT:
        state += " and enabled" if row.enabled else ", and its account is disabled"
    detail = f"Read from Entra just now: it {state}. {_stored(found, facts['differs'])}"
    return ExplainedStep("import", StepStatus.SUCCESS, detail, None, facts)


def _stored(found: Findings, differs: list[str]) -> str:
    if found.known is None:
        return "No look has stored it so far."
    when = clock_time(found.known.read_at)
    if not differs:
        return f"That is what was stored, last read {when}."
    return (
        f"What is stored, last read {when}, differs in {', '.join(differs)}: "
        "the next look takes that in."
    )


def _facts(row: MirrorUser | MirrorGroup) -> dict[str, Any]:
    facts: dict[str, Any] = {"presence": row.presence.value, "read_at": moment(row.read_at)}
    if isinstance(row, MirrorUser):
        facts["enabled"] = row.enabled
    return facts


def _differing(now: MirrorUser | MirrorGroup, known: MirrorUser | MirrorGroup | None) -> list[str]:
    if known is None:
        return []
    names = sorted({*now.attributes, *known.attributes})
    differs = [n for n in names if now.attributes.get(n) != known.attributes.get(n)]
    parts = {"roles": "assignments", "groups": "memberships", "presence": "presence"}
    parts["enabled"] = "accountEnabled"
    differs += [word for field, word in parts.items() if _of(now, field) != _of(known, field)]
    return differs


def _of(row: MirrorUser | MirrorGroup, field: str) -> Any:
    value = getattr(row, field, None)
    return sorted(value) if isinstance(value, tuple | dict) else value
