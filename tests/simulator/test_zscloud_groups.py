"""ZSCloud groups and their members, with the forms of removal that are not published."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.zscloud_caller import Caller, group, op

FILTER, VALUE = "filter", "value"


def removal(form: str, id: str) -> dict[str, Any]:
    if form == FILTER:
        return op("remove", f'members[value eq "{id}"]')
    return op("remove", "members", [{"value": id}])


async def trio(caller: Caller) -> tuple[str, str, str]:
    """A group with two members: its id and theirs."""
    ada, bob = await caller.user("ada"), await caller.user("bob")
    return await caller.group("Sales", ada, bob), ada, bob


async def test_a_group_shows_its_members() -> None:
    caller = Caller()
    id, ada, _ = await trio(caller)
    shown = await caller.get(f"/Groups/{id}")
    assert id.startswith("7a736361-6c65-7200-7363-6969")
    assert shown["members"][0] == {
        "value": ada,
        "$ref": f"https://scim.example.com/1234/5678/scim/Users/{ada}",
        "display": "ada",
    }


@pytest.mark.parametrize("shown", [True, False])
async def test_the_list_shows_members_or_not(shown: bool) -> None:
    caller = Caller(list_members=shown)
    id, _, _ = await trio(caller)
    row = (await caller.get("/Groups"))["Resources"][-1]
    assert ("members" in row) is shown
    assert len((await caller.get(f"/Groups/{id}"))["members"]) == 2


@pytest.mark.parametrize("path", [None, "members", "Members"])
async def test_members_are_added_with_and_without_path(path: str | None) -> None:
    caller = Caller()
    id = await caller.group("Sales")
    members = [{"value": await caller.user("ada"), "display": "Ada"}]
    value: Any = members if path else {"members": members}
    assert (await caller.patch(f"/Groups/{id}", op("Add", path, value))).status == 204
    assert caller.sim.members("Sales") == ("ada@example.com",)


@pytest.mark.parametrize(
    ("accepted", "form", "works"),
    [
        ("filter", FILTER, True),
        ("filter", VALUE, False),
        ("value", FILTER, False),
        ("value", VALUE, True),
        ("both", FILTER, True),
        ("both", VALUE, True),
        ("neither", FILTER, False),
        ("neither", VALUE, False),
    ],
)
@pytest.mark.parametrize(
    ("refusal", "status", "left"),
    [
        ("error", 400, ("ada@example.com", "bob@example.com")),
        ("silent", 204, ("ada@example.com", "bob@example.com")),
        ("removes_all", 204, ()),
    ],
)
async def test_the_forms_of_removal(
    accepted: str, form: str, works: bool, refusal: str, status: int, left: tuple[str, ...]
) -> None:
    caller = Caller(member_removal=accepted, removal_refusal=refusal)
    id, ada, _ = await trio(caller)
    answer = await caller.patch(f"/Groups/{id}", removal(form, ada))
    assert answer.status == (204 if works else status)
    assert caller.sim.members("Sales") == (("bob@example.com",) if works else left)


async def test_a_filter_may_name_several_members() -> None:
    caller = Caller()
    id, ada, bob = await trio(caller)
    both = f'members[value eq "{ada}" or value eq "{bob}"]'
    assert (await caller.patch(f"/Groups/{id}", op("remove", both))).status == 204
    assert caller.sim.members("Sales") == ()


@pytest.mark.parametrize(("accepted", "status"), [("filter", 204), ("neither", 400)])
async def test_removing_members_without_naming_any_removes_all(accepted: str, status: int) -> None:
    caller = Caller(member_removal=accepted)
    id, _, _ = await trio(caller)
    assert (await caller.patch(f"/Groups/{id}", op("remove", "members"))).status == status
    assert len(caller.sim.members("Sales")) == (0 if status == 204 else 2)


async def test_members_are_replaced_if_allowed() -> None:
    caller = Caller()
    id, ada, _ = await trio(caller)
    replace = op("replace", "members", [{"value": ada}])
    assert (await caller.patch(f"/Groups/{id}", replace)).status == 204
    assert caller.sim.members("Sales") == ("ada@example.com",)
    caller.sim.set_options(replace_members=False)
    assert (await caller.patch(f"/Groups/{id}", replace)).status == 400


async def test_put_replaces_the_members() -> None:
    caller = Caller()
    id, ada, _ = await trio(caller)
    answer = await caller.call("PUT", f"/Groups/{id}", group("Sales EU", ada, externalId="e1"))
    assert (answer.status, answer.body["displayName"]) == (200, "Sales EU")
    assert caller.sim.members("Sales EU") == ("ada@example.com",)
    await caller.call("PUT", f"/Groups/{id}", group("Sales EU"))
    assert caller.sim.members("Sales EU") == ()


async def test_put_without_clearing_keeps_the_members() -> None:
    caller = Caller(put_clears=False)
    id, _, _ = await trio(caller)
    await caller.call("PUT", f"/Groups/{id}", group("Sales EU"))
    assert len(caller.sim.members("Sales EU")) == 2


async def test_put_of_a_group_with_another_id_finds_nothing() -> None:
    caller = Caller()
    id, _, _ = await trio(caller)
    answer = await caller.call("PUT", f"/Groups/{id}", group("Sales", id="e1"))
    assert answer.status == 404
    assert answer.body["detail"].startswith("No group with the id")


@pytest.mark.parametrize(("choice", "status"), [("400", 400), ("404", 404), ("drop", 204)])
async def test_an_unknown_member(choice: str, status: int) -> None:
    caller = Caller(unknown_member=choice)
    id, ada, _ = await trio(caller)
    add = op("add", "members", [{"value": "nobody"}, {"value": ada}])
    assert (await caller.patch(f"/Groups/{id}", add)).status == status
    assert len(caller.sim.members("Sales")) == 2


@pytest.mark.parametrize(("choice", "copies"), [("ignore", 1), ("duplicate", 2)])
async def test_adding_a_member_again(choice: str, copies: int) -> None:
    caller = Caller(re_add=choice)
    id, ada, _ = await trio(caller)
    await caller.patch(f"/Groups/{id}", op("add", "members", [{"value": ada}]))
    listed = [member["value"] for member in (await caller.get(f"/Groups/{id}"))["members"]]
    assert listed.count(ada) == copies
    assert caller.sim.members("Sales").count("ada@example.com") == copies
    assert (await caller.patch(f"/Groups/{id}", removal(FILTER, ada))).status == 204
    assert caller.sim.members("Sales") == ("bob@example.com",)


async def test_a_display_name_is_unique_and_at_most_127_bytes() -> None:
    caller = Caller()
    await caller.group("Sales")
    assert (await caller.call("POST", "/Groups", group("sales"))).status == 409
    assert (await caller.call("POST", "/Groups", group("ä" * 64))).status == 400
    assert (await caller.call("POST", "/Groups", group("ä" * 63 + "a"))).status == 201
    assert (await caller.call("POST", "/Groups", group(""))).status == 400


async def test_a_user_is_in_at_most_so_many_groups() -> None:
    caller = Caller(max_groups_per_user=2)
    ada = await caller.user("ada")
    await caller.group("G1", ada)
    await caller.group("G2", ada)
    id = await caller.group("G3")
    add = op("add", "members", [{"value": ada}])
    assert (await caller.patch(f"/Groups/{id}", add)).status == 400
    assert (await caller.call("POST", "/Groups", group("G4", ada))).status == 400
    assert caller.sim.members("G3") == ()


async def test_deleting_a_group_leaves_its_members() -> None:
    caller = Caller()
    id, ada, _ = await trio(caller)
    assert (await caller.call("DELETE", f"/Groups/{id}")).status == 204
    assert (await caller.get(f"/Users/{ada}"))["groups"] == []
    assert (await caller.call("DELETE", f"/Groups/{id}")).status == 404


async def test_the_admins_group_stays() -> None:
    caller = Caller()
    admins = caller.sim.groups.by_display_name("Service Admin")
    assert admins is not None
    assert (await caller.call("DELETE", f"/Groups/{admins.id}")).status == 409
    assert caller.sim.groups.provisioned() == ()


async def test_a_failing_operation_leaves_the_group_as_it_was() -> None:
    caller = Caller()
    id, ada, _ = await trio(caller)
    answer = await caller.patch(
        f"/Groups/{id}",
        op("replace", "displayName", "Sales EU"),
        removal(FILTER, ada),
        op("add", "members", [{"value": "nobody"}]),
    )
    assert answer.status == 400
    assert len(caller.sim.members("Sales")) == 2


@pytest.mark.parametrize(
    "operation",
    [
        op("add", 'members[value eq "x"]', [{"value": "x"}]),
        op("replace", "members.display", "x"),
        op("remove", 'members[value eq "x"].display'),
        op("remove", "displayName"),
        op("replace", "displayName", ""),
    ],
)
async def test_a_wrong_operation_on_a_group(operation: dict[str, Any]) -> None:
    caller = Caller()
    id, _, _ = await trio(caller)
    assert (await caller.patch(f"/Groups/{id}", operation)).status == 400
    assert len(caller.sim.members("Sales")) == 2


async def test_the_members_of_a_body_are_an_array() -> None:
    answer = await Caller().call("POST", "/Groups", group(members={"value": "x"}))
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")


async def test_the_type_of_a_member_is_kept() -> None:
    caller = Caller()
    id, ada, _ = await trio(caller)
    typed = [{"value": ada, "type": "User", "display": "Countess"}]
    await caller.patch(f"/Groups/{id}", op("replace", "members", typed))
    [member] = (await caller.get(f"/Groups/{id}"))["members"]
    assert (member["type"], member["display"]) == ("User", "Countess")
    held = caller.sim.groups.by_id(id)
    assert held is not None
    assert caller.sim.members(held) == ("ada@example.com",)


async def test_another_attribute_of_a_group_changes_without_its_members() -> None:
    caller = Caller()
    id, _, _ = await trio(caller)
    assert (await caller.patch(f"/Groups/{id}", op("replace", "externalId", "e1"))).status == 204
    assert len(caller.sim.groups.by_external_id("e1")) == 1
    assert len(caller.sim.members("Sales")) == 2
