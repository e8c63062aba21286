"""Lists and single reads: shapes, paging, filters, casts, permissions, errors."""

from __future__ import annotations

import pytest

from simulator.entra import DEFAULT_ACCESS, Tenant, generate
from tests.simulator.entra_caller import Caller

EVENTUAL = {"consistencylevel": "eventual"}


class Small:
    """Ann (boss), Bob who is disabled, a guest; groups inside each other; some assigned."""

    def __init__(self) -> None:
        self.tenant = Tenant.empty()
        add = self.tenant.add_user
        self.ann = add("ann@example.com", displayName="Ann O'Hara", department="Sales")
        self.bob = add("bob@example.com", manager=self.ann, accountEnabled=False)
        self.guest = add("eve_home.org#EXT#@example.com", userType="Guest", mail="eve@home.org")
        self.inner = self.tenant.add_group("Inner", [self.bob])
        self.outer = self.tenant.add_group("Outer", [self.ann, self.inner])
        self.tenant.add_member(self.inner, self.outer)
        self.tenant.assign(self.ann)
        self.tenant.assign(self.outer, "msiam_access")
        self.tenant.assign(self.guest, DEFAULT_ACCESS)
        self.caller = Caller(self.tenant)
        self.get = self.caller.get
        self.assigned = f"/servicePrincipals/{self.tenant.service_principal_id}/appRoleAssignedTo"


@pytest.fixture
def small() -> Small:
    return Small()


async def test_a_user_is_found_by_id_and_by_name(small: Small) -> None:
    by_id = await small.get(f"/users/{small.ann}?$select=id,department,createdDateTime")
    assert by_id.document["department"] == "Sales"
    assert by_id.document["createdDateTime"] == "2027-01-14T08:00:00Z"
    by_name = await small.get("//users/ANN@example.com")
    assert by_name.document["id"] == small.ann
    assert set(by_name.document) - {"@odata.context"} == {
        *["businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone"],
        *["officeLocation", "preferredLanguage", "surname", "userPrincipalName"],
    }
    guest = await small.get("/users/eve_home.org%23EXT%23@example.com?$select=userType")
    assert guest.document["userType"] == "Guest"


async def test_what_is_not_there_answers_in_graphs_form(small: Small) -> None:
    answer = await small.get("/users/nobody@example.com", client_request_id="abc")
    assert answer.status == 404
    assert answer.code == "Request_ResourceNotFound"
    assert answer.document["error"]["innerError"]["client-request-id"] == "abc"
    assert answer.headers["client-request-id"] == "abc"
    for path in ("/groups/x", "/groups/x/members", "/servicePrincipals/x", "/users/x/manager"):
        assert (await small.get(path)).status == 404
    assert (await small.get("/nonsense")).status == 400
    assert (await small.caller.send("POST", "/users")).status == 405


async def test_the_manager_is_a_directory_object(small: Small) -> None:
    manager = await small.get(f"/users/{small.bob}/manager?$select=displayName")
    assert manager.document["@odata.type"] == "#microsoft.graph.user"
    assert manager.document["id"] == small.ann
    assert (await small.get(f"/users/{small.ann}/manager")).status == 404
    bob = await small.get(f"/users/{small.bob}?$expand=manager($select=id)")
    assert bob.document["manager"]["id"] == small.ann


@pytest.mark.parametrize(
    ("clause", "names"),
    [
        ("userPrincipalName eq 'ANN@example.com'", {"ann"}),
        ("displayName eq 'Ann O''Hara'", {"ann"}),
        ("accountEnabled eq false", {"bob"}),
        ("userType eq 'Guest' or startswith(userPrincipalName,'bob')", {"guest", "bob"}),
        ("department eq 'Sales' and accountEnabled eq true", {"ann"}),
        ("userPrincipalName in ('bob@example.com','x')", {"bob"}),
        ("department eq 'Legal'", set()),
    ],
)
async def test_users_are_filtered(small: Small, clause: str, names: set[str]) -> None:
    found = await small.get(f"/users?$filter={clause}&$count=true", **EVENTUAL)
    assert set(found.ids) == {getattr(small, name) for name in names}
    assert found.document["@odata.count"] == len(names)


async def test_groups_are_filtered_by_name_and_id(small: Small) -> None:
    assert (await small.get("/groups?$filter=displayName eq 'outer'")).ids == [small.outer]
    by_id = await small.get(f"/groups?$filter=id in ('{small.inner}')&$select=id,displayName")
    assert by_id.rows == [{"id": small.inner, "displayName": "Inner"}]


