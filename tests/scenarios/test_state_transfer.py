"""The state of a job goes through a file, from any store to any store, whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from provisioning.errors import ConfigurationError, InvalidRequest, LeaseUnavailable
from provisioning.forgetting import FATES
from provisioning.operations import restart, switches
from provisioning.operations.state import export_state, import_state
from provisioning.operations.status import status
from provisioning.ports import Row
from provisioning.record import CycleStatus
from provisioning.state.azure.partitions import LAYOUTS
from provisioning.state.memory import MemoryStore
from provisioning.state.sqlite import SqliteStore
from provisioning.transfer.tables import LOG, NEWEST_FIRST, exported
from tests.scenarios.piecewise import PiecewiseStore
from tests.scenarios.simulation import RunningClock, Saga, simulate
from tests.scenarios.steps import SETTLE, office, provisioned, user
from tests.scenarios.test_held import plans, reject
from tests.scenarios.test_restart import ANNA
from tests.scenarios.test_stores import tell_on_azure
from tests.scenarios.world import World


async def ask(world: World, operation: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """An operation in a process of its own."""
    services = world.services()
    try:
        return await operation(services, *given, **options)
    finally:
        await world._close(services)


async def lived(world: World) -> None:
    """A state with something of everything: members, held, decided, in escrow, drift, a stop."""
    await provisioned(world)
    world.zscloud.edit_user("user8@example.com", displayName="By hand")
    await world.cycle("reconcile")
    for number in range(7):
        world.tenant.disable(user(world, number))
    await world.clock.sleep(SETTLE)
    assert (await world.cycle()).status is CycleStatus.HELD
    (plan,) = await plans(world)
    await reject(world, plan["id"])
    await world.cycle()
    world.tenant.assign(world.tenant.add_user("fails@elsewhere.test", displayName="F"), "User")
    assert (await world.cycle()).counts.failed == 1
    await world.clock.sleep(SETTLE)
    await world.cycle()
    world.forget_requests()


async def dump(store: Any, job: str, tables: Sequence[str] = tuple(FATES)) -> dict[str, Any]:
    """All rows of a job, by table."""
    found = {}
    for table in tables:
        rows: list[tuple[str, bytes]] = []
        while page := await store.scan(f"{job}:{table}", after=rows[-1][0] if rows else ""):
            rows += page
        if rows:
            found[table] = dict(rows)
    return found


async def moved_to(world: World, store: Any, path: Path, **options: Any) -> dict[str, Any]:
    """Exports the world's state, and goes on with another store that was filled from the file."""
    await ask(world, export_state, path, **options)
    world.store = store
    return await ask(world, import_state, path)


# --- the same, and it goes on ---------------------------------------------------------------------


