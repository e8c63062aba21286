"""Why: the five steps of one principal, in words. Pure."""

from __future__ import annotations

from provisioning.case import Case
from provisioning.model import NAME_PATH, CreateObject, ScimId, is_planned
from provisioning.plan import Planned
from provisioning.provisioning_log import Step
from provisioning.scope import Verdict


def steps_of(
    case: Case, plan: Planned | None, target: ScimId | None, *, dry_run: bool = False
) -> tuple[Step, ...]:
    """The five steps as Entra's on-demand provisioning shows them. ``target`` is what ZSCloud calls
    the object after the request; in a ``dry_run`` there was none.
    """
    steps = [
        Step("import", "success", f"read from Entra as {case.name}"),
        Step("scope", _scoped(case.verdict), case.verdict.sentence),
        Step("match", "success", _matched(case, plan, target)),
    ]
    if plan is not None:
        actions = ", ".join(sorted({change.action.value for change in plan.changes}))
        steps.append(Step("action", "success", actions))
        if dry_run:
            steps.append(Step("export", "skipped", "would be sent; a dry run sends nothing"))
        else:
            steps.append(Step("export", "success", f"accepted by ZSCloud as {target}"))
    return tuple(steps)


def _matched(case: Case, plan: Planned | None, target: ScimId | None) -> str:
    path = NAME_PATH[case.key.type]
    found = case.link.scim_id if case.link else target
    if is_planned(found) or (plan is not None and isinstance(plan.write, CreateObject)):
        return "no object in ZSCloud matches"
    return f"linked to {found}" if found else f"not linked; objects are matched by {path}"


def _scoped(verdict: Verdict) -> str:
    if verdict.undecided:
        return "failure"
    return "success" if verdict.active else "skipped"
