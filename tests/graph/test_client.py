"""The source port against scripted answers: addresses, paging, batches, delta rounds."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.errors import (
    ConfigurationError,
    NotFound,
    PermissionMissing,
    ProtocolError,
    WatermarkExpired,
)
from provisioning.model import Assignment, DeltaPage, EntraId, Key, ObjectType
from tests.graph.scripted import (
    BASE,
    SERVICE_PRINCIPAL,
    FakeClock,
    Script,
    answer,
    page,
    refusal,
    source_for,
    user_row,
)

USER_SELECT = "$select=id,accountEnabled,userPrincipalName,department"
DELTA_LINK = f"{BASE}/users/delta?$deltatoken=d0"


def entra(*ids: str) -> list[EntraId]:
    return [EntraId(id) for id in ids]


def batch_answer(*items: dict[str, Any]) -> httpx.Response:
    responses = [{"id": str(n), "headers": {}, "body": {}, **item} for n, item in enumerate(items)]
    return answer({"responses": responses})


async def test_service_principal() -> None:
    """One read, with what the program needs."""
    script = Script(answer({"id": SERVICE_PRINCIPAL, "appId": "a", "displayName": "ZSCloud"}))
    source = source_for(script)
    assert (await source.service_principal()).display_name == "ZSCloud"
    assert script.urls == [
        f"/servicePrincipals/{SERVICE_PRINCIPAL}?$select=id,appId,displayName,accountEnabled,appRoles"
    ]
    assert source.requests == 1
    await source.close()


@pytest.mark.parametrize("status", [404, 400])
async def test_unknown_service_principal(status: int) -> None:
    """The setting is named, not the call."""
    source = source_for(Script(refusal(status, request_id="r-7")))
    with pytest.raises(ConfigurationError, match=r"ENTRA_SERVICE_PRINCIPAL_ID.*r-7"):
        await source.service_principal()


async def test_assignments_are_streamed() -> None:
    """Page by page, always with the largest page size; a page may hold nobody of ours."""
    link = f"{BASE}/servicePrincipals/{SERVICE_PRINCIPAL}/appRoleAssignedTo?$skiptoken=1"
    row = {"id": "a", "appRoleId": "r", "principalId": "p", "principalType": "ServicePrincipal"}
    script = Script(page([row], link), page([{**row, "principalType": "Group"}]))
    found = [list(rows) async for rows in source_for(script).assignments()]
    group = Key(ObjectType.GROUP, EntraId("p"))
    assert found == [[], [Assignment("a", group, "r", 0.0)]]
    assert script.urls[0] == f"/servicePrincipals/{SERVICE_PRINCIPAL}/appRoleAssignedTo?$top=999"


async def test_assignments_of_an_unknown_service_principal() -> None:
    """The same for the list."""
    with pytest.raises(ConfigurationError, match="ENTRA_SERVICE_PRINCIPAL_ID"):
        await anext(source_for(Script(refusal(404))).assignments())


@pytest.mark.parametrize(
    ("call", "permission"),
    [
        (lambda s: s.service_principal(), "Application.Read.All"),
        (lambda s: anext(s.assignments()), "Application.Read.All"),
        (lambda s: anext(s.members(EntraId("g"))), "GroupMember.Read.All"),
        (lambda s: anext(s.all_users()), "User.Read.All"),
        (lambda s: anext(s.all_groups()), "GroupMember.Read.All"),
        (lambda s: s.find_user("ana@example.com"), "User.Read.All"),
        (lambda s: s.find_groups("Sales"), "GroupMember.Read.All"),
        (lambda s: s.latest_delta(ObjectType.USER), "User.Read.All"),
        (lambda s: s.latest_delta(ObjectType.GROUP), "GroupMember.Read.All"),
    ],
)
async def test_a_refused_call_names_its_permission(call: Any, permission: str) -> None:
    """403 says what to grant."""
    script = Script(refusal(403, "Authorization_RequestDenied", request_id="r-9"))
    with pytest.raises(PermissionMissing) as caught:
        await call(source_for(script))
    assert caught.value.permission == permission
    assert caught.value.request_id == "r-9"


async def test_lists_follow_links_over_empty_pages() -> None:
    """An empty page is not the end; the link is used as it came."""
    link = f"{BASE}/groups/g/members?$skiptoken=a%2Bb"
    row = {"@odata.type": "#microsoft.graph.user", **user_row("u1")}
    script = Script(page([], link), page([row], link + "2"), page([]))
    found = [
        member.key.id async for rows in source_for(script).members(EntraId("g")) for member in rows
    ]
    assert found == ["u1"]
    assert script.urls == [
        f"/groups/g/members?{USER_SELECT}&$top=999",
        "/groups/g/members?$skiptoken=a%2Bb",
        "/groups/g/members?$skiptoken=a%2Bb2",
    ]


@settings(deadline=None)  # the first example loads the SDK
@given(sizes=st.lists(st.integers(0, 3), min_size=1, max_size=6))
async def test_any_splitting_gives_the_same_list(sizes: list[int]) -> None:
    """Where pages end means nothing."""
    ids = [f"u{n}" for n in range(sum(sizes))]
    rest = iter(ids)
    pages = []
    for number, size in enumerate(sizes):
        link = f"{BASE}/users?$skiptoken={number}" if number + 1 < len(sizes) else None
        pages.append(page([user_row(next(rest)) for _ in range(size)], link))
    script = Script(*pages)
    assert [user.id async for rows in source_for(script).all_users() for user in rows] == ids
    assert script.done


async def test_a_missing_group() -> None:
    """404 on a group is the caller's to judge."""
    with pytest.raises(NotFound):
        await anext(source_for(Script(refusal(404))).members(EntraId("g")))