@pytest.mark.parametrize(
    "path",
    [
        "/users?$top=1000",
        "/users?$top=0",
        "/users?$select=shoeSize",
        "/users?$filter=startsWith",
        "/users?$filter=id eq 'a' or id eq 'b' and id eq 'c'",
        "/users?$orderby=displayName",
        "/users?$expand=memberOf",
        "/groups?$expand=members",
    ],
)
async def test_unsupported_options_are_refused(small: Small, path: str) -> None:
    assert (await small.get(path)).status == 400


async def test_members_are_typed_and_groups_appear_among_them(small: Small) -> None:
    page = await small.get(f"/groups/{small.outer}/members?$select=id,accountEnabled")
    rows = {row["id"]: row for row in page.rows}
    assert rows == {
        small.ann: {
            "@odata.type": "#microsoft.graph.user",
            "id": small.ann,
            "accountEnabled": True,
        },
        small.inner: {"@odata.type": "#microsoft.graph.group", "id": small.inner},
    }
    for cast in ("microsoft.graph.user", "graph.user"):
        assert (await small.get(f"/groups/{small.outer}/members/{cast}")).ids == [small.ann]


async def test_transitive_members_walk_a_ring_once(small: Small) -> None:
    path = f"/groups/{small.outer}/transitiveMembers"
    assert set((await small.get(path)).ids) == {small.ann, small.bob, small.inner, small.outer}
    cast = f"{path}/microsoft.graph.user?$count=true"
    assert (await small.get(cast)).status == 400
    assert (await small.get(f"{path}/microsoft.graph.user", **EVENTUAL)).status == 400
    page = await small.get(cast, **EVENTUAL)
    assert set(page.ids) == {small.ann, small.bob}
    assert page.document["@odata.count"] == 2


async def test_members_are_counted_from_the_index(small: Small) -> None:
    path = f"/groups/{small.outer}/members/$count"
    assert (await small.get(path)).status == 400
    assert (await small.get(path, **EVENTUAL)).document == "2"


async def test_the_service_principal_declares_its_roles(small: Small) -> None:
    main = small.tenant.service_principal
    for path in (f"/servicePrincipals/{main.id}", f"/servicePrincipals(appId='{main.app_id}')"):
        found = (await small.get(path)).document
        assert [role["displayName"] for role in found["appRoles"]] == ["msiam_access", "User"]
        assert found["appRoles"][0]["value"] is None
    listed = await small.get(f"/servicePrincipals?$filter=appId eq '{main.app_id}'")
    assert listed.ids == [main.id]


async def test_assignments_name_principal_and_role(small: Small) -> None:
    rows = {row["principalId"]: row for row in (await small.get(small.assigned)).rows}
    assert {id: row["principalType"] for id, row in rows.items()} == {
        small.ann: "User",
        small.outer: "Group",
        small.guest: "User",
    }
    assert rows[small.guest]["appRoleId"] == DEFAULT_ACCESS
    assert rows[small.ann]["createdDateTime"] == "2027-01-14T08:00:00Z"
    app_id = small.tenant.service_principal.app_id
    same = await small.get(f"/servicePrincipals(appId='{app_id}')/appRoleAssignedTo")
    assert len(same.rows) == 3


async def test_assignments_filter_only_on_two_properties(small: Small) -> None:
    named = await small.get(f"{small.assigned}?$filter=startswith(principalDisplayName,'out')")
    assert [row["principalId"] for row in named.rows] == [small.outer]
    resource = small.tenant.service_principal_id
    assert len((await small.get(f"{small.assigned}?$filter=resourceId eq {resource}")).rows) == 3
    refused = await small.get(f"{small.assigned}?$filter=principalId eq {small.ann}")
    assert refused.status == 400
    assert "Invalid filter clause" in refused.document["error"]["message"]


async def test_lists_come_in_pages_that_lose_nobody() -> None:
    caller = Caller(generate(3, 250, 6, group_size=230, assigned_users=150))
    tenant = caller.tenant
    assert set(await caller.ids("/users?$select=id")) == set(tenant.users.current())
    pages = await caller.pages("/users?$top=99&$select=id,displayName")
    assert [len(page.rows) for page in pages] == [99, 99, 52]
    assert pages[1].document["value"][0].keys() == {"id", "displayName"}
    group = next(iter(tenant.groups.current()))
    members = await caller.pages(f"/groups/{group}/members")
    assert [len(page.rows) for page in members] == [100, 100, 30]
    sp = tenant.service_principal_id
    rows = await caller.ids(f"/servicePrincipals/{sp}/appRoleAssignedTo")
    assert sorted(rows) == sorted(tenant.assignments.current())


