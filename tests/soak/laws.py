"""The laws that can be checked at each step: at each request as it arrives, and at each change that
a request makes.

Laws 3 to 9 are judged here by what reaches ZSCloud, not by what the program believes. Law 2 is
judged here by what is durable (``durable``), law 10 at quiet points by the log.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from provisioning.lease import REQUEST_TIMEOUT
from provisioning.ports import Row
from simulator.http import Request, Response
from simulator.zscloud import ZSCloudSimulator
from tests.soak import loop
from tests.soak.oracle import Since
from tests.soak.store import SoakStore
from tests.soak.tenant import Portal

WRITES = ("POST", "PUT", "PATCH", "DELETE")
_LATE = 7200.0
"""Seconds after its time by which a delete is done."""
_WINDOW = 7 * 86_400.0 - 3600.0
"""The brake counts by whole hours."""

_STOP_WITHIN = 0.3
"""Seconds after which nothing is sent any more, once a stop is stored."""

_PATIENCE = 3.0
_OVERTAKEN = 12
"""Requests that may overtake a leaver who has waited for ``_PATIENCE`` seconds. That it is the next
but one is shown elsewhere: here retries, and a holder that has just begun, are in between.
"""


class Violation(msgspec.Struct, frozen=True):
    """A law that was broken; ``law`` is its number in the design, 1 for a wrong end."""

    law: int
    at: float
    text: str

    def __str__(self) -> str:
        return f"law {self.law}, {self.at:.1f} s: {self.text}"


class Written(msgspec.Struct, frozen=True):
    """A change that a request of a process made to an object."""

    at: float
    scim_id: str
    method: str
    sender: loop.Process | None


_Times = deque[tuple[float, loop.Process | None]]
"""When something was taken away, and by whom."""


class Laws:
    """Watches one run. ``since`` is what was true since the last quiet."""

    def __init__(
        self,
        zscloud: ZSCloudSimulator,
        store: SoakStore,
        portal: Portal,
        since: Since,
        *,
        tenant: str,
        rate: float,
        percent: int,
        start: float,
    ) -> None:
        self._zscloud, self._store, self._portal = zscloud, store, portal
        self.since = since
        self._tenant, self._percent, self._start = tenant, percent, start
        self.violations: list[Violation] = []
        self.written: list[Written] = []
        self.requests: Counter[str] = Counter()
        self.batches = self.deletes = 0
        """Requests with Bulk, and objects that were deleted."""
        self.dry = False
        """Whether only a dry run may be at work."""
        self.excused: set[str] = set()
        """Principals whom an operator has named or approved: the brake does not count them."""
        self.forgotten: set[str] = set()
        """Principals whose objects the program may not know to be its own any more."""
        self.stopped_at: float | None = None
        """When a stop had been stored; ``None`` while there is none."""
        self._settled: dict[str, float] = {}
        """When an account was switched off, or a group's members were last changed."""
        self._deletions: _Times = deque()
        self._arrivals: deque[float] = deque(maxlen=int(rate) + 1)
        self._disables: _Times = deque()
        self._removals: _Times = deque()
        self._most = Counter[str]()
        self._there: dict[str, int] = {}
        self._leavers: dict[str, list[float]] = {}
        self._senders: dict[str, loop.Process | None] = {}
        self._sender: loop.Process | None = None
        self._worked = zscloud._worked
        zscloud._worked = self._judged  # type: ignore[method-assign]
        store.written = self._stored

    def broken(self, law: int, text: str) -> None:
        """A law was broken."""
        self.violations.append(Violation(law, self._zscloud.clock.time() - self._start, text))

    # --- requests as they arrive -------------------------------------------------------------

    def sent(self, method: str, url: str) -> None:
        """A request arrives."""
        now = self._zscloud.clock.time()
        self.requests[method] += 1
        self.batches += url.endswith("/Bulk")
        process = loop.current()
        self._senders[unquote(urlsplit(url).path)] = process
        name = "nobody" if process is None else process.name
        state = self._store.lease(self._tenant)
        holder = "" if state is None else state.holder
        if state is None or not holder.startswith(f"{name}/"):
            self.broken(4, f"{name} sends {method} {url}, and the lease is {holder or 'free'}")
        elif state.until - now < REQUEST_TIMEOUT - 0.001:
            self.broken(
                4, f"{name} sends {method}, and its lease ends in {state.until - now:.1f} s"
            )
        self._arrivals.append(now)
        times = self._arrivals
        if len(times) == times.maxlen and times[-1] - times[0] < 0.99:
            self.broken(4, f"{len(times)} requests in {times[-1] - times[0]:.3f} s")
        if self.dry and method in WRITES:
            self.broken(9, f"a dry run sends {method} {url}")
        late = self.stopped_at is not None and now > self.stopped_at + _STOP_WITHIN
        if late and method in WRITES:  # Dry runs read on.
            self.broken(4, f"{method} {url} is sent although an operator has stopped the job")

    # --- what they do ------------------------------------------------------------------------

    def _judged(self, request: Request, now: float) -> Response:
        if request.method not in WRITES:
            return self._worked(request, now)
        self._sender = self._senders.get(request.path)
        if request.method == "POST":
            self._judge_create(request)
        store = self._zscloud.store
        users, groups = dict(store.users), dict(store.groups)
        # A batch takes many away at once: what was there before it is what is judged by.
        self._there = {
            "users": sum(bool(u.active) for u in users.values()),
            "memberships": sum(len(each.members) for each in groups.values()),
            "deletions": len(users) + len(groups),
        }
        for kind, number in self._there.items():
            # The base is the most that was there at any time (settings:
            # DELETION_THRESHOLD_PERCENT), also before a removal that does not count.
            self._most[kind] = max(self._most[kind], number + self._portal.away[kind])
        answer = self._worked(request, now)
        if store.users != users or store.groups != groups:
            self._compare(request, users, groups)
        elif answer.status < 300 and not request.path.endswith("/Bulk"):
            self._note(request.path.rpartition("/")[2], request.method)
        return answer

    def _judge_create(self, request: Request) -> None:
        try:
            external = json.loads(request.body).get("externalId")
        except ValueError:
            return
        views = (self._zscloud.users, self._zscloud.groups)
        if external and any(view.by_external_id(external) for view in views):
            self.broken(3, f"{external} exists, and is created: {request.path}")

    def _compare(self, request: Request, users: dict[str, Any], groups: dict[str, Any]) -> None:
        store = self._zscloud.store
        grows = False
        for id in users.keys() | store.users.keys():
            before, after = users.get(id), store.users.get(id)
            if before is not after and before != after:
                self._note(id, request.method)
                grows |= self._user(before, after)
        for id in groups.keys() | store.groups.keys():
            one, two = groups.get(id), store.groups.get(id)
            if one is not two and one != two:
                if not _only_lost(one, two, store.users):
                    self._note(id, request.method)
                grows |= self._group(one, two)
        if grows:
            self._overtakes()

    def _user(self, before: Any, after: Any) -> bool:
        """Judges a change of an account. Whether it was anything but a removal."""
        object = after or before
        id, name = object.external_id, object.user_name
        if object.id in self._portal.local or object.admin:
            self.broken(6, f"{name} is not ours, and is written")
            return False
        if after is None:
            self._deleted(before, id, name)
            return False
        self._one_account(id)
        was_active = before is not None and before.active
        if after.active and not was_active and id not in self.since.ever.active:
            self.broken(1, f"{name} is switched on, and was never entitled since the last quiet")
        if was_active and not after.active:
            self._settled[after.id] = self._zscloud.clock.time()
            self._disabled(id, name)
        names = ("user_name", "display_name", "department")
        changed = [n for n in names if before is None or getattr(before, n) != getattr(after, n)]
        for each in changed:
            self._value(id, each, getattr(after, each))
        return not (was_active and not after.active and not changed)

    def _one_account(self, id: str) -> None:
        if len(self._zscloud.users.by_external_id(id)) > 1:
            self.broken(3, f"{id} has two accounts")

    def _value(self, id: str, name: str, value: str) -> None:
        known = self.since.values.get((id, name), set())
        spare = value.partition("@")[0] == id  # what breaks a ring of names
        if value not in known and not spare:
            self.broken(1, f"{id}.{name} becomes {value!r}, and was never that in Entra: {known}")

    def _disabled(self, id: str, name: str) -> None:
        if id in self.since.always.active:
            self.broken(7, f"{name} is switched off, and was entitled all the time")
        elif set(self.since.could_become(id)) == {"none"}:
            self.broken(6, f"{name} is switched off, which no setting asks for")
        if id not in self.excused:
            self._count(self._disables, "users", 5)

    def _deleted(self, before: Any, id: str, name: str) -> None:
        if id in self.since.always.active:
            self.broken(7, f"{name} is deleted, and was entitled all the time")
        self._allowed(id, name)
        if id in self.excused:
            return
        if before.active:
            self._count(self._disables, "users", 5)
        else:
            self._count(self._deletions, "deletions", 5)

    def _allowed(self, id: str, name: str) -> None:
        """A delete needs a setting that asks for it, and its grace period."""
        self.deletes += 1
        if "delete" not in self.since.could_become(id):
            self.broken(6, f"{name} is deleted, which no setting asks for")
        gone = self._zscloud.clock.time() - self.since.left.get(id, 0.0)
        if gone < self.since.policy.grace:
            self.broken(6, f"{name} is deleted {gone:.0f} s after it left")

    def is_overdue(self, scim_id: str, id: str) -> bool:
        """Whether the delete of an object, of the principal ``id``, is to be done by now."""
        if not self.since.policy.grace:
            return True
        if id in self._portal.switched:
            # The days of grace of an account that was switched by hand begin when a reconcile has
            # found it so (design: target; operations: deleting after a while).
            return False
        begun = max(self.since.doomed(id), self._settled.get(scim_id, 0.0))
        return self._zscloud.clock.time() > begun + self.since.policy.grace + _LATE

    def _group(self, before: Any, after: Any) -> bool:
        object = after or before
        id, name = object.external_id, object.display_name
        if object.built_in or not id:
            self.broken(6, f"the group {name} is not ours, and is written")
            return False
        if after is None:
            if id in self.since.always.groups:
                self.broken(7, f"the group {name} is deleted, and was to be there all the time")
            self._allowed(id, f"the group {name}")
            return False
        if len(self._zscloud.groups.by_external_id(id)) > 1:
            self.broken(3, f"the group {name} is there twice")
        renamed = before is None or before.display_name != after.display_name
        if renamed:
            self._value(id, "display_name", after.display_name)
        old = set() if before is None else set(before.members)
        new = set(after.members)
        if new != old:
            self._settled[after.id] = self._zscloud.clock.time()
        for each in new - old:
            self._joins(id, name, each)
        for each in old - new:
            self._leaves(id, name, each)
        return renamed or bool(new - old)

    def _joins(self, group: str, name: str, scim_id: str) -> None:
        account = self._zscloud.store.users.get(scim_id)
        if account is None:
            return  # A text that a server with Bulk took for an id: it is taken out again.
        user = account.external_id
        if (group, user) not in self.since.ever.pairs:
            self.broken(1, f"{user} becomes a member of {name}, and never was one in Entra")

    def _leaves(self, group: str, name: str, scim_id: str) -> None:
        account = self._zscloud.store.users.get(scim_id)
        user = "" if account is None else account.external_id
        if not user or (group, user) in self._portal.touched:
            return
        adopted = user in self.forgotten and user not in self.since.now.entitled
        # Of somebody in the deleted items Graph does not say whose member it is.
        if (group, user) in self.since.always.pairs and not adopted:
            self.broken(7, f"{user} is taken out of {name}, and was a member all the time")
        if group not in self.excused and user not in self.excused:
            self._count(self._removals, "memberships", 50)

    def _count(self, times: _Times, kind: str, few: int) -> None:
        """Law 8: removals within the window, without those that somebody has approved, and those
        that somebody has died over: they may be recorded nowhere.
        """
        now = self._zscloud.clock.time()
        times.append((now, self._sender))
        while times[0][0] < now - _WINDOW:
            times.popleft()
        count = sum(1 for _, by in times if by is self._sender or not (by and by.interrupted))
        most = self._most[kind]
        if self._percent < 100 and count > max(few, self._percent * most / 100):
            self.broken(8, f"{count} {kind} of {most} were taken away within the window")

    def _note(self, scim_id: str, method: str) -> None:
        at = self._zscloud.clock.time()
        self.written.append(Written(at, scim_id, method, self._sender))

    # --- what is durable ---------------------------------------------------------------------

    def _stored(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row.table.endswith(":work") and row.key.startswith("1"):
                if self._store.rows("work").get(row.key) is None:
                    self._leavers.pop(row.key, None)
                else:
                    self._leavers[row.key] = [self._zscloud.clock.time(), 0]

    def forget(self) -> None:
        """The program knows nothing any more, not even what it has taken away."""
        for each in (self._disables, self._removals, self._deletions, self.written):
            each.clear()
        self._most.clear()
        self._leavers.clear()

    def forgive(self) -> None:
        """Whoever waits now begins to wait: what kept them was a fault, or nobody was at work."""
        for waiting in self._leavers.values():
            waiting[:] = [self._zscloud.clock.time(), 0]

    def _overtakes(self) -> None:
        """Law 5: a request that only adds goes out while somebody is to leave."""
        now = self._zscloud.clock.time()
        for key, waiting in self._leavers.items():
            if now - waiting[0] > _PATIENCE:
                waiting[1] += 1
                if waiting[1] > _OVERTAKEN:
                    self.broken(5, f"{key} waits for {now - waiting[0]:.1f} s, others go before it")
                    waiting[:] = [now, 0]


def _only_lost(before: Any, after: Any, users: Any) -> bool:
    """Whether a group changed only since accounts of its members were deleted."""
    if before is None or after is None or before.display_name != after.display_name:
        return False
    return [each for each in before.members if each in users] == list(after.members)
