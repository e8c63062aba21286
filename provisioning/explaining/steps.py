"""Why: the five steps of one principal, in words. Pure."""

from __future__ import annotations

from provisioning.case import Case
from provisioning.model import NAME_PATH, ScimId
from provisioning.plan import Planned
from provisioning.provisioning_log import Step
from provisioning.scope import Verdict


def steps_of(case: Case, plan: Planned | None, target: ScimId | None) -> tuple[Step, ...]:
    """The five steps as Entra's on-demand provisioning shows them."""
    path = NAME_PATH[case.key.type]
    found = case.link.scim_id if case.link else target
    matched = f"linked to {found}" if found else f"not linked; objects are matched by {path}"
    steps = [
        Step("import", "success", f"read from Entra as {case.name}"),
        Step("scope", _scoped(case.verdict), case.verdict.sentence),
        Step("match", "success", matched),
    ]
    if plan is not None:
        actions = ", ".join(sorted({change.action.value for change in plan.changes}))
        steps.append(Step("action", "success", actions))
        steps.append(Step("export", "success", f"accepted by ZSCloud as {target}"))
    return tuple(steps)


def _scoped(verdict: Verdict) -> str:
    if verdict.undecided:
        return "failure"
    return "success" if verdict.active else "skipped"
