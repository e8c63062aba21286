"""The subscriptions against a Graph that shakes hands: kept up whatever happens to them."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from provisioning.errors import InvalidRequest, LeaseUnavailable, RemoteUnavailable
from provisioning.hints import FEEDS
from provisioning.operations import subscriptions
from provisioning.operations.status import status
from provisioning.setting_values import Secret
from provisioning.subscriptions.plan import LIFE, RENEW_WITHIN, digest
from provisioning.subscriptions.report import Report
from simulator.entra.properties import timestamp
from simulator.http import Request, Response
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.world import GRAPH, World

URL = "https://app.example.com/api/notifications"
SECRET, NEXT = "first-secret-of-the-tests", "second-secret-of-the-tests"
TENANT = "11111111-2222-4333-8444-555555555555"
SETTINGS = {
    "NOTIFICATION_URL": URL,
    "NOTIFICATION_CLIENT_STATE": SECRET,
    "ENTRA_TENANT_ID": TENANT,
}
WRITES = ("POST", "PATCH", "DELETE")
DAY = 86_400.0


def tell(story: Any, **options: Any) -> Any:
    return simulate(story, **{**SETTINGS, **options})


async def ensure(world: World, **options: Any) -> Report:
    """In a process of its own."""
    return await subscriptions.ensure(world.services(), **options)


def living(world: World) -> dict[str, Any]:
    """What Graph has, by resource; each resource once."""
    found = world.entra.subscriptions.living()
    resources = [one.resource for one in found]
    assert len(set(resources)) == len(resources), resources
    return {one.resource: one for one in found}


def writes(world: World) -> list[str]:
    """What was asked of Graph since the last call."""
    found = [f"{one.method} {one.status}" for one in world.entra.requests if one.method in WRITES]
    world.entra.requests.clear()
    return found


def did(report: Report) -> dict[str, str]:
    return {each.resource: each.did.value for each in report.outcomes if each.failure is None}


def codes(report: Report) -> dict[str, str]:
    return {each.resource: each.code for each in report.failures}


async def stored(world: World) -> Any:
    return await world.services().job().subscribed.all()


async def hints(world: World) -> list[str]:
    """Which hints wait; they are taken off."""
    job = world.services().job()
    waiting = await job.hints.due(world.clock.time())
    await job.store.write([job.hints.taken(hint) for hint in waiting])
    return [hint.about for hint in waiting]


async def post(world: World, **changes: Any) -> str:
    """Somebody of the same application subscribes; the id."""
    body = {
        "changeType": "updated,deleted",
        "notificationUrl": URL,
        "lifecycleNotificationUrl": URL,
        "resource": "users",
        "expirationDateTime": timestamp(world.clock.time() + 20 * DAY),
        "clientState": SECRET,
        **changes,
    }
    answer = await world.entra.handle(_request("POST", "/subscriptions", body))
    assert answer.status == 201, answer.body
    return str(_document(answer)["id"])


def _request(method: str, path: str, body: Any = None) -> Request:
    content = b"" if body is None else json.dumps(body).encode()
    return Request(method, f"{GRAPH}{path}", {}, content)


def _document(answer: Response) -> Any:
    return json.loads(answer.body)


def test_two_are_made_and_then_nothing_is_done() -> None:
    async def story(world: World) -> None:
        report = await ensure(world)
        assert did(report) == {"users": "create", "groups": "create"}
        assert report.look_wanted
        assert await hints(world) == [FEEDS]
        for one in living(world).values():
            assert one.change_types == {"updated", "deleted"}
            assert (one.notification_url, one.lifecycle_url) == (URL, URL)
            assert one.client_state == SECRET
            assert abs(one.expires - world.clock.time() - LIFE) < 2
        rows = await stored(world)
        assert {row.id for row in rows.values()} == {one.id for one in living(world).values()}
        assert not any(row.adopted for row in rows.values())
        assert all(SECRET not in str(row) for row in rows.values())
        # Ours first, which wakes it up, then Graph's: two for each, since there are two URLs.
        assert len(world.webhook.handshakes) == 5
        assert writes(world) == ["POST 201", "POST 201"]

        again = await ensure(world)
        assert did(again) == {"users": "nothing", "groups": "nothing"}
        assert not again.look_wanted
        assert writes(world) == []
        assert await hints(world) == []
        assert len(world.webhook.handshakes) == 5

    tell(story)


def test_without_a_webhook_nothing_is_asked() -> None:
    async def story(world: World) -> None:
        assert await ensure(world) == Report()
        assert not await subscriptions.ensure_if_needed(world.services())
        assert world.entra.requests == []
        assert (await status(world.services()))["subscriptions"] == []

    simulate(story)


def test_a_webhook_that_is_no_more_is_unsubscribed() -> None:
    async def story(world: World) -> None:
        await ensure(world)
        foreign = await post(world, resource="users/1", notificationUrl="https://else.example.com")
        del world.environ["NOTIFICATION_URL"]
        assert await subscriptions.ensure_if_needed(world.services()) is False
        assert [one.id for one in living(world).values()] == [foreign]
        assert await stored(world) == {}
        writes(world)
        await ensure(world)
        assert world.entra.requests == []

    tell(story)


def test_what_the_store_forgot_is_adopted() -> None:
    async def story(world: World) -> None:
        await ensure(world)
        before = living(world)
        job = world.services().job()
        await job.store.write([job.subscribed.drop(resource) for resource in before])
        await hints(world)
        writes(world)
        report = await ensure(world)
        assert did(report) == {"users": "adopt", "groups": "adopt"}
        assert living(world) == before
        assert writes(world) == []
        rows = await stored(world)
        assert all(row.adopted and row.id == before[name].id for name, row in rows.items())
        # While the store did not know them, the webhook took nothing in.
        assert await hints(world) == [FEEDS]

    tell(story)


def test_one_that_expired_and_one_that_vanished() -> None:
    async def story(world: World) -> None:
        await ensure(world)
        await hints(world)
        await world.entra.handle(_request("DELETE", f"/subscriptions/{living(world)['groups'].id}"))
        report = await ensure(world)
        assert did(report) == {"users": "nothing", "groups": "create"}
        assert await hints(world) == [FEEDS]
        await world.clock.sleep(LIFE + 60)
        assert living(world) == {}
        assert [each["state"] for each in await subscriptions.state(world.services())] == [
            "expired",
            "expired",
        ]
        assert await subscriptions.ensure_if_needed(world.services())
        assert set(living(world)) == {"users", "groups"}
        assert await hints(world) == [FEEDS]

    tell(story)


def test_with_a_week_left_they_are_renewed() -> None:
    async def story(world: World) -> None:
        await ensure(world)
        ids = {one.id for one in living(world).values()}
        await hints(world)
        writes(world)
        await world.clock.sleep(LIFE - RENEW_WITHIN - 60)
        assert did(await ensure(world)) == {"users": "nothing", "groups": "nothing"}
        await world.clock.sleep(120)
        assert did(await ensure(world)) == {"users": "renew", "groups": "renew"}
        assert writes(world) == ["PATCH 200", "PATCH 200"]
        assert {one.id for one in living(world).values()} == ids
        for name, row in (await stored(world)).items():
            assert abs(row.expires_at - living(world)[name].expires) < 1
            assert row.expires_at - world.clock.time() > LIFE - 2
        # Nothing was missed.
        assert await hints(world) == []

    tell(story)


@pytest.mark.parametrize(
    "change",
    [
        {"NOTIFICATION_URL": "https://new.example.com/api/notifications"},
        {"NOTIFICATION_CLIENT_STATE": f"{NEXT},{SECRET}"},
    ],
)
def test_a_new_url_or_secret_makes_them_anew(change: dict[str, str]) -> None:
    async def story(world: World) -> None:
        await ensure(world)
        old = {one.id for one in living(world).values()}
        await hints(world)
        writes(world)
        world.environ |= change
        assert await subscriptions.ensure_if_needed(world.services())
        assert writes(world) == ["DELETE 204", "POST 201"] * 2
        for one in living(world).values():
            assert one.id not in old
            assert one.notification_url == world.environ["NOTIFICATION_URL"]
            assert one.client_state == world.environ["NOTIFICATION_CLIENT_STATE"].split(",")[0]
        assert await hints(world) == [FEEDS]
        assert not await subscriptions.ensure_if_needed(world.services())

    tell(story)


def test_the_old_ones_stay_while_nobody_answers_at_the_new_url() -> None:
    async def story(world: World) -> None:
        await ensure(world)
        old = living(world)
        world.environ["NOTIFICATION_CLIENT_STATE"] = f"{NEXT},{SECRET}"
        world.webhook.down = True
        report = await ensure(world)
        assert codes(report) == {"users": "EndpointUnfit", "groups": "EndpointUnfit"}
        assert "503" in report.failures[0].message
        assert living(world) == old

    tell(story)


def test_an_adopted_one_with_another_secret_is_made_anew() -> None:
    """The webhook notes who brings a wrong secret. Of one that we made, it was a forger."""

    async def story(world: World) -> None:
        adopted = await post(world, clientState="another-secret-of-the-tests")
        await ensure(world)
        rows = await stored(world)
        assert (rows["users"].id, rows["users"].adopted) == (adopted, True)
        job = world.services().job()
        ids = [row.id for row in rows.values()]
        await job.store.write(job.notified.refused_rows(ids, world.clock.time()))
        await hints(world)
        assert await subscriptions.ensure_if_needed(world.services())
        users, groups = living(world)["users"], living(world)["groups"]
        assert (users.client_state, groups.id) == (SECRET, rows["groups"].id)
        assert users.id != adopted
        assert adopted not in await job.notified.refused()
        assert await hints(world) == [FEEDS]
        assert not await subscriptions.ensure_if_needed(world.services())

    tell(story)


def test_doubles_and_leftovers_go_and_those_of_others_stay() -> None:
    async def story(world: World) -> None:
        await ensure(world)
        ours = {one.id for one in living(world).values()}
        await post(world, changeType="updated")
        await post(world, resource="users/1")
        await post(world, resource="groups/1", lifecycleNotificationUrl=None)
        foreign = {
            await post(world, changeType="deleted", notificationUrl="https://else.example.com"),
            await post(world, resource="users/2", notificationUrl="https://else.example.com"),
        }
        report = await ensure(world)
        assert len(report.deleted) == 3
        assert {one.id for one in world.entra.subscriptions.living()} == ours | foreign

    tell(story)


@pytest.mark.parametrize(
    "change",
    [{"changeType": "updated"}, {"lifecycleNotificationUrl": None}, {"resource": "/Users"}],
)
def test_one_of_an_older_make_is_replaced(change: dict[str, Any]) -> None:
    async def story(world: World) -> None:
        old = await post(world, **change)
        report = await ensure(world)
        kept = change == {"resource": "/Users"}
        assert did(report)["users"] == ("adopt" if kept else "recreate")
        found = world.entra.subscriptions.living()
        assert len(found) == 2
        assert (old in {one.id for one in found}) is kept

    tell(story)


def test_quota_is_explained() -> None:
    async def story(world: World) -> None:
        for number in range(99):
            await post(world, resource=f"users/{number}", notificationUrl="https://b.example.com")
        report = await ensure(world)
        assert did(report) == {"users": "create"}
        assert codes(report) == {"groups": "SubscriptionQuota"}
        assert "subscriptions delete ID" in report.failures[0].remedy

    tell(story)


def test_missing_permission_is_named_and_stops_the_other_not() -> None:
    async def story(world: World) -> None:
        world.entra.set(missing_permissions=["Group.Read.All"])
        report = await ensure(world)
        assert did(report) == {"users": "create"}
        assert codes(report) == {"groups": "InsufficientRights"}
        assert "Group.Read.All" in report.failures[0].remedy
        [_, groups] = (await status(world.services()))["subscriptions"]
        assert (groups["state"], groups["id"]) == ("missing", None)
        assert "Group.Read.All" in groups["why"]
        world.entra.set(missing_permissions=[])
        assert did(await ensure(world)) == {"users": "nothing", "groups": "create"}
        [_, groups] = (await status(world.services()))["subscriptions"]
        assert (groups["state"], groups["why"]) == ("active", None)

    tell(story)


class Raced(World):
    """``between`` happens after Graph has listed the subscriptions, once."""

    between: Any = None

    def services(self) -> Any:
        made = super().services()
        listed = made.subscriptions.list

        async def list_and_more() -> Any:
            found = await listed()
            between, self.between = self.between, None
            if between is not None:
                await between()
            return found

        made.subscriptions.list = list_and_more  # type: ignore[method-assign]
        return made


def test_one_that_was_made_meanwhile_is_adopted() -> None:
    async def story(world: World) -> None:
        raced = Raced(world.clock, **SETTINGS)
        raced.between = lambda: post(raced)
        report = await ensure(raced)
        assert did(report) == {"users": "adopt", "groups": "create"}
        assert writes(raced).count("POST 409") == 1
        assert set(living(raced)) == {"users", "groups"}
        assert await hints(raced) == [FEEDS]

    tell(story)


def test_one_that_another_deployment_holds_is_named() -> None:
    async def story(world: World) -> None:
        other = "https://other.example.com/api/notifications"
        id = await post(world, notificationUrl=other)
        report = await ensure(world)
        assert did(report) == {"groups": "create"}
        [failure] = report.failures
        assert failure.code == "Conflict"
        assert id in failure.message
        assert "other.example.com" in failure.message
        assert f"subscriptions delete {id}" in failure.remedy
        assert living(world)["users"].notification_url == other

    tell(story)


def test_a_cold_endpoint_is_woken_before_graph_comes() -> None:
    async def story(world: World) -> None:
        # Our first try may take long; the second shows that Graph would be answered in time.
        world.webhook.slow = [25.0, 1.0]
        report = await ensure(world)
        assert did(report) == {"users": "create", "groups": "create"}
        assert writes(world) == ["POST 201", "POST 201"]
        assert len(world.webhook.handshakes) == 6

    tell(story)


def test_a_handshake_that_fails_comes_right() -> None:
    async def story(world: World) -> None:
        # Warm for us, and then ten seconds too late for Graph.
        world.webhook.slow = [1.0, 20.0]
        report = await ensure(world)
        assert did(report) == {"users": "create", "groups": "create"}
        assert writes(world) == ["POST 400", "POST 201", "POST 201"]

    tell(story)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Response(404), "answered 404"),
        (Response(200, {"content-type": "text/html"}, b"<p>sign in</p>"), "text/html"),
        (Response(200, {"content-type": "text/plain"}, b"no"), "not the token"),
        (ConnectionError("refused"), "no connection"),
    ],
)
def test_a_handshake_that_fails_says_what_we_saw(answer: Any, words: str) -> None:
    async def story(world: World) -> None:
        world.webhook.broken = [answer] * 100
        report = await ensure(world)
        assert codes(report) == {"users": "HandshakeFailed", "groups": "HandshakeFailed"}
        for failure in report.failures:
            assert words in failure.message
            assert "validationToken" not in failure.message
            assert failure.remedy
        world.webhook.broken = []
        assert did(await ensure(world)) == {"users": "create", "groups": "create"}

    tell(story)


def test_an_endpoint_that_only_graph_cannot_reach() -> None:
    async def story(world: World) -> None:
        async def refuse(*_: Any) -> Any:
            raise ConnectionError("no route")

        world.entra.subscriptions._post = refuse
        report = await ensure(world)
        assert "answered rightly" in report.failures[0].message
        assert "firewall" in report.failures[0].remedy

    tell(story)


def test_reauthorization_lets_what_was_held_back_through() -> None:
    async def story(world: World) -> None:
        ann = world.tenant.add_user("ann@example.com")
        await ensure(world)
        await hints(world)
        await world.clock.sleep(DAY)
        assert await world.entra.notifier.lifecycle("reauthorizationRequired", pause=True) == 2
        events = {item["subscriptionId"]: item["lifecycleEvent"] for item in world.webhook.items}
        world.webhook.items.clear()
        world.tenant.disable(ann)
        await world.clock.sleep(60)
        assert await world.entra.notifier.deliver() == 0
        writes(world)
        assert await subscriptions.on_lifecycle(world.services(), events)
        assert writes(world) == ["PATCH 200", "PATCH 200"]
        assert await hints(world) == [FEEDS]
        assert await world.entra.notifier.deliver() == 1
        assert world.webhook.items[0]["resourceData"]["id"] == ann
        for row in (await stored(world)).values():
            assert row.expires_at - world.clock.time() > LIFE - 120

    tell(story)


def test_reauthorization_does_not_hide_that_the_secret_is_another() -> None:
    async def story(world: World) -> None:
        await ensure(world)
        id = living(world)["users"].id
        world.environ["NOTIFICATION_CLIENT_STATE"] = f"{NEXT},{SECRET}"
        await subscriptions.on_lifecycle(world.services(), {id: "reauthorizationRequired"})
        assert did(await ensure(world)) == {"users": "recreate", "groups": "recreate"}

    tell(story)


@pytest.mark.parametrize(
    ("event", "made"), [("subscriptionRemoved", True), ("missed", False), ("somethingNew", False)]
)
def test_other_lifecycle_events(event: str, made: bool) -> None:
    async def story(world: World) -> None:
        await ensure(world)
        await hints(world)
        id = living(world)["users"].id
        await world.entra.handle(_request("DELETE", f"/subscriptions/{id}"))
        writes(world)
        assert await subscriptions.on_lifecycle(world.services(), {id: event})
        assert writes(world) == (["POST 201"] if made else [])
        assert await hints(world) == [FEEDS]

    tell(story)


def test_reauthorization_of_one_that_is_gone_makes_it_anew() -> None:
    async def story(world: World) -> None:
        await ensure(world)
        id = living(world)["users"].id
        await world.entra.handle(_request("DELETE", f"/subscriptions/{id}"))
        events = {id: "reauthorizationRequired", "never-heard-of": "reauthorizationRequired"}
        assert await subscriptions.on_lifecycle(world.services(), events)
        assert set(living(world)) == {"users", "groups"}
        assert living(world)["users"].id != id

    tell(story)


def test_reauthorization_that_fails_comes_again() -> None:
    """One that Graph does not answer stops neither the other nor the hint."""

    async def story(world: World) -> None:
        await ensure(world)
        await hints(world)
        first, second = (living(world)[name].id for name in ("users", "groups"))
        writes(world)
        world.entra.set(fault_path=first, error_next=100, error_status=500)
        events = dict.fromkeys((first, second), "reauthorizationRequired")
        with pytest.raises(RemoteUnavailable):
            await subscriptions.on_lifecycle(world.services(), events)
        assert writes(world)[-1] == "PATCH 200"
        assert await hints(world) == [FEEDS]

    tell(story)


def test_two_at_once_make_no_doubles() -> None:
    async def story(world: World) -> None:
        reports = await asyncio.gather(*(ensure(world, wait=30.0) for _ in range(3)))
        assert writes(world) == ["POST 201", "POST 201"]
        assert set(living(world)) == {"users", "groups"}
        assert sorted(str(did(each)["users"]) for each in reports) == [
            "create",
            "nothing",
            "nothing",
        ]

    tell(story)


def test_a_second_one_does_not_wait_unless_asked() -> None:
    async def story(world: World) -> None:
        world.webhook.slow = [20.0]
        first = asyncio.create_task(ensure(world))
        await asyncio.sleep(5)
        with pytest.raises(LeaseUnavailable, match="looks after the subscriptions"):
            await ensure(world)
        assert not await subscriptions.ensure_if_needed(world.services())
        assert did(await first) == {"users": "create", "groups": "create"}

    tell(story)


@pytest.mark.parametrize("status_code", [429, 503])
def test_a_graph_that_is_busy_is_asked_again(status_code: int) -> None:
    async def story(world: World) -> None:
        if status_code == 429:
            world.entra.set(throttle_next=3, retry_after=7.0)
        else:
            world.entra.set(error_next=3, error_status=503, retry_after=7.0)
        began = world.clock.time()
        assert did(await ensure(world)) == {"users": "create", "groups": "create"}
        assert world.clock.time() - began >= 21

    tell(story)


def test_an_answer_that_got_lost_leaves_no_double() -> None:
    async def story(world: World) -> None:
        services = world.services()
        await services.subscriptions.list()
        world.entra.set(fault_path="/subscriptions", drop_next=2)
        report = await subscriptions.ensure(services)
        assert set(living(world)) == {"users", "groups"}
        assert not report.failures
        world.entra.set(drop_next=0)
        assert did(await ensure(world)) == {"users": "nothing", "groups": "nothing"}

    tell(story)


def test_while_graph_fails_it_is_tried_every_five_minutes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Somebody is told after an hour, and each hour then."""

    async def story(world: World) -> None:
        services = world.services()
        world.entra.set(error_share=1.0, error_status=500)
        tries = 0
        for _ in range(2 * 60 * 3):
            world.entra.requests.clear()
            assert not await subscriptions.ensure_if_needed(services)
            tries += any(one.path == "/subscriptions" for one in world.entra.requests)
            await world.clock.sleep(30)
        assert 25 <= tries <= 37
        alerts = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
        assert len(alerts) == 2
        assert alerts[0].startswith("ALERT subscription: No subscription to ")
        world.entra.set(error_share=0.0)
        await world.clock.sleep(300)
        assert await subscriptions.ensure_if_needed(services)
        world.entra.requests.clear()
        assert not await subscriptions.ensure_if_needed(services)
        assert world.entra.requests == []

    tell(story)


