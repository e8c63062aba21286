"""How a server filters and pages."""

from __future__ import annotations

from tests.servers.client import PlainClient, Resource
from tests.servers.observations.observation import (
    create,
    create_group,
    create_user,
    create_users,
    full_user_body,
    group_body,
    observation,
)

MANY_USERS = 1001
"""One more than the largest page that Zscaler publishes."""
USER_COUNTS = (101, 201, MANY_USERS)
"""One more than the usual sizes of a page: most servers show theirs with few users."""
LONG_AGO = "2000-01-01T00:00:00Z"


@observation
async def user_filters(client: PlainClient) -> list[str]:
    """The filters that find the one user they should, of those a provisioner may want."""
    await create_user(client, "bea", active=False, externalId="id of bea")
    ada = await create(client, "/Users", full_user_body("ada"))
    filters = {
        "userName eq": 'userName eq "ada@example.com"',
        "externalId eq": 'externalId eq "id of ada"',
        "externalID eq": 'externalID eq "id of ada"',
        "id eq": f'id eq "{ada}"',
        "displayName eq": 'displayName eq "Ada"',
        "active eq": "active eq true",
        "userName sw": 'userName sw "ad"',
        "and": 'userName eq "ada@example.com" and active eq true',
        "or": 'userName eq "ada@example.com" or userName eq "cas@example.com"',
    }
    return [name for name, text in filters.items() if await _found(client, "/Users", text) == [ada]]


@observation
async def filter_by_last_modified(client: PlainClient) -> bool:
    ada = await create_user(client, "ada")
    return await _found(client, "/Users", f'meta.lastModified gt "{LONG_AGO}"') == [ada]


@observation
async def group_filters(client: PlainClient) -> list[str]:
    ada = await create_user(client, "ada")
    await create_group(client, "Other")
    body = group_body("Sales", [ada], externalId="a group id")
    group = await create(client, "/Groups", body)
    filters = {
        "displayName eq": 'displayName eq "Sales"',
        "externalId eq": 'externalId eq "a group id"',
        "members.value eq": f'members.value eq "{ada}"',
        "displayName eq and members.value eq": (
            f'displayName eq "Sales" and members.value eq "{ada}"'
        ),
    }
    return [
        name for name, text in filters.items() if await _found(client, "/Groups", text) == [group]
    ]


@observation
async def unsupported_filter(client: PlainClient) -> str:
    """The answer to a filter that asks for an attribute no schema has."""
    await create_user(client, "ada")
    found = await _found(client, "/Users", 'shoeSize eq "39"')
    if found is None:
        return "refused"
    return "everything" if found else "nothing"


@observation
async def user_name_filter_ignores_case(client: PlainClient) -> bool:
    ada = await create_user(client, "ada")
    return await _found(client, "/Users", 'userName eq "ADA@Example.com"') == [ada]


@observation
async def external_id_filter_ignores_case(client: PlainClient) -> bool:
    ada = await create_user(client, "ada", externalId="abc")
    return await _found(client, "/Users", 'externalId eq "ABC"') == [ada]


@observation
async def group_name_filter_ignores_case(client: PlainClient) -> bool:
    group = await create_group(client, "Sales")
    return await _found(client, "/Groups", 'displayName eq "SALES"') == [group]


@observation
async def filter_value_escapes(client: PlainClient) -> list[str]:
    """Characters that a name may hold and a filter for it still finds, as JSON escapes them."""
    names = {
        "quote": ('The "A" team', r"The \"A\" team"),
        "backslash": ("A\\B", r"A\\B"),
        "apostrophe": ("O'Neil", "O'Neil"),
        "and": ("Rock and Roll", "Rock and Roll"),
        "parenthesis": ("Sales (EU)", "Sales (EU)"),
        "bracket": ("Sales [EU]", "Sales [EU]"),
        "non-ASCII": ("Zürich 東京", "Zürich 東京"),
        "plus and ampersand": ("R+D & more", "R+D & more"),
    }
    working = []
    for character, (name, escaped) in names.items():
        group = await create_group(client, name)
        if await _found(client, "/Groups", f'displayName eq "{escaped}"') == [group]:
            working.append(character)
    return working


@observation
async def max_page_size(client: PlainClient) -> int | None:
    """The most users on a page, or None when all of 1,001 that were asked for came."""
    return await _page_size(client, {"count": str(MANY_USERS)})


@observation
async def default_page_size(client: PlainClient) -> int | None:
    """The users on a page when no count is asked for, or None when all 1,001 came."""
    return await _page_size(client, {})


async def _page_size(client: PlainClient, params: dict[str, str]) -> int | None:
    """Fill the server step by step, until a page holds fewer users than the server does."""
    for count in USER_COUNTS:
        held = len(await client.all("/Users"))
        await create_users(client, count - held, first=held)
        answer = await client.request("GET", "/Users", params=params)
        assert answer.ok, answer
        assert answer.body["totalResults"] == count, answer.body["totalResults"]
        page = len(answer.body["Resources"])
        if page < count:
            return page
    return None


@observation
async def items_per_page_is_page_length(client: PlainClient) -> bool:
    await create_users(client, 3)
    answer = await client.request("GET", "/Users", params={"startIndex": "3", "count": "2"})
    assert len(answer.body["Resources"]) == 1, answer
    return bool(answer.body["itemsPerPage"] == 1)


@observation
async def count_zero_lists_nothing(client: PlainClient) -> bool:
    """Whether count=0 answers the total alone (RFC 7644 section 3.4.2.4)."""
    await create_users(client, 2)
    answer = await client.request("GET", "/Users", params={"count": "0"})
    return answer.ok and answer.body["totalResults"] == 2 and not answer.body.get("Resources")


@observation
async def page_beyond_end(client: PlainClient) -> str:
    """The page that begins after the last user: "empty", the "first page" again, or "refused"."""
    ids = await create_users(client, 2)
    answer = await client.request("GET", "/Users", params={"startIndex": "3", "count": "2"})
    if not answer.ok:
        return "refused"
    page = [each["id"] for each in answer.body.get("Resources") or []]
    return {(): "empty", tuple(ids): "first page"}[tuple(page)]


@observation
async def pages_partition_the_list(client: PlainClient) -> bool:
    """Whether pages of two give each of five users once, in one order."""
    ids = await create_users(client, 5)
    paged: list[str] = []
    for start in ("1", "3", "5"):
        answer = await client.request("GET", "/Users", params={"startIndex": start, "count": "2"})
        paged += [each["id"] for each in answer.body["Resources"]]
    return sorted(paged) == sorted(ids) and paged == [
        each["id"] for each in await client.all("/Users")
    ]


async def _found(client: PlainClient, path: str, filter_: str) -> list[str] | None:
    """Ids that a filter finds, or None when it is refused."""
    answer = await client.request("GET", path, params={"filter": filter_})
    if not answer.ok:
        return None
    resources: list[Resource] = answer.body.get("Resources") or []
    return [each["id"] for each in resources]
