"""Rows of a store that is damaged, or was edited by hand: one of them is not what we wrote."""

from __future__ import annotations

import io
import json
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st

from provisioning.errors import ProvisioningError
from provisioning.held import Withheld
from provisioning.operations.drift import list_drift, list_orphans
from provisioning.operations.due import list_due
from provisioning.operations.escrow import list_ as list_escrow
from provisioning.operations.explain import explain
from provisioning.operations.held import list_ as list_held
from provisioning.operations.logs import query_logs
from provisioning.operations.status import status
from provisioning.ports import Row
from provisioning.queues.embedded import EmbeddedQueue, _Stored
from provisioning.restart import principal_of
from provisioning.rows.table import _decoder
from provisioning.rows.times import timed
from provisioning.services import Services
from provisioning.state.azure.lease import _Record, _record
from provisioning.state.memory import MemoryStore
from provisioning.transfer.lines import FORMAT, VERSION, Header, Reader, StoredRow, Writer
from simulator.entra import Tenant
from tests.fuzz.driving import run
from tests.fuzz.judge import Parser
from tests.fuzz.mutations import (
    NUMBERS,
    bodies,
    broken,
    changed,
    encodable_texts,
    encode,
    texts,
)
from tests.scenarios.simulation import RunningClock
from tests.scenarios.world import World
from tests.simulated_time import EPOCH, run_simulated

Operation = Callable[[Services], Awaitable[Any]]

_OPERATIONS: tuple[Operation, ...] = (
    status,
    list_held,
    list_drift,
    list_orphans,
    list_due,
    list_escrow,
    query_logs,
    lambda services: explain(services, "u1@example.com"),
    lambda services: explain(services, "Writers"),
)
"""What operators look at."""


def _tenant() -> Tenant:
    tenant = Tenant.empty()
    users = [tenant.add_user(f"u{n}@example.com", displayName=f"U {n}") for n in range(9)]
    tenant.assign(tenant.add_group("Writers", users[:4]))
    tenant.assign(tenant.add_group("Readers", users[3:6]))
    for user in users[5:]:
        tenant.assign(user)
    return tenant


_SETTINGS = {
    "DELETION_THRESHOLD_COUNT": "1",
    "DELETION_THRESHOLD_PERCENT": "10",
    "ON_DISABLE": "delete",
    "DELETE_AFTER_DAYS": "7",
}


@cache
def _history() -> World:
    """A first cycle, somebody disabled, many who leave and are held, edits by hand, a reconcile."""

    async def story() -> World:
        world = World(RunningClock(), _tenant(), **_SETTINGS)
        await world.cycle("initial")
        [first] = world.tenant.ids_named("u0@example.com", "user")
        world.tenant.disable(first)
        await world.cycle()
        for number in (5, 6, 7, 8):
            [user] = world.tenant.ids_named(f"u{number}@example.com", "user")
            world.tenant.disable(user)
        await world.cycle()
        await world.on_demand("u1@example.com")
        await world.cycle("reconcile")
        return world

    return run_simulated(story).result


@cache
def rows() -> tuple[Row, ...]:
    """What is stored after that, in order."""
    tables = _history().store._tables
    found = [
        Row(name, key, table.values[key])
        for name, table in sorted(tables.items())
        for key in sorted(table.values)
    ]
    return (*found, *_waiting())


def _waiting() -> list[Row]:
    """Somebody is to be read once more, and somebody came back from the deleted items."""
    world = _history()
    [one] = world.tenant.ids_named("u1@example.com", "user")
    job = world.services().settings.job
    return [
        Row(f"{job}:reread", timed(EPOCH, f"user/{one}"), encode(f"user/{one}")),
        Row(f"{job}:restored", timed(EPOCH, one), encode("first")),
    ]


def _row(place: int) -> Row:
    """A row of any table, each of them as often as another."""
    tables: dict[str, list[Row]] = {}
    for row in rows():
        tables.setdefault(row.table, []).append(row)
    which, within = list(tables)[place % len(tables)], place // len(tables)
    return tables[which][within % len(tables[which])]


def _damaged(row: Row, numbers: list[int], kind: int) -> bytes:
    assert row.value is not None
    try:
        document = json.loads(row.value)
    except ValueError:
        return broken(row.value, sum(numbers) + kind)
    raw = encode(changed(document, numbers, ()))
    return raw if kind < 8 else broken(raw, sum(numbers) + kind)


def _used(given: tuple[int, list[int], int]) -> int:
    """Uses a store of which one row is damaged. How many of the operations refused."""
    place, numbers, kind = given
    _decoder.cache_clear()  # Other tests may have made them all: this one is to make its own.
    row = _row(place)
    return _uses(Row(row.table, row.key, _damaged(row, numbers, kind)))


def _found(given: tuple[int, str]) -> int:
    """Uses a store in which a row is there under another key, too."""
    row = _row(given[0])
    return _uses(Row(row.table, given[1], row.value))


