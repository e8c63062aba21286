"""Every entry of ``targets.toml`` is true of the running server."""

from __future__ import annotations

import asyncio

from tests.foreign.target import Target, load_targets
from tests.servers.client import Answer, PlainClient
from tests.servers.launch import SERVERS, ScimServer
from tests.servers.observations.observation import (
    create_group,
    create_user,
    create_users,
    member_values,
    patch,
    user_body,
)

PLENTY = 150
"""Members of one group that a server without a limit is tried with."""


def test_each_server_is_a_target() -> None:
    assert sorted(load_targets()) == sorted(SERVERS)


def test_renamed_user_frees_its_name(server: ScimServer, target: Target) -> None:
    async def freed(client: PlainClient) -> bool:
        first = await create_user(client, "ada")
        rename = {"op": "replace", "path": "userName", "value": "grace@example.com"}
        assert (await patch(client, f"/Users/{first}", rename)).ok
        return (await client.request("POST", "/Users", user_body("ada"))).ok

    asyncio.run(server.reset())
    assert asyncio.run(freed(server.client)) is target.limits.renamed_user_frees_name


def test_a_group_takes_as_many_members_as_it_says(server: ScimServer, target: Target) -> None:
    async def takes_one_more(client: PlainClient, count: int) -> bool:
        *ids, last = await create_users(client, count + 1)
        group = await create_group(client, "Sales", ids[:50])
        for part in (ids[50:100], ids[100:]):
            if part:
                assert (await add(client, group, part)).ok
        return (await add(client, group, [last])).ok

    async def add(client: PlainClient, group: str, ids: list[str]) -> Answer:
        operation = {"op": "add", "value": {"members": member_values(ids)}}
        return await patch(client, f"/Groups/{group}", operation)

    limit = target.limits.max_group_members
    asyncio.run(server.reset())
    assert asyncio.run(takes_one_more(server.client, limit or PLENTY)) is (limit is None)


def test_several_references_in_one_operation(server: ScimServer, target: Target) -> None:
    async def members(client: PlainClient) -> set[str]:
        posts = [
            {"method": "POST", "path": "/Users", "bulkId": name, "data": user_body(name)}
            for name in ("ada", "bob")
        ]
        data = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Sales",
            "members": [{"value": "bulkId:ada"}, {"value": "bulkId:bob"}],
        }
        group = {"method": "POST", "path": "/Groups", "bulkId": "sales", "data": data}
        schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
        body = {"schemas": [schema], "Operations": [*posts, group]}
        answer = await client.request("POST", "/Bulk", body)
        *_, made = answer.body["Operations"]
        id = made["location"].rpartition("/")[2]
        found = (await client.request("GET", f"/Groups/{id}")).body
        return {member["value"] for member in found["members"]}

    if target.profile.bulk:
        asyncio.run(server.reset())
        found = asyncio.run(members(server.client))
        resolved = not any(id.startswith("bulkId:") for id in found)
        assert resolved is target.limits.resolves_several_references
