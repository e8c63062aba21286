"""What a server does with the members of a group."""

from __future__ import annotations

from tests.servers.client import PlainClient
from tests.servers.observations.observation import (
    create_group,
    create_user,
    create_users,
    group_body,
    member_values,
    members,
    observation,
    patch,
    user_body,
)

MANY_MEMBERS = 1000
"""As many members as are tried in one operation, where fewer do not already fail."""
SAFE_MEMBERS = 100


@observation
async def member_addition(client: PlainClient) -> list[str]:
    """Forms of adding members: Entra's "path", Zscaler's published "pathless", "single"."""
    ada, bea = [await create_user(client, name) for name in ("ada", "bea")]
    forms: dict[str, dict[str, object]] = {
        "path": {"op": "add", "path": "members", "value": member_values([bea])},
        "pathless": {"op": "add", "value": {"members": member_values([bea])}},
        "single": {"op": "add", "path": "members", "value": {"value": bea}},
    }
    working = []
    for form, operation in forms.items():
        path = f"/Groups/{await create_group(client, f'Sales {form}', [ada])}"
        answer = await patch(client, path, operation)
        if answer.ok and await members(client, path) == sorted([ada, bea]):
            working.append(form)
    return working


@observation
async def member_removal(client: PlainClient) -> list[str]:
    """Forms of removing two of three members.

    "filter": an operation each with path members[value eq "id"] (RFC 7644 section 3.5.2.2);
    "filter or": one such path that names both; "value": Entra's array of values; "put": the
    group without them.
    """
    ada, bea, cas = [await create_user(client, name) for name in ("ada", "bea", "cas")]
    either = f'members[value eq "{bea}" or value eq "{cas}"]'
    forms: dict[str, list[dict[str, object]]] = {
        "filter": [_removal(bea), _removal(cas)],
        "filter or": [{"op": "remove", "path": either}],
        "value": [{"op": "remove", "path": "members", "value": member_values([bea, cas])}],
    }
    working = []
    for form, operations in forms.items():
        path = f"/Groups/{await create_group(client, f'Sales {form}', [ada, bea, cas])}"
        answer = await patch(client, path, *operations)
        if answer.ok and await members(client, path) == [ada]:
            working.append(form)
    path = f"/Groups/{await create_group(client, 'Sales put', [ada, bea, cas])}"
    answer = await client.request("PUT", path, group_body("Sales put", [ada]))
    if answer.ok and await members(client, path) == [ada]:
        working.append("put")
    return working


@observation
async def failed_removal_keeps_members(client: PlainClient) -> bool:
    """Whether a removal form that the server does not know leaves the group as it was."""
    ada, bea, cas = [await create_user(client, name) for name in ("ada", "bea", "cas")]
    everyone = [ada, bea, cas]
    forms: list[dict[str, object]] = [
        {"op": "remove", "path": "members", "value": member_values([bea])},
        {"op": "remove", "path": f'members[value eq "{bea}" or value eq "{cas}"]'},
    ]
    for number, operation in enumerate(forms):
        path = f"/Groups/{await create_group(client, f'Sales {number}', everyone)}"
        answer = await patch(client, path, operation)
        if not answer.ok and await members(client, path) != sorted(everyone):
            return False
    return True


@observation
async def removes_all_members(client: PlainClient) -> bool:
    path = f"/Groups/{await create_group(client, 'Sales', await create_users(client, 2))}"
    answer = await patch(client, path, {"op": "remove", "path": "members"})
    return answer.ok and await members(client, path) == []


@observation
async def replaces_members(client: PlainClient) -> bool:
    ada, bea = await create_users(client, 2)
    path = f"/Groups/{await create_group(client, 'Sales', [ada])}"
    operation = {"op": "replace", "path": "members", "value": member_values([bea])}
    return (await patch(client, path, operation)).ok and await members(client, path) == [bea]


@observation
async def adds_and_removes_in_one_patch(client: PlainClient) -> bool:
    ada, bea = await create_users(client, 2)
    path = f"/Groups/{await create_group(client, 'Sales', [ada])}"
    add = {"op": "add", "path": "members", "value": member_values([bea])}
    answer = await patch(client, path, _removal(ada), add)
    return answer.ok and await members(client, path) == [bea]


@observation
async def member_added_again(client: PlainClient) -> str:
    ada = await create_user(client, "ada")
    path = f"/Groups/{await create_group(client, 'Sales', [ada])}"
    answer = await patch(client, path, _addition([ada]))
    if not answer.ok:
        return "refused"
    return {1: "kept once", 2: "duplicated"}[len(await members(client, path))]


@observation
async def unknown_member(client: PlainClient) -> str:
    path = f"/Groups/{await create_group(client, 'Sales')}"
    answer = await patch(client, path, _addition(["no-such-user"]))
    if not answer.ok:
        return "refused"
    return "kept" if await members(client, path) == ["no-such-user"] else "dropped"


@observation
async def absent_member_removal_status(client: PlainClient) -> int:
    ada, bea = await create_users(client, 2)
    path = f"/Groups/{await create_group(client, 'Sales', [ada])}"
    answer = await patch(client, path, _removal(bea))
    assert await members(client, path) == [ada]
    return answer.status


@observation
async def max_members_per_patch(client: PlainClient) -> int | None:
    """The most members that one operation may add, or None when 1,000 are taken."""
    path = f"/Groups/{await create_group(client, 'Sales')}"
    ids = await create_users(client, SAFE_MEMBERS + 1)
    if not (await patch(client, path, _addition(ids))).ok:
        assert (await patch(client, path, _addition(ids[:SAFE_MEMBERS]))).ok
        assert len(await members(client, path)) == SAFE_MEMBERS
        return SAFE_MEMBERS
    # A server that takes more members than it checks also takes ids that it does not know.
    more = [f"user {number}" for number in range(MANY_MEMBERS)]
    assert (await patch(client, path, _addition(more))).ok
    assert len(await members(client, path)) == len(ids) + MANY_MEMBERS
    return None


@observation
async def delete_ends_membership(client: PlainClient) -> bool:
    ada, bea = await create_users(client, 2)
    path = f"/Groups/{await create_group(client, 'Sales', [ada, bea])}"
    assert (await client.request("DELETE", f"/Users/{ada}")).status == 204
    return await members(client, path) == [bea]


@observation
async def disable_keeps_membership(client: PlainClient) -> bool:
    ada = await create_user(client, "ada", active=True)
    path = f"/Groups/{await create_group(client, 'Sales', [ada])}"
    disable = {"op": "replace", "path": "active", "value": False}
    assert (await patch(client, f"/Users/{ada}", disable)).ok
    return await members(client, path) == [ada]


@observation
async def user_put_keeps_membership(client: PlainClient) -> bool:
    ada = await create_user(client, "ada")
    path = f"/Groups/{await create_group(client, 'Sales', [ada])}"
    assert (await client.request("PUT", f"/Users/{ada}", user_body("ada"))).ok
    return await members(client, path) == [ada]


@observation
async def groups_as_members(client: PlainClient) -> bool:
    inner = await create_group(client, "Inner")
    path = f"/Groups/{await create_group(client, 'Outer')}"
    answer = await patch(client, path, _addition([inner]))
    return answer.ok and await members(client, path) == [inner]


def _addition(ids: list[str]) -> dict[str, object]:
    return {"op": "add", "path": "members", "value": member_values(ids)}


def _removal(id_: str) -> dict[str, object]:
    return {"op": "remove", "path": f'members[value eq "{id_}"]'}
