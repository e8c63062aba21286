"""A restart, carried out by whoever holds the lease, before any other work.

Dying half-way repeats harmlessly: the order goes last, so the next holder does it once more.
"""

from __future__ import annotations

import logging
from collections.abc import Collection

import msgspec

from provisioning.errors import StateDamaged, cut
from provisioning.forgetting import Scope, forgotten, widened
from provisioning.guard import Tally
from provisioning.job import Job
from provisioning.model import EntraId, Key, ObjectType
from provisioning.orders import Order
from provisioning.ports import Row
from provisioning.record import CycleKind, CycleRecord

_log = logging.getLogger(__name__)

_PAGE = 1000

_OF_TYPE = {
    "mirror_user": ObjectType.USER,
    "mirror_group": ObjectType.GROUP,
    "mirror_members": ObjectType.GROUP,
    "link_members": ObjectType.GROUP,
}
"""Tables whose keys begin with the id of a user or a group."""

RESTARTED = "restart"
"""The cause of work that is tried at once after a restart."""


async def carry_out(job: Job) -> None:
    """Carries out the restarts that were ordered. Only the holder of the lease may, at the
    beginning. Nothing is sent to ZSCloud.

    Raises ``StoreUnavailable``, ``LeaseUnavailable``: the next holder begins anew.
    """
    orders = await job.orders.restarts()
    if not orders:
        return
    scopes = widened(Scope(name) for order in orders for name in order.scopes)
    if Scope.ESCROWS in scopes:
        await _make_due(job)
    standing = {str(key) for key in await job.held.standing()}
    for table in forgotten(scopes):
        await _empty(job, table, standing)
    if Scope.LINKS in scopes:
        await _recount(job)
        await _forget_additions(job)
    await _begin(job, scopes, orders[-1])
    await job.store.write([job.orders.carried_out(order) for order in orders])
    _log.warning("RESTART %s by %s", ", ".join(sorted(scopes)), orders[-1].by)


async def _make_due(job: Job) -> None:
    """What is in escrow becomes work that is due, and no failure any more."""
    now = job.clock.time()
    async for _, entry in job.escrow.entries.all():
        await job.store.write(job.escrow.released(entry, now, RESTARTED))


async def _empty(job: Job, table: str, standing: Collection[str]) -> None:
    """Empties a table, but for what is about whom something is held or decided: without link and
    facts the decision would end, and what was to stay would be proposed anew.
    """
    name, after = f"{job.name}:{table}", ""
    while rows := await job.store.scan(name, after=after, limit=_PAGE):
        after = rows[-1][0]
        gone = [key for key, value in rows if principal_of(table, key, value) not in standing]
        await job.store.write([Row(name, key, None, about=f"{name}/{key}") for key in gone])


def principal_of(table: str, key: str, value: bytes) -> str | None:
    """Whom a row of links or of the mirror is about. Raises ``StateDamaged``."""
    if table == "link":
        return key
    if table in ("link_scim_id", "link_name", "link_leaving"):
        try:
            return msgspec.json.decode(value, type=str)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise StateDamaged(f"the row {cut(key, 100)!r} of {table!r}", error) from error
    if table in _OF_TYPE:
        return str(Key(_OF_TYPE[table], EntraId(key.partition("/")[0])))
    return None


async def _recount(job: Job) -> None:
    """Counts who is ours now. What was there within the window stays: it is the base that the
    brake judges by, and whoever is linked again is not counted twice.
    """
    await job.load_tallies()
    users = groups = memberships = 0
    async for _, link in job.links.rows.all():
        if link.key.type is ObjectType.USER:
            users += link.active
        elif not link.missing:
            groups += 1
            memberships += sum((await job.links.members(link.key.id)).values())
    job.recount_provisioned(Tally(users, groups, memberships))
    await job.store.flush()


async def _forget_additions(job: Job) -> None:
    """Groups whose links stay have members whose links do not. As in every group that is found
    anew, who has no link there is left alone: it may be somebody who is not matched, since nothing
    switches the account on, and who is a member still.
    """
    async for _, link in job.links.rows.all(f"{ObjectType.GROUP.value}/"):
        members = await job.links.members(link.key.id)
        await job.links.change_members(link.key.id, dict.fromkeys(members, False), ())


async def _begin(job: Job, scopes: Collection[Scope], order: Order) -> None:
    """The initial cycle that follows, in place of the one that is open; or that one goes on."""
    if Scope.WATERMARK in scopes:
        await job.store.write([job.cycles.current.drop("initial")])
        record = CycleRecord(cycle_id=order.id, kind=CycleKind.INITIAL, started=job.clock.time())
        await job.cycles.supersede(record)
    elif Scope.QUARANTINE in scopes and (interrupted := await job.cycles.open_cycle()) is not None:
        interrupted.judge_anew()
        await job.store.write([job.cycles.rows.put(interrupted.cycle_id, interrupted)])
