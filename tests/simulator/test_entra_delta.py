"""Delta queries: shapes, selection, filters, tokens."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from simulator.entra import Tenant, generate
from tests.simulator.entra_caller import Caller, Mirror


@pytest.fixture
def caller() -> Caller:
    tenant = Tenant.empty()
    boss = tenant.add_user("boss@example.com", displayName="Boss")
    ann = tenant.add_user("ann@example.com", displayName="Ann", department="Sales", manager=boss)
    tenant.add_group("Staff", [boss, ann])
    return Caller(tenant)


def id_of(caller: Caller, name: str) -> str:
    found = caller.tenant.ids_named(name, "user") + caller.tenant.ids_named(name, "group")
    return found[0]


async def latest(caller: Caller, path: str) -> str:
    joint = "&" if "?" in path else "?"
    page = await caller.get(f"{path}{joint}$deltatoken=latest")
    assert page.rows == []
    return str(page.document["@odata.deltaLink"])


@pytest.mark.parametrize(
    "path", ["/users/delta", "/users/delta()", "//users/microsoft.graph.delta()"]
)
async def test_the_first_round_is_everybody(caller: Caller, path: str) -> None:
    rows, link = await caller.round(path)
    assert {row["id"] for row in rows} == set(caller.tenant.users.current())
    assert "$deltatoken=" in link
    again, _ = await caller.round(link)
    assert again == []


async def test_only_selected_properties_bring_an_object_back(caller: Caller) -> None:
    _, link = await caller.round("/users/delta?$select=displayName,accountEnabled")
    ann = id_of(caller, "ann@example.com")
    caller.tenant.move(ann, "Legal")
    rows, link = await caller.round(link)
    assert rows == []
    caller.tenant.disable(ann)
    rows, link = await caller.round(link)
    assert rows == [{"id": ann, "displayName": "Ann", "accountEnabled": False}]
    caller.tenant.enable(ann)
    minimal, _ = await caller.round(link, prefer="return=minimal")
    assert minimal == [{"id": ann, "accountEnabled": True}]


async def test_never_set_is_absent_and_cleared_is_null(caller: Caller) -> None:
    rows, link = await caller.round("/users/delta?$select=displayName,department,mobilePhone")
    boss, ann = id_of(caller, "boss@example.com"), id_of(caller, "ann@example.com")
    assert {"id": boss, "displayName": "Boss"} in rows
    caller.tenant.update_user(ann, department=None, mobilePhone="1")
    caller.tenant.update_user(ann, mobilePhone=None)
    rows, _ = await caller.round(link)
    assert rows == [{"id": ann, "displayName": "Ann", "department": None, "mobilePhone": None}]


async def test_removals_say_whether_they_can_be_undone(caller: Caller) -> None:
    ann = id_of(caller, "ann@example.com")
    link = await latest(caller, "/users/delta")
    caller.tenant.delete(ann)
    rows, link = await caller.round(link)
    assert rows == [{"id": ann, "@removed": {"reason": "changed"}}]
    first, _ = await caller.round("/users/delta")
    assert rows[0] in first
    caller.tenant.restore(ann)
    (row,), link = await caller.round(link)
    assert row["displayName"] == "Ann"
    caller.tenant.purge(ann)
    rows, _ = await caller.round(link)
    assert rows == [{"id": ann, "@removed": {"reason": "deleted"}}]


async def test_the_manager_is_a_relation(caller: Caller) -> None:
    boss, ann = id_of(caller, "boss@example.com"), id_of(caller, "ann@example.com")
    rows, link = await caller.round("/users/delta?$select=id,manager")
    kept = {"@odata.type": "#microsoft.graph.user", "id": boss}
    assert {"id": ann, "manager@delta": [kept]} in rows
    assert {"id": boss} in rows
    caller.tenant.update_user(ann, manager=None)
    rows, _ = await caller.round(link)
    assert rows == [{"id": ann, "manager@delta": [{**kept, "@removed": {"reason": "deleted"}}]}]


async def test_a_manager_who_came_and_went_is_taken_back(caller: Caller) -> None:
    ann, boss = id_of(caller, "ann@example.com"), id_of(caller, "boss@example.com")
    caller.simulator.set(delta_replay_share=1.0)
    _, link = await caller.round("/users/delta?$select=id,manager")
    caller.tenant.update_user(boss, manager=ann)
    caller.tenant.update_user(boss, manager=None)
    rows, _ = await caller.round(link)
    kept = {"@odata.type": "#microsoft.graph.user", "id": ann}
    gone = {"id": boss, "manager@delta": [{**kept, "@removed": {"reason": "deleted"}}]}
    assert rows[0] == {"id": boss, "manager@delta": [kept]}
    assert rows[1:] == [gone] * 3


async def test_members_come_as_changes_with_their_types(caller: Caller) -> None:
    tenant = caller.tenant
    staff, ann = id_of(caller, "Staff"), id_of(caller, "ann@example.com")
    link = await latest(caller, "/groups/delta?$select=displayName,members")
    nested = tenant.add_group("Nested")
    tenant.add_member(staff, nested)
    tenant.remove_member(staff, ann)
    rows, link = await caller.round(link)
    row = next(row for row in rows if row["id"] == staff)
    assert row["displayName"] == "Staff"
    assert row["members@delta"] == [
        {"@odata.type": "#microsoft.graph.group", "id": nested},
        {"@odata.type": "#microsoft.graph.user", "id": ann, "@removed": {"reason": "deleted"}},
    ]
    tenant.add_member(staff, ann)
    minimal, _ = await caller.round(link, prefer="respond-async, return=minimal")
    assert minimal == [
        {"id": staff, "members@delta": [{"@odata.type": "#microsoft.graph.user", "id": ann}]}
    ]


async def test_members_are_tracked_unless_another_selection_is_made(caller: Caller) -> None:
    plain = await latest(caller, "/groups/delta")
    named = await latest(caller, "/groups/delta?$select=displayName")
    caller.tenant.remove_member(id_of(caller, "Staff"), id_of(caller, "ann@example.com"))
    assert len((await caller.round(plain))[0]) == 1
    assert (await caller.round(named))[0] == []


async def test_a_soft_deleted_member_stays_until_the_purge(caller: Caller) -> None:
    link = await latest(caller, "/groups/delta")
    ann = id_of(caller, "ann@example.com")
    caller.tenant.delete(ann)
    rows, link = await caller.round(link)
    assert rows == []
    caller.tenant.purge(ann)
    ((row,), _) = await caller.round(link)
    assert row["members@delta"][0]["@removed"] == {"reason": "deleted"}
    caller.simulator.set(purged_users_in_members_delta=False)
    assert (await caller.round(link))[0] == []


@pytest.mark.parametrize("prefer", ["", "return=minimal"])
async def test_a_restored_group_comes_whole(caller: Caller, prefer: str) -> None:
    staff = id_of(caller, "Staff")
    link = await latest(caller, "/groups/delta?$select=displayName,members")
    caller.tenant.delete_group(staff, soft=True)
    rows, link = await caller.round(link, prefer=prefer)
    assert rows == [{"id": staff, "@removed": {"reason": "changed"}}]
    caller.tenant.restore(staff)
    (row,), _ = await caller.round(link, prefer=prefer)
    assert row["displayName"] == "Staff"
    assert {one["id"] for one in row["members@delta"]} == set(caller.tenant.users.current())


async def test_a_filter_names_up_to_fifty_ids(caller: Caller) -> None:
    ann, other = id_of(caller, "ann@example.com"), "11111111-1111-4111-8111-111111111111"
    clause = f"id eq '{ann}' or id eq '{other}'"
    rows, link = await caller.round(f"/users/delta?$filter={clause}&$select=displayName")
    assert rows == [{"id": ann, "displayName": "Ann"}]
    caller.tenant.update_user(id_of(caller, "boss@example.com"), displayName="Chief")
    caller.tenant.add_user("late@example.com", id=other, displayName="Late")
    rows, _ = await caller.round(link)
    assert rows == [{"id": other, "displayName": "Late"}]
    fifty = " or ".join([f"id eq '{ann}'"] * 50)
    assert (await caller.get(f"/users/delta?$filter={fifty}")).status == 200
    assert (await caller.get(f"/users/delta?$filter={fifty} or id eq 'x'")).status == 400
    assert (await caller.get("/users/delta?$filter=displayName eq 'Ann'")).status == 400
    assert (await caller.get("/users/delta?$filter=")).status == 400


@pytest.mark.parametrize("option", ["$top=5", "$orderby=id", "$expand=members", "$select=shoe"])
async def test_other_options_are_refused(caller: Caller, option: str) -> None:
    assert (await caller.get(f"/groups/delta?{option}")).status == 400


async def test_a_large_group_repeats_over_several_pages() -> None:
    caller = Caller(generate(2, 60, 4, group_size=10, largest_group=50))
    caller.simulator.set(delta_members_entry=7, delta_members_page=20)
    pages = await caller.pages("/groups/delta?$select=displayName,members")
    sizes = [sum(len(row.get("members@delta", [])) for row in page.rows) for page in pages]
    assert max(sizes) <= 20
    large = list(caller.tenant.groups.current())[1]
    showing = [number for number, page in enumerate(pages) if large in page.ids]
    assert len(showing) > 2
    mirror = Mirror()
    for page in pages:
        mirror.apply(page.rows)
    for id, members in mirror.members.items():
        assert members == set(caller.tenant.members[id].current())


async def test_users_come_in_pages_of_two_hundred() -> None:
    caller = Caller(generate(2, 450, 0))
    pages = await caller.pages("/users/delta?$select=id")
    assert [len(page.rows) for page in pages] == [200, 200, 50]
    again = await caller.get(pages[0].document["@odata.nextLink"])
    assert again.document == pages[1].document


async def test_empty_pages_still_lead_on(caller: Caller) -> None:
    caller.simulator.set(delta_empty_pages=2)
    pages = await caller.pages("/users/delta")
    assert [len(page.rows) for page in pages] == [0, 0, 2]
    assert "@odata.deltaLink" in pages[-1].document


async def test_tokens_live_seven_days(caller: Caller) -> None:
    link = await latest(caller, "/users/delta?$select=displayName")
    caller.clock.now += 7 * 86_400
    _, link = await caller.round(link)
    caller.clock.now += 7 * 86_400 + 1
    gone = await caller.get(link)
    assert (gone.status, gone.code) == (410, "resyncRequired")
    restart = parse_qs(urlsplit(gone.headers["location"]).query, keep_blank_values=True)
    assert restart == {"$deltatoken": [""], "$select": ["displayName"]}
    rows, _ = await caller.round(gone.headers["location"])
    assert {"id", "displayName"} == set(rows[0])
    assert len(rows) == 2


async def test_tokens_expire_when_told(caller: Caller) -> None:
    clause = f"id eq '{id_of(caller, 'Staff')}'"
    link = await latest(caller, f"/groups/delta?$filter={clause}")
    caller.simulator.expire_tokens()
    location = (await caller.get(link)).headers["location"]
    assert parse_qs(urlsplit(location).query)["$filter"] == [clause]
    caller.simulator.set(expired_answer="not_found")
    answer = await caller.get(link)
    assert (answer.status, answer.code) == (400, "syncStateNotFound")
    assert (await caller.get("/users/delta?$deltatoken=garbage")).status == 400
    assert (await caller.get(link.replace("/groups/", "/users/"))).status == 400


async def test_list_page_tokens_expire_too() -> None:
    caller = Caller(generate(1, 10, 0))
    page = await caller.get("/users?$top=5")
    caller.simulator.expire_tokens("page")
    answer = await caller.get(page.document["@odata.nextLink"])
    assert (answer.status, answer.code) == (400, "Directory_ExpiredPageToken")
    with pytest.raises(ValueError, match="page, delta or all"):
        caller.simulator.expire_tokens("some")


async def test_the_service_principal_has_a_delta_of_its_own(caller: Caller) -> None:
    rows, link = await caller.round("/servicePrincipals/delta?$select=accountEnabled,appRoles")
    assert rows[0]["accountEnabled"] is True
    caller.tenant.assign(id_of(caller, "Staff"))
    assert (await caller.round(link))[0] == []
    caller.tenant.update_service_principal(accountEnabled=False)
    (row,), _ = await caller.round(link)
    assert row["accountEnabled"] is False


async def test_replays_repeat_old_changes(caller: Caller) -> None:
    link = await latest(caller, "/users/delta?$select=department")
    ann = id_of(caller, "ann@example.com")
    caller.tenant.move(ann, "Legal")
    caller.tenant.move(ann, "Support")
    rows, link = await caller.round(link)
    assert [row["department"] for row in rows] == ["Support"]
    caller.simulator.set(delta_replay_share=1.0)
    caller.tenant.move(ann, "Finance")
    seen: list[Any] = [row["department"] for row in (await caller.round(link))[0]]
    assert len(seen) > 2
    assert seen[-1] == "Finance"


async def test_a_first_round_repeats_no_earlier_states(caller: Caller) -> None:
    ann = id_of(caller, "ann@example.com")
    caller.simulator.set(delta_replay_share=1.0)
    caller.tenant.move(ann, "Legal")
    caller.tenant.update_user(ann, department=None)
    caller.tenant.purge(caller.tenant.add_user("brief@example.com"))
    rows, _ = await caller.round("/users/delta?$select=department")
    assert {row["id"] for row in rows} == set(caller.tenant.users.current())
    assert [row for row in rows if row["id"] == ann] == [{"id": ann}] * 2
