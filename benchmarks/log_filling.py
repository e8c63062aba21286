"""A provisioning log of any length, stored row by row as the program stores it.

Entries are evenly spread over thirty days. Each principal has twenty; one entry in fifty failed,
one in fifty was skipped, one in a thousand was a delete.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice

from provisioning.model import Action, EntraId, ModifiedProperty, ObjectType, ScimId
from provisioning.ports import Row
from provisioning.provisioning_log import LogEntry, LogStatus, ProvisioningLog, Step
from provisioning.state.memory import MemoryStore

JOB = "0a1b2c3d-4e5f-6789-abcd-ef0123456789@zscloud.net/1234567"
NEWEST = 1_764_000_000.0
"""Epoch seconds of the newest entry."""
SPAN = 30 * 86_400.0
OF_EACH = 20
"""Entries of one principal."""
_CYCLES = 3000
"""So many cycles are in the log, one after another."""
_AT_ONCE = 4000
_STEPS = (
    Step("import", "success", "read from Entra as jo.doe@example.com"),
    Step("scope", "success", "Assigned through the group 'Engineering'."),
    Step("match", "success", "linked to 1234567"),
)
_DONE = (
    Step("action", "success", "update"),
    Step("export", "success", "accepted by ZSCloud as 1234567"),
)
_CHANGED = (
    ModifiedProperty("title", "Engineer", "Senior Engineer"),
    ModifiedProperty("department", "Research", "Research and Development"),
)
_REFUSED = "ZSCloud refused the value of department (400): it is longer than 127 characters."


def principal(number: int) -> EntraId:
    """The object id of a principal, by its number; a larger one sorts before a smaller one."""
    return EntraId(f"0{0xFFFFFFF - number:07x}-1111-4222-8333-444455556666")


def people_in(count: int) -> int:
    """How many principals a log of ``count`` entries is of."""
    return max(1, count // OF_EACH)


def entry(number: int, count: int) -> LogEntry:
    """The n-th newest of ``count`` entries."""
    person = number % people_in(count)
    status = _status(number)
    failed = status is LogStatus.FAILURE
    return LogEntry(
        id=f"{0xFFFFFFFFFF - number:022x}",
        time=round(NEWEST - number * SPAN / count, 6),
        cycle_id=cycle(number * _CYCLES // count),
        cause="incremental",
        status=status,
        action=None if status is LogStatus.SKIPPED else _action(number),
        object_type=ObjectType.USER,
        source_id=principal(person),
        target_id=ScimId(str(1_000_000 + person)),
        name=f"user{person}@example.com",
        change_id=f"{number:020x}",
        reason_code="Rejected" if failed else "Assigned",
        reason=_REFUSED if failed else "Assigned through the group 'Engineering'.",
        modified_properties=() if status is LogStatus.SKIPPED else _CHANGED,
        error_code=("TooManyRequests" if number % 5000 == 0 else "Rejected") if failed else None,
        remedy="Shorten the value in Entra." if failed else None,
        request_id=f"{number:032x}" if failed else None,
        duration_ms=180,
        latency_ms=2400,
        steps=_STEPS if status is LogStatus.SKIPPED else _STEPS + _DONE,
    )


def cycle(number: int) -> str:
    """The id of the n-th newest cycle."""
    return f"cycle{_CYCLES - number:06d}"


def _status(number: int) -> LogStatus:
    if number % 50 == 0:
        return LogStatus.FAILURE
    return LogStatus.SKIPPED if number % 50 == 1 else LogStatus.SUCCESS


def _action(number: int) -> Action:
    if number % 1000 == 500:
        return Action.DELETE
    return (Action.UPDATE, Action.CREATE, Action.DISABLE)[number % 3]


async def fill(count: int, write: Callable[[Sequence[Row]], Awaitable[None]]) -> int:
    """Writes the log; how many rows it is. Table after table, each in the order in which Azure
    keeps it: an emulator that keeps its keys in one array is quickest so.
    """
    people = people_in(count)
    by_principal = (
        number for person in reversed(range(people)) for number in range(person, count, people)
    )
    log = ProvisioningLog(MemoryStore(), JOB)
    written = 0
    for table, numbers in (
        ("log", iter(range(count))),
        ("log_attention", iter(range(count))),
        ("log_principal", by_principal),
    ):
        while part := list(islice(numbers, _AT_ONCE)):
            entries = [entry(number, count) for number in part]
            rows = [row for row in log.rows(entries) if row.table == f"{JOB}:{table}"]
            await write(rows)
            written += len(rows)
    return written
