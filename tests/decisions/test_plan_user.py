"""The one request for a user, and what the log says of it, word by word where it is a code."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from provisioning.deprovisioning import Deprovision, DeprovisioningPolicy
from provisioning.expressions import HIDDEN
from provisioning.mapping import Mapped
from provisioning.model import (
    Action,
    Change,
    CreateObject,
    DeleteObject,
    EntraId,
    Link,
    ModifiedProperty,
    ObjectType,
    ScimId,
    UpdateObject,
    change_digest,
)
from provisioning.plan import (
    FAILURES,
    REMOVALS,
    Planned,
    Skipped,
    plan_user,
    switching_off_alone,
)
from provisioning.scope import Reason, Verdict
from tests.decisions.principals import (
    DAY,
    IN,
    JO,
    NOW,
    OFF,
    OUT,
    UNDECIDED,
    USER,
    link,
    mapped,
    unfit,
)

DISABLE = DeprovisioningPolicy({})
NOTHING = DeprovisioningPolicy({Reason.UNASSIGNED: Deprovision.NONE})
DELETE = DeprovisioningPolicy({Reason.UNASSIGNED: Deprovision.DELETE})
LATER = DeprovisioningPolicy({Reason.UNASSIGNED: Deprovision.DELETE}, delete_after=7 * DAY)
SWITCHED_OFF = {**JO, "active": False}
BOSS = {**JO, "title": "Boss"}


def planned(
    verdict: Verdict,
    should: Mapped | dict[str, Any],
    there: Link | None,
    policy: DeprovisioningPolicy = DISABLE,
) -> Planned | Skipped | None:
    return plan_user(
        USER, verdict, mapped(should) if isinstance(should, dict) else should, there, policy
    )


def change(action: Action, values: Any, **fields: Any) -> Change:
    """The change of Jo, as the log has it."""
    said: dict[str, Any] = {
        "change_id": change_digest(action, USER, values),
        "action": action,
        "object_type": ObjectType.USER,
        "source_id": EntraId("u"),
        "target_id": ScimId("s"),
        "name": "jo@example.com",
        "reason_code": "Assigned",
        "reason": "Assigned.",
    }
    return Change(**{**said, **fields})


def update(values: dict[str, Any], several: dict[str, bool] | None = None) -> UpdateObject:
    return UpdateObject(ObjectType.USER, ScimId("s"), values, several or {})


def code(plan: Planned | Skipped | None) -> str:
    assert isinstance(plan, Skipped), plan
    return plan.code


def test_what_is_as_it_should_be_is_left_alone() -> None:
    assert planned(IN, JO, link()) is None
    assert planned(OUT, JO, None) is None
    assert planned(OUT, JO, link(attributes=SWITCHED_OFF)) is None
    assert planned(OUT, JO, link(), NOTHING) is None


def test_the_codes_that_others_judge_by() -> None:
    """The brake and the lanes take these for removals, the quarantine those for failures."""
    assert {Action.DISABLE, Action.DELETE, Action.REMOVE_MEMBER} == REMOVALS
    assert {"MandatoryFieldsMissing", "FilterUndecided"} == FAILURES


def test_a_create_has_its_values_above_the_defaults() -> None:
    should = mapped(JO, defaults={"title": "None", "nickName": "J"}, redacted=frozenset({"title"}))
    values = {"title": "Clerk", "nickName": "J", "userName": "jo@example.com", "active": True}
    assert planned(IN, should, None) == Planned(
        CreateObject(ObjectType.USER, values),
        (
            change(
                Action.CREATE,
                values,
                target_id=None,
                modified_properties=(
                    ModifiedProperty("title", None, HIDDEN),
                    ModifiedProperty("nickName", None, "J"),
                    ModifiedProperty("userName", None, "jo@example.com"),
                    ModifiedProperty("active", None, True),
                ),
            ),
        ),
    )


def test_an_update_has_only_what_differs() -> None:
    said = change(
        Action.UPDATE,
        {"title": "Boss"},
        reason_code="AttributeChanged",
        reason="title differs from Entra. Assigned.",
        modified_properties=(ModifiedProperty("title", "Clerk", "Boss"),),
    )
    assert planned(IN, BOSS, link()) == Planned(update({"title": "Boss"}), (said,))
    hidden = planned(IN, mapped(BOSS, redacted=frozenset({"title"})), link())
    assert isinstance(hidden, Planned)
    assert hidden.changes[0].modified_properties == (ModifiedProperty("title", HIDDEN, HIDDEN),)
    assert hidden.write == update({"title": "Boss"})


def test_an_update_names_attributes_without_their_urn() -> None:
    path = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
    plan = planned(IN, {**BOSS, path: "Sales"}, link())
    assert isinstance(plan, Planned)
    assert plan.changes[0].reason == "title, department differs from Entra. Assigned."


def test_without_a_name_of_its_own_it_is_called_as_recorded() -> None:
    nameless = mapped({"title": "Boss"}, name="")
    plan = planned(IN, nameless, link())
    assert isinstance(plan, Planned)
    assert plan.changes[0].name == "jo@example.com"
    nobody = planned(IN, nameless, link(attributes={"title": "Clerk"}))
    assert isinstance(nobody, Planned)
    assert nobody.changes[0].name == "s"


def test_selected_elements_are_told_apart_where_there_are_several() -> None:
    """The write says which of them are there before."""
    work, home = 'emails[type eq "work"].value', 'emails[type eq "home"].value'
    before = {**JO, work: ["a"], home: "c", "nickName": ["x"]}
    should = {**JO, work: ["a", "b"], home: "d", "nickName": ["y"]}
    plan = planned(IN, should, link(attributes=before))
    assert isinstance(plan, Planned)
    assert isinstance(plan.write, UpdateObject)
    assert plan.write.several == {work: True}
    new = planned(IN, {**JO, work: ["a"]}, link())
    assert isinstance(new, Planned)
    assert isinstance(new.write, UpdateObject)
    assert new.write.several == {work: False}
    fewer = planned(IN, {**JO, work: "a"}, link(attributes={**JO, work: ["a", "b"]}))
    assert isinstance(fewer, Planned)
    assert isinstance(fewer.write, UpdateObject)
    assert fewer.write.several == {work: True}


def test_switching_on_is_its_own_action() -> None:
    said = change(
        Action.ENABLE,
        {"active": True},
        modified_properties=(ModifiedProperty("active", False, True),),
    )
    assert planned(IN, JO, link(attributes=SWITCHED_OFF)) == Planned(
        update({"active": True}), (said,)
    )
    # The server left it out: it was on, and nothing is switched on.
    unsaid = {"userName": "jo@example.com", "title": "Clerk"}
    plan = planned(IN, JO, link(attributes=unsaid))
    assert isinstance(plan, Planned)
    assert plan.changes[0].action is Action.UPDATE


def test_whoever_leaves_is_switched_off() -> None:
    said = change(
        Action.DISABLE,
        {"active": False},
        reason_code="Unassigned",
        reason="Not assigned.",
        modified_properties=(ModifiedProperty("active", True, False),),
    )
    expected = Planned(update({"active": False}), (said,))
    assert planned(OUT, BOSS, link()) == expected


def test_a_delete_has_no_values() -> None:
    said = change(Action.DELETE, None, reason_code="Unassigned", reason="Not assigned.")
    assert planned(OUT, JO, link(), DELETE) == Planned(
        DeleteObject(ObjectType.USER, ScimId("s")), (said,)
    )


def test_who_is_disabled_and_still_assigned_follows_entra_in_one_request() -> None:
    away = {**BOSS, "active": False}
    plan = planned(OFF, away, link())
    assert isinstance(plan, Planned)
    assert plan.write == update({"title": "Boss", "active": False})
    assert plan.changes[0].action is Action.DISABLE
    assert plan.changes[0].reason_code == "AccountDisabled"
    # Whatever the mapping makes of ``active``: off first, then the rest.
    first = planned(OFF, BOSS, link())
    assert isinstance(first, Planned)
    assert first.write == update({"active": False})
    then = planned(OFF, {**BOSS, "active": False}, link(attributes=SWITCHED_OFF))
    assert isinstance(then, Planned)
    assert then.write == update({"title": "Boss"})
    assert then.changes[0].action is Action.UPDATE
    assert planned(OFF, SWITCHED_OFF, link(attributes=SWITCHED_OFF)) is None


def test_who_is_not_assigned_any_more_follows_entra_no_more() -> None:
    soft_deleted = Verdict(True, False, Reason.SOFT_DELETED, "Deleted.", None, NOW)
    for verdict in (OUT, soft_deleted):
        assert planned(verdict, {**BOSS, "active": False}, link(attributes=SWITCHED_OFF)) is None


def test_what_cannot_be_told_changes_nothing() -> None:
    assert planned(UNDECIDED, BOSS, link()) == Skipped(
        "FilterUndecided",
        "Nobody knows.",
        "Nothing of it is changed meanwhile, and it is tried again by itself. If it lasts, correct "
        "the clause that is named, in the file of PROVISIONING_SCHEMA.",
    )
    assert code(planned(UNDECIDED, JO, None)) == "FilterUndecided"


def test_what_is_unfit_is_skipped_with_its_first_problem() -> None:
    said = Skipped("MandatoryFieldsMissing", "userName: It has no value.", "Give it one.")
    assert planned(IN, unfit(JO), None) == said
    assert planned(IN, unfit(JO), link()) == said
    # What can be written is.
    assert isinstance(planned(IN, unfit(BOSS), link()), Planned)


@pytest.mark.parametrize(
    ("verdict", "should", "there", "noted"),
    [
        (IN, JO, link(protected=True), False),
        (IN, BOSS, link(protected=True), True),
        (OUT, JO, link(protected=True), True),
        (OUT, JO, link(protected=True, attributes=SWITCHED_OFF), False),
        (IN, JO, link(protected=True, leaving_since=NOW), True),
    ],
)
def test_a_protected_account_is_never_written(
    verdict: Verdict, should: dict[str, Any], there: Link, noted: bool
) -> None:
    for policy in (DISABLE, DELETE, LATER):
        plan = planned(verdict, should, there, policy)
        if not noted:
            assert plan is None
            continue
        assert isinstance(plan, Skipped)
        assert plan.code == "ProtectedObject"
        assert plan.sentence.startswith("'jo@example.com' is protected")
        assert "PROTECTED)" in plan.sentence
        assert plan.remedy.endswith("take it out of PROTECTED.")


def test_a_grace_period_is_announced_with_the_disable_and_noted_when_it_begins() -> None:
    plan = planned(OUT, JO, link(), LATER)
    assert isinstance(plan, Planned)
    assert plan.changes[0].action is Action.DISABLE
    follows = "Not assigned. It is deleted after 7 days, unless it comes back."
    assert plan.changes[0].reason == follows
    begun = planned(OUT, JO, link(attributes=SWITCHED_OFF), LATER)
    assert isinstance(begun, Skipped)
    assert begun.code == "GracePeriod"
    assert begun.sentence == (
        "Not assigned. It is disabled already. It is deleted after 7 days, unless it comes back."
    )
    waiting = link(attributes=SWITCHED_OFF, leaving_since=NOW - DAY)
    assert planned(OUT, JO, waiting, LATER) is None
    over = msgspec.structs.replace(waiting, leaving_since=NOW - 7 * DAY)
    due = planned(OUT, JO, over, LATER)
    assert isinstance(due, Planned)
    assert due.changes[0].action is Action.DELETE


def test_a_grace_period_that_ends_without_a_delete_is_noted() -> None:
    waiting = link(leaving_since=NOW - DAY)
    ended = planned(IN, JO, waiting, LATER)
    assert isinstance(ended, Skipped)
    assert ended.code == "GracePeriodEnded"
    assert ended.sentence.endswith("it is not deleted. Assigned.")
    off = link(attributes=SWITCHED_OFF, leaving_since=NOW - DAY)
    assert code(planned(OUT, JO, off, NOTHING)) == "GracePeriodEnded"
    assert code(planned(OFF, SWITCHED_OFF, off, LATER)) == "GracePeriodEnded"
    # A request goes before the note.
    assert isinstance(planned(IN, BOSS, waiting, LATER), Planned)
    assert code(planned(IN, unfit(JO), waiting, LATER)) == "MandatoryFieldsMissing"


def test_of_a_plan_that_switches_off_and_changes_more_the_first_can_go_alone() -> None:
    both = planned(OFF, {**BOSS, "active": False}, link())
    assert isinstance(both, Planned)
    alone = switching_off_alone(USER, both)
    assert alone is not None
    assert alone.write == update({"active": False})
    (one,) = alone.changes
    assert one.modified_properties == (ModifiedProperty("active", True, False),)
    assert one.change_id == change_digest(Action.DISABLE, USER, {"active": False})
    assert (one.action, one.reason_code) == (Action.DISABLE, both.changes[0].reason_code)
    assert switching_off_alone(USER, alone) is None


@pytest.mark.parametrize(
    ("verdict", "should", "there", "policy"),
    [
        (IN, JO, None, DISABLE),
        (IN, BOSS, link(), DISABLE),
        (IN, JO, link(attributes=SWITCHED_OFF), DISABLE),
        (OUT, JO, link(), DISABLE),
        (OUT, JO, link(), DELETE),
    ],
)
def test_nothing_else_is_parted(
    verdict: Verdict, should: dict[str, Any], there: Link | None, policy: DeprovisioningPolicy
) -> None:
    plan = planned(verdict, should, there, policy)
    assert isinstance(plan, Planned)
    assert switching_off_alone(USER, plan) is None
