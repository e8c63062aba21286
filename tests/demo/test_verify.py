"""The check at the end of the demo notices every kind of difference."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import pytest

from demo.remote import Remote
from demo.story import choose
from demo.verify import broken_rules, differences
from simulator.entra import DEFAULT_ACCESS, EntraSimulator, Tenant, generate
from simulator.http import Server
from simulator.zscloud import Options, ZSCloudSimulator


@dataclass
class Pair:
    """Both sides, equal to begin with: Ada by herself, Ben and Ada through a group."""

    tenant: Tenant
    zscloud: ZSCloudSimulator
    remote: Remote
    ids: dict[str, str]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    tenant = Tenant.empty()
    ids = {
        name: tenant.add_user(f"{name}@example.com", displayName=name) for name in ("ada", "ben")
    }
    ids["dan"] = tenant.add_user("dan@example.com", displayName="dan", accountEnabled=False)
    ids["guest"] = tenant.add_user("eve_partner.example.org#EXT#@example.com", displayName="eve")
    ids["writers"] = tenant.add_group("Writers", [ids["ada"], ids["ben"], ids["dan"]])
    for name in ("ada", "guest", "writers"):
        tenant.assign(ids[name])
    tenant.assign(tenant.add_user("default@example.com"), DEFAULT_ACCESS)
    zscloud = ZSCloudSimulator(Options(strict=True, domains=()))
    for name in ("ada", "ben"):
        zscloud.create_user(userName=f"{name}@example.com", displayName=name, externalId=ids[name])
    zscloud.create_user(
        userName="eve@partner.example.org", displayName="eve", externalId=ids["guest"]
    )
    zscloud.create_group(displayName="Writers", externalId=ids["writers"])
    zscloud.edit_members("Writers", add=["ada@example.com", "ben@example.com"])
    async with AsyncExitStack() as stack:
        graph = await stack.enter_async_context(Server(EntraSimulator(tenant)))
        scim = await stack.enter_async_context(Server(zscloud))
        addresses = {
            "graph_url": f"{graph.url}/v1.0",
            "entra_control_url": f"{graph.url}/control",
            "service_principal_id": tenant.service_principal_id,
            "scim_url": f"{scim.url}{zscloud.options.base_path}",
            "zscloud_control_url": f"{scim.url}/control",
        }
        remote = await stack.enter_async_context(Remote(addresses))
        yield Pair(tenant, zscloud, remote, ids)


async def test_equal_sides_do_not_differ(pair: Pair) -> None:
    assert await differences(pair.remote) == []


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("userName", "other@example.com"),
        ("displayName", "Other"),
        ("department", "Sales"),
        ("active", False),
    ],
)
async def test_wrong_attribute_is_named(pair: Pair, attribute: str, value: object) -> None:
    pair.zscloud.edit_user("ben@example.com", **{attribute: value})
    [wrong] = await differences(pair.remote)
    assert wrong.startswith(f"ben@example.com: {attribute} is {value!r} and should be")


async def test_missing_account_is_named(pair: Pair) -> None:
    pair.zscloud.delete_user("eve@partner.example.org")
    assert await differences(pair.remote) == [
        "eve_partner.example.org#EXT#@example.com has no account"
    ]


async def test_active_account_of_a_leaver_is_named(pair: Pair) -> None:
    pair.tenant.unassign(pair.ids["guest"])
    wrong = ["eve@partner.example.org is active and is not assigned"]
    assert await differences(pair.remote) == wrong
    pair.zscloud.edit_user("eve@partner.example.org", active=False)
    assert await differences(pair.remote) == []


async def test_active_account_of_a_disabled_user_is_named(pair: Pair) -> None:
    pair.zscloud.create_user(
        userName="dan@example.com", displayName="dan", externalId=pair.ids["dan"]
    )
    pair.zscloud.edit_members("Writers", add=["dan@example.com"])
    assert await differences(pair.remote) == [
        "dan@example.com is disabled in Entra and active in ZSCloud"
    ]


async def test_second_account_is_named(pair: Pair) -> None:
    pair.zscloud.create_user(
        userName="second@example.com", displayName="ben", externalId=pair.ids["ben"]
    )
    wrong = await differences(pair.remote)
    assert "two accounts have the externalId of ben@example.com" in wrong


async def test_missing_and_surplus_members_are_counted(pair: Pair) -> None:
    pair.zscloud.edit_members("Writers", add=["eve@partner.example.org"])
    pair.zscloud.edit_members("Writers", remove=["ben@example.com"])
    assert await differences(pair.remote) == ["Writers lacks 1 members and has 1 too many"]


async def test_missing_and_surplus_groups_are_named(pair: Pair) -> None:
    pair.zscloud.delete_group("Writers")
    pair.zscloud.create_group(displayName="Others", externalId="unknown")
    first, _, last = await differences(pair.remote)
    assert first == "the group Writers is missing or has another name: ''"
    assert last == "the group Others is not assigned"


async def test_broken_rules_are_told(pair: Pair) -> None:
    url, token = pair.remote.addresses["scim_url"], pair.zscloud.options.token
    headers = {"Authorization": f"Bearer {token}"}
    assert await broken_rules(pair.remote) == []
    async with aiohttp.ClientSession() as session:
        for _ in range(6):
            async with session.post(f"{url}/Users", headers=headers, data="{}") as answer:
                assert answer.status in {400, 429}
    wrong = await broken_rules(pair.remote)
    assert wrong[0] == "429 for POST /Users"
    assert wrong[1].startswith("content_type: POST /Users")
    assert wrong[-1] == "6 requests arrived within one second"


async def test_cast_of_the_demo_is_five_different_people() -> None:
    tenant = generate(7, 60, 5, assigned_users=30, assigned_groups=5)
    async with Server(EntraSimulator(tenant)) as graph:
        addresses = {
            "graph_url": f"{graph.url}/v1.0",
            "service_principal_id": tenant.service_principal_id,
        }
        async with Remote(addresses) as remote:
            directory = await remote.directory()
    assert directory.in_scope == tenant.effective_users()
    cast = choose(directory)
    people = (cast.joins, cast.leaves, cast.is_renamed, cast.moves, cast.changes_group)
    assert len({person.id for person in people}) == 5
    assert cast.joins.id not in directory.in_scope
    assert cast.changes_group.id in directory.members[cast.from_group]
    assert cast.changes_group.id not in directory.members[cast.to_group]