def test_a_cycle_after_the_move_sends_nothing_and_every_row_is_the_same(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await lived(world)
        job, source = world.services().settings.job, world.store
        told = await status(world.services())
        clock = RunningClock()
        other = SqliteStore(tmp_path / "other.db", threaded=False, time=clock.time)
        document = await moved_to(world, other, tmp_path / "state.jsonl")
        tables = exported(with_log=False)
        assert await dump(other, job, tables) == await dump(source, job, tables)
        assert await dump(other, job, LOG) == {}
        assert not document["repeated"]
        moved = await status(world.services())
        for name in ("held", "escrow", "lanes", "state"):
            assert moved[name] == told[name], name
        record = await world.cycle()
        assert (record.kind.value, record.counts.writes) == ("incremental", 0)
        assert world.writes() == []
        assert (await plans(world, "rejected"))[0]["note"] == "They are on leave."
        await other.close()

    simulate(story, tenant=office)


def test_the_log_goes_along_if_it_is_asked_for(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await lived(world)
        log = await world.logs()
        other = MemoryStore(time=world.clock.time)
        document = await moved_to(world, other, tmp_path / "state.jsonl", with_log=True)
        assert document["log"]
        assert await world.logs() == log != []
        job = world.services().settings.job
        again = tmp_path / "again.jsonl"
        await ask(world, export_state, again, with_log=True)
        # The same rows give the same lines.
        assert _rows(again) == _rows(tmp_path / "state.jsonl")
        assert set(await dump(other, job, LOG)) == {"log", "log_principal", "log_attention"}

    simulate(story, tenant=office)


def _names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def _rows(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()[1:-1]


def test_to_azure_and_from_there(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        azure, world.store = world.store, MemoryStore(time=world.clock.time)
        await provisioned(world)
        path, back = tmp_path / "state.jsonl", tmp_path / "back.jsonl"
        await moved_to(world, azure, path, with_log=True)
        await ask(world, export_state, back, with_log=True)
        assert _rows(back) == _rows(path)
        assert (await world.cycle()).counts.writes == 0
        assert world.writes() == []

    tell_on_azure(story, office)


def test_a_stop_travels_along(tmp_path: Path) -> None:
    """Stopped here, started there: nothing is sent in between, by either."""

    async def story(world: World) -> None:
        await provisioned(world)
        await ask(world, switches.stop, ANNA, "It moves")
        await moved_to(world, MemoryStore(time=world.clock.time), tmp_path / "state.jsonl")
        with pytest.raises(ConfigurationError, match="It moves"):
            await world.cycle()
        await ask(world, switches.start, ANNA)
        assert (await world.cycle()).counts.writes == 0

    simulate(story, tenant=office)


def test_what_is_read_from_its_end_is_what_azure_stores_so() -> None:
    newest_first = {name for name, layout in LAYOUTS.items() if layout.newest_first}
    assert newest_first == NEWEST_FIRST


# --- refused --------------------------------------------------------------------------------------


def test_the_file_is_private_and_never_written_over(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        path = tmp_path / "state.jsonl"
        await ask(world, export_state, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert _names(tmp_path) == ["state.jsonl"]
        written = path.read_bytes()
        for wrong in (path, tmp_path / "no-folder" / "state.jsonl"):
            with pytest.raises(InvalidRequest) as refused:
                await ask(world, export_state, wrong)
            assert refused.value.problem.field == "FILE"
        assert path.read_bytes() == written

    simulate(story, tenant=office)


def _flipped(text: bytes, at: int) -> bytes:
    return text[:at] + bytes([text[at] ^ 0x01]) + text[at + 1 :]


def _with_sum(lines: list[bytes]) -> bytes:
    """The lines with an end that fits them."""
    body = b"".join(line + b"\n" for line in lines)
    sha = hashlib.sha256(body).hexdigest()
    return body + b'{"end":{"rows":%d,"sha256":"%s"}}\n' % (len(lines) - 1, sha.encode())


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a value": (lambda t: t.replace(b"user1@example.com", b"user1@example.net", 1), "checksum"),
    "a bit of the first row": (lambda t: _flipped(t, t.index(b"\n") + 3), "line 2"),
    "a row is gone": (lambda t: b"\n".join([*t.split(b"\n")[:4], *t.split(b"\n")[5:]]), "rows"),
    "the end is gone": (lambda t: b"\n".join(t.split(b"\n")[:-2]) + b"\n", "before its end"),
    "half of it": (lambda t: t[: len(t) // 2], "before its end"),
    "more behind it": (lambda t: t + b"{}\n", "follows the end"),
    "a newer version": (lambda t: t.replace(b'"version":1', b'"version":2', 1), "version 2"),
    "another job": (lambda t: t.replace(b'"job":"', b'"job":"x', 1), "the job x"),
    "no export": (lambda _: b'{"some":"json"}\n', "no export"),
    "nothing": (lambda _: b"", "no export"),
    "one endless line": (lambda t: t.split(b"\n")[0] + b"\n" + b"x" * 1000, "line 2"),
    "an unknown table": (
        lambda t: _with_sum([t.split(b"\n")[0], b'{"t":"news","k":"a","v":1}']),
        "no table 'news'",
    ),
    "two values": (
        lambda t: _with_sum([t.split(b"\n")[0], b'{"t":"link","k":"a","v":1,"b":""}']),
        "two values",
    ),
}


@pytest.fixture(scope="module")
def exported_state(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("state") / "state.jsonl"

    async def story(world: World) -> None:
        await provisioned(world)
        await ask(world, export_state, path)

    simulate(story, tenant=office)
    return path.read_bytes()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_before_anything_is_written(
    damage: str, exported_state: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "damaged.jsonl"
    change, said = DAMAGES[damage]
    path.write_bytes(change(exported_state))

    async def story(world: World) -> None:
        with pytest.raises(InvalidRequest) as refused:
            await ask(world, import_state, path)
        assert said in str(refused.value)
        assert refused.value.problem.field == "FILE"
        assert world.store._tables == {}

    simulate(story, tenant=office)


def test_a_store_that_is_not_empty_or_holds_another_job_is_refused(
    exported_state: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "state.jsonl"
    path.write_bytes(exported_state)

    async def story(world: World) -> None:
        job = world.services().settings.job
        await world.store.write([Row(f"{job}:hint", "user/1", b"{}")])
        with pytest.raises(ConfigurationError, match="is not empty: it has hint"):
            await ask(world, import_state, path)
        assert await world.store.count(f"{job}:link") == 0
        assert await world.services().stored_job() is None
        world.store = MemoryStore(time=world.clock.time)
        await world.store.write([Row("store:owner", "job", b'"somebody@else"')])
        for operation in (import_state, export_state):
            with pytest.raises(ConfigurationError, match="holds the job somebody@else"):
                await ask(world, operation, path if operation is import_state else tmp_path / "n")
        world.store = MemoryStore(time=world.clock.time)
        with pytest.raises(ConfigurationError, match="holds no state yet"):
            await ask(world, export_state, tmp_path / "n")
        assert not (tmp_path / "n").exists()

    simulate(story, tenant=office)


def test_while_another_process_works_both_are_refused(
    exported_state: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "state.jsonl"
    path.write_bytes(exported_state)

    async def story(world: World) -> None:
        await ask(world, import_state, path)
        services = world.services()
        name = services.settings.zscloud_tenant
        assert await world.store.acquire(name, "somebody", 3600.0) is not None
        with pytest.raises(LeaseUnavailable, match="somebody"):
            await ask(world, export_state, tmp_path / "new.jsonl", wait=5.0)
        assert not (tmp_path / "new.jsonl").exists()
        world.store = MemoryStore(time=world.clock.time)
        assert await world.store.acquire(name, "somebody", 3600.0) is not None
        with pytest.raises(LeaseUnavailable, match="somebody"):
            await ask(world, import_state, path, wait=5.0)
        assert world.store._tables == {}

    simulate(story, tenant=office)


class SmallStore(MemoryStore):
    """It takes no row of links."""

    async def write(self, rows: Sequence[Row]) -> None:
        if any(row.table.endswith(":link") for row in rows):
            raise ValueError("A value is too large.")
        await super().write(rows)


def test_a_row_that_the_storage_does_not_take_is_named(
    exported_state: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "state.jsonl"
    path.write_bytes(exported_state)

    async def story(world: World) -> None:
        world.store = SmallStore(time=world.clock.time)
        with pytest.raises(ConfigurationError, match="A value is too large"):
            await ask(world, import_state, path)
        with pytest.raises(ConfigurationError, match="import that was not finished"):
            await ask(world, status)

    simulate(story, tenant=office)


# --- interrupted ----------------------------------------------------------------------------------


class LosingStore(MemoryStore):
    """Its lease is lost, and each write takes so long that this is known by the next."""

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        return False

    async def write(self, rows: Sequence[Row]) -> None:
        await asyncio.sleep(10.0)
        await super().write(rows)


def test_an_import_that_loses_its_lease_ends_and_is_begun_anew(
    exported_state: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "state.jsonl"
    path.write_bytes(exported_state)

    async def story(world: World) -> None:
        world.store = LosingStore(time=world.clock.time)
        with pytest.raises(LeaseUnavailable, match="Run it again"):
            await ask(world, import_state, path)
        with pytest.raises(ConfigurationError, match="import that was not finished"):
            await ask(world, status)
        world.store.__class__ = MemoryStore
        await world.clock.sleep(60.0)
        assert (await ask(world, import_state, path))["repeated"]
        assert (await ask(world, status))["held"] == 0

    simulate(story, tenant=office)


def test_an_import_that_dies_anywhere_is_visible_and_is_begun_anew(
    exported_state: bytes, tmp_path: Path
) -> None:
    """Killed at any step: nothing else takes the half of it for a state, and repeating it fills
    the store as one that never died.
    """
    path = tmp_path / "state.jsonl"
    path.write_bytes(exported_state)

    async def fill(world: World) -> dict[str, Any]:
        await ask(world, import_state, path)
        return await dump(world.store, world.services().settings.job)

    async def left(world: World) -> str:
        """What a death has left: nothing, a part that nobody uses, or all of it."""
        if not await world.services().is_importing():
            return "all" if await world.services().stored_job() else "nothing"
        job = world.services().settings.job
        for use in (
            world.cycle(),
            world.cycle(dry_run=True),
            ask(world, status),
            ask(world, export_state, tmp_path / "new.jsonl"),
            ask(world, restart.preview, (), f"importing {job}"),
        ):
            with pytest.raises(ConfigurationError, match="import that was not finished"):
                await use
        return "a part"

    whole = Saga(tenant=office, store=PiecewiseStore()).tell(fill)
    found: list[str] = []
    for step in range(3, whole.steps_used, max(1, whole.steps_used // 8)):
        saga = Saga(tenant=office, store=PiecewiseStore(seed=step))
        saga.tell(fill, steps=step)
        found.append(saga.tell(left).result)
        if found[-1] == "all":
            break
        assert saga.tell(fill).result == whole.result, step
    assert found.count("a part") > 2
