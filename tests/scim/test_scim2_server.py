"""The client against scim2-server, an independent implementation, over sockets."""

import threading
from collections.abc import AsyncIterator, Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from provisioning.errors import Conflict, CredentialsRefused, NotFound, Rejected
from provisioning.model import (
    AddMembers,
    CreateObject,
    DeleteObject,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    ReplaceObject,
    ScimId,
    UpdateObject,
)
from provisioning.scim.aiohttp_transport import AiohttpTransport
from provisioning.scim.client import ScimTarget
from tests.scim.scripted import DEPARTMENT, TOKEN, WORK_MAIL, target_of

USER = ObjectType.USER
GROUP = ObjectType.GROUP


class QuietHandler(WSGIRequestHandler):
    """The standard library's handler without its log on stderr."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Base URL of a server on a free port."""
    application = BearerTokenApplication(
        InMemoryStorage(), load_default_provider(), bearer_tokens=(TOKEN,)
    )
    with make_server("127.0.0.1", 0, application, handler_class=QuietHandler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/v2"
        httpd.shutdown()
        thread.join()


@pytest.fixture
async def target(server: str) -> AsyncIterator[ScimTarget]:
    made = target_of(AiohttpTransport(), base_url=server)
    yield made
    await made.close()


def attributes(name: str) -> dict[str, object]:
    return {
        "userName": f"{name}@example.com",
        "active": True,
        "externalId": name,
        "displayName": f'{name} "Ö"\\',
        "name.givenName": name,
        DEPARTMENT: "Sales",
        WORK_MAIL: f"{name}@example.com",
    }


async def create(target: ScimTarget, name: str) -> ScimId:
    created = await target.write(CreateObject(USER, attributes(name)))
    assert created is not None
    return created.id


async def test_the_life_of_a_user(target: ScimTarget) -> None:
    """Created, read in three ways, changed, cleared, replaced, deleted."""
    values = attributes("life")
    created = await target.write(CreateObject(USER, values))
    assert created is not None
    assert created.attributes == values
    assert (await target.get(USER, created.id)).attributes == values
    for attribute in ("userName", "externalId"):
        (found,) = await target.find(USER, attribute, str(values[attribute]))
        assert found.id == created.id
    (by_name,) = await target.find(USER, "displayName", str(values["displayName"]))
    assert by_name.id == created.id

    change = {"active": False, DEPARTMENT: None, "name.givenName": "L", WORK_MAIL: "l@example.com"}
    await target.write(UpdateObject(USER, created.id, change))
    expected = {**values, **change}
    del expected[DEPARTMENT]
    assert (await target.get(USER, created.id)).attributes == expected

    await target.write(ReplaceObject(USER, created.id, values))
    assert (await target.get(USER, created.id)).attributes == values
    await target.write(DeleteObject(USER, created.id))
    with pytest.raises(NotFound):
        await target.get(USER, created.id)


async def test_the_life_of_a_group(target: ScimTarget) -> None:
    """Members are added, taken out one by one, and replaced."""
    ids = [await create(target, f"member{number}") for number in range(3)]
    first = (ids[0],)
    group = await target.write(CreateObject(GROUP, {"displayName": "G", "externalId": "g"}, first))
    assert group is not None
    assert group.members == first
    await target.write(AddMembers(group.id, tuple(ids)))
    assert sorted((await target.get(GROUP, group.id)).members or ()) == sorted(ids)
    await target.write(RemoveMembers(group.id, tuple(ids[:2]), MemberRemoval.FILTER))
    assert (await target.get(GROUP, group.id)).members == (ids[2],)
    with pytest.raises(Rejected) as rejected:
        await target.write(RemoveMembers(group.id, (ids[2],), MemberRemoval.VALUE))
    assert rejected.value.scim_type == "invalidValue"
    await target.write(ReplaceObject(GROUP, group.id, {"displayName": "H"}, tuple(ids[1:])))
    (found,) = await target.find(GROUP, "displayName", "h")
    assert sorted(found.members or ()) == sorted(ids[1:])
    await target.write(DeleteObject(GROUP, group.id))


async def test_members_with_a_path(server: str) -> None:
    """The other form of adding does the same."""
    target = target_of(AiohttpTransport(), base_url=server, member_add_path=True)
    member = await create(target, "path")
    group = await target.write(CreateObject(GROUP, {"displayName": "Path"}))
    assert group is not None
    await target.write(AddMembers(group.id, (member,)))
    assert (await target.get(GROUP, group.id)).members == (member,)
    await target.close()


async def test_pages_and_discovery(target: ScimTarget) -> None:
    """Total and start as the server counts; what it offers."""
    ids = {await create(target, f"page{number}") for number in range(5)}
    seen: set[ScimId] = set()
    total = 1
    while len(seen) < total:
        page = await target.page(USER, len(seen) + 1, 2)
        total = page.total
        seen |= {one.id for one in page.objects}
    assert ids <= seen
    assert (await target.page(USER, total + 1, 2)).objects == ()
    capabilities = await target.capabilities()
    assert (capabilities.patch, capabilities.bulk_operations) == (True, 1000)
    assert target.throttled == 0


async def test_refusals(target: ScimTarget, server: str) -> None:
    """409 for a taken name, 404, 400 with its type, 401 for another token."""
    await create(target, "twice")
    with pytest.raises(Conflict):
        await create(target, "twice")
    with pytest.raises(NotFound):
        await target.write(UpdateObject(USER, ScimId("missing"), {"active": False}))
    with pytest.raises(Rejected):
        await target.write(CreateObject(USER, {"displayName": "without a name"}))
    stranger = target_of(AiohttpTransport(), base_url=server, token="other")
    with pytest.raises(CredentialsRefused):
        await stranger.page(USER, 1, 1)
    await stranger.close()
