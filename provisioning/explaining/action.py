"""Action: what is to be done to the ZSCloud object, or why nothing is."""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.deprovisioning import Deprovision
from provisioning.explaining.attributes import written_values
from provisioning.explaining.explanation import (
    ExplainedMembers,
    ExplainedStep,
    MemberList,
    StepStatus,
)
from provisioning.explaining.findings import NAMED, Findings
from provisioning.explaining.matching import is_protected
from provisioning.explaining.words import clock_time
from provisioning.model import Action, Change, ObjectType
from provisioning.plan import FAILURES

_WORDS = {
    Action.CREATE: "create it",
    Action.UPDATE: "update",
    Action.ENABLE: "enable it",
    Action.DISABLE: "disable it",
    Action.DELETE: "delete it",
}


def changes_of(found: Findings) -> tuple[Change, ...]:
    """The changes that concern the principal, as a dry run on demand lists them."""
    changes = (change for plan in found.plans for change in plan.changes)
    return tuple(change for change in changes if _concerns(change, found))


def action_step(found: Findings) -> ExplainedStep:
    """What would be done."""
    status, detail, remedy = _action(found)
    return ExplainedStep("action", status, detail, remedy)


def explained_members(found: Findings) -> ExplainedMembers | None:
    """Of a group: its members in ZSCloud, and those that come and go."""
    case = found.case
    if case.key.type is not ObjectType.GROUP:
        return None
    changes = [change for plan in found.rehearsed.plans for change in plan.changes]
    return ExplainedMembers(
        recorded=len(case.recorded),
        add=_members(c for c in changes if c.action is Action.ADD_MEMBER),
        remove=_members(c for c in changes if c.action is Action.REMOVE_MEMBER),
        without_account=MemberList(len(case.missing), found.missing),
    )


def _action(found: Findings) -> tuple[StepStatus, str, str | None]:
    rehearsed, case = found.rehearsed, found.case
    if rehearsed.refused is not None:
        return StepStatus.FAILURE, rehearsed.refused.sentence, rehearsed.refused.remedy
    if rehearsed.skipped is not None and not found.plans:
        skipped = rehearsed.skipped
        status = StepStatus.FAILURE if skipped.code in FAILURES else StepStatus.SKIPPED
        return status, skipped.sentence, skipped.remedy
    if rehearsed.blocked_by is not None:
        return StepStatus.WAITING, "Nothing before the name is free.", None
    if found.plans:
        return StepStatus.SUCCESS, _told(found), None
    if case.verdict.active:
        return _active(found)
    return _left_alone(found)


def _active(found: Findings) -> tuple[StepStatus, str, str | None]:
    """Why nothing is done to somebody who is in scope and whose record gives nothing to do."""
    if found.key.type is ObjectType.GROUP and is_protected(found):
        detail = "Nothing: the group is protected, and neither renamed nor given members."
        return StepStatus.SKIPPED, detail, "Change it in the ZSCloud portal, or see PROTECTED."
    return StepStatus.SKIPPED, "Nothing: it is there, and nothing differs.", None


def _left_alone(found: Findings) -> tuple[StepStatus, str, str | None]:
    """Why nothing is done to somebody who is to have no access."""
    if found.link is None:
        return StepStatus.SKIPPED, "Nothing: it has no object in ZSCloud, and gets none.", None
    if is_protected(found):
        remedy = (
            "If it is to go, take away its administrator's rights, if it has any, and disable or "
            "delete it in the ZSCloud portal; or take it out of PROTECTED, if it is there."
        )
        return StepStatus.SKIPPED, "Nothing: it is protected, and never taken away.", remedy
    if found.policy is Deprovision.NONE:
        detail = f"Nothing: {found.setting}=none leaves it as it is."
        return StepStatus.SKIPPED, detail, f"Set {found.setting} to disable, if it is to go."
    if found.delete_at is not None:
        done = "disabled" if found.key.type is ObjectType.USER else "empty"
        detail = f"Nothing now: it is {done}, and deleted at {clock_time(found.delete_at)}."
        return StepStatus.WAITING, detail, "Bring it back in Entra before, if it is to stay."
    if found.key.type is ObjectType.GROUP:
        return StepStatus.SKIPPED, "Nothing: none of our members is in it any more.", None
    return StepStatus.SKIPPED, "Nothing: the account is disabled already.", None


def _told(found: Findings) -> str:
    changes = changes_of(found)
    parts = dict.fromkeys(_word(found, c) for c in changes if c.member is None)
    members = explained_members(found)
    if members is None:
        groups = [c.name for c in changes if c.member is not None]
        joined = ", ".join(f"'{name}'" for name in groups)
        memberships = [f"make it a member of {joined}"] if groups else []
    else:
        counts = (("add", members.add.count), ("take out", members.remove.count))
        memberships = [f"{verb} {_number(count)}" for verb, count in counts if count]
    text = " and ".join([*parts, *memberships])
    return f"{text[:1].upper()}{text[1:]}."


def _word(found: Findings, change: Change) -> str:
    if change.action is not Action.UPDATE:
        return _WORDS[change.action]
    names = ", ".join(path.rpartition(":")[2] for path in written_values(found))
    return f"update {names}"


def _number(count: int) -> str:
    return "1 member" if count == 1 else f"{count} members"


def _concerns(change: Change, found: Findings) -> bool:
    member = change.member.source_id if change.member is not None else None
    return found.key.id in (change.source_id, member)


def _members(changes: Iterable[Change]) -> MemberList:
    members = [change.member for change in changes if change.member is not None]
    return _list([str(m.name or m.source_id or m.target_id) for m in members])


def _list(names: list[str]) -> MemberList:
    return MemberList(len(names), tuple(names[:NAMED]))
