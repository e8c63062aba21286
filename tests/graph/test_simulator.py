"""The whole source port against a simulated tenant: in process, and over a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.errors import PermissionMissing, RemoteUnavailable, WatermarkExpired
from provisioning.graph import GraphSource
from provisioning.model import DeltaPage, DeltaRow, EntraId, Key, ObjectType
from simulator.entra import EntraSimulator, Tenant, generate
from simulator.http import Server
from tests.graph.scripted import FakeClock, Script, source_for
from tests.support.inprocess import httpx_client_for

T = TypeVar("T")
USER, GROUP = ObjectType.USER, ObjectType.GROUP


class World:
    """A tenant, its simulator and a source that reads it, on one clock."""

    def __init__(self, tenant: Tenant, **knobs: Any) -> None:
        self.tenant = tenant
        self.clock = FakeClock()
        self.simulator = EntraSimulator(tenant, clock=self.clock, seed=1)
        self.simulator.faults.set(**knobs)
        self.source = self.connect(http_client_factory=lambda: httpx_client_for(self.simulator))

    def connect(self, **options: Any) -> GraphSource:
        return source_for(
            Script(),
            self.clock,
            service_principal_id=self.tenant.service_principal_id,
            **options,
        )


async def rows_of(pages: AsyncIterator[Sequence[T]]) -> list[T]:
    return [row async for page in pages for row in page]


async def round_of(source: GraphSource, type: ObjectType, link: str) -> list[DeltaPage]:
    return [page async for page in source.delta(type, link)]


def entra(*ids: str) -> list[EntraId]:
    return [EntraId(id) for id in ids]


async def read_everything(world: World, source: GraphSource) -> None:
    """Every read of the port, compared with the tenant."""
    tenant = world.tenant
    service_principal = await source.service_principal()
    assert service_principal.id == tenant.service_principal_id
    roles = {role.id for role in service_principal.app_roles}
    assert len(roles) > 1

    assignments = await rows_of(source.assignments())
    assert len(assignments) == len(tenant.assignments)
    dated = {item.created for item in assignments}
    assert dated == {world.clock.time() - 86_400}

    users = {user.id: user for user in await rows_of(source.all_users())}
    assert set(users) == set(tenant.users.current())
    assert not all(user.enabled for user in users.values())
    for id, user in tenant.users.current().items():
        assert users[EntraId(id)].attributes == {
            "userPrincipalName": user.user_principal_name,
            "department": user.department,
        }
    groups = {group.id: group for group in await rows_of(source.all_groups())}
    assert set(groups) == set(tenant.groups.current())

    nested = set()
    for id in groups:
        for member in await rows_of(source.members(id)):
            if member.user is None:
                nested.add(member.key.type)
            else:
                assert member.user == users[EntraId(member.key.id)]
    assert nested == {GROUP}

    some = [*list(users)[:25], EntraId("00000000-0000-0000-0000-00000000dead")]
    assert await source.users(some) == {id: users.get(id) for id in some}
    assert await source.groups(list(groups)) == groups
    guest = next(user for user in users.values() if "#EXT#" in user.attributes["userPrincipalName"])
    assert await source.find_user(guest.attributes["userPrincipalName"]) == guest
    assert await source.find_user("nobody@example.com") is None
    one = next(iter(groups.values()))
    assert one in await source.find_groups(one.attributes["displayName"])
    assert await source.find_groups(one.id) == (one,)
    assert await source.find_groups("no such group") == []


async def test_every_read_in_process() -> None:
    """A generated tenant is read as it is, also in small pages."""
    world = World(generate(seed=3, users=120, groups=10, guests=0.2), page_size=7)
    await read_everything(world, world.source)


async def test_every_read_over_a_socket() -> None:
    """The same with the default client, over HTTP."""
    world = World(generate(seed=4, users=60, groups=10, guests=0.2))
    async with Server(world.simulator) as server:
        source = world.connect(base_url=f"{server.url}/v1.0", http_client_factory=None)
        await read_everything(world, source)
        await source.close()


async def test_odd_user_names() -> None:
    """Names with a meaning in URLs are found."""
    tenant = Tenant.empty()
    names = ["o'neil@example.com", "a#b@example.com", "a+b%20@example.com"]
    ids = [tenant.add_user(name) for name in names]
    source = World(tenant).source
    found = [await source.find_user(name) for name in names]
    assert [user.id for user in found if user] == ids
    assert await source.find_user("delta") is None
    group = tenant.add_group("Bob's & Ann's")
    assert [item.id for item in await source.find_groups("Bob's & Ann's")] == [group]


async def test_deleted_items() -> None:
    """Soft-deleted objects are there, living and purged ones are not."""
    tenant = Tenant.empty()
    living, soft, gone = (tenant.add_user(f"u{n}@example.com") for n in range(3))
    world = World(tenant)
    tenant.delete(soft)
    tenant.delete(gone)
    tenant.purge(gone)
    found = await world.source.deleted(entra(living, soft, gone))
    assert found == {living: False, soft: True, gone: False}
    assert list((await world.source.users(entra(living, soft))).values())[1] is None


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_throttling(form: str) -> None:
    """The stated pause is kept, and the read goes on where it was."""
    world = World(generate(seed=5, users=30), retry_after=4.0, retry_after_form=form)
    world.simulator.faults.set(throttle_next=3)
    assert len(await rows_of(world.source.all_users())) == 30
    assert world.clock.slept == [4.0] * 3
    assert world.source.throttled == 3


async def test_throttling_inside_a_batch() -> None:
    """Single items are refused; all of them are there in the end."""
    world = World(generate(seed=6, users=40), throttle_share=0.2, fault_path="/users/")
    ids = entra(*world.tenant.users.current())
    found = await world.source.users(ids)
    assert all(found.values())
    assert world.source.throttled > 0


@pytest.mark.parametrize("knobs", [{"error_next": 2}, {"drop_next": 2}])
async def test_failures_on_the_way(knobs: dict[str, int]) -> None:
    """Two failures are two repeats."""
    world = World(generate(seed=7, users=5), **knobs)
    assert len(await rows_of(world.source.all_users())) == 5
    assert world.source.requests == 3


async def test_a_tenant_that_is_away() -> None:
    """In the end the error says so."""
    world = World(Tenant.empty(), error_share=1.0)
    with pytest.raises(RemoteUnavailable):
        await world.source.service_principal()


@pytest.mark.parametrize("permission", ["User.Read.All", "GroupMember.Read.All"])
async def test_missing_permissions(permission: str) -> None:
    """Refused or blanked, the permission is named."""
    tenant = Tenant.empty()
    user = tenant.add_user("u@example.com")
    group = tenant.add_group("g", [user])
    world = World(tenant, missing_permissions=frozenset({permission}))
    with pytest.raises(PermissionMissing, match="Graph") as caught:
        await rows_of(world.source.members(EntraId(group)))
    assert caught.value.permission == permission


@pytest.mark.parametrize("answer", ["gone", "not_found"])
async def test_expired_tokens(answer: str) -> None:
    """A token lives seven days; then the feed begins anew."""
    world = World(Tenant.empty(), expired_answer=answer)
    link = await world.source.latest_delta(USER)
    world.clock.now += 6 * 86_400
    assert len(await round_of(world.source, USER, link)) == 1
    world.clock.now += 2 * 86_400
    with pytest.raises(WatermarkExpired):
        await round_of(world.source, USER, link)


async def test_a_users_feed() -> None:
    """What changed since the token, in its last state, with the kind of removal."""
    tenant = Tenant.empty()
    a, b, c, d = (tenant.add_user(f"{name}@example.com") for name in "abcd")
    world = World(tenant, delta_empty_pages=1)
    link = await world.source.latest_delta(USER)
    tenant.disable(a)
    tenant.move(b, "Sales")
    tenant.delete(c)
    tenant.delete(d)
    tenant.purge(d)
    pages = await round_of(world.source, USER, link)
    assert pages[0].rows == ()
    rows = {row.key.id: row for page in pages for row in page.rows}
    assert rows[EntraId(a)].enabled is False
    assert rows[EntraId(b)].attributes["department"] == "Sales"
    assert rows[EntraId(c)].removed == "changed"
    assert rows[EntraId(d)].removed == "deleted"
    assert pages[-1].delta_link is not None
    following = await round_of(world.source, USER, pages[-1].delta_link)
    assert [row for page in following for row in page.rows] == []


def applied(members: set[Key], rows: Sequence[DeltaRow]) -> set[Key]:
    """The members after the rows: set-state, in order."""
    for row in rows:
        members = (members | set(row.members_added)) - set(row.members_removed)
    return members


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=12),
    entry=st.integers(1, 3),
    page=st.integers(1, 4),
    blanks=st.integers(0, 1),
)
async def test_a_groups_feed_equals_the_group(
    steps: list[tuple[bool, int]], entry: int, page: int, blanks: int
) -> None:
    """Members read in full and brought up to date by delta are the members, however the round
    is split; other groups do not come.
    """
    tenant = Tenant.empty()
    people = [tenant.add_user(f"u{n}@example.com") for n in range(5)]
    people.append(tenant.add_group("nested"))
    group, other = tenant.add_group("g", people[:2]), tenant.add_group("other")
    world = World(
        tenant,
        delta_members_entry=entry,
        delta_members_page=page,
        delta_page_size=1,
        delta_empty_pages=blanks,
    )
    link = await world.source.latest_delta(GROUP, entra(group))
    members = {member.key for member in await rows_of(world.source.members(EntraId(group)))}
    inside = set(people[:2])
    for add, number in steps:
        if add and people[number] not in inside:
            tenant.add_member(group, people[number])
            inside.add(people[number])
        elif not add and people[number] in inside:
            tenant.remove_member(group, people[number])
            inside.remove(people[number])
    tenant.add_member(other, people[0])
    rows = [row for part in await round_of(world.source, GROUP, link) for row in part.rows]
    assert {row.key.id for row in rows} <= {group}
    assert {key.id for key in applied(members, rows)} == inside