@pytest.mark.parametrize(
    "link",
    [
        "https://example.com/v1.0/users?$skiptoken=x",
        "http://127.0.0.1:9999/v1.0/users",
        "https://127.0.0.1:8080/v1.0/users",
        f"http://127.0.0.1:8080@example.com{'/v1.0/users'}",
    ],
)
async def test_links_that_lead_elsewhere(link: str) -> None:
    """They are refused, in lists and in delta rounds, and nothing is sent there."""
    script = Script(page([], link))
    with pytest.raises(ProtocolError, match="another host"):
        [rows async for rows in source_for(script).all_users()]
    assert len(script.requests) == 1
    for links in ({"next_link": link}, {"delta_link": link}):
        script = Script(page([], **links))
        with pytest.raises(ProtocolError, match="another host"):
            await anext(source_for(script).delta(ObjectType.USER, DELTA_LINK))
        assert len(script.requests) == 1
    with pytest.raises(ProtocolError, match="another host"):
        await anext(source_for(Script()).delta(ObjectType.USER, link))


async def test_a_repeating_link() -> None:
    """A pager that turns in a circle is stopped."""
    one, two = f"{BASE}/users?$skiptoken=1", f"{BASE}/users?$skiptoken=2"
    script = Script(page([], one), page([], two), page([], one))
    with pytest.raises(ProtocolError, match="repeats"):
        [rows async for rows in source_for(script).all_users()]
    script = Script(page([], one), page([], one))
    with pytest.raises(ProtocolError, match="repeats"):
        [rows async for rows in source_for(script).delta(ObjectType.USER, DELTA_LINK)]


async def test_a_page_that_comes_again_in_place_of_the_next_one() -> None:
    """The links differ and the rows are the same: one page is missing, and the read is over."""
    one, two = f"{BASE}/users?$skiptoken=1", f"{BASE}/users?$skiptoken=2"
    script = Script(page([user_row("u1")], one), page([user_row("u1")], two))
    with pytest.raises(ProtocolError, match="a page repeats"):
        [rows async for rows in source_for(script).all_users()]


