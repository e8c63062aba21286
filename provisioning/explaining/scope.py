"""Scope: what brings the principal in, what leaves it out, and what happens to who leaves."""

from __future__ import annotations

from typing import Any

from provisioning.explaining.explanation import (
    ExplainedClause,
    ExplainedGroup,
    ExplainedPath,
    ExplainedStep,
    StepStatus,
)
from provisioning.explaining.findings import Direct, Findings
from provisioning.explaining.words import clock_time, moment, quoted
from provisioning.scope import Reason
from provisioning.scoping import GroupVerdict

_NULL = (
    "A clause about an attribute without a value is false, whatever it asks: give the attribute a "
    "value in Entra, or add a group of clauses with IS NULL to the filter."
)


def scope_step(found: Findings) -> ExplainedStep:
    """Whether the principal is to have access, and by what."""
    verdict = found.case.verdict
    detail = verdict.sentence
    if verdict.active:
        detail += _roles(found.paths)
    elif found.link is not None:
        detail += f" {found.setting}={found.policy.value} says what becomes of its object."
    if found.waiting.young is not None:
        when = clock_time(found.waiting.young)
        detail += f" An assignment has gone, but is too young to be believed gone until {when}."
    return ExplainedStep("scope", _status(found), detail, _remedy(found), _facts(found))


def explained_paths(found: Findings) -> tuple[ExplainedPath, ...]:
    """All ways into scope, also those that do not count."""
    return tuple(
        ExplainedPath(path.role, path.counts, path.groups, _sentence(path)) for path in found.paths
    )


def explained_filter(found: Findings) -> tuple[ExplainedGroup, ...]:
    """The scoping filter, clause by clause."""
    if found.filter is None:
        return ()
    return tuple(_group(group) for group in found.filter.groups)


def _status(found: Findings) -> StepStatus:
    if found.case.verdict.undecided:
        return StepStatus.FAILURE
    return StepStatus.SUCCESS if found.case.verdict.active else StepStatus.SKIPPED


def _roles(paths: tuple[Direct, ...]) -> str:
    roles = dict.fromkeys(path.role for path in paths if path.counts)
    if not roles:
        return ""
    return f" App role{'s' if len(roles) > 1 else ''}: {quoted(roles)}."


def _remedy(found: Findings) -> str | None:
    verdict = found.case.verdict
    if verdict.active:
        return None
    remedy = verdict.remedy
    if verdict.reason is Reason.UNASSIGNED and found.nested:
        return (
            f"{remedy} The assigned groups {quoted(found.nested)} have groups within, whose "
            "members NESTED_GROUPS=direct does not bring in; NESTED_GROUPS=transitive does."
        )
    if verdict.left_out and _for_want_of_a_value(found):
        return _NULL
    return remedy


def _for_want_of_a_value(found: Findings) -> bool:
    decisive = found.filter.decided_by if found.filter is not None else ()
    return any(clause.because_null for clause in decisive)


def _facts(found: Findings) -> dict[str, Any]:
    verdict = found.case.verdict
    facts: dict[str, Any] = {"reason": verdict.reason.value, "assigned": verdict.assigned}
    if not verdict.active and not verdict.undecided:
        facts |= {"setting": found.setting, "policy": found.policy.value}
    if found.waiting.young is not None:
        facts["believed_gone_at"] = moment(found.waiting.young)
    return facts


def _sentence(path: Direct) -> str:
    if path.groups:
        within = " in ".join(f"'{name}'" for name in path.groups)
        way = f"Member of the assigned group {within}"
    else:
        way = "Assigned directly"
    tail = "" if path.counts else ", which DEFAULT_ACCESS=exclude leaves out"
    return f"{way}, app role '{path.role}'{tail}."


def _group(group: GroupVerdict) -> ExplainedGroup:
    clauses = tuple(
        ExplainedClause(
            attribute=clause.attribute,
            operator=clause.operator,
            operand=clause.operand,
            seen=clause.seen,
            outcome=clause.outcome.value,
            because_null=clause.because_null,
            sentence=clause.sentence,
            at=clause.at,
        )
        for clause in group.clauses
    )
    return ExplainedGroup(group.name, group.outcome.value, clauses)
