"""Who is told of what, over whole stories. The mails are received by a real server library."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

import pytest

from provisioning.operations import alarms, work
from provisioning.operations.status import status
from provisioning.record import CycleKind, CycleStatus
from provisioning.wake import WORK
from tests.scenarios.pump import deliver
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import everybody, provisioned, user
from tests.scenarios.world import World
from tests.support.mail_server import MailServer, serving

TICK = 300.0
HOUR = 3600.0


@asynccontextmanager
async def mailed(world: World, **settings: str) -> AsyncIterator[MailServer]:
    """A mail server, and a program that knows it."""
    async with serving() as server:
        world.environ |= {
            "SMTP_URL": server.url,
            "ALERT_EMAIL": "ops@example.com",
            "NOTIFICATION_CLIENT_STATE": "",
            **settings,
        }
        yield server


def text(mail: EmailMessage) -> str:
    content: str = mail.get_content()
    return content


def test_a_job_that_is_well_mails_nobody() -> None:
    async def story(world: World) -> None:
        async with mailed(world) as server:
            await provisioned(world)
            for _ in range(24):
                await world.clock.sleep(HOUR)
                await world.cycle()
            assert server.commands == []
            assert (await status(world.services()))["alarms"] == []

    simulate(story, tenant=everybody(12))


def test_a_token_revoked_in_mid_load_is_one_mail_and_its_replacement_one_all_clear() -> None:
    async def story(world: World) -> None:
        async with mailed(world) as server:
            record = await world.cycle(budget=10.0)
            assert record.status is CycleStatus.RUNNING
            before = len(world.writes())
            assert 0 < before < 100
            world.zscloud.set_options(token="the-next-token")
            began = world.clock.time()
            while world.clock.time() < began + 20 * HOUR:
                record = await world.cycle(budget=10.0)
                assert record.status is CycleStatus.QUARANTINED
                await world.clock.sleep(12 * TICK)
            assert server.subjects == ["credentials are refused"]
            [mail] = server.mails
            assert mail["To"] == "ops@example.com"
            assert "quarantine" in text(mail)
            assert "Generate Token" in text(mail)
            assert world.token not in text(mail)

            world.token = "the-next-token"
            record = await world.cycle()
            assert record.status is CycleStatus.COMPLETED
            assert world.differences() == []
            assert len(world.writes()) < 2 * before + 120, "it goes on where it was"
            for _ in range(5):
                await world.cycle()
                await world.clock.sleep(TICK)
            assert server.subjects == ["credentials are refused", "Over: credentials are refused"]
            assert (await status(world.services()))["alarms"] == []

    simulate(story, tenant=everybody(100), rate=5)


def test_a_quarantine_that_lasts_is_remembered_daily() -> None:
    async def story(world: World) -> None:
        async with mailed(world) as server:
            world.zscloud.set_options(token="another")
            for _ in range(3 * 24 + 1):
                await world.cycle()
                await world.clock.sleep(HOUR)
            assert server.subjects == [
                "credentials are refused",
                *["Reminder: credentials are refused"] * 3,
            ]

    simulate(story, tenant=everybody(5))


def test_ticks_alone_notice_that_no_cycle_ends() -> None:
    """The work function is dead, the timer is not. 90 minutes, one mail, one all-clear."""

    async def story(world: World) -> None:
        async with mailed(world) as server:
            services = world.services()
            for _ in range(18):
                await work.tick(services, CycleKind.INCREMENTAL)
                await world.clock.sleep(TICK)
            assert server.subjects == []
            for _ in range(12):
                await work.tick(services, CycleKind.INCREMENTAL)
                await world.clock.sleep(TICK)
            assert server.subjects == ["no cycle ends well"]
            assert "for 90 minutes" in text(server.mails[0])
            [shown] = (await status(services))["alarms"]
            assert shown["code"] == "no_cycle"
            await deliver(world, services, 60.0)
            assert server.subjects == ["no cycle ends well", "Over: no cycle ends well"]
            await world._close(services)

    simulate(story, tenant=everybody(5))


def test_a_long_load_that_comes_further_is_no_missing_cycle() -> None:
    async def story(world: World) -> None:
        async with mailed(world, DRAIN_BUDGET_SECONDS="60", NO_CYCLE_ALERT_MINUTES="5") as server:
            services = world.services()
            began = world.clock.time()
            await work.tick(services, CycleKind.INCREMENTAL)
            while world.queue.messages:
                await deliver(world, services, 1.0)
            assert world.clock.time() - began > 6 * 60
            assert world.differences() == []
            assert server.subjects == []
            await world._close(services)

    simulate(story, tenant=everybody(370), rate=1)


def test_a_job_that_is_off_misses_no_cycle() -> None:
    async def story(world: World) -> None:
        async with mailed(world, PROVISIONING_STATUS="off") as server:
            for _ in range(30):
                await alarms.watch(world.services())
                await world.clock.sleep(TICK)
            world.environ["PROVISIONING_STATUS"] = "on"
            await alarms.watch(world.services())
            assert server.subjects == []
            await world.clock.sleep(90 * 60)
            await alarms.watch(world.services())
            assert server.subjects == ["no cycle ends well"]

    simulate(story, tenant=everybody(5))


def test_held_removals_are_one_mail_until_they_are_decided() -> None:
    async def story(world: World) -> None:
        async with mailed(world) as server:
            await world.cycle()
            people = [user(world, number) for number in range(1, 19)]
            for id in people:
                world.tenant.update_user(id, accountEnabled=False)
            await world.clock.sleep(HOUR)
            for _ in range(6):
                assert (await world.cycle()).status is CycleStatus.HELD
                await world.clock.sleep(TICK)
            assert server.subjects == ["removals are held"]
            assert "18 removals are held above the deletion threshold" in text(server.mails[0])
            assert "user" in text(server.mails[0]).partition("Concerned: ")[2]
            assert text(server.mails[0]).count("`held approve ID`") == 1
            for id in people:
                world.tenant.update_user(id, accountEnabled=True)
            await world.clock.sleep(TICK)
            await world.cycle()
            await world.cycle()
            assert server.subjects == ["removals are held", "Over: removals are held"]

    simulate(story, tenant=everybody(40))


def test_escrow_that_grows_and_heals() -> None:
    async def story(world: World) -> None:
        async with mailed(world) as server:
            await world.cycle()
            world.zscloud.set_faults(fail_share=1.0, fail_status=400, path_contains="Users")
            # Fewer than twenty at once: above, a job in which all fail is in quarantine.
            for number in range(1, 16):
                world.tenant.update_user(user(world, number), department="Legal")
            for _ in range(3):
                await world.cycle()
                await world.clock.sleep(HOUR)
            assert server.subjects == ["many objects fail"]
            assert "15 users and groups could not be provisioned" in text(server.mails[0])
            world.zscloud.set_faults()
            for _ in range(30):
                await world.clock.sleep(HOUR)
                await world.cycle()
            assert server.subjects == ["many objects fail", "Over: many objects fail"]
            assert world.differences() == []

    simulate(story, tenant=everybody(31))


def test_a_message_that_was_set_aside() -> None:
    async def story(world: World) -> None:
        async with mailed(world) as server:
            services = world.services()
            await work.failed(services, WORK, RuntimeError("out of order"))
            await work.poisoned(services, WORK, "{}")
            assert server.subjects == ["a message was set aside"]
            assert "out of order" in text(server.mails[0])
            await work.tick(services, CycleKind.INCREMENTAL)
            await deliver(world, services, 60.0)
            assert server.subjects == ["a message was set aside", "Over: a message was set aside"]
            await world._close(services)

    simulate(story, tenant=everybody(3))


def test_a_graph_that_fails_for_a_moment() -> None:
    async def story(world: World) -> None:
        async with mailed(world) as server:
            await world.cycle()
            world.set_entra(error_share=1.0, error_status=503)
            await world.cycle()
            world.set_entra(error_share=0.0)
            await world.cycle()
            assert server.subjects == ["a cycle failed", "Over: a cycle failed"]
            assert "503" in text(server.mails[0])

    simulate(story, tenant=everybody(3))


def test_a_mail_server_that_is_away_fails_no_cycle_and_costs_no_mail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(world: World) -> None:
        async with mailed(world) as server:
            world.zscloud.set_options(token="another")
            server.answers["MAIL"] = ["421 4.3.2 shutting down"] * 3
            for _ in range(4):
                assert (await world.cycle()).status is CycleStatus.QUARANTINED
                assert len(server.mails) <= 1
                await world.clock.sleep(TICK)
            assert server.subjects == ["credentials are refused"]
            world.token = "another"
            server.answers["DATA"] = ["452 4.3.1 disk full"]
            assert (await world.cycle()).status is CycleStatus.COMPLETED
            assert len(server.mails) == 1
            await world.cycle()
            assert server.subjects[1:] == ["Over: credentials are refused"]

    simulate(story, tenant=everybody(3))
    assert "ALERT channel_failed: Alarms cannot be sent by mail" in caplog.text


def test_a_defect_of_the_alarms_fails_no_cycle(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: Any) -> int:
        raise RuntimeError("out of order")

    monkeypatch.setattr(alarms, "tell", broken)

    async def story(world: World) -> None:
        assert (await world.cycle()).status is CycleStatus.COMPLETED

    simulate(story, tenant=everybody(3))
    assert "The alarms were not looked after" in caplog.text


def test_a_dry_run_tells_nobody() -> None:
    async def story(world: World) -> None:
        async with mailed(world) as server:
            world.zscloud.set_options(token="another")
            await world.cycle(dry_run=True)
            assert server.commands == []
            assert (await alarms.list_(world.services()))["items"] == []

    simulate(story, tenant=everybody(3))


def test_what_is_listed() -> None:
    """What holds, and when who was told; and what is over and could not be told yet."""

    async def story(world: World) -> None:
        async with mailed(world) as server:
            world.zscloud.set_options(token="another")
            await world.cycle()
            listed = await alarms.list_(world.services())
            [item] = listed["items"]
            assert (item["id"], item["code"]) == ("quarantine", "token_refused")
            assert (item["holds"], item["quiet"]) == (True, False)
            assert list(item["told"]) == ["mail"]
            assert listed["channels"] == [{"name": "mail", "failure": None}]
            server.answers["MAIL"] = ["421 4.3.2 shutting down"]
            world.token = "another"
            await world.cycle()
            listed = await alarms.list_(world.services())
            [item] = listed["items"]
            assert item["holds"] is False
            assert "421" in listed["channels"][0]["failure"]["message"]

    simulate(story, tenant=everybody(3))
