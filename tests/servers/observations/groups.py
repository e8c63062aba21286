"""What a server does with groups, their members aside."""

from __future__ import annotations

from tests.servers.client import PlainClient
from tests.servers.observations.observation import (
    create,
    create_group,
    create_user,
    group_body,
    member_values,
    members,
    observation,
    patch,
    read,
)


@observation
async def group_create_keeps(client: PlainClient) -> list[str]:
    ada = await create_user(client, "ada")
    body = group_body("Sales", [ada], externalId="a group id")
    path = f"/Groups/{await create(client, '/Groups', body)}"
    stored = await read(client, path)
    kept = {
        "displayName": stored.get("displayName") == "Sales",
        "externalId": stored.get("externalId") == "a group id",
        "members": await members(client, path) == [ada],
    }
    return [name for name, is_kept in kept.items() if is_kept]


@observation
async def group_without_members_key(client: PlainClient) -> bool:
    body = {key: value for key, value in group_body("Sales").items() if key != "members"}
    return (await client.request("POST", "/Groups", body)).status == 201


@observation
async def group_display_name_unique(client: PlainClient) -> bool:
    await create_group(client, "Sales")
    return (await client.request("POST", "/Groups", group_body("Sales"))).status == 409


@observation
async def group_display_name_unique_ignores_case(client: PlainClient) -> bool:
    await create_group(client, "Sales")
    return (await client.request("POST", "/Groups", group_body("SALES"))).status == 409


@observation
async def group_external_id_unique(client: PlainClient) -> bool:
    await create(client, "/Groups", group_body("Sales", externalId="one id"))
    answer = await client.request("POST", "/Groups", group_body("Support", externalId="one id"))
    return answer.status == 409


@observation
async def group_patch_replaces(client: PlainClient) -> list[str]:
    replaced = []
    for number, path in enumerate(("displayName", "externalId")):
        body = group_body(f"Sales {number}", externalId=f"id {number}")
        group = f"/Groups/{await create(client, '/Groups', body)}"
        answer = await patch(client, group, {"op": "replace", "path": path, "value": "Another"})
        if answer.ok and (await read(client, group)).get(path) == "Another":
            replaced.append(path)
    return replaced


@observation
async def group_patch_changed_status(client: PlainClient) -> int:
    ada = await create_user(client, "ada")
    path = f"/Groups/{await create_group(client, 'Sales')}"
    add = {"op": "add", "path": "members", "value": member_values([ada])}
    return (await patch(client, path, add)).status


@observation
async def group_patch_unchanged_status(client: PlainClient) -> int:
    path = f"/Groups/{await create_group(client, 'Sales')}"
    same = {"op": "replace", "path": "displayName", "value": "Sales"}
    return (await patch(client, path, same)).status


@observation
async def group_put_clears_omitted_members(client: PlainClient) -> bool:
    path = f"/Groups/{await create_group(client, 'Sales', [await create_user(client, 'ada')])}"
    body = {key: value for key, value in group_body("Sales").items() if key != "members"}
    answer = await client.request("PUT", path, body)
    assert answer.ok, answer
    return await members(client, path) == []


@observation
async def deleted_group_status(client: PlainClient) -> int:
    path = f"/Groups/{await create_group(client, 'Sales')}"
    assert (await client.request("DELETE", path)).status == 204
    return (await client.request("GET", path)).status


@observation
async def user_shows_groups(client: PlainClient) -> list[str]:
    """Where a user shows the groups that it is a member of: "get", "list", both, or nowhere."""
    ada = await create_user(client, "ada")
    group = await create_group(client, "Sales", [ada])
    shown = {"get": await read(client, f"/Users/{ada}"), "list": (await client.all("/Users"))[0]}
    return [
        where
        for where, user in shown.items()
        if [each["value"] for each in user.get("groups") or []] == [group]
    ]


@observation
async def group_list_has_members(client: PlainClient) -> bool:
    ada = await create_user(client, "ada")
    await create_group(client, "Sales", [ada])
    (group,) = await client.all("/Groups")
    return [each["value"] for each in group.get("members") or []] == [ada]
