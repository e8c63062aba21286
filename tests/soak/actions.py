"""How each kind of event happens in a run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from provisioning.audit import Operator
from provisioning.forgetting import Scope
from provisioning.operations import escrow, held, restart, switches, work
from provisioning.operations.on_demand import provision_within
from provisioning.record import CycleKind
from tests.soak.loop import OUTSIDE
from tests.soak.script import Event

if TYPE_CHECKING:
    from tests.soak.week import Run

ANNA = Operator.signed_in("anna@example.com")


async def happens(run: Run, event: Event) -> bool:
    """Makes the event happen. Whether it could."""
    kind, args = event.kind, event.args
    if kind.startswith("hand_"):
        return run.portal.do(kind, args)
    run.rough |= kind in _ROUGH
    act = _ACTIONS.get(kind)
    if act is not None:
        done = act(run, **args)
        return bool(await done if asyncio.iscoroutine(done) else done)
    return run.people.do(kind, args)


_ROUGH = ("kill_step", "kill_write", "kill_request", "pause", "pause_request", "renewals_fail",
          "store_down", "lose_state")  # fmt: skip


# --- faults ----------------------------------------------------------------------------------


def _fault(run: Run, side: str, knobs: dict[str, Any], seconds: float) -> bool:
    short = knobs.get("short_assignments_next")
    if short is not None:
        # Of a list that comes short to every look, what is missing is believed in the end: that is
        # a rule, and no harm that could be told from a change.
        if run.clock.time() < run.short_until:
            return False
        run.short_until = run.clock.time() + 1800.0
        run.world.entra.set(short_assignments_next=short, page_size=0)
        return True
    number = len(run.faults) + run.at * 1000
    run.faults[number] = (side, knobs)
    set_faults(run)

    def ends() -> None:
        if run.faults.pop(number, None) is not None:
            set_faults(run)
            run.laws.forgive()

    asyncio.get_running_loop().call_later(seconds, ends, context=OUTSIDE)
    return True


def set_faults(run: Run) -> None:
    """All faults that hold now, on both sides."""
    zscloud: dict[str, Any] = {
        "latency": run.setting.latency,
        "latency_spread": run.setting.latency,
        "seed": run.at,
    }
    entra: dict[str, Any] = {}
    for side, knobs in run.faults.values():
        (zscloud if side == "zscloud" else entra).update(knobs)
    run.scim.refused = bool(zscloud.pop("refused", False))
    token = "another" if zscloud.pop("token", False) else "simulated-token"
    bulk = {**_NO_BULK, **run.setting.bulk}
    bulk |= {name: zscloud.pop(name) for name in list(zscloud) if name.startswith("bulk")}
    run.zscloud.set_options(token=token, **bulk)
    run.zscloud.set_faults(**zscloud)
    blank = {name: value for name, value in _BLANK.items() if name not in entra}
    if run.clock.time() < run.short_until:
        # A list of one page comes empty, which is never believed at once: half a list can be.
        entra["page_size"] = 0
    run.world.entra.set(**{**blank, **entra})


_NO_BULK: dict[str, Any] = {"bulk": False, "bulk_throttles": 0, "bulk_accepts": 0}
_BLANK: dict[str, Any] = {
    "throttle_share": 0.0, "retry_after": 1.0, "error_share": 0.0, "error_status": 503,
    "drop_share": 0.0, "stale_share": 0.0, "stale_seconds": 60.0, "replication_lag": 0.0,
    "assignment_lag": 0.0, "delta_lag": 0.0, "page_size": 0,
    "delta_page_size": 200, "delta_empty_pages": 0, "delta_replay_share": 0.0, "latency": 0.0,
    "latency_jitter": 0.0, "notification_loss_share": 0.0, "notification_duplicate_share": 0.0,
    "notification_reorder": False, "notification_delay": 10.0, "other_tenant": False, "body": "",
}  # fmt: skip


# --- what befalls processes, stores and queues -----------------------------------------------


def _kill_step(run: Run, steps: int, seconds: float) -> bool:
    process = run.host.some().process
    process.kill_at = process.steps + steps
    return True


def _kill_write(run: Run, count: int) -> bool:
    run.store.dies_in = count
    return True


def _kill_request(run: Run, count: int) -> bool:
    run.kill_request = count
    return True


def _pause(run: Run, steps: int, seconds: float) -> bool:
    process = run.host.some().process
    process.pause_at = (process.steps + steps, seconds)
    return True


def _pause_request(run: Run, count: int, seconds: float) -> bool:
    run.pause_request = (count, seconds)
    return True


def _renewals_fail(run: Run, seconds: float) -> bool:
    run.renewals_fail = seconds
    return True


def renewals_fail(run: Run, seconds: float) -> None:
    """No lease can be renewed, from the request that was just sent on."""
    run.store.renews = False
    _later(run, seconds, run.store, "renews", True)


def _store_down(run: Run, seconds: float) -> bool:
    run.store.is_down = True
    return _later(run, seconds, run.store, "is_down", False)


def _queue_down(run: Run, seconds: float) -> bool:
    run.host.queues.is_down = True
    return _later(run, seconds, run.host.queues, "is_down", False)


def _later(run: Run, seconds: float, what: Any, name: str, value: Any) -> bool:
    def ends() -> None:
        setattr(what, name, value)
        run.laws.forgive()

    asyncio.get_running_loop().call_later(seconds, ends, context=OUTSIDE)
    return True


def _message_twice(run: Run) -> bool:
    run.host.twice += 1
    return True


def _message_lost(run: Run) -> bool:
    run.host.lose += 1
    return True


def _message_late(run: Run, seconds: float) -> bool:
    run.host.late = seconds
    return True


def _expire_tokens(run: Run) -> bool:
    run.world.entra.expire_tokens("delta")
    run.laws.since.tokens_expired()
    return True


def _subscription_lost(run: Run) -> bool:
    living = run.world.entra.subscriptions.living()
    if living:
        run.world.entra.subscriptions.forget(run.chance.choice(living).id)
    return bool(living)


# --- operators -------------------------------------------------------------------------------


async def _on_demand(run: Run, n: int) -> bool:
    id = run.people.users.get(n)
    user = None if id is None else run.tenant.users.get(id)
    if user is None or user.deleted is not None:
        return False
    run.laws.excused.add(user.id)
    run.portal.forget_edits({user.id})
    return await run.call(provision_within, users=[user.id], seconds=20.0) is not None


async def _on_demand_group(run: Run, g: int) -> bool:
    id = run.people.groups.get(g)
    if id is None or id not in run.tenant.groups:
        return False
    run.laws.excused.add(id)
    return await run.call(provision_within, group=id, seconds=20.0) is not None


async def _queue(run: Run, kind: CycleKind, *, dry_run: bool = False) -> bool:
    return await run.call(work.queue_cycle, kind, dry_run=dry_run) is not None


async def _cycle(run: Run) -> bool:
    return await _queue(run, CycleKind.INCREMENTAL)


async def _reconcile(run: Run) -> bool:
    return await _queue(run, CycleKind.RECONCILE)


async def _dry_run(run: Run) -> bool:
    return await _queue(run, CycleKind.INCREMENTAL, dry_run=True)


async def _retry_now(run: Run) -> bool:
    return await run.call(escrow.retry_now) is not None


async def _approve(run: Run) -> bool:
    plan = await _pending(run)
    if plan is None:
        return False
    shown = await run.call(held.show, plan["id"], limit=10_000)
    for change in () if shown is None else shown["changes"]:
        run.laws.excused.add(change["source_id"])
    return await run.call(held.approve, plan["id"], None, ANNA) is not None


async def _reject(run: Run) -> bool:
    plan = await _pending(run)
    if plan is None:
        return False
    return await run.call(held.reject, plan["id"], "They stay.", ANNA) is not None


async def _stop(run: Run) -> bool:
    run.may_be_stopped = True
    stopped = await run.call(switches.stop, ANNA) is not None
    if stopped and run.laws.stopped_at is None:
        run.laws.stopped_at = run.clock.time()
    return stopped


async def start(run: Run) -> bool:
    """Ends a stop, if there is one."""
    run.laws.stopped_at = None
    started = await run.call(switches.start, ANNA) is not None
    run.laws.forgive()
    return started


async def _restart(run: Run, scopes: str) -> bool:
    named = [Scope(name) for name in scopes.split(",")]
    if not {Scope.LINKS, Scope.FULL}.isdisjoint(named):
        run.forget_links()
    return await run.call(restart.order, named, ANNA) is not None


def _lose_state(run: Run) -> bool:
    run.host.kill_all()
    run.store.lose()
    run.laws.forget()
    run.laws.stopped_at = None
    run.forget_links()
    return True


async def _pending(run: Run) -> Any:
    listed = await run.call(held.list_)
    items = [] if listed is None else listed["items"]
    return next((plan for plan in items if plan["state"] == "pending"), None)


async def _rehearse(run: Run, changes: list[Any]) -> bool:
    from tests.soak.rehearsal import rehearse

    return await rehearse(run, changes)


_ACTIONS: dict[str, Any] = {
    "fault": _fault, "kill_step": _kill_step, "kill_write": _kill_write,
    "kill_request": _kill_request, "pause": _pause, "pause_request": _pause_request,
    "renewals_fail": _renewals_fail, "store_down": _store_down, "queue_down": _queue_down,
    "message_twice": _message_twice, "message_lost": _message_lost, "message_late": _message_late,
    "expire_tokens": _expire_tokens, "subscription_lost": _subscription_lost,
    "on_demand": _on_demand, "on_demand_group": _on_demand_group, "cycle": _cycle,
    "reconcile": _reconcile, "dry_run": _dry_run, "retry_now": _retry_now, "approve": _approve,
    "reject": _reject, "rehearse": _rehearse, "stop": _stop, "start": start,
    "restart": _restart, "lose_state": _lose_state,
}  # fmt: skip