def _uses(row: Row) -> int:
    refused: list[ProvisioningError] = []

    async def story() -> None:
        world = _history()
        world.store = MemoryStore(time=world.clock.time)
        await world.store.write([*rows(), row])
        for operation in (*_OPERATIONS, None):
            try:
                if operation is None:
                    await world.cycle(dry_run=True)
                    continue
                services = world.services()
                try:
                    await operation(services)
                finally:
                    await world._close(services)
            except ProvisioningError as error:
                refused.append(error)

    run_simulated(story, start=EPOCH + 100_000)
    if refused:
        raise refused[0]
    return len(refused)


def _received(given: tuple[list[int], int]) -> int:
    """A row of the embedded queue that is damaged, with a sound one behind it."""
    sound = _Stored("text", EPOCH, EPOCH + 1000, EPOCH)
    damaged = _damaged(Row("", "", json.dumps(msgspec.to_builtins(sound)).encode()), *given)
    try:
        raw = msgspec.msgpack.encode(msgspec.json.decode(damaged))
    except (ValueError, OverflowError, RecursionError):
        raw = broken(msgspec.msgpack.encode(sound), sum(given[0]))

    async def story() -> int:
        queue = EmbeddedQueue("unused", threaded=False, time=lambda: EPOCH + 1)
        store = MemoryStore(time=lambda: EPOCH)
        queue._store = store  # type: ignore[assignment]
        await store.write([Row("queue/q", "0", raw)])
        await queue.send("q", "behind")
        received = await queue.receive("q", 5, 30.0)
        assert received[-1].text == "behind"
        for message in received:
            await queue.hide("q", message, 1.0)
        return len(received)

    return run(story())


def _export() -> bytes:
    """A small export, whose lines are of all kinds."""
    file = io.BytesIO()
    writer = Writer(
        file, Header(format=FORMAT, version=VERSION, job="a@b", exported_at="2026", log=False)
    )
    writer.put(StoredRow("link", "user/1", b'{"key":{"type":"user","id":"1"}}'))
    writer.put(StoredRow("link_members", "1/head", b"\x93\x00\x91\x01"))
    writer.end()
    return file.getvalue()


def _imported(given: tuple[int, list[int], int]) -> int:
    """An export of which a line, or its bytes, are not what was written. How many rows it has."""
    place, numbers, kind = given
    lines = _export().splitlines(keepends=True)
    number = place % len(lines)
    lines[number] = _damaged(Row("", "", lines[number].strip()), numbers, kind) + b"\n"
    return sum(1 for _ in Reader(io.BytesIO(b"".join(lines))).rows())


PARSERS = (
    Parser(
        "store: an export of a job's state",
        (
            *("provisioning.transfer.lines:_header", "provisioning.transfer.lines:_line"),
            *("provisioning.transfer.lines:_end", "provisioning.transfer.lines:_raw"),
        ),
        st.tuples(st.integers(0, 9), NUMBERS, st.integers(0, 9)),
        _imported,
        int,
    ),
    Parser(
        "store: a message of the embedded queue",
        ("provisioning.queues.embedded:_decoded", "provisioning.queues.embedded:_message"),
        st.tuples(NUMBERS, st.integers(0, 9)),
        _received,
        int,
        (),
    ),
    Parser(
        "store: the blob of a lease",
        ("provisioning.state.azure.lease:_record",),
        bodies({"holder": "h", "seconds": 30.0, "payload": "e30="}),
        _record,
        _Record | None,
        (),
    ),
    Parser(
        "store: whom a row is about",
        ("provisioning.restart:principal_of",),
        st.tuples(st.sampled_from(("link_name", "link_scim_id")), bodies("user/17")),
        lambda given: principal_of(given[0], "17", given[1]),
        str,
    ),
    Parser(
        "store: the mark of a member",
        ("provisioning.held:Withheld.parse",),
        texts("held 1", "kept x/y"),
        Withheld.parse,
        Withheld,
    ),
    Parser(
        "store: a row under a damaged key",
        ("provisioning.rows.times:time_of",),
        st.tuples(
            st.integers(0, 2**16),
            encodable_texts("0001700000000.000/user/x", "user/x").filter(bool),
        ),
        _found,
        int,
        examples=15,
    ),
    Parser(
        "store: a damaged row",
        (
            *("provisioning.rows.table:_decoder", "provisioning.model.keys:Key.parse"),
            *("provisioning.rows.chunks:_decode_chunk", "provisioning.rows.chunks:_decode_header"),
            *("provisioning.rows.chunks:_chunk", "provisioning.rows.chunks:_header"),
            *("provisioning.operations.documents:timestamp", "provisioning.explaining.words:_date"),
        ),
        st.tuples(st.integers(0, 2**16), NUMBERS, st.integers(0, 9)),
        _used,
        int,
        examples=15,
    ),
)
"""Everything that reads what is stored."""
