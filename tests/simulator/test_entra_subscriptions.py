"""Subscriptions and notifications: handshake, limits, renewal, delivery and its faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from simulator.entra import EntraSimulator, Tenant, post_over_http
from simulator.entra.properties import timestamp
from simulator.http import Request, Response, Server
from tests.simulator.entra_caller import START, Answer, Caller

HOOK = "https://hook.example.com/api/notifications?code=k"
LIFECYCLE = "https://hook.example.com/api/lifecycle"


class Hook:
    """The receiver: shakes hands, then collects what it is sent."""

    def __init__(self) -> None:
        self.status = 202
        self.reachable = True
        self.handshakes: list[str] = []
        self.posts: list[tuple[str, list[dict[str, Any]]]] = []

    async def __call__(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        if not self.reachable:
            raise ConnectionError("no route")
        token = parse_qs(urlsplit(url).query).get("validationToken")
        if token:
            self.handshakes.append(url)
            return 200, {"content-type": "text/plain; charset=utf-8"}, token[0].encode()
        self.posts.append((url, json.loads(body)["value"]))
        return self.status, {}, b""

    @property
    def sequence(self) -> list[int]:
        return [one["resourceData"]["sequenceNumber"] for _, value in self.posts for one in value]


class World:
    def __init__(self) -> None:
        self.tenant = Tenant.empty()
        self.ann = self.tenant.add_user("ann@example.com")
        self.staff = self.tenant.add_group("Staff")
        self.hook = Hook()
        self.caller = Caller(self.tenant, post=self.hook)
        self.simulator = self.caller.simulator

    async def subscribe(self, resource: str = "users", **changes: Any) -> Answer:
        body = {
            "changeType": "updated,deleted",
            "notificationUrl": HOOK,
            "lifecycleNotificationUrl": LIFECYCLE,
            "resource": resource,
            "expirationDateTime": timestamp(START + 86_400).replace("Z", ".1234567Z"),
            "clientState": "secret",
            **changes,
        }
        return await self.caller.send("POST", "/subscriptions", body)

    async def deliver(self, after: float = 10.0) -> int:
        self.caller.clock.now += after
        return await self.simulator.notifier.deliver()


@pytest.fixture
def world() -> World:
    return World()


async def test_both_urls_shake_hands(world: World) -> None:
    made = await world.subscribe()
    assert made.status == 201
    assert made.document["expirationDateTime"] == timestamp(START + 86_400)
    assert [url.partition("validationToken=")[0] for url in world.hook.handshakes] == [
        f"{HOOK}&",
        f"{LIFECYCLE}?",
    ]
    listed = await world.caller.get("/subscriptions")
    assert listed.ids == [made.document["id"]]
    one = await world.caller.get(f"/subscriptions/{made.document['id']}")
    assert one.document["clientState"] is None


@pytest.mark.parametrize(
    "answer",
    [
        (202, {"content-type": "text/plain"}, None),
        (200, {"content-type": "application/json"}, None),
        (200, {"content-type": "text/plain"}, b"wrong"),
        None,
    ],
)
async def test_a_failed_handshake_is_no_subscription(answer: Any) -> None:
    async def post(
        url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        if answer is None:
            raise TimeoutError
        token = parse_qs(urlsplit(url).query)["validationToken"][0].encode()
        return answer[0], answer[1], token if answer[2] is None else answer[2]

    world = World()
    world.caller = Caller(Tenant.empty(), post=post)
    refused = await world.subscribe()
    assert (refused.status, refused.code) == (400, "ValidationError")
    how = "timed out" if answer is None else "failed"
    assert f"validation request {how}." in refused.document["error"]["message"]
    assert (await world.caller.get("/subscriptions")).rows == []


@pytest.mark.parametrize(
    "changes",
    [
        {"resource": "servicePrincipals"},
        {"resource": 5},
        {"changeType": "created"},
        {"clientState": "x" * 129},
        {"notificationUrl": "hook"},
        {"notificationUrl": None},
        {"expirationDateTime": "soon"},
        {"expirationDateTime": timestamp(START - 1)},
        {"expirationDateTime": timestamp(START + 41_761 * 60)},
    ],
)
async def test_limits_are_kept(world: World, changes: dict[str, Any]) -> None:
    refused = await world.subscribe(**changes)
    assert (refused.status, refused.code) == (400, "InvalidRequest")


async def test_a_short_life_is_raised(world: World) -> None:
    made = await world.subscribe(expirationDateTime=timestamp(START + 60))
    assert made.document["expirationDateTime"] == timestamp(START + 45 * 60)


async def test_a_duplicate_names_the_first(world: World) -> None:
    first = await world.subscribe()
    second = await world.subscribe(changeType="deleted,updated", notificationUrl=LIFECYCLE)
    assert second.status == 409
    assert first.document["id"] in second.document["error"]["message"]
    assert (await world.subscribe(changeType="deleted")).status == 201


async def test_an_application_has_a_hundred(world: World) -> None:
    for number in range(100):
        assert (await world.subscribe(f"users/{number}")).status == 201
    assert (await world.subscribe("users/100")).status == 403


async def test_the_groups_subscription_needs_its_permission(world: World) -> None:
    world.simulator.set(missing_permissions=["Group.Read.All"])
    assert (await world.subscribe("groups")).status == 403
    assert (await world.subscribe("users")).status == 201


async def test_renewal_and_end(world: World) -> None:
    id = (await world.subscribe()).document["id"]
    path = f"/subscriptions/{id}"
    later = timestamp(START + 20 * 86_400)
    renewed = await world.caller.send("PATCH", path, {"expirationDateTime": later})
    assert renewed.document["expirationDateTime"] == later
    fixed = await world.caller.send("PATCH", path, {"lifecycleNotificationUrl": HOOK})
    assert fixed.status == 400
    moved = await world.caller.send("PATCH", path, {"notificationUrl": LIFECYCLE})
    assert moved.document["notificationUrl"] == LIFECYCLE
    assert len(world.hook.handshakes) == 3
    assert (await world.caller.send("DELETE", path)).status == 204
    assert (await world.caller.get(path)).status == 404
    assert (await world.caller.send("PUT", path)).status == 405
    await world.subscribe()
    world.caller.clock.now += 86_400
    assert (await world.caller.get("/subscriptions")).rows == []


async def test_a_change_is_announced_after_the_delay(world: World) -> None:
    id = (await world.subscribe()).document["id"]
    world.tenant.move(world.ann, "Legal")
    assert await world.deliver(after=9.9) == 0
    assert await world.deliver(after=0.1) == 1
    ((url, (item,)),) = world.hook.posts
    assert url == HOOK
    assert item == {
        "changeType": "updated",
        "clientState": "secret",
        "resource": f"Users/{world.ann}",
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.User",
            "@odata.id": f"Users/{world.ann}",
            "id": world.ann,
            "organizationId": world.tenant.id,
            "eventTime": timestamp(START),
            "sequenceNumber": 1,
        },
        "subscriptionExpirationDateTime": timestamp(START + 86_400),
        "subscriptionId": id,
        "tenantId": world.tenant.id,
    }
    assert await world.deliver() == 0


async def test_creation_and_soft_deletion_are_updates(world: World) -> None:
    await world.subscribe()
    new = world.tenant.add_user("new@example.com")
    world.tenant.delete(new)
    world.tenant.restore(new)
    world.tenant.purge(new)
    await world.deliver()
    ((_, items),) = world.hook.posts
    assert [item["changeType"] for item in items] == ["updated"] * 3 + ["deleted"]


async def test_one_post_carries_several_subscriptions(world: World) -> None:
    await world.subscribe("users")
    await world.subscribe("groups")
    await world.subscribe(f"groups/{world.staff}/members", changeType="updated")
    await world.subscribe("groups/other")
    world.tenant.add_member(world.staff, world.ann)
    world.tenant.update_group(world.staff, description="x")
    world.tenant.disable(world.ann)
    world.tenant.assign(world.ann)
    assert await world.deliver() == 4
    ((_, items),) = world.hook.posts
    assert items[0]["resourceData"]["members@delta"] == [{"id": world.ann}]
    assert len({item["subscriptionId"] for item in items}) == 3


async def test_batches_duplicates_losses_and_order(world: World) -> None:
    await world.subscribe()
    world.simulator.set(notification_batch=4, notification_duplicate_share=1.0)
    for number in range(5):
        world.tenant.move(world.ann, f"D{number}")
    assert await world.deliver() == 10
    assert [len(items) for _, items in world.hook.posts] == [4, 4, 2]
    assert sorted(world.hook.sequence) == sorted([1, 2, 3, 4, 5] * 2)
    world.hook.posts.clear()
    world.simulator.set(notification_duplicate_share=0.0, notification_reorder=True)
    for number in range(8):
        world.tenant.move(world.ann, f"E{number}")
    await world.deliver()
    assert world.hook.sequence != sorted(world.hook.sequence)
    assert sorted(world.hook.sequence) == list(range(6, 14))
    world.simulator.set(notification_loss_share=1.0)
    world.tenant.move(world.ann, "F")
    assert await world.deliver() == 0
    assert world.simulator.notifier.pending == 0


async def test_a_refused_delivery_is_retried_for_four_hours(world: World) -> None:
    await world.subscribe()
    world.hook.status = 503
    world.tenant.disable(world.ann)
    assert await world.deliver() == 0
    world.hook.status = 202
    assert await world.deliver(after=9) == 0
    assert await world.deliver(after=1) == 1
    world.hook.reachable = False
    world.tenant.enable(world.ann)
    await world.deliver()
    assert world.simulator.notifier.pending == 1
    await world.deliver(after=4 * 3600)
    assert world.simulator.notifier.pending == 0


@pytest.mark.parametrize("action", ["reauthorize", "renew"])
async def test_delivery_pauses_until_it_is_authorized_again(world: World, action: str) -> None:
    path = f"/subscriptions/{(await world.subscribe()).document['id']}"
    assert await world.simulator.notifier.lifecycle("reauthorizationRequired", pause=True) == 1
    ((url, (event,)),) = world.hook.posts
    assert url == LIFECYCLE
    assert event["lifecycleEvent"] == "reauthorizationRequired"
    assert event["clientState"] == "secret"
    assert "resource" not in event
    world.tenant.disable(world.ann)
    assert await world.deliver() == 0
    if action == "reauthorize":
        assert (await world.caller.send("POST", f"{path}/reauthorize")).status == 204
    else:
        later = {"expirationDateTime": timestamp(START + 90_000)}
        assert (await world.caller.send("PATCH", path, later)).status == 200
    assert await world.deliver(after=0) == 1
    with pytest.raises(ValueError, match="event is one of"):
        await world.simulator.notifier.lifecycle("tea")


async def test_in_a_context_notifications_deliver_themselves() -> None:
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    class Receiver:
        async def handle(self, request: Request) -> Response:
            token = request.query.get("validationToken")
            if token is not None:
                return Response(200, {"content-type": "text/plain"}, token.encode())
            for item in request.json()["value"]:
                received.put_nowait(item)
            return Response(202)

    tenant = Tenant.empty()
    ann = tenant.add_user("ann@example.com")
    simulator = EntraSimulator(tenant)
    async with Server(Receiver()) as receiver, simulator:
        body = {
            "changeType": "updated",
            "notificationUrl": f"{receiver.url}/hook?code=a%2Bb",
            "resource": "users",
            "expirationDateTime": timestamp(simulator.clock.time() + 4000),
        }
        request = Request(
            "POST", "http://localhost/v1.0/subscriptions", {}, json.dumps(body).encode()
        )
        assert (await simulator.handle(request)).status == 201
        simulator.set(notification_delay=30)
        tenant.disable(ann)
        await asyncio.sleep(0.02)
        simulator.set(notification_delay=0.01)
        tenant.enable(ann)
        item = await asyncio.wait_for(received.get(), 5)
    assert item["resourceData"]["sequenceNumber"] == 2
    assert simulator.notifier.pending == 1


async def test_an_unreachable_receiver_is_an_os_error() -> None:
    async with Server(_Closing()) as closing:
        with pytest.raises(ConnectionError):
            await post_over_http(closing.url, {}, b"")


class _Closing:
    async def handle(self, _: Request) -> Response:
        return Response(500, drop=True)