async def test_empty_pages_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some are normal; a pager that makes new links for ever is stopped."""
    monkeypatch.setattr("provisioning.graph.paging.EMPTY_PAGES", 3)
    links = [f"{BASE}/users?$skiptoken={n}" for n in range(5)]
    script = Script(*(page([], link) for link in links))
    with pytest.raises(ProtocolError, match="without end"):
        [rows async for rows in source_for(script).all_users()]
    with pytest.raises(ProtocolError, match="without end"):
        await rounds(Script(*(page([], link) for link in links)))


async def test_a_delta_round_may_bring_the_same_rows_twice() -> None:
    """Rows of a round are set-state, and may be replayed (Graph: delta query overview)."""
    link = f"{BASE}/users/delta?$skiptoken=1"
    script = Script(page([{"id": "u"}], link), page([{"id": "u"}], delta_link=DELTA_LINK))
    assert len(await rounds(script)) == 2


async def test_users_in_batches_of_twenty() -> None:
    """Each id once; a missing one is ``None``."""
    ids = entra(*(f"u{n}" for n in range(21)), "u0")
    first = [{"status": 200, "body": user_row(f"u{n}")} for n in range(19)]
    script = Script(
        batch_answer(*first, {"status": 404}),
        batch_answer({"status": 200, "body": user_row("u20")}),
    )
    source = source_for(script)
    found = await source.users(ids)
    assert list(found) == ids[:21]
    assert found[EntraId("u19")] is None
    assert [user.id for user in found.values() if user] == [id for id in ids[:21] if id != "u19"]
    assert script.urls == ["/$batch", "/$batch"]
    assert script.body(1) == {
        "requests": [{"id": "0", "method": "GET", "url": f"/users/u20?{USER_SELECT}"}]
    }
    assert source.requests == 2


async def test_nothing_asked_nothing_sent() -> None:
    """An empty list costs no request, nor does what can be nobody's name."""
    source = source_for(Script())
    assert await source.users([]) == {}
    for name in ("", "delta", "..", "Ana Lopez", "a/b@example.com", "a@b@example.com"):
        assert await source.find_user(name) is None
    assert await source.find_groups("") == ()


async def test_items_that_are_throttled_inside_a_batch() -> None:
    """They are asked for alone, each when its own pause is over, counted from the batch."""
    script = Script(
        batch_answer(
            {"status": 429, "headers": {"Retry-After": "5"}},
            {"status": 200, "body": {"id": "g1", "displayName": "One"}},
            {"status": 503, "headers": {"Retry-After": "3"}},
        ),
        answer({"id": "g0", "displayName": "Zero"}),
        answer({"id": "g2", "displayName": "Two"}),
    )
    clock = FakeClock()
    source = source_for(script, clock)
    found = await source.groups(entra("g0", "g1", "g2"))
    assert [group.id for group in found.values() if group] == ["g0", "g1", "g2"]
    assert script.urls[1:] == [f"/groups/g{n}?$select=id,displayName" for n in (0, 2)]
    assert clock.slept == [5.0, 0.0]
    assert (source.requests, source.throttled) == (3, 1)


async def test_a_permission_missing_inside_a_batch() -> None:
    """One refused item stops the read: the rest would look complete."""
    script = Script(batch_answer({"status": 403, "headers": {"request-id": "r-4"}}))
    with pytest.raises(PermissionMissing) as caught:
        await source_for(script).users(entra("u"))
    assert (caught.value.permission, caught.value.request_id) == ("User.Read.All", "r-4")


async def test_deleted_items() -> None:
    """404 means that it is not there to be restored."""
    script = Script(batch_answer({"status": 200, "body": {"id": "a"}}, {"status": 404}))
    assert await source_for(script).deleted(entra("a", "b")) == {"a": True, "b": False}
    urls = [item["url"] for item in script.body(0)["requests"]]
    assert urls == [f"/directory/deletedItems/{id}?$select=id" for id in ("a", "b")]
    script = Script(batch_answer({"status": 403}))
    with pytest.raises(PermissionMissing, match="deletedItems") as caught:
        await source_for(script).deleted(entra("a"))
    assert "User.Read.All" in caught.value.permission


