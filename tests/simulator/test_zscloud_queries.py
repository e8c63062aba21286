"""Listing, filters, paging, searches and the endpoints around them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.zscloud_caller import ENTERPRISE, SEARCH_REQUEST, Caller, op


async def names(caller: Caller, text: str) -> list[str]:
    """The userNames that a filter finds."""
    found = await caller.get("/Users", filter=text)
    assert found["totalResults"] == found["itemsPerPage"] == len(found["Resources"])
    return [row["userName"] for row in found["Resources"]]


async def test_the_documented_filters_of_users() -> None:
    caller = Caller()
    ada = await caller.user("ada", externalId="e1")
    caller.clock.now += 10
    await caller.user("bob", externalId="E1")
    assert await names(caller, 'userName eq "ADA@example.com"') == ["ada@example.com"]
    assert await names(caller, 'USERNAME EQ "ada@example.com"') == ["ada@example.com"]
    assert await names(caller, 'externalID eq "e1"') == ["ada@example.com"]
    assert await names(caller, 'externalId eq "e2"') == []
    assert await names(caller, f'id eq "{ada}"') == ["ada@example.com"]
    assert await names(caller, 'id eq "none"') == []
    since = 'meta.lastModified gt "2027-01-15T08:00:05Z"'
    assert await names(caller, since) == ["bob@example.com"]
    assert await names(caller, "userName eq bob@example.com") == ["bob@example.com"]


async def test_a_modified_user_is_found_by_its_new_values_only() -> None:
    caller = Caller()
    id = await caller.user("ada", externalId="e1")
    change = op("replace", None, {"userName": "countess@example.com", "externalId": "e2"})
    await caller.patch(f"/Users/{id}", change)
    assert await names(caller, 'userName eq "ada@example.com"') == []
    assert await names(caller, 'externalId eq "e1"') == []
    assert await names(caller, 'externalId eq "e2"') == ["countess@example.com"]


async def test_quotes_and_backslashes_in_filter_values() -> None:
    caller = Caller()
    await caller.group('R&D "north" \\ +süd')
    text = 'displayName eq "R&D \\"north\\" \\\\ +süd"'
    assert (await caller.get("/Groups", filter=text))["totalResults"] == 1


async def test_the_documented_filters_of_groups() -> None:
    caller = Caller()
    ada, bob = await caller.user("ada"), await caller.user("bob")
    await caller.group("Sales", ada)
    for text, total in {
        'displayName eq "sales"': 1,
        'displayName eq "Other"': 0,
        f'displayName eq "Sales" and members.value eq "{ada}"': 1,
        f'(members.value eq "{ada}" and displayName eq "Sales")': 1,
        f'displayName eq "Sales" and members.value eq "{bob}"': 0,
    }.items():
        assert (await caller.get("/Groups", filter=text))["totalResults"] == total, text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/Users", 'displayName eq "x"'),
        ("/Users", 'userName sw "x"'),
        ("/Users", "userName pr"),
        ("/Users", 'userName eq "x" and id eq "y"'),
        ("/Users", 'meta.lastModified gt "yesterday"'),
        ("/Users", "userName eq"),
        ("/Users", 'userName is "x"'),
        ("/Users", 'userName eq "x" id'),
        ("/Users", 'userName eq "x'),
        ("/Users", 'userName eq "\\x"'),
        ("/Users", '(userName eq "x"'),
        ("/Groups", 'externalId eq "x"'),
        ("/Groups", 'members.value eq "x"'),
        ("/Groups", 'displayName eq "x" or displayName eq "y"'),
        ("/Groups", 'displayName eq "x" and displayName eq "y"'),
        ("/Groups", 'displayName eq "x" and externalId eq "y"'),
    ],
)
async def test_another_filter_is_refused(path: str, text: str) -> None:
    answer = await Caller().call("GET", path, filter=text)
    assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")


async def test_pages() -> None:
    caller = Caller(max_results=3)
    for number in range(5):
        await caller.user(f"u{number}")
    first = await caller.get("/Users")
    assert (first["totalResults"], first["startIndex"], first["itemsPerPage"]) == (6, 1, 3)
    second = await caller.get("/Users", startIndex=4, count=1000)
    assert (second["startIndex"], second["itemsPerPage"]) == (4, 3)
    ids = [row["id"] for row in first["Resources"] + second["Resources"]]
    assert len(set(ids)) == 6
    assert (await caller.get("/Users", count=2))["itemsPerPage"] == 2
    assert (await caller.get("/Users", count=0))["Resources"] == []
    assert (await caller.get("/Users", startIndex=0, count=-1))["startIndex"] == 1
    assert (await caller.get("/Users", startIndex=7))["Resources"] == []
    assert (await caller.call("GET", "/Users", count="all")).status == 400


async def test_a_page_has_at_most_1000_rows() -> None:
    caller = Caller()
    for number in range(1001):
        caller.sim.create_user(userName=f"u{number}@example.com", displayName="U")
    listed = await caller.get("/Users", count=5000)
    assert (listed["itemsPerPage"], listed["totalResults"]) == (1000, 1002)


async def test_search_by_post() -> None:
    caller = Caller()
    await caller.user("ada")
    await caller.group("Sales")
    search = {"schemas": [SEARCH_REQUEST], "startIndex": 2, "count": 100}
    found = (await caller.call("POST", "/Users/.search", search)).body
    assert [row["userName"] for row in found["Resources"]] == ["ada@example.com"]
    search = {"schemas": [SEARCH_REQUEST], "filter": 'displayName eq "Sales"'}
    assert (await caller.call("POST", "/Groups/.search", search)).body["totalResults"] == 1
    everything = {"schemas": [SEARCH_REQUEST]}
    assert (await caller.call("POST", "/.search", everything)).body["totalResults"] == 4
    assert (await caller.call("POST", "/.search", search)).status == 400
    assert (await caller.call("POST", "/Schemas/.search", everything)).status == 405
    assert (await caller.call("POST", "/Other/.search", everything)).status == 404
    assert (await caller.call("GET", "/Users/.search")).status == 405


@pytest.mark.parametrize(
    ("parameters", "keys"),
    [
        ({"attributes": "username"}, {"userName"}),
        ({"attributes": f"{ENTERPRISE}:department"}, {ENTERPRISE}),
        ({"attributes": f"{ENTERPRISE},emails.value"}, {ENTERPRISE, "emails"}),
        (
            {"excludedAttributes": "groups,meta.location,emails,id"},
            {"userName", "displayName", "department", ENTERPRISE, "meta"},
        ),
    ],
)
async def test_the_choice_of_attributes(parameters: dict[str, str], keys: set[str]) -> None:
    caller = Caller()
    emails = [{"value": "a@example.com", "type": "work"}]
    id = await caller.user(department="Sales", emails=emails)
    one = await caller.get(f"/Users/{id}", **parameters)
    row = (await caller.get("/Users", **parameters))["Resources"][-1]
    assert one == row
    assert set(one) == keys | {"schemas", "id"}
    assert "location" not in one.get("meta", {})
    assert one.get("emails", [{"value": "a@example.com"}]) == [{"value": "a@example.com"}]
    caller.sim.set_options(honour_attributes=False)
    assert "meta" in await caller.get(f"/Users/{id}", **parameters)


async def test_both_choices_of_attributes_are_refused() -> None:
    answer = await Caller().call("GET", "/Users", attributes="id", excludedAttributes="meta")
    assert answer.status == 400


@pytest.mark.parametrize("path", ["/Schemas", "/ServiceProviderConfig", "/ResourceTypes"])
async def test_discovery_needs_no_token(path: str) -> None:
    caller = Caller()
    assert (await caller.call("GET", path, headers={})).status == 200
    assert (await caller.call("GET", f"{path}/unknown", headers={})).status == 404
    assert (await caller.call("DELETE", path, headers={})).status == 405


async def test_discovery_follows_the_options() -> None:
    caller = Caller(bulk=True, bulk_max_operations=7, max_results=100, other_attributes="ignored")
    config = await caller.get("/ServiceProviderConfig")
    assert config["bulk"] == {
        "supported": True,
        "maxOperations": 7,
        "maxPayloadSize": 1_048_576,
    }
    assert config["filter"]["maxResults"] == 100
    schema = await caller.get(f"/Schemas/{ENTERPRISE}")
    assert [attribute["name"] for attribute in schema["attributes"]] == ["department"]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "x"}])
async def test_all_else_needs_the_token(headers: dict[str, str]) -> None:
    answer = await Caller().call("GET", "/Users", headers=headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Me", 404),
        ("GET", "/Users/a/b", 404),
        ("GET", "/Users/none", 404),
        ("PUT", "/Users", 405),
        ("POST", "/Users/none", 405),
        ("DELETE", "/Groups/none", 404),
        ("GET", "/Bulk", 405),
    ],
)
async def test_what_there_is_not(method: str, path: str, status: int) -> None:
    answer = await Caller().call(method, path)
    assert (answer.status, answer.body["status"]) == (status, str(status))


async def test_outside_the_base_path_there_is_nothing() -> None:
    caller = Caller()
    url = "https://scim.example.com/1234/scim/Users"
    assert (await caller.send("GET", url, None, caller.headers)).status == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'"text"'])
async def test_a_body_is_a_json_object(body: bytes) -> None:
    caller = Caller()
    for method, path in (("POST", "/Users"), ("POST", "/Users/.search")):
        answer: Any = await caller.call(method, path, body)
        assert (answer.status, answer.body["scimType"]) == (400, "invalidSyntax")
