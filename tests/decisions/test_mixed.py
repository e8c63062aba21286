"""Members who leave a group and members who come, in one request."""

from __future__ import annotations

import pytest

from provisioning.model import (
    Action,
    DeleteObject,
    Link,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    ScimId,
)
from provisioning.plan import Planned, with_additions
from provisioning.plan.requests import adding, removing
from tests.decisions.principals import GROUP, OUT, link, members

SALES: Link = link(GROUP)
LEAVING = members("l1", "l2")
WANTED = members("a", "b", "c")
REMOVAL = removing(GROUP, SALES, tuple(LEAVING), LEAVING, MemberRemoval.FILTER, OUT)


@pytest.mark.parametrize(
    ("recorded", "batch", "expected"),
    [
        ("", 100, "a b c"),
        ("", 5, "a b c"),
        ("", 4, "a b"),
        ("", 3, "a"),
        # Who leaves has the first claim on the room.
        ("", 2, ""),
        ("", 1, ""),
        # Who is recorded is there already, ours or not.
        ("a", 4, "b c"),
        ("a c x", 100, "b"),
        ("a b c", 100, ""),
    ],
)
def test_as_many_come_along_as_the_request_has_room_for(
    recorded: str, batch: int, expected: str
) -> None:
    there = {ScimId(id): id == "a" for id in recorded.split()}
    added = tuple(map(ScimId, expected.split()))
    found = with_additions(REMOVAL, GROUP, SALES, WANTED, there, batch)
    leaving = tuple(map(ScimId, LEAVING))
    assert found.write == RemoveMembers(SALES.scim_id, leaving, MemberRemoval.FILTER, added)
    assert found.changes == (*REMOVAL.changes, *adding(GROUP, SALES, added, WANTED).changes)
    actions = [each.action for each in found.changes]
    assert actions == [Action.REMOVE_MEMBER] * 2 + [Action.ADD_MEMBER] * len(added)
    assert all(each.source_id == GROUP.id for each in found.changes)


def test_nobody_joins_a_request_that_takes_no_member_out() -> None:
    delete = Planned(DeleteObject(ObjectType.GROUP, SALES.scim_id), ())
    assert with_additions(delete, GROUP, SALES, WANTED, {}, 100) is delete
