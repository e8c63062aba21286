"""Groups that take members along whose accounts are created with them."""

from __future__ import annotations

from provisioning.model import (
    Action,
    AddMembers,
    ChangeMember,
    CreateObject,
    Key,
    Link,
    ObjectType,
    Origin,
    ScimId,
    UpdateObject,
)
from provisioning.plan import Planned, arrived, with_newcomers
from provisioning.plan.requests import adding, member_added

GROUP = Key(ObjectType.GROUP, "g")
LINK = Link(
    key=GROUP,
    scim_id=ScimId("7"),
    attributes={"displayName": "Sales"},
    origin=Origin.CREATED,
    linked_at=0.0,
    written_at=0.0,
)
OLD = {ScimId("1"): ChangeMember("old", ScimId("1"))}
CREATE = Planned(
    CreateObject(ObjectType.GROUP, {"displayName": "Sales"}, (ScimId("1"),)),
    (member_added(GROUP, None, "Sales", OLD[ScimId("1")]),) * 2,
)


def test_a_new_group_takes_along_whom_its_request_has_room_for() -> None:
    plan = with_newcomers(GROUP, None, [CREATE], ["a", "b", "c"], 3)
    assert plan is not None
    assert isinstance(plan.write, CreateObject)
    assert (plan.write.members, plan.write.newcomers) == ((ScimId("1"),), ("a", "b"))
    told = arrived(plan, GROUP, None, {"b": ChangeMember("b", ScimId("20"), "Bob")})
    assert isinstance(told.write, CreateObject)
    assert (told.write.members, told.write.newcomers) == ((ScimId("1"), ScimId("20")), ())
    assert told.changes[:2] == CREATE.changes
    (added,) = told.changes[2:]
    assert added.action is Action.ADD_MEMBER
    assert added.member == ChangeMember("b", ScimId("20"), "Bob")
    assert (added.name, added.target_id) == ("Sales", None)


def test_a_group_that_is_there_takes_them_along_with_others_or_alone() -> None:
    others = adding(GROUP, LINK, [ScimId("1")], OLD)
    for plans, count in ([others], 1), ([], 0):
        plan = with_newcomers(GROUP, LINK, plans, ["a"], 10)
        assert plan is not None
        assert isinstance(plan.write, AddMembers)
        assert (plan.write.id, plan.write.newcomers) == ("7", ("a",))
        nobody = arrived(plan, GROUP, LINK, {})
        assert isinstance(nobody.write, AddMembers)
        assert len(nobody.changes) == len(nobody.write.members) == count
        told = arrived(plan, GROUP, LINK, {"a": ChangeMember("a", ScimId("20"))})
        assert told.changes[-1].target_id == "7"
        assert isinstance(told.write, AddMembers)
        assert told.write.members[-1] == "20"


def test_where_it_takes_more_than_one_request_nobody_is_taken_along() -> None:
    protected = Link(
        **{name: getattr(LINK, name) for name in LINK.__struct_fields__} | {"protected": True}
    )
    renamed = Planned(UpdateObject(ObjectType.GROUP, ScimId("7"), {"displayName": "S"}), ())
    others = adding(GROUP, LINK, [ScimId("1")], OLD)
    assert with_newcomers(GROUP, LINK, [renamed], ["a"], 10) is None
    assert with_newcomers(GROUP, LINK, [others, others], ["a"], 10) is None
    assert with_newcomers(GROUP, LINK, [others], ["a"], 1) is None
    assert with_newcomers(GROUP, LINK, [others], [], 10) is None
    assert with_newcomers(GROUP, protected, [], ["a"], 10) is None
    assert with_newcomers(GROUP, None, [], ["a"], 10) is None
