"""What a server says about itself, and how it takes requests."""

from __future__ import annotations

from dataclasses import replace

from tests.servers.client import SCIM_JSON, Answer, PlainClient, Resource
from tests.servers.observations.observation import (
    PATCH,
    create_user,
    observation,
    read,
    user_body,
)

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
DISCOVERY = ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas")
CONTENT_TYPES = (SCIM_JSON, "application/json", "application/json-patch+json")
"""As RFC 7644 section 8.1, as many clients, and as Zscaler's published example of a group PATCH."""


@observation
async def patch_content_types(client: PlainClient) -> list[str]:
    user = f"/Users/{await create_user(client, 'ada')}"
    working = []
    for content_type in CONTENT_TYPES:
        answer = await _rename(client, user, content_type, {"Content-Type": content_type})
        if answer.ok and (await read(client, user))["displayName"] == content_type:
            working.append(content_type)
    return working


@observation
async def wrong_token_status(client: PlainClient) -> int:
    return (await replace(client, token="wrong").request("GET", "/Users")).status


@observation
async def discovery_without_token(client: PlainClient) -> list[str]:
    stranger = replace(client, token="")
    return [path for path in DISCOVERY if (await stranger.request("GET", path)).ok]


@observation
async def discovery_with_token(client: PlainClient) -> list[str]:
    return [path for path in DISCOVERY if (await client.request("GET", path)).ok]


@observation
async def errors_have_scim_body(client: PlainClient) -> bool:
    """Whether errors are RFC 7644 section 3.12 bodies: not found, bad, duplicate and refused."""
    await create_user(client, "ada")
    errors = [
        await client.request("GET", "/Users/none"),
        await client.request("POST", "/Users", {"schemas": []}),
        await client.request("POST", "/Users", user_body("ada")),
        await replace(client, token="wrong").request("GET", "/Users"),
    ]
    assert not any(error.ok for error in errors), errors
    return all(_is_scim_error(error) for error in errors)


@observation
async def create_answers_location(client: PlainClient) -> bool:
    answer = await client.request("POST", "/Users", user_body("ada"))
    return answer.headers.get("Location") == f"{client.url}/Users/{answer.body['id']}"


@observation
async def meta_version(client: PlainClient) -> bool:
    user = await read(client, f"/Users/{await create_user(client, 'ada')}")
    return "version" in user["meta"]


@observation
async def stale_if_match_status(client: PlainClient) -> int:
    user = f"/Users/{await create_user(client, 'ada')}"
    return (await _rename(client, user, "Another", {"If-Match": 'W/"stale"'})).status


@observation
async def search(client: PlainClient) -> bool:
    ada = await create_user(client, "ada")
    body: Resource = {"schemas": [SEARCH], "startIndex": 1, "count": 10}
    answer = await client.request("POST", "/Users/.search", body)
    return answer.ok and [each["id"] for each in answer.body["Resources"]] == [ada]


@observation
async def bulk(client: PlainClient) -> bool:
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": name, "data": user_body(name)}
        for name in ("ada", "bea")
    ]
    body = {"schemas": [BULK], "Operations": operations}
    answer = await client.request("POST", "/Bulk", body)
    return answer.ok and len(await client.all("/Users")) == len(operations)


@observation
async def bulk_offered(client: PlainClient) -> bool:
    return bool((await read(client, "/ServiceProviderConfig"))["bulk"]["supported"])


@observation
async def bulk_max_operations(client: PlainClient) -> int | None:
    limit = (await read(client, "/ServiceProviderConfig"))["bulk"].get("maxOperations")
    assert limit is None or isinstance(limit, int)
    return limit


@observation
async def filter_max_results(client: PlainClient) -> int | None:
    limit = (await read(client, "/ServiceProviderConfig"))["filter"].get("maxResults")
    assert limit is None or isinstance(limit, int)
    return limit


async def _rename(client: PlainClient, user: str, name: str, headers: dict[str, str]) -> Answer:
    operation = {"op": "replace", "path": "displayName", "value": name}
    body = {"schemas": [PATCH], "Operations": [operation]}
    return await client.request("PATCH", user, body, headers=headers)


def _is_scim_error(answer: Answer) -> bool:
    body = answer.body
    return (
        isinstance(body, dict)
        and body.get("schemas") == [ERROR]
        and str(body.get("status")) == str(answer.status)
    )
