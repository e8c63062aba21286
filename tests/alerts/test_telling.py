"""Telling: each channel by itself, one process at a time, and only what was accepted is stored."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.alerts.conditions import Condition
from provisioning.alerts.deciding import PAUSE, REMIND_EVERY
from provisioning.alerts.rows import AlarmRows
from provisioning.alerts.telling import LOG_EVERY, Teller
from provisioning.errors import Rejected, RemoteError, RemoteUnavailable, StoreUnavailable
from provisioning.notice import Alarm, Notice
from provisioning.ports import Row
from provisioning.state.memory import MemoryStore
from provisioning.state.sqlite import SqliteStore
from tests.scenarios.world import CountedIds
from tests.simulated_time import SimulatedClock, discard_abandoned, run_simulated

JOB = "a@b"
IT_STANDS = Condition(
    place="no_cycle", code=Alarm.NO_CYCLE, subject="cycle", sentence="It stands.", remedy="Look."
)
PLANS = [
    msgspec.structs.replace(IT_STANDS, place=f"held/{n}", code=Alarm.HELD, subject=str(n))
    for n in range(3)
]


class Recorder:
    """A channel. Each of ``errors`` meets one message; sending takes ``seconds``."""

    def __init__(self, name: str = "mail", *, seconds: float = 0.0) -> None:
        self.name = name
        self.errors: list[RemoteError | None] = []
        self.seconds = seconds
        self.got: list[Notice] = []

    async def send(self, notice: Notice) -> None:
        await asyncio.sleep(self.seconds)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.got.append(notice)

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(each.id, each.state.value) for each in self.got]


class Program:
    """A process that tells; ``now_holds`` is what it sees."""

    def __init__(self, store: Any, *channels: Recorder, holder: str = "p") -> None:
        clock = SimulatedClock(asyncio.get_running_loop())  # type: ignore[arg-type]
        self.clock = clock
        self.now_holds: list[Condition] = []
        self.teller = Teller(
            AlarmRows(store, JOB),
            channels,
            store,
            clock,
            CountedIds(),
            job=JOB,
            holder=holder,
            link="https://app.example.com/api/console",
        )

    async def run(self, *conditions: Condition) -> int:
        self.now_holds = list(conditions)
        return await self.teller.tell(self._look)

    async def _look(self) -> Sequence[Condition]:
        await asyncio.sleep(0)
        return self.now_holds


def unavailable() -> RemoteError:
    return RemoteUnavailable("The mail server", "mail", "it is down", remedy="Wait for it.")


def rejected() -> RemoteError:
    return Rejected("The mail server", "mail", "no such mailbox", remedy="Correct ALERT_EMAIL.")


def simulated(story: Callable[[MemoryStore], Awaitable[None]]) -> None:
    async def main() -> None:
        clock = SimulatedClock(asyncio.get_running_loop())  # type: ignore[arg-type]
        await story(MemoryStore(time=clock.time))

    assert run_simulated(main).finished


def test_nothing_to_tell_takes_no_lease() -> None:
    async def story(store: MemoryStore) -> None:
        mail = Recorder()
        assert await Program(store, mail).run() == 0
        assert mail.got == []
        assert await store.read(f"{JOB}/alarms") is None

    simulated(story)


def test_a_channel_gets_the_whole_story() -> None:
    async def story(store: MemoryStore) -> None:
        mail, hook = Recorder("mail"), Recorder("webhook")
        program = Program(store, mail, hook)
        for _ in range(3):
            await program.run(IT_STANDS)
        await program.clock.sleep(REMIND_EVERY)
        await program.run(IT_STANDS)
        await program.run()
        await program.run()
        assert mail.said == [("no_cycle", "begun"), ("no_cycle", "reminder"), ("no_cycle", "over")]
        assert hook.said == mail.said
        first = mail.got[0]
        assert (first.sentence, first.remedy, first.job) == ("It stands.", "Look.", JOB)
        assert first.link == "https://app.example.com/api/console"
        assert mail.got[2].since == first.since == mail.got[2].time - REMIND_EVERY
        await program.clock.sleep(PAUSE)
        await program.run()
        assert await AlarmRows(store, JOB).told("mail") == {}, "what is long over is forgotten"

    simulated(story)


def test_channels_are_apart_from_each_other(caplog: pytest.LogCaptureFixture) -> None:
    """One that fails holds up neither the other nor what comes later."""

    async def story(store: MemoryStore) -> None:
        mail, hook = Recorder("mail"), Recorder("webhook", seconds=1.0)
        program = Program(store, mail, hook)
        mail.errors = [unavailable(), unavailable()]
        assert await program.run(IT_STANDS) == 1
        assert (mail.said, hook.said) == ([], [("no_cycle", "begun")])
        await program.run(IT_STANDS)
        await program.run(IT_STANDS)
        assert mail.said == hook.said == [("no_cycle", "begun")]

    simulated(story)
    [line] = [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]
    assert line == (
        "ALERT channel_failed: Alarms cannot be sent by mail: The mail server to mail: it is "
        "down. Wait for it. They are tried again."
    )


def test_a_failing_channel_is_logged_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    async def story(store: MemoryStore) -> None:
        mail = Recorder()
        program = Program(store, mail)
        mail.errors = [unavailable()] * 24
        for _ in range(24):
            await program.run(IT_STANDS)
            await program.clock.sleep(300)
        failure = await AlarmRows(store, JOB).failures.get("mail")
        assert failure is not None
        assert (failure.code, failure.remedy) == ("RemoteUnavailable", "Wait for it.")
        await program.run(IT_STANDS)
        assert await AlarmRows(store, JOB).failures.get("mail") is None

    simulated(story)
    assert LOG_EVERY == 3600
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 2


def test_a_channel_that_is_away_is_not_asked_for_each_alarm() -> None:
    async def story(store: MemoryStore) -> None:
        mail = Recorder()
        mail.errors = [unavailable()]
        program = Program(store, mail)
        assert await program.run(*PLANS) == 0
        assert await program.run(*PLANS) == 3

    simulated(story)


def test_a_message_that_is_refused_holds_up_no_other() -> None:
    async def story(store: MemoryStore) -> None:
        mail = Recorder()
        mail.errors = [None, rejected(), None]
        program = Program(store, mail)
        assert await program.run(*PLANS) == 2
        assert await program.run(*PLANS) == 1
        assert sorted(each.id for each in mail.got) == ["held/0", "held/1", "held/2"]

    simulated(story)


OUTAGES = st.lists(st.sampled_from([None, "away", "refused"]), max_size=30)


@given(OUTAGES, st.integers(1, 12))
def test_any_failure_delays_and_never_loses(outages: list[str | None], looks: int) -> None:
    """And never doubles: however the channel does, each alarm is told once and ended once."""

    async def story(store: MemoryStore) -> None:
        mail = Recorder()
        made = {None: None, "away": unavailable(), "refused": rejected()}
        mail.errors = [made[each] for each in outages]
        program = Program(store, mail)
        for _ in range(looks):
            await program.run(*PLANS)
        begun = [id for id, state in mail.said if state == "begun"]
        assert len(begun) == len(set(begun))
        mail.errors.clear()
        await program.run(*PLANS)
        mail.errors = [made[each] for each in outages]
        for _ in range(looks):
            await program.run()
        mail.errors.clear()
        await program.run()
        expected = [(each.place, state) for each in PLANS for state in ("begun", "over")]
        assert sorted(mail.said) == sorted(expected)

    simulated(story)


def test_two_processes_at_once_send_one_message() -> None:
    async def story(store: MemoryStore) -> None:
        mail = Recorder(seconds=3.0)
        programs = [Program(store, mail, holder=f"p{n}") for n in range(5)]
        told = await asyncio.gather(*(each.run(IT_STANDS) for each in programs))
        assert sorted(told) == [0, 0, 0, 0, 1]
        assert mail.said == [("no_cycle", "begun")]

    simulated(story)


def test_what_was_seen_before_the_lease_was_ours_is_seen_again() -> None:
    """A process that looked long ago must not say that it is over what has begun since."""

    async def story(store: MemoryStore) -> None:
        mail = Recorder()
        early, quick = Program(store, mail, holder="early"), Program(store, mail, holder="quick")
        await early.run(IT_STANDS)
        early.now_holds = []
        looks = itertools.count()

        async def look() -> Sequence[Condition]:
            if next(looks) == 0:
                return []  # as it was; now the other one comes
            await quick.run(IT_STANDS)
            return [IT_STANDS]

        assert await early.teller.tell(look) == 0
        assert mail.said == [("no_cycle", "begun")]

    simulated(story)


def test_a_lease_that_is_lost_ends_the_telling() -> None:
    """A process that was paused must not tell what another tells meanwhile."""

    async def story(store: MemoryStore) -> None:
        mail = Recorder()
        program = Program(store, mail)
        looks = itertools.count()

        async def look() -> Sequence[Condition]:
            if next(looks) == 1:
                store._leases.clear()
                await program.clock.sleep(60)
            return PLANS

        assert await program.teller.tell(look) == 0
        assert mail.got == []

    simulated(story)


class _Failing(MemoryStore):
    """Cannot write what a channel was told."""

    async def write(self, rows: Sequence[Row]) -> None:
        if any(row.table.endswith(":alarm") for row in rows):
            raise StoreUnavailable("The storage is away.")
        await super().write(rows)


def test_what_could_not_be_stored_is_told_again() -> None:
    async def main() -> None:
        clock = SimulatedClock(asyncio.get_running_loop())  # type: ignore[arg-type]
        store, mail = _Failing(time=clock.time), Recorder()
        with pytest.raises(StoreUnavailable):
            await Program(store, mail).run(IT_STANDS)
        store.__class__ = MemoryStore
        await Program(store, mail).run(IT_STANDS)
        assert mail.said == [("no_cycle", "begun")] * 2

    assert run_simulated(main).finished


def test_a_process_that_dies_anywhere_loses_no_message() -> None:
    """At most one is sent twice: that which was under way."""
    steps = 0
    while True:
        steps += 1
        store = MemoryStore(time=lambda: 0.0)
        mail = Recorder()
        now = [0.0]
        store._time = lambda now=now: now[0]  # type: ignore[misc]

        async def dying(store: MemoryStore = store, mail: Recorder = mail) -> None:
            await Program(store, mail, holder="dies").run(*PLANS)

        async def next_one(store: MemoryStore = store, mail: Recorder = mail) -> None:
            await Program(store, mail, holder="next").run(*PLANS)

        finished = run_simulated(dying, steps=steps).finished
        now[0] += 60.0
        run_simulated(next_one, start=1_700_000_100.0)
        discard_abandoned()
        told = [each.id for each in mail.got]
        assert set(told) == {each.place for each in PLANS}
        assert len(told) <= len(PLANS) + 1
        if finished:
            assert len(told) == len(PLANS)
            assert steps > 5
            return


async def test_two_processes_on_one_file_send_one_message(tmp_path: Path) -> None:
    """The same with a store that processes really share."""

    class Wall:
        def __init__(self) -> None:
            self.loop = asyncio.get_running_loop()

        def time(self) -> float:
            return 1_700_000_000.0

        def monotonic(self) -> float:
            return self.loop.time()

        async def sleep(self, seconds: float) -> None:
            await asyncio.sleep(seconds)

    mail = Recorder(seconds=0.05)
    stores = [SqliteStore(tmp_path / "state.db") for _ in range(3)]

    async def look() -> Sequence[Condition]:
        return [IT_STANDS]

    tellers = [
        Teller(
            AlarmRows(store, JOB),
            [mail],
            store,
            Wall(),
            CountedIds(),
            job=JOB,
            holder=f"p{n}",
            link=None,
        )
        for n, store in enumerate(stores)
    ]
    told = await asyncio.gather(*(each.tell(look) for each in tellers))
    told += await asyncio.gather(*(each.tell(look) for each in tellers))
    for store in stores:
        await store.close()
    assert sum(told) == 1
    assert mail.said == [("no_cycle", "begun")]