def test_somebody_is_told_days_before_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World) -> None:
        await ensure(world)
        world.entra.set(fault_path="/subscriptions/", error_share=1.0, error_status=500)
        await world.clock.sleep(LIFE - 4 * DAY)
        assert set(codes(await ensure(world))) == {"users", "groups"}
        assert [each["state"] for each in await subscriptions.state(world.services())] == [
            "expiring",
            "expiring",
        ]
        assert not [r for r in caplog.records if r.levelno == logging.ERROR]
        await world.clock.sleep(1.5 * DAY)
        await ensure(world)
        [told] = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
        assert "The subscription to users ends in " in told
        assert "The subscription to groups ends in " in told

    tell(story)


class Halting:
    """A place to be killed at before Graph has seen a request, and one after."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._graph, name)

        async def halting(*args: Any, **named: Any) -> Any:
            await asyncio.sleep(0)
            answer = await call(*args, **named)
            await asyncio.sleep(0)
            return answer

        return halting


async def ensure_halting(world: World) -> Report:
    made = world.services()
    return await subscriptions.ensure(replace(made, subscriptions=Halting(made.subscriptions)))


def test_killed_at_any_step_the_next_one_repairs_it() -> None:
    """With a secret that was rotated: the old ones are deleted, new ones made."""
    left: set[tuple[int, int]] = set()
    for steps in range(200):
        saga = Saga(**SETTINGS)
        saga.tell(ensure)
        world = saga.world
        assert world is not None
        world.environ["NOTIFICATION_CLIENT_STATE"] = NEXT
        ended = saga.tell(ensure_halting, steps=steps).finished
        found = list(world.entra.subscriptions._kept.values())
        left.add((len(found), sum(one.client_state == NEXT for one in found)))
        saga.tell(ensure)
        saga.tell(_all_is_well)
        if ended:
            break
    # Deleted and not made anew, made and perhaps not stored: all of it was seen.
    assert left == {(2, 0), (1, 0), (2, 1), (1, 1), (2, 2)}


async def _all_is_well(world: World) -> None:
    found = living(world)
    assert {name: one.client_state for name, one in found.items()} == {
        "users": NEXT,
        "groups": NEXT,
    }
    rows = await stored(world)
    assert {row.id for row in rows.values()} == {one.id for one in found.values()}
    assert all(row.secret_digest == digest(Secret(NEXT)) for row in rows.values())
    assert await hints(world) == [FEEDS]


def test_list_renew_and_delete() -> None:
    async def story(world: World) -> None:
        await ensure(world)
        foreign = await post(
            world, resource="users/1", notificationUrl="https://else.example.com/hook?code=key"
        )
        services = world.services()
        items = (await subscriptions.list_(services))["items"]
        assert {item["id"]: (item["ours"], item["host"]) for item in items} == {
            living(world)["users"].id: (True, "app.example.com"),
            living(world)["groups"].id: (True, "app.example.com"),
            foreign: (False, "else.example.com"),
        }
        await world.clock.sleep(DAY)
        report = await subscriptions.renew(services)
        assert did(report) == {"users": "renew", "groups": "renew"}
        users = living(world)["users"]
        assert abs(users.expires - world.clock.time() - LIFE) < 5
        assert await subscriptions.delete(services, foreign) == {"deleted": [foreign]}
        assert await subscriptions.delete(services, users.id) == {"deleted": [users.id]}
        assert set(await stored(world)) == {"groups"}
        with pytest.raises(InvalidRequest, match="no subscription"):
            await subscriptions.delete(services, users.id)
        report = await subscriptions.renew(services)
        assert did(report) == {"users": "nothing", "groups": "renew"}

    tell(story)
