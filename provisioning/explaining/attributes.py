"""Each attribute: from what, by which expression, with what result, and what becomes of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from provisioning.differences import same
from provisioning.drift import Treatment
from provisioning.errors import Problem
from provisioning.explaining.explanation import ExplainedAttribute
from provisioning.explaining.findings import Findings
from provisioning.mapping import AttributeSource
from provisioning.model import Attributes, CreateObject, UpdateObject
from provisioning.redaction import hidden, hidden_values
from provisioning.source_attributes import source_row


class Outcome(StrEnum):
    """What becomes of one attribute."""

    WRITTEN = "written"
    CLEARED = "cleared"
    EQUAL = "equal"
    EMPTY = "empty"
    KEPT = "kept"
    """The mapping leaves the target's value when Entra has none."""
    CREATED_ONLY = "created_only"
    UNFIT = "unfit"
    LEFT = "left"
    """It was changed in ZSCloud by hand, and DRIFT leaves that as it is."""
    NOT_SENT = "not_sent"
    """It differs, and something else keeps it from being written."""


def explained_attributes(found: Findings) -> tuple[ExplainedAttribute, ...]:
    """All mapped attributes in the order of the mapping."""
    case = found.case
    row = source_row(case.key.id, case.row.attributes, IsSoftDeleted=not case.verdict.active)
    written = written_values(found)
    return tuple(_attribute(found, source, row, written) for source in found.sources)


def written_values(found: Findings) -> Attributes:
    """The values that the principal's own requests carry, by path; ``None`` clears."""
    written: Attributes = {}
    for plan in found.rehearsed.plans:
        if isinstance(plan.write, CreateObject):
            written |= plan.write.attributes
        elif isinstance(plan.write, UpdateObject):
            written |= plan.write.values
    return written


def left_by_hand(found: Findings) -> list[str]:
    """Attributes that were changed by hand and are left so."""
    left = [a.name for a in explained_attributes(found) if a.outcome == Outcome.LEFT.value]
    return [path.rpartition(":")[2] for path in left]


def _attribute(
    found: Findings, source: AttributeSource, row: Attributes, written: Attributes
) -> ExplainedAttribute:
    path, secret = source.path, source.redacted
    mapped, link, live = found.case.mapped, found.link, found.rehearsed.live
    problem = next((p for p in mapped.problems if p.field == path), None)
    value = written.get(path, mapped.attributes.get(path))
    recorded = None if link is None else link.attributes.get(path)
    shown = None if live is None else live.attributes.get(path)
    base = recorded if live is None else shown
    read = {name: row.get(name) for name in source.attributes}
    return ExplainedAttribute(
        name=path,
        expression=source.expression,
        source=hidden_values(read, source.attributes) if secret else read,
        value=hidden(value, redacted=secret),
        recorded=hidden(recorded, redacted=secret),
        live=hidden(shown, redacted=secret),
        outcome=_outcome(found, path, base, written, problem).value,
        problem=None if problem is None else problem.message,
        remedy=None if problem is None else problem.remedy,
    )


def _outcome(
    found: Findings, path: str, base: Any, written: Attributes, problem: Problem | None
) -> Outcome:
    mapped = found.case.mapped
    if path in written:
        return Outcome.CLEARED if written[path] is None else Outcome.WRITTEN
    if problem is not None:
        return Outcome.UNFIT
    wanted = mapped.attributes.get(path)
    if wanted is None:
        return Outcome.EMPTY if base in (None, "") else _unwanted(found, path)
    if same(base, wanted):
        return Outcome.EQUAL
    if _left(found, path):
        return Outcome.LEFT
    there = found.link is not None or found.rehearsed.live is not None
    return Outcome.CREATED_ONLY if there and path in mapped.create_only else Outcome.NOT_SENT


def _unwanted(found: Findings, path: str) -> Outcome:
    if path in found.case.mapped.keep:
        return Outcome.KEPT
    return Outcome.LEFT if _left(found, path) else Outcome.NOT_SENT


def _left(found: Findings, path: str) -> bool:
    """Whether the record is as it should be, and only hands have made it other."""
    if found.link is None or found.rehearsed.live is None:
        return False
    recorded = found.link.attributes.get(path)
    as_written = same(recorded, found.case.mapped.attributes.get(path))
    return as_written and found.drift.of(path) is Treatment.LEAVE
