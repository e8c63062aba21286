"""The client against the simulated ZSCloud in strict mode: not one request breaks a rule."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from provisioning.errors import (
    AnswerLost,
    Conflict,
    CredentialsRefused,
    ProtocolError,
    RemoteUnavailable,
    Throttled,
)
from provisioning.model import (
    AddMembers,
    CreateObject,
    DeleteObject,
    GroupRef,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    ReplaceObject,
    UpdateObject,
)
from provisioning.scim.aiohttp_transport import AiohttpTransport
from provisioning.scim.client import ScimTarget
from simulator.http import Server
from simulator.zscloud import Options, ZSCloudSimulator
from tests.scim.scripted import DEPARTMENT, target_of

USER = ObjectType.USER
GROUP = ObjectType.GROUP
ANN = {
    "userName": "ann@example.com",
    "active": True,
    "externalId": "e1",
    "displayName": "Ann",
    "name.givenName": "Ann",
    DEPARTMENT: "Sales",
}


@pytest.fixture
def simulator() -> ZSCloudSimulator:
    return ZSCloudSimulator(Options(strict=True, rate=0))


@pytest.fixture
async def target(simulator: ZSCloudSimulator) -> AsyncIterator[ScimTarget]:
    async with Server(simulator) as server:
        url = server.url + simulator.options.base_path
        made = target_of(AiohttpTransport(), base_url=url, token=simulator.options.token)
        yield made
        await made.close()


async def test_no_request_breaks_a_rule(simulator: ZSCloudSimulator, target: ScimTarget) -> None:
    """Every request kind once and more, over sockets; each is one request."""
    assert (await target.capabilities()).patch
    ann = await target.write(CreateObject(USER, ANN))
    bob = await target.write(CreateObject(USER, {**ANN, "userName": "bob@example.com"}))
    assert ann is not None
    assert bob is not None
    group = await target.write(CreateObject(GROUP, {"displayName": 'A "B" \\'}, (ann.id,)))
    assert group is not None
    await target.write(AddMembers(group.id, (bob.id,)))
    await target.write(RemoveMembers(group.id, (ann.id,), MemberRemoval.FILTER))
    await target.write(RemoveMembers(group.id, (bob.id,), MemberRemoval.VALUE))
    assert not (await target.get(GROUP, group.id)).members
    await target.write(ReplaceObject(GROUP, group.id, {"displayName": "C"}, (ann.id,)))
    await target.write(UpdateObject(GROUP, group.id, {"displayName": "D"}))
    await target.write(UpdateObject(USER, ann.id, {"active": False, DEPARTMENT: None}))
    await target.write(ReplaceObject(USER, bob.id, {**ANN, "userName": "b@example.com"}))
    (found,) = await target.find(GROUP, "displayName", "D")
    assert found.id == group.id
    (found,) = await target.find(USER, "userName", "ANN@example.com")
    expected = {**ANN, "active": False}
    del expected[DEPARTMENT]
    assert found.attributes == expected
    page = await target.page(USER, 1, 1000)
    assert page.total == len(page.objects)
    (listed,) = [one for one in page.objects if one.id == ann.id]
    assert listed.groups == (GroupRef(group.id, "D"),)
    await target.write(DeleteObject(GROUP, group.id))
    await target.write(DeleteObject(USER, bob.id))

    assert simulator.violations == []
    assert target.requests == len(simulator.requests) == 17
    assert {request.status for request in simulator.requests} <= {200, 201, 204}


async def test_faults_are_told_apart(simulator: ZSCloudSimulator, target: ScimTarget) -> None:
    """Not executed, perhaps executed, and refused are three different errors."""
    create = CreateObject(USER, ANN)
    simulator.set_faults(lose_next=1, lose_by="drop")
    with pytest.raises(AnswerLost):
        await target.write(create)
    (found,) = await target.find(USER, "userName", "ann@example.com")
    with pytest.raises(Conflict):
        await target.write(create)
    simulator.set_faults(html_next=1)
    with pytest.raises(RemoteUnavailable):
        await target.get(USER, found.id)
    simulator.set_faults(truncate_next=1)
    with pytest.raises(ProtocolError):
        await target.page(USER, 1, 10)
    assert target.requests == len(simulator.requests)


@pytest.mark.parametrize("form", ["seconds", "date", "zero_seconds", "none"])
async def test_throttling_is_read_in_every_form(form: Any) -> None:
    """Six at once against five a second; a wait of at least a second, whatever it says."""
    simulator = ZSCloudSimulator(Options(rate=5, burst=1, retry_after=form))
    async with Server(simulator) as server:
        url = server.url + simulator.options.base_path
        target = target_of(AiohttpTransport(), base_url=url, token=simulator.options.token)
        await target.page(USER, 1, 1)
        with pytest.raises(Throttled) as throttled:
            await target.page(USER, 1, 1)
        assert throttled.value.retry_after >= 1
        assert (target.requests, target.throttled) == (2, 1)
        await target.close()


async def test_another_token_is_refused(simulator: ZSCloudSimulator) -> None:
    """401, with the setting to look at."""
    async with Server(simulator) as server:
        url = server.url + simulator.options.base_path
        target = target_of(AiohttpTransport(), base_url=url)
        with pytest.raises(CredentialsRefused):
            await target.page(USER, 1, 1)
        await target.close()