async def test_links_lead_back_to_whom_the_caller_asked(small: Small) -> None:
    page = await small.get("http://127.0.0.1:99/v1.0//users?$top=1&$select=id")
    assert page.document["@odata.nextLink"].startswith("http://127.0.0.1:99/v1.0/users?")
    assert "%24" not in page.document["@odata.nextLink"]


async def test_soft_deleted_users_hide_and_come_back(small: Small) -> None:
    tenant = small.tenant
    tenant.delete(small.ann)
    assert small.ann not in (await small.get("/users")).ids
    assert (await small.get(f"/users/{small.ann}")).status == 404
    assert (await small.get(f"/groups/{small.outer}/members")).ids == [small.inner]
    assert len((await small.get(small.assigned)).rows) == 2
    deleted = await small.get(f"/directory/deletedItems/{small.ann}")
    assert deleted.document["deletedDateTime"] == "2027-01-15T08:00:00Z"
    assert deleted.document["userPrincipalName"].endswith("ann@example.com")
    assert (await small.get("/directory/deletedItems/microsoft.graph.user")).ids == [small.ann]
    assert (await small.get("/directory/deletedItems/microsoft.graph.group")).ids == []
    tenant.restore(small.ann)
    assert (await small.get(f"/users/{small.ann}")).status == 200
    assert small.ann in (await small.get(f"/groups/{small.outer}/members")).ids
    assert len((await small.get(small.assigned)).rows) == 3
    assert (await small.get(f"/directory/deletedItems/{small.ann}")).status == 404


async def test_deleted_users_stay_listed_when_the_knobs_say_so(small: Small) -> None:
    small.tenant.delete(small.ann)
    small.caller.simulator.set(deleted_users_in_members=True, deleted_users_in_assignments=True)
    assert small.ann in (await small.get(f"/groups/{small.outer}/members")).ids
    assert len((await small.get(small.assigned)).rows) == 3


async def test_without_user_permission_people_look_empty(small: Small) -> None:
    small.caller.simulator.set(missing_permissions=["User.Read.All"])
    refused = await small.get("/users")
    assert (refused.status, refused.code) == (403, "Authorization_RequestDenied")
    assert (await small.get("/users/delta")).status == 403
    page = await small.get(f"/groups/{small.outer}/members?$select=id,userPrincipalName")
    ann = next(row for row in page.rows if row["id"] == small.ann)
    assert ann == {
        "@odata.type": "#microsoft.graph.user",
        "id": small.ann,
        "userPrincipalName": None,
    }


@pytest.mark.parametrize(
    ("permission", "path"),
    [
        ("GroupMember.Read.All", "/groups"),
        ("GroupMember.Read.All", "/groups/delta"),
        ("Application.Read.All", "/servicePrincipals"),
    ],
)
async def test_each_resource_needs_its_permission(small: Small, permission: str, path: str) -> None:
    assert (await small.get(path)).status == 200
    small.caller.simulator.set(missing_permissions=[permission])
    assert (await small.get(path)).code == "Authorization_RequestDenied"


async def test_a_token_is_asked_for_when_it_is_set() -> None:
    caller = Caller(Tenant.empty(), token="secret")
    refused = await caller.get("/users")
    assert (refused.status, refused.code) == (401, "InvalidAuthenticationToken")
    assert (await caller.send("POST", "/$batch", {})).status == 401
    assert (await caller.get("/users", authorization="Bearer secret")).status == 200


@pytest.mark.parametrize(
    ("path", "units"),
    [
        ("/users", "2"),
        ("/users?$select=id", "1"),
        ("/groups/{outer}/members", "3"),
        ("/groups/{outer}/members?$select=id&$top=5", "1"),
        ("/groups/{outer}/transitiveMembers", "5"),
        ("/users/{ann}", "1"),
        ("/users/{bob}?$expand=manager", "2"),
    ],
)
async def test_calls_cost_resource_units(small: Small, path: str, units: str) -> None:
    answer = await small.get(path.format(**vars(small)))
    assert answer.headers["x-ms-resource-unit"] == units
    assert small.caller.simulator.requests[-1].units == int(units)
