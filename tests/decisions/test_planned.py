"""What stands for an id that ZSCloud has not given yet, and that nobody is shown it."""

from __future__ import annotations

import pytest

from provisioning.model import (
    Action,
    Change,
    ChangeMember,
    EntraId,
    Key,
    ObjectType,
    ScimId,
    is_planned,
    planned_id,
    without_planned,
)
from tests.decisions.principals import GROUP, USER, member

TO_COME = planned_id(USER)


def test_each_object_to_come_has_its_own_id() -> None:
    assert is_planned(TO_COME)
    others = {planned_id(GROUP), planned_id(Key(ObjectType.USER, EntraId("g"))), TO_COME}
    assert len(others) == 3
    assert planned_id(Key(ObjectType.USER, EntraId("u"))) == TO_COME


def test_it_is_stored_as_it_is() -> None:
    """The log of a dry run may be read by the next version."""
    assert TO_COME == "planned:user/u"


@pytest.mark.parametrize("id", [None, "", "17", "17planned:", "user/u"])
def test_what_zscloud_has_given_is_no_such_id(id: str | None) -> None:
    assert not is_planned(None if id is None else ScimId(id))


def change(target: ScimId | None, who: ChangeMember | None) -> Change:
    return Change(
        change_id="digest",
        action=Action.ADD_MEMBER,
        object_type=ObjectType.GROUP,
        source_id=GROUP.id,
        target_id=target,
        name="Sales",
        member=who,
        reason_code="MemberOfGroup",
        reason="Member of 'Sales' in Entra.",
    )


@pytest.mark.parametrize(
    ("target", "who", "shown_target", "shown"),
    [
        (ScimId("17"), member("5"), ScimId("17"), member("5")),
        (TO_COME, member("5"), None, member("5")),
        (
            *(ScimId("17"), ChangeMember(USER.id, TO_COME, "Jo")),
            *(ScimId("17"), ChangeMember(USER.id, None, "Jo")),
        ),
        (TO_COME, ChangeMember(USER.id, TO_COME, "Jo"), None, ChangeMember(USER.id, None, "Jo")),
        (TO_COME, None, None, None),
        (None, ChangeMember(USER.id, None), None, ChangeMember(USER.id, None)),
    ],
)
def test_people_see_no_id_of_what_does_not_exist(
    target: ScimId | None,
    who: ChangeMember | None,
    shown_target: ScimId | None,
    shown: ChangeMember | None,
) -> None:
    assert without_planned(change(target, who)) == change(shown_target, shown)
