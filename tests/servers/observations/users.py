"""What a server does with users."""

from __future__ import annotations

from tests.servers.client import Answer, PlainClient, Resource
from tests.servers.observations.observation import (
    ABSENT,
    DEPARTMENT,
    ENTERPRISE,
    create,
    create_user,
    full_user_body,
    observation,
    patch,
    read,
    user_body,
    value_at,
)

MAPPED = {
    "userName": "renamed@example.com",
    "externalId": "another id",
    "displayName": "Another",
    "name.givenName": "Bea",
    "name.familyName": "Brown",
    "active": False,
    DEPARTMENT: "Support",
}
"""Every attribute that the ZSCloud application maps, with a new value."""
OPTIONAL = ("externalId", "displayName", "name.givenName", "name.familyName", DEPARTMENT)
UNKNOWN = "shoeSize"


@observation
async def user_create_keeps(client: PlainClient) -> list[str]:
    body = full_user_body("ada")
    stored = await read(client, f"/Users/{await create(client, '/Users', body)}")
    return [path for path in MAPPED if value_at(stored, path) == value_at(body, path)]


@observation
async def user_without_active_is(client: PlainClient) -> str:
    stored = await read(client, f"/Users/{await create_user(client, 'ada')}")
    if "active" not in stored:
        return "unsaid"
    return "active" if stored["active"] else "inactive"


@observation
async def requires_domain(client: PlainClient) -> bool:
    answer = await client.request("POST", "/Users", user_body("ada", userName="ada"))
    return not answer.ok


@observation
async def unknown_attribute_on_create(client: PlainClient) -> str:
    answer = await client.request("POST", "/Users", user_body("ada", **{UNKNOWN: 39}))
    return await _treatment(client, answer, f"/Users/{(answer.body or {}).get('id')}")


@observation
async def unknown_attribute_on_patch(client: PlainClient) -> str:
    path = f"/Users/{await create_user(client, 'ada')}"
    answer = await patch(client, path, {"op": "replace", "path": UNKNOWN, "value": 39})
    return await _treatment(client, answer, path)


async def _treatment(client: PlainClient, answer: Answer, path: str) -> str:
    if not answer.ok:
        return "refused"
    return "ignored" if value_at(await read(client, path), UNKNOWN) is ABSENT else "kept"


@observation
async def duplicate_user_name_status(client: PlainClient) -> int:
    await create_user(client, "ada")
    return (await client.request("POST", "/Users", user_body("ada"))).status


@observation
async def duplicate_user_name_scim_type(client: PlainClient) -> str | None:
    await create_user(client, "ada")
    answer = await client.request("POST", "/Users", user_body("ada"))
    scim_type = answer.body.get("scimType")
    assert scim_type is None or isinstance(scim_type, str)
    return scim_type


@observation
async def rename_to_taken_user_name_status(client: PlainClient) -> int:
    await create_user(client, "ada")
    path = f"/Users/{await create_user(client, 'bea')}"
    rename = {"op": "replace", "path": "userName", "value": "ada@example.com"}
    return (await patch(client, path, rename)).status


@observation
async def user_name_unique_ignores_case(client: PlainClient) -> bool:
    await create_user(client, "ada")
    other_case = user_body("ada", userName="ADA@example.com")
    return (await client.request("POST", "/Users", other_case)).status == 409


@observation
async def external_id_unique(client: PlainClient) -> bool:
    await create_user(client, "ada", externalId="one id")
    answer = await client.request("POST", "/Users", user_body("bea", externalId="one id"))
    return answer.status == 409


@observation
async def recreated_user_has_new_id(client: PlainClient) -> bool:
    body = full_user_body("ada")
    first = await create(client, "/Users", body)
    assert (await client.request("DELETE", f"/Users/{first}")).status == 204
    return await create(client, "/Users", body) != first


@observation
async def user_patch_changed_status(client: PlainClient) -> int:
    path = f"/Users/{await create_user(client, 'ada')}"
    return (await patch(client, path, _replace("displayName", "Another"))).status


@observation
async def user_patch_unchanged_status(client: PlainClient) -> int:
    path = f"/Users/{await create_user(client, 'ada', active=True)}"
    return (await patch(client, path, _replace("active", value=True))).status


@observation
async def user_patch_replaces(client: PlainClient) -> list[str]:
    return [path for path in MAPPED if await _replaces(client, path, full=True)]


@observation
async def user_patch_replaces_absent(client: PlainClient) -> list[str]:
    return [path for path in (*OPTIONAL, "active") if await _replaces(client, path, full=False)]


@observation
async def user_patch_removes(client: PlainClient) -> list[str]:
    removed = []
    for number, path in enumerate(OPTIONAL):
        user = f"/Users/{await create(client, '/Users', full_user_body(f'ada{number}'))}"
        answer = await patch(client, user, {"op": "remove", "path": path})
        if answer.ok and value_at(await read(client, user), path) is ABSENT:
            removed.append(path)
    return removed