async def test_find_user() -> None:
    """Found, or not."""
    script = Script(answer(user_row("u1")), refusal(404, "Request_ResourceNotFound"))
    source = source_for(script)
    found = await source.find_user("ana_x.com#EXT#@example.com")
    assert found is not None
    assert found.id == "u1"
    assert await source.find_user("$nobody@example.com") is None
    assert script.urls == [
        f"/users/ana_x.com%23EXT%23@example.com?{USER_SELECT}",
        f"/users(%27%24nobody%40example.com%27)?{USER_SELECT}",
    ]


async def test_find_groups() -> None:
    """By id, else by display name, of which there may be several."""
    id = "c2f798fd-f95d-4623-8824-63aec21fffff"
    two = [{"id": "a", "displayName": "Bob's"}, {"id": "b", "displayName": "Bob's"}]
    script = Script(
        answer({"id": id, "displayName": "One"}), page(two), refusal(404), page(two[:1])
    )
    source = source_for(script)
    assert [group.id for group in await source.find_groups(id)] == [id]
    assert [group.id for group in await source.find_groups("Bob's")] == ["a", "b"]
    assert "displayName%20eq%20%27Bob%27%27s%27" in script.urls[1]
    assert [group.id for group in await source.find_groups(id)] == ["a"]


async def test_reads_of_the_tenant_are_low_priority() -> None:
    """On every page; other reads only where the source works in the background."""
    script = Script(page([], f"{BASE}/groups?$skiptoken=1"), page([]), page([]), page([]))
    source = source_for(script)
    assert [rows async for rows in source.all_groups()] == [[], []]
    await source.find_groups("x")
    await source_for(script, background=True).find_groups("x")
    marks = [request.headers.get("x-ms-throttle-priority") for request in script.requests]
    assert marks == ["low", "low", None, "low"]


async def test_latest_delta() -> None:
    """The link is what counts, also behind a page that is empty."""
    script = Script(page([], f"{BASE}/groups/delta?$skiptoken=1"), page([], delta_link=DELTA_LINK))
    link = await source_for(script).latest_delta(ObjectType.GROUP, entra("g"))
    assert link == DELTA_LINK
    assert script.urls[0] == (
        "/groups/delta?$deltatoken=latest&$select=displayName,members&$filter=id%20eq%20%27g%27"
    )
    with pytest.raises(ValueError, match="50"):
        await source_for(Script()).latest_delta(ObjectType.GROUP, entra(*map(str, range(51))))


async def rounds(script: Script, link: str = DELTA_LINK) -> list[DeltaPage]:
    return [part async for part in source_for(script).delta(ObjectType.USER, link)]


async def test_a_delta_round() -> None:
    """All pages come, empty and repeated ones too; the last one has the link."""
    next_link = f"{BASE}/users/delta?$skiptoken=1"
    row = {"id": "u", "department": "Sales"}
    script = Script(
        page([row], next_link), page([], next_link + "2"), page([row], delta_link=DELTA_LINK)
    )
    found = await rounds(script)
    assert [len(part.rows) for part in found] == [1, 0, 1]
    assert found[0].rows == found[2].rows
    assert [part.delta_link for part in found] == [None, None, DELTA_LINK]
    assert [request.headers.get("prefer") for request in script.requests] == [None] * 3


@pytest.mark.parametrize(
    "expired",
    [
        (410, "resyncRequired"),
        (400, "syncStateNotFound"),
        (400, "Directory_ExpiredPageToken"),
    ],
)
async def test_an_expired_delta_link(expired: tuple[int, str]) -> None:
    """Not retried: the feed is to be read in full."""
    script = Script(refusal(*expired, Location=f"{BASE}/users/delta?$deltatoken="))
    with pytest.raises(WatermarkExpired):
        await rounds(script)
    assert len(script.requests) == 1


async def test_a_round_without_end() -> None:
    """A page with neither link cannot be a watermark."""
    with pytest.raises(ProtocolError, match="deltaLink"):
        await rounds(Script(page([])))
