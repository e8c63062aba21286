"""The register of observations, and the bodies that they send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from tests.servers.client import Answer, PlainClient, Resource

Observation = Callable[[PlainClient], Awaitable[object]]
OBSERVATIONS: dict[str, Observation] = {}
"""Each observation, by the name of the profile entry that it answers."""

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
DEPARTMENT = f"{ENTERPRISE}:department"
ABSENT = object()
"""The value of an attribute that a resource does not have; an empty string is one too."""
AT_ONCE = 16
"""Requests under way at a time where many objects are needed."""


def observation(function: Observation) -> Observation:
    """Register a function under its own name."""
    OBSERVATIONS[function.__name__] = function
    return function


def user_body(name: str, /, **attributes: object) -> Resource:
    """A user of example.com with the attributes that no server asks more of."""
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": f"{name}@example.com",
        "displayName": name.title(),
        **attributes,
    }


def full_user_body(name: str) -> Resource:
    """A user with every attribute that the ZSCloud application maps."""
    return user_body(
        name,
        externalId=f"id of {name}",
        active=True,
        name={"givenName": "Ada", "familyName": "Adams"},
        **{ENTERPRISE: {"department": "Sales"}},
    )


def group_body(name: str, /, members: Iterable[str] = (), **attributes: object) -> Resource:
    """A group whose members are given by their ids."""
    return {
        "schemas": [GROUP],
        "displayName": name,
        "members": member_values(members),
        **attributes,
    }


def member_values(ids: Iterable[str]) -> list[dict[str, str]]:
    return [{"value": each} for each in ids]


async def create_user(client: PlainClient, name: str, /, **attributes: object) -> str:
    """Create a user and return its id."""
    return await create(client, "/Users", user_body(name, **attributes))


async def create_users(client: PlainClient, count: int, first: int = 0) -> list[str]:
    """Create many users, some at a time, numbered from ``first``, and return their ids."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> str:
        async with limit:
            return await create_user(client, f"user{number}")

    return await asyncio.gather(*(one(number) for number in range(first, first + count)))


async def create_group(client: PlainClient, name: str, members: Iterable[str] = ()) -> str:
    """Create a group and return its id."""
    return await create(client, "/Groups", group_body(name, members))


async def create(client: PlainClient, path: str, body: Resource) -> str:
    """Create a resource and return its id. Every server must be able to."""
    answer = await client.request("POST", path, body)
    assert answer.status == 201, f"POST {path}: {answer.status} {answer.body}"
    id_ = answer.body["id"]
    assert isinstance(id_, str)
    return id_


async def patch(client: PlainClient, path: str, *operations: Mapping[str, object]) -> Answer:
    """Send one PATCH with these operations (RFC 7644 section 3.5.2)."""
    return await client.request("PATCH", path, {"schemas": [PATCH], "Operations": operations})


async def read(client: PlainClient, path: str) -> Resource:
    """The resource as the server holds it now."""
    answer = await client.request("GET", path)
    assert answer.status == 200, f"GET {path}: {answer.status} {answer.body}"
    body: Resource = answer.body
    return body


async def members(client: PlainClient, path: str) -> list[str]:
    """Sorted ids of a group's members; an id that is there twice comes twice."""
    group = await read(client, path)
    return sorted(member["value"] for member in group.get("members") or [])


def value_at(resource: Resource, path: str) -> Any:
    """The value at an attribute path, or ABSENT."""
    found: Any = resource
    steps = (ENTERPRISE, "department") if path == DEPARTMENT else path.split(".")
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    return ABSENT if found in (None, "") else found