@observation
async def department_cleared_by(client: PlainClient) -> list[str]:
    """Operations on the department after which a user has none."""
    forms: dict[str, dict[str, object]] = {
        "remove": {"op": "remove", "path": DEPARTMENT},
        "replace with empty": _replace(DEPARTMENT, ""),
        "replace with null": _replace(DEPARTMENT, None),
    }
    working = []
    for number, (form, operation) in enumerate(forms.items()):
        user = f"/Users/{await create(client, '/Users', full_user_body(f'ada{number}'))}"
        answer = await patch(client, user, operation)
        if answer.ok and value_at(await read(client, user), DEPARTMENT) is ABSENT:
            working.append(form)
    return working


@observation
async def user_patch_without_path(client: PlainClient) -> list[str]:
    """Forms of the value object that an operation without a path may have."""
    forms: dict[str, tuple[dict[str, object], str, object]] = {
        "plain": ({"active": False}, "active", False),
        "nested name": ({"name": {"givenName": "Bea"}}, "name.givenName", "Bea"),
        "dotted name": ({"name.givenName": "Bea"}, "name.givenName", "Bea"),
        "nested extension": ({ENTERPRISE: {"department": "Support"}}, DEPARTMENT, "Support"),
        "flat extension": ({DEPARTMENT: "Support"}, DEPARTMENT, "Support"),
    }
    working = []
    for number, (form, (value, path, expected)) in enumerate(forms.items()):
        user = f"/Users/{await create(client, '/Users', full_user_body(f'ada{number}'))}"
        answer = await patch(client, user, {"op": "replace", "value": value})
        if answer.ok and value_at(await read(client, user), path) == expected:
            working.append(form)
    return working


@observation
async def nested_name_keeps_siblings(client: PlainClient) -> bool:
    user = f"/Users/{await create(client, '/Users', full_user_body('ada'))}"
    await patch(client, user, {"op": "replace", "value": {"name": {"givenName": "Bea"}}})
    return bool(value_at(await read(client, user), "name.familyName") == "Adams")


@observation
async def patch_op_ignores_case(client: PlainClient) -> bool:
    path = f"/Users/{await create_user(client, 'ada', active=True)}"
    answer = await patch(client, path, {"op": "Replace", "path": "active", "value": False})
    return answer.ok and (await read(client, path))["active"] is False


@observation
async def active_as_string(client: PlainClient) -> bool:
    path = f"/Users/{await create_user(client, 'ada', active=True)}"
    answer = await patch(client, path, _replace("active", "False"))
    return answer.ok and (await read(client, path))["active"] is False


@observation
async def failed_patch_changes_nothing(client: PlainClient) -> bool:
    """Whether a PATCH is atomic, as RFC 7644 section 3.5.2 asks."""
    path = f"/Users/{await create_user(client, 'ada')}"
    answer = await patch(client, path, _replace("displayName", "Another"), _replace(UNKNOWN, "39"))
    assert answer.status == 400, answer
    return bool((await read(client, path))["displayName"] == "Ada")


@observation
async def user_put_clears_omitted(client: PlainClient) -> list[str]:
    path = f"/Users/{await create(client, '/Users', full_user_body('ada'))}"
    answer = await client.request("PUT", path, _bare_user_body("ada"))
    assert answer.ok, answer
    stored = await read(client, path)
    return [each for each in (*OPTIONAL, "active") if value_at(stored, each) is ABSENT]


@observation
async def user_delete_status(client: PlainClient) -> int:
    path = f"/Users/{await create_user(client, 'ada')}"
    return (await client.request("DELETE", path)).status


@observation
async def deleted_user_status(client: PlainClient) -> int:
    path = f"/Users/{await create_user(client, 'ada')}"
    await client.request("DELETE", path)
    statuses = {(await client.request(method, path)).status for method in ("GET", "DELETE")}
    assert len(statuses) == 1, statuses
    return statuses.pop()


async def _replaces(client: PlainClient, path: str, *, full: bool) -> bool:
    """Whether a PATCH with this path sets the value, on a full user or one without the value."""
    name = f"ada{list(MAPPED).index(path)}"
    body = full_user_body(name) if full else _bare_user_body(name)
    user = f"/Users/{await create(client, '/Users', body)}"
    answer = await patch(client, user, _replace(path, MAPPED[path]))
    return answer.ok and value_at(await read(client, user), path) == MAPPED[path]


def _bare_user_body(name: str) -> Resource:
    body = user_body(name)
    del body["displayName"]
    return body


def _replace(path: str, value: object) -> dict[str, object]:
    return {"op": "replace", "path": path, "value": value}
