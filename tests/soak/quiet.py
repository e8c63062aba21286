"""What is done and looked at when it is quiet: nothing fails any more, and all has had its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from provisioning.escrow import EscrowEntry
from provisioning.operations import escrow, held, work
from provisioning.provisioning_log import LogEntry, LogStatus
from provisioning.record import CycleKind
from tests.soak import actions
from tests.soak.oracle import Difference
from tests.soak.script import SETTLE

if TYPE_CHECKING:
    from tests.soak.week import Run

_FIRST, _SELDOM, _RECONCILE = 330.0, 150.0, 120.0
"""Seconds at whose end an operator asks for what is left; between polls after that; for a
reconcile.
"""

_log = msgspec.json.Decoder(LogEntry)
_escrow = msgspec.json.Decoder(EscrowEntry)


class Quiet:
    """One quiet period of a run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._laws = run.laws

    async def look(self) -> None:
        """Lets everything come to its end, then compares."""
        run = self._run
        self.end_faults()
        while run.may_be_stopped and not self._laws.violations:
            run.may_be_stopped = not await actions.start(run)
        await run.until(run.clock.time() + _FIRST)
        await run.call(work.queue_cycle, CycleKind.INCREMENTAL, dry_run=False)
        await run.call(escrow.retry_now)
        polls, poll = run.host.timers["poll"], run.host.timers["poll"].every
        polls.every = _SELDOM
        await run.until(run.clock.time() + SETTLE - _FIRST)
        polls.every = poll
        if self._laws.violations:
            return
        touched = run.portal.touched
        await self._compare(lambda one: not _is_touched(one, touched), "after a quiet period")
        if touched and not self._laws.violations:
            await self._reconcile()
            if run.setting.drift == "repair":
                await self._compare(lambda _: True, "after a reconcile")
                touched.clear()
            self._judge_edits()
        run.rough = False
        self._judge_log()
        self._laws.forgotten = self._strangers()
        self._laws.since.begin_anew()
        self._laws.written.clear()

    async def _reconcile(self) -> None:
        """Asks for a reconcile. Where another cycle is open, the one after it is it."""
        for _ in range(2):
            cycle = await self._run.call(work.queue_cycle, CycleKind.RECONCILE, dry_run=False)
            await self._run.until(self._run.clock.time() + _RECONCILE)
            if cycle is None or cycle["kind"] == CycleKind.RECONCILE.value:
                return

    def end_faults(self) -> None:
        """Nothing fails any more; whoever was killed is replaced, whoever was paused goes on."""
        run = self._run
        run.faults.clear()
        actions.set_faults(run)
        run.store.is_down, run.store.renews, run.store.dies_in = False, True, None
        run.host.queues.is_down = False
        run.host.lose = run.host.twice = 0
        run.kill_request = run.pause_request = None
        run.renewals_fail = 0.0
        for one in run.host.instances:
            one.process.kill_at = one.process.pause_at = None
        self._laws.forgive()

    async def _compare(self, matters: Any, when: str) -> None:
        """Law 1, and 2 as far as its end goes: nothing was lost."""
        run = self._run
        excused, strangers = await self._held(), self._strangers()
        names = self._names_of(strangers, excused)
        # A group is emptied before it is deleted, and memberships that follow from the removal of
        # somebody who is held are held with it (design: brake; settings: DELETE_AFTER_DAYS).
        not_emptied = {each[0] for each in excused if isinstance(each, tuple)}
        wrong = [each for each in run.differences() if matters(each)]
        for each in wrong:
            if not excused.isdisjoint(each.about) or each.about in excused:
                continue
            if each.late and each.about[0] in not_emptied:
                continue
            if self._is_strange(each, strangers, names):
                continue
            self._laws.broken(1, f"{when}: {each.text}")
        left = run.store.rows("work")
        if left and not self._laws.violations:
            self._laws.broken(2, f"{when} there is work left: {sorted(left)[:3]}")
        for entry in map(_escrow.decode, run.store.rows("escrow").values()):
            if self._wants(entry.key.id) in names:
                continue
            self._laws.broken(1, f"{when} in escrow: {entry.name}, {entry.reason}")

    def _strangers(self) -> set[str]:
        """Principals who are to have nothing, and whose objects the program may not know as its own
        any more: what it does not know it leaves alone.
        """
        return {id for id in self._laws.forgotten if self._laws.since.becomes(id)}

    def _names_of(self, strangers: set[str], held: set[Any]) -> set[str]:
        """The names that nobody else can have: their objects are left alone, or are on although
        nobody is entitled to them, since that is held or a setting says so. Who is held keeps the
        name also where somebody has switched the account off by hand, and DRIFT leaves that.
        """
        users, groups = self._run.zscloud.users, self._run.zscloud.groups
        kept = {each.external_id for each in users if each.external_id and each.active}
        kept |= {id for id in held if isinstance(id, str)}
        kept = strangers | {id for id in kept if self._laws.since.becomes(id)}
        names = {each.user_name for each in users if each.external_id in kept} | {
            each.display_name for each in groups if each.external_id in strangers
        }
        # Nor can the name of somebody who waits for one of these: that one goes first (design:
        # identity), and stays in escrow.
        objects = [(each.external_id, each.user_name) for each in users]
        objects += [(each.external_id, each.display_name) for each in groups]
        while more := {name for id, name in objects if id and self._wants(id) in names} - names:
            names |= more
        return names

    def _wants(self, id: str) -> str:
        told = self._laws.since.attributes.get(id, {})
        return told.get("user_name", told.get("display_name", ""))

    def _is_strange(self, one: Difference, strangers: set[str], names: set[str]) -> bool:
        """Whether nothing can be done about it without an operator. Access is never passed over in
        silence, as long as Entra knows whose it is.
        """
        if any(self._wants(id) in names for id in one.about):
            return True
        found = strangers.intersection(one.about)
        if one.access and found:
            return not all(map(self._laws.since.is_known, found)) or not found.isdisjoint(
                self._run.portal.switched
            )
        return bool(found)

    def _judge_edits(self) -> None:
        """Edits that are not to be put right stay."""
        run = self._run
        if run.setting.drift == "repair" or run.rough:
            # After a death nobody can tell what was sent last from an edit by hand.
            run.portal.forget_edits({id for id, _ in run.portal.edits})
        for text in run.portal.undone(self._laws.since.attributes):
            self._laws.broken(6, text)

    async def _held(self) -> set[Any]:
        """Principals of whom something is held or kept by decision, and pairs, each with a
        reason.
        """
        run = self._run
        listed = await run.call(held.list_)
        if listed is None:
            return set()
        found: set[Any] = {each["source_id"] for each in listed["kept"] if each["reason"]}
        for plan in listed["items"]:
            # Of a rejected plan the members are kept one by one, and only it names them.
            if plan["state"] not in ("pending", "rejected"):
                continue
            shown = await run.call(held.show, plan["id"], limit=10_000)
            for change in () if shown is None else shown["changes"]:
                if not change["reason"]:
                    self._laws.broken(10, f"held without a reason: {change}")
                member = change["member"]
                user = None if member is None else member["source_id"]
                found.add(change["source_id"] if user is None else (change["source_id"], user))
        return found

    def _judge_log(self) -> None:
        """Law 10: every object that was written has its line, and every line its reason."""
        if self._laws.violations or not self._laws.written:
            return
        since = self._laws.written[0].at - 3600.0
        rows = self._run.store.rows("log")
        entries = [_log.decode(value) for key, value in rows.items() if float(key[:17]) >= since]
        # A write whose answer was lost, and whose object could not be read then, has failed as far
        # as the log can say (design: law 10 names what failed, too).
        said = (LogStatus.SUCCESS, LogStatus.FAILURE)
        told = {entry.target_id for entry in entries if entry.status in said}
        for written in self._laws.written:
            # Whoever was killed between the answer and the record has left no line; who looks then
            # finds the object as it should be.
            interrupted = written.sender is not None and written.sender.interrupted
            if written.scim_id not in told and not interrupted:
                self._laws.broken(10, f"{written.method} {written.scim_id} is not in the log")
                return
        for entry in entries:
            has_code = entry.reason_code or entry.status is LogStatus.FAILURE
            if not (entry.reason and has_code):
                self._laws.broken(10, f"a line without a reason: {entry}")
            if entry.status is LogStatus.FAILURE and not (entry.error_code and entry.remedy):
                self._laws.broken(10, f"a failure without a code or a remedy: {entry}")
            if "fault of this program" in f"{entry.reason} {entry.error_code}":
                self._laws.broken(0, f"a fault of the program: {entry.reason}")


def _is_touched(one: Difference, touched: set[Any]) -> bool:
    return not touched.isdisjoint(one.about) or one.about in touched
