"""Import, scope and match: what was read, what brings somebody in, and which object is theirs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from provisioning.deprovisioning import Deprovision
from provisioning.drift import parse_drift
from provisioning.explaining.explanation import ExplainedPath, ExplainedStep, StepStatus
from provisioning.explaining.findings import Direct, Findings, Look
from provisioning.explaining.importing import import_step
from provisioning.explaining.matching import match_step, twins
from provisioning.explaining.scope import explained_filter, explained_paths, scope_step
from provisioning.model import EntraId, Origin, Presence, ScimId
from provisioning.plan import Skipped
from provisioning.scope import Reason, Verdict
from provisioning.scoping.verdicts import ClauseVerdict, FilterVerdict, GroupVerdict, Outcome
from tests.decisions.principals import JO, NOW, OUT, UNDECIDED, link, mapped, unfit
from tests.explaining.findings import (
    AT,
    LINK,
    OTHER,
    REFUSED,
    USER_ROW,
    WHEN,
    group,
    there,
    unlinked,
    user,
)

ENTRA = {"presence": "present", "read_at": AT, "enabled": True}


def row(**changes: Any) -> Any:
    return msgspec.structs.replace(USER_ROW, **changes)


def test_what_is_stored_as_it_is_in_entra() -> None:
    detail = (
        "Read from Entra just now: it is there and enabled. That is what was stored, last read "
        f"{WHEN}."
    )
    facts = {"entra": ENTRA, "stored": ENTRA, "differs": []}
    assert import_step(user()) == ExplainedStep("import", StepStatus.SUCCESS, detail, None, facts)
    of_group = import_step(group())
    assert "it is there. That" in of_group.detail
    assert of_group.facts["entra"] == {"presence": "present", "read_at": AT}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"enabled": False}, "it is there, and its account is disabled."),
        ({"presence": Presence.SOFT_DELETED}, "it was deleted, and can be restored."),
        ({"presence": Presence.GONE}, "it is deleted for good."),
        ({"presence": Presence.GONE, "enabled": False}, "it is deleted for good."),
    ],
)
def test_whether_somebody_is_there(changes: dict[str, Any], state: str) -> None:
    assert f"just now: {state}" in import_step(user({"row": row(**changes)})).detail


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"attributes": {**USER_ROW.attributes, "jobTitle": "Boss"}}, ["jobTitle"]),
        ({"attributes": {}}, ["jobTitle", "userPrincipalName"]),
        ({"attributes": {**USER_ROW.attributes, "city": "Bonn"}}, ["city"]),
        ({"roles": {}}, ["assignments"]),
        ({"roles": {"a": "other"}}, []),
        ({"groups": (EntraId("g2"), EntraId("g1"))}, []),
        ({"groups": ()}, ["memberships"]),
        ({"presence": Presence.GONE}, ["presence"]),
        ({"enabled": False}, ["accountEnabled"]),
        ({"read_at": NOW + 60}, []),
    ],
)
def test_what_the_next_look_takes_in(changes: dict[str, Any], differs: list[str]) -> None:
    step = import_step(user({"row": row(**changes)}))
    assert step.facts["differs"] == differs
    assert (f"differs in {', '.join(differs)}: " in step.detail) is bool(differs)


def test_what_no_look_has_stored() -> None:
    step = import_step(user(known=None))
    assert step.facts["stored"] is None
    assert step.facts["differs"] == []
    assert step.detail.endswith("No look has stored it so far.")


def test_an_answer_that_is_not_believed() -> None:
    step = import_step(user(distrusted=REFUSED))
    assert step.status is StepStatus.FAILURE
    assert step.detail.endswith("not believed: The token is refused.")
    assert (step.remedy, step.facts["entra"]) == ("Make a new one.", ENTRA)
    nothing = msgspec.structs.replace(REFUSED, remedy="")
    assert import_step(user(distrusted=nothing)).remedy is None


PATHS = (
    Direct("User", True, ()),
    Direct("Admin", True, ("Inner", "Outer")),
    Direct("User", True, ("Sales",)),
    Direct("Default Access", False, ()),
)


def test_the_ways_into_scope_with_their_roles() -> None:
    assert explained_paths(user(paths=PATHS[1:])) == (
        ExplainedPath(
            "Admin",
            True,
            ("Inner", "Outer"),
            "Member of the assigned group 'Inner' in 'Outer', app role 'Admin'.",
        ),
        ExplainedPath(
            "User", True, ("Sales",), "Member of the assigned group 'Sales', app role 'User'."
        ),
        ExplainedPath(
            "Default Access",
            False,
            (),
            "Assigned directly, app role 'Default Access', which DEFAULT_ACCESS=exclude "
            "leaves out.",
        ),
    )
    facts = {"reason": "Assigned", "assigned": True}
    detail = "Assigned. App roles: 'User', 'Admin'."
    assert scope_step(user(paths=PATHS)) == ExplainedStep(
        "scope", StepStatus.SUCCESS, detail, None, facts
    )
    assert scope_step(user(paths=PATHS[:1])).detail == "Assigned. App role: 'User'."
    assert scope_step(user(paths=PATHS[3:])).detail == "Assigned."


def test_out_of_scope_with_the_setting_that_decides() -> None:
    step = scope_step(user({"verdict": OUT}, paths=PATHS, policy=Deprovision.DELETE))
    assert step.status is StepStatus.SKIPPED
    assert step.detail == "Not assigned. ON_UNASSIGN=delete says what becomes of its object."
    assert step.remedy == OUT.remedy
    assert step.facts == {
        "reason": "Unassigned",
        "assigned": False,
        "setting": "ON_UNASSIGN",
        "policy": "delete",
    }
    assert scope_step(unlinked(user({"verdict": OUT}))).detail == "Not assigned."


def test_what_cannot_be_decided_names_no_setting() -> None:
    step = scope_step(user({"verdict": UNDECIDED}))
    assert step.status is StepStatus.FAILURE
    assert step.facts == {"reason": "FilterUndecided", "assigned": True}
    assert step.remedy == UNDECIDED.remedy


def test_a_young_assignment_is_believed_gone_at_a_time() -> None:
    step = scope_step(user({}, {}, {"young": NOW}))
    assert step.detail.endswith(f"too young to be believed gone until {WHEN}.")
    assert step.facts["believed_gone_at"] == AT


def test_groups_within_groups_are_named_to_the_unassigned() -> None:
    remedy = scope_step(user({"verdict": OUT}, nested=("Inner", "Outer"))).remedy
    assert remedy is not None
    assert remedy.startswith(f"{OUT.remedy} The assigned groups 'Inner', 'Outer' have groups")
    assert "NESTED_GROUPS=direct does" in remedy
    assert "NESTED_GROUPS=transitive does" in remedy
    deleted = Verdict(False, False, Reason.DELETED, "Deleted.")
    assert scope_step(user({"verdict": deleted}, nested=("Inner",))).remedy == deleted.remedy


def clause(outcome: Outcome, *, because_null: bool = False) -> ClauseVerdict:
    return ClauseVerdict(
        attribute="department",
        operator="EQUALS",
        operand=("Sales",),
        seen=None if because_null else "Legal",
        outcome=outcome,
        because_null=because_null,
        why="",
        at="clauses[0]",
    )


def filtered(*clauses: ClauseVerdict) -> FilterVerdict:
    return FilterVerdict(
        outcome=Outcome.FAILED,
        groups=(GroupVerdict(name="one", outcome=Outcome.FAILED, clauses=clauses),),
    )


def test_a_filter_is_shown_clause_by_clause() -> None:
    assert explained_filter(user()) == ()
    (shown,) = explained_filter(user(filter=filtered(clause(Outcome.FAILED))))
    assert (shown.name, shown.outcome) == ("one", "failed")
    (one,) = shown.clauses
    assert msgspec.structs.asdict(one) == {
        "attribute": "department",
        "operator": "EQUALS",
        "operand": ("Sales",),
        "seen": "Legal",
        "outcome": "failed",
        "because_null": False,
        "sentence": "department EQUALS Sales: is 'Legal'",
        "at": "clauses[0]",
    }


def test_for_want_of_a_value_the_remedy_is_a_value() -> None:
    out = Verdict(True, False, Reason.OUT_OF_FILTER, "Out.")
    null = clause(Outcome.FAILED, because_null=True)
    without = scope_step(user({"verdict": out}, filter=filtered(null))).remedy
    assert without is not None
    assert "IS NULL" in without
    assert scope_step(user({"verdict": out}, filter=filtered(clause(Outcome.FAILED)))).remedy == (
        out.remedy
    )
    assert scope_step(user({"verdict": out})).remedy == out.remedy
    assert scope_step(user({"verdict": OUT}, filter=filtered(null))).remedy == OUT.remedy


def match(found: Findings) -> tuple[StepStatus, str, str | None]:
    step = match_step(found)
    assert step.name == "match"
    return step.status, step.detail, step.remedy


LINKED = f"Linked to s since {WHEN}, created by us."


def test_a_link_is_told_with_its_origin() -> None:
    step = match_step(user())
    assert (step.status, step.detail, step.remedy) == (StepStatus.SUCCESS, LINKED, None)
    assert step.facts == {
        "attribute": "userName",
        "value": "jo@example.com",
        "link": {"scim_id": "s", "since": AT, "origin": "created", "confirmed": AT},
        "protected": False,
        "found": [],
    }
    found = user(link=msgspec.structs.replace(LINK, origin=Origin.MATCHED))
    assert match(found)[1] == f"Linked to s since {WHEN}, found by its name."
    assert match(user({}, {"live": there()}))[1] == f"{LINKED} It is there, as read just now."


def test_a_linked_object_that_is_gone() -> None:
    status, detail, remedy = match(user({}, {"vanished": True}))
    assert (status, detail) == (StepStatus.FAILURE, f"{LINKED} That object is gone from ZSCloud.")
    assert remedy is not None
    assert "`on-demand`" in remedy
    left = user({}, {"left_missing": True}, drift=parse_drift("existence=leave"))
    status, detail, remedy = match(left)
    assert status is StepStatus.SKIPPED
    assert "DRIFT=repair,existence=leave leaves that so" in detail
    assert remedy is not None
    assert remedy.startswith("Set existence=repair in DRIFT,")


PROTECTED = Skipped("ProtectedObject", "It is protected.", "See PROTECTED.")


@pytest.mark.parametrize(
    ("found", "protected"),
    [
        (user(), False),
        (user(link=link(protected=True)), True),
        (user({"link": link(protected=True)}), True),
        (user({"link": None}), False),
        (user({}, {"skipped": PROTECTED}), True),
        (user({}, {"skipped": Skipped("Other", "", "")}), False),
    ],
)
def test_whether_it_is_protected(found: Findings, protected: bool) -> None:
    step = match_step(found)
    assert step.facts["protected"] is protected
    assert (
        step.detail.endswith("It is protected: its own attributes are never written.") is protected
    )


def test_zscloud_that_could_not_be_read() -> None:
    status, detail, remedy = match(user({}, {"unreached": REFUSED}))
    assert status is StepStatus.FAILURE
    assert detail == f"{LINKED} ZSCloud could not be read now: The token is refused."
    assert remedy == "Make a new one."
    assert match(unlinked(user({}, {"unreached": REFUSED})))[1].startswith(f"{BY}: not done.")


BY = "There is no link. Looked for by userName = 'jo@example.com'"


def looked(*ids: str) -> dict[str, Any]:
    return {"looks": (Look("userName", "jo@example.com", tuple(there(id) for id in ids)),)}


def test_without_a_link_it_is_looked_for() -> None:
    assert match(unlinked(user())) == (StepStatus.SUCCESS, f"{BY}: no object.", None)
    assert match(unlinked(user({"verdict": OUT}))) == (
        StepStatus.SKIPPED,
        "There is no link, and none is looked for.",
        None,
    )
    assert match_step(unlinked(user())).facts["link"] is None


def test_without_a_value_it_cannot_be_looked_for() -> None:
    nameless = msgspec.structs.replace(unfit({}), name="")
    step = match_step(unlinked(user({"mapped": nameless})))
    assert (step.status, step.detail, step.remedy) == (
        StepStatus.FAILURE,
        "There is no matching value. userName It has no value.",
        "Give it one.",
    )
    assert step.facts["value"] is None
    assert match(unlinked(user({"mapped": mapped({}, name="")}))) == (
        StepStatus.FAILURE,
        "There is no matching value.",
        None,
    )
    assert match(unlinked(user({"mapped": unfit(JO)}))) == (
        StepStatus.SKIPPED,
        f"{BY} once it can be provisioned.",
        None,
    )


def test_a_name_that_another_has_to_give_up_first() -> None:
    found = unlinked(user({}, {"blocked_by": OTHER, **looked("a", "b")}))
    assert match(found) == (
        StepStatus.WAITING,
        f"{BY}: that name is still that of user 'Other' (o), which is to be renamed first.",
        None,
    )


def test_several_objects_of_one_name() -> None:
    found = unlinked(user({}, looked("a", "b"), owners={ScimId("b"): OTHER}))
    status, detail, remedy = match(found)
    assert status is StepStatus.FAILURE
    assert detail.startswith(f"{BY}: 2 objects have that name, a (unlinked); b (linked to Other).")
    assert remedy is not None
    assert "ZSCloud portal" in remedy
    assert match_step(found).facts["found"] == [
        {"id": "a", "linked_to": None},
        {"id": "b", "linked_to": {"id": "o", "name": "Other"}},
    ]
    assert twins(found) is not None
    assert twins(user({}, looked("a"))) is None


def test_one_object_and_whose_it_is() -> None:
    mine = unlinked(user({}, {**looked("a"), "matched": True}))
    assert match(mine) == (
        StepStatus.SUCCESS,
        f"{BY}: a has it and is linked to nobody. It would be linked, not created again.",
        None,
    )
    protected = unlinked(user({}, {**looked("a"), "matched": True, "skipped": PROTECTED}))
    assert match(protected)[1].endswith(
        "again. It is protected: its own attributes are never written."
    )
    moved = unlinked(user({}, {**looked("a"), "moved_from": OTHER}))
    assert match(moved) == (
        StepStatus.SUCCESS,
        f"{BY}: a, which user 'Other' (o) gives up, being out of scope.",
        None,
    )
    status, detail, remedy = match(unlinked(user({}, looked("a"), owners={ScimId("a"): OTHER})))
    assert status is StepStatus.FAILURE
    assert detail == (
        f"{BY}: a, which is linked to user 'Other' (o) and stays so. user 'Jo' (u) cannot have it."
    )
    assert remedy is not None
    assert "rename one of them in Entra" in remedy
    assert "linked to another principal and" in match(unlinked(user({}, looked("a"))))[1]


def test_a_name_that_may_not_be_shown() -> None:
    secret = mapped(JO, redacted=frozenset({"userName"}))
    assert match_step(unlinked(user({"mapped": secret}))).facts["value"] == "[Redact]"


def test_a_group_is_looked_for_by_its_name() -> None:
    assert match(unlinked(group()))[1] == (
        "There is no link. Looked for by displayName = 'Sales': no object."
    )
