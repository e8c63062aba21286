"""From what was read to what is told: the five steps, and one sentence on top."""

from __future__ import annotations

from provisioning.explaining.action import action_step, changes_of, explained_members
from provisioning.explaining.attributes import explained_attributes
from provisioning.explaining.explanation import (
    ExplainedStep,
    Explanation,
    Principal,
    StepStatus,
)
from provisioning.explaining.export import export_step, next_cycle, obstacle_of
from provisioning.explaining.findings import Findings
from provisioning.explaining.importing import import_step
from provisioning.explaining.matching import match_step
from provisioning.explaining.scope import explained_filter, explained_paths, scope_step
from provisioning.explaining.words import clause
from provisioning.model import ObjectType


def explanation(found: Findings) -> Explanation:
    """Everything about one principal, in words."""
    steps = (
        import_step(found),
        scope_step(found),
        match_step(found),
        action_step(found),
        export_step(found),
    )
    return Explanation(
        principal=Principal(found.key.id, found.key.type.value, found.name),
        verdict=_verdict(found, steps),
        steps=steps,
        attributes=explained_attributes(found),
        filter=explained_filter(found),
        paths=explained_paths(found),
        members=explained_members(found),
        changes=changes_of(found),
        would_send=found.requests,
    )


def _verdict(found: Findings, steps: tuple[ExplainedStep, ...]) -> str:
    scope = f"{_scope(found)} ({clause(found.case.verdict.sentence)})"
    return f"{found.name} {scope}, {_object(found)}, {_outcome(found, steps)}."


def _scope(found: Findings) -> str:
    verdict = found.case.verdict
    if verdict.undecided:
        return "may or may not be in scope"
    return "is in scope" if verdict.active else "is to have no access"


def _object(found: Findings) -> str:
    what = "account" if found.key.type is ObjectType.USER else "group in ZSCloud"
    link = found.link
    if link is None or found.rehearsed.vanished:
        return f"has no {what}"
    return f"has a disabled {what}" if not link.active else f"has {_article(what)} {what}"


def _article(what: str) -> str:
    return "an" if what.startswith("a") else "a"


def _outcome(found: Findings, steps: tuple[ExplainedStep, ...]) -> str:
    _, _, match, action, export = steps
    obstacle = obstacle_of(found)
    if found.plans:
        if obstacle is None:
            return f"and {next_cycle(found)} is to {clause(action.detail)}"
        return f"and what is to be done ({clause(action.detail)}) waits: {clause(obstacle.detail)}"
    if action.status is StepStatus.FAILURE:
        return f"and cannot be provisioned: {clause(action.detail)}"
    if export.status is not StepStatus.SKIPPED:
        return f"and: {clause(export.detail)}"
    if match.status in (StepStatus.FAILURE, StepStatus.WAITING):
        return f"and: {clause(match.detail)}"
    if action.remedy is not None:
        why = action.detail.removeprefix("Nothing: ").removeprefix("Nothing now: ")
        return f"and nothing is done: {clause(why)}"
    return "and nothing differs" if found.case.verdict.active else "and nothing is to be done"
