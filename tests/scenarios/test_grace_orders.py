"""The grace period in every order: leaving, coming back, other days, deletions, deaths.

Three laws: nobody who is in scope is deleted; nobody before the time; everybody else in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from provisioning.record import CycleStatus
from simulator.entra import Tenant
from tests.scenarios.piecewise import PiecewiseStore
from tests.scenarios.simulation import Saga
from tests.scenarios.steps import SETTLE, account, group_object
from tests.scenarios.world import World
from tests.thoroughness import examples

DAY = 86_400.0
SLACK = 0.05
"""Days that a killed cycle and the pause after it may hide when an account was disabled."""

DELETES = dict.fromkeys(
    ("ON_UNASSIGN", "ON_DISABLE", "ON_SOFT_DELETE", "ON_DELETE", "ON_GROUP_UNASSIGN"), "delete"
)

LEAVING = ("leave", "disable", "delete", "group")
RETURNING = ("join", "enable", "restore", "group")


def stories(random: Random) -> Iterator[tuple[str, float]]:
    """Somebody leaves, time passes, this and that happens, and maybe the person comes back."""
    for _ in range(3):
        yield from ((name, 0) for name in random.sample(LEAVING, random.choice([1, 1, 2])))
        for _ in range(random.randrange(4)):
            yield random.choice(
                [
                    ("wait", random.choice([0.1, 1, 2, 3, 4.7, 6])),
                    ("wait", random.choice([1, 2, 3])),
                    ("days", random.randint(1, 9)),
                    ("killed", random.randint(1, 160)),
                    ("edit", 0),
                    ("reconcile", 0),
                ]
            )
        if random.random() < 0.1:
            yield "purge", 0
        if random.random() < 0.7:
            yield from ((name, 0) for name in RETURNING if random.random() < 0.8)


def company() -> Tenant:
    """One person who comes and goes, and a few who stay; a group that comes and goes."""
    tenant = Tenant.empty()
    people = [tenant.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(5)]
    for id in people:
        tenant.assign(id, "User")
    tenant.assign(tenant.add_group("Both", people[1:]), "User")
    return tenant


class Story:
    """Drives one world, and watches the laws at each step."""

    def __init__(self, seed: int) -> None:
        self.saga = Saga(
            tenant=company,
            store=PiecewiseStore(seed=seed),
            DELETE_AFTER_DAYS="5",
            DELETION_THRESHOLD_PERCENT="100",
            **DELETES,
        )
        self.days = 5
        self.away: dict[str, float | None] = {"user": None, "group": None}
        self._work()
        self.id = self.world.tenant.ids_named("user0@example.com", "user")[0]
        self.group = self.world.tenant.ids_named("Both", "group")[0]

    @property
    def world(self) -> World:
        assert self.saga.world is not None
        return self.saga.world

    def step(self, name: str, number: float) -> None:
        """One thing happens, and mostly a cycle sees it."""
        match name:
            case "days":
                self.days = int(number)
                self.world.environ["DELETE_AFTER_DAYS"] = str(self.days)
                self._work()
            case "wait":
                self._work(pause=number * DAY)
            case "killed":
                self._work(kill=int(number))
            case "reconcile":
                self._work("reconcile")
            case _:
                self._work(happens=name)

    def _happens(self, name: str) -> None:
        tenant, id = self.world.tenant, self.id
        if name == "group":
            if self.group in tenant.effective_groups():
                tenant.unassign(self.group)
            else:
                tenant.assign(self.group, "User")
            return
        user = tenant.users.get(id)
        if user is None:
            return
        assigned, here = id in tenant.effective_users(), user.deleted is None
        possible = {
            "leave": (assigned and here, tenant.unassign),
            "join": (not assigned and here, tenant.assign),
            "disable": (here, tenant.disable),
            "enable": (here, tenant.enable),
            "delete": (here, tenant.delete),
            "restore": (not here, tenant.restore),
            "purge": (True, tenant.purge),
            "edit": (here, self._edit),
        }
        can, do = possible[name]
        if can:
            do(id)

    def _edit(self, id: str) -> None:
        """Something that has nothing to do with it, so that the user is looked at."""
        self.world.tenant.update_user(id, department=self.world.ids.new())

    def _work(
        self,
        kind: str = "incremental",
        *,
        happens: str | None = None,
        pause: float = 0.0,
        kill: int = 0,
    ) -> None:
        """Time passes, a cycle runs or dies, and the laws are looked at."""
        known = self.saga.world is not None
        before = self._objects() if known else {}

        async def cycle(world: World) -> Any:
            if happens is not None:
                self._happens(happens)
            await world.clock.sleep(SETTLE + pause)
            await world.cycle(kind)
            return world.clock.time()

        run = self.saga.tell(cycle, steps=kill or None)
        if not known:
            return
        now = self.world.zscloud.requests[-1].time if run.result is None else run.result
        for what, found in self._objects().items():
            if found == "gone" and before[what] != "gone":
                self._was_deleted(what, now)
            if found == "away":
                since = self.away[what]
                self.away[what] = now if since is None else since
            else:
                self.away[what] = None

    def _was_deleted(self, what: str, now: float) -> None:
        """The first two laws, for an object that is gone since this step."""
        assert not self._in_scope(what), f"{what} is in scope"
        since = self.away[what]
        assert since is not None, f"{what} was deleted without a grace period"
        assert now - since >= (self.days - SLACK) * DAY, f"{what} was deleted before the time"

    def _objects(self) -> dict[str, str]:
        found, group = account(self.world, 0), group_object(self.world, "Both")
        user = "gone" if found is None else "there" if found.active else "away"
        if group is None:
            return {"user": user, "group": "gone"}
        return {"user": user, "group": "there" if self.world.zscloud.members("Both") else "away"}

    def _in_scope(self, what: str) -> bool:
        tenant = self.world.tenant
        if what == "group":
            return self.group in tenant.effective_groups()
        user = tenant.users.get(self.id)
        if user is None or user.deleted is not None or not user.account_enabled:
            return False
        return self.id in tenant.effective_users()

    def ends_right(self) -> None:
        """The third law: who is out is gone in the end, who is in is there."""
        self._work()
        for _ in range(3):
            self._work(pause=(self.days + 0.1) * DAY / 2)
        self._work("reconcile")
        wanted = {what: "there" if self._in_scope(what) else "gone" for what in ("user", "group")}
        assert self._objects() == wanted
        assert self.world.differences() == []

        async def last(world: World) -> Any:
            world.forget_requests()
            record = await world.cycle()
            assert record.status is CycleStatus.COMPLETED
            assert world.writes() == []
            return True

        assert self.saga.tell(last).result


@pytest.mark.parametrize("part", range(4))
def test_the_laws_of_the_grace_period_hold_in_every_order(part: int) -> None:
    """On a store without transactions, with deaths in between."""
    for seed in range(part, examples(8, 40), 4):
        told = Story(seed)
        for name, number in stories(Random(seed)):
            told.step(name, number)
        told.ends_right()
