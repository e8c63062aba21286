"""One job: a service principal and a ZSCloud organisation, its rules and what is stored of it."""

from __future__ import annotations

from functools import cached_property

import msgspec

from provisioning.audit import AuditLog
from provisioning.bulk import BulkKnowledge, Standing
from provisioning.calls import Calls
from provisioning.drift_report import DriftReport
from provisioning.escrow import Escrow
from provisioning.guard import DAY, Applied, Tally
from provisioning.held_rows import HeldRemovals
from provisioning.hints import Hints
from provisioning.instrumentation import SILENT, Telemetry
from provisioning.lanes import WorkSet
from provisioning.latency import Latencies
from provisioning.links import Links
from provisioning.mapping import CompiledSchema, ObjectMapping
from provisioning.mirror import Mirror
from provisioning.model import (
    NAME_PATH,
    AppRole,
    Attributes,
    Capabilities,
    EntraId,
    Key,
    Link,
    MemberRemoval,
    ObjectType,
    ServicePrincipal,
    TargetObject,
    name_key,
    value_key,
)
from provisioning.near_scope import NearScope
from provisioning.notifications.counts import NotificationCounts
from provisioning.orders import Orders
from provisioning.poison import Poison
from provisioning.polling import Poll
from provisioning.ports import Clock, Ids, Row
from provisioning.provisioning_log import ProvisioningLog
from provisioning.quarantine import Quarantine, Tries
from provisioning.rebuild import Rebuilds
from provisioning.record import Cycles
from provisioning.rows.buffer import WriteBehind
from provisioning.rows.table import Table
from provisioning.rules import Rules
from provisioning.subscribed import SubscribedRows
from provisioning.unsure import Unsure

_LONGEST_WINDOW = 91 * DAY
_NOTHING = Tally()


class Provisioned(msgspec.Struct, frozen=True):
    """What was provisioned in one hour: the most at any time, and what was left at its end."""

    most: Tally
    last: Tally


HELD_TABLES = frozenset(
    {
        *("link", "link_name", "link_scim_id", "link_members", "link_leaving", "intent"),
        *("escrow", "knowledge", "bulk"),
        *("listing", "listing_name", "listing_external_id", "listing_value"),
        *("work", "work_due", "unsure", "touched", "app_roles", "selection", "awaiting"),
        *("held", "held_plan", "held_open", "held_entry", "approved", "rejected", "withheld"),
        *("mirror_user", "mirror_group", "mirror_members", "mirror_assignments", "watermark"),
        *("application_seen", "application", "removed", "removed_fact", "reread", "doubt"),
        *("deleted_user", "restored"),
        *("provisioned", "provisioned_hour"),
        *("lost", "rebuild"),
        *("latency", "hint_looked", "quarantine", "unreached", "tries"),
    }
)
"""Tables that only the holder of the lease writes: it need not read again what it knows."""


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned about the server, so that it is asked once."""

    capabilities: Capabilities | None = None
    removal: MemberRemoval | None = None
    """The form that was read back and proven."""
    refused: tuple[MemberRemoval, ...] = ()
    member_batch: int = 0
    """The most members that one request may carry, where the server was found to take fewer than
    ``MEMBER_BATCH_SIZE``.
    """
    mixed: Standing = Standing.UNTRIED
    """Whether one request may take members out of a group and add others."""
    mixed_refused: int = 0
    """How often one was refused before any was proven."""
    discovered_at: float = 0.0
    """When discovery was read, in epoch seconds."""


class Watermark(msgspec.Struct, frozen=True, kw_only=True):
    """The delta link of one feed. ``ids`` are the groups it watches, empty for the users feed.

    ``repeat_at``: a full read that began the feed is repeated once from then on, since a lagging
    replica may have missed what the token already covers. ``full_at``: the last full read.
    """

    link: str
    taken_at: float
    full_at: float
    ids: tuple[str, ...] = ()
    repeat_at: float | None = None


class Job:
    """The stored state of one job, and the rules it is planned by."""

    _counted: tuple[str, ...] = ()
    """The hours whose number has changed last: it may not be written yet."""

    def __init__(
        self,
        name: str,
        store: WriteBehind,
        schema: CompiledSchema,
        rules: Rules,
        clock: Clock,
        ids: Ids,
        telemetry: Telemetry = SILENT,
    ) -> None:
        self.name, self.store = name, store
        self.schema, self.rules = schema, rules
        self.clock, self.ids = clock, ids
        self.telemetry = telemetry
        self.under_way: set[Key] = set()
        """Keys that are being worked on: what is recorded of them may be about to change."""
        self.mirror = Mirror(store, name)
        self.near_scope = NearScope(store, name)
        self.links = Links(store, name)
        self.work = WorkSet(store, name)
        self.escrow = Escrow(store, name, self.work, ids)
        self.held = HeldRemovals(store, name)
        self.rebuild = Rebuilds(store, name)
        self.log = ProvisioningLog(store, name)
        self.cycles = Cycles(store, name)
        self.calls = Calls(store, name, self.work, self.cycles)
        self.audit = AuditLog(store, name)
        self.orders = Orders(store, name)
        self.hints = Hints(store, name)
        self.application_seen = Table(store, name, "application_seen", float)
        """When the enterprise application was last seen to be enabled."""
        self.application = Table(store, name, "application", ServicePrincipal)
        """The enterprise application as it was last seen, under ``seen``, without its roles."""
        self.app_roles = Table(store, name, "app_roles", tuple[AppRole, ...])
        """Those of the enterprise application, under ``all``."""
        self.polls = Table(store, name, "assignment_poll", Poll)
        self.subscribed = SubscribedRows(store, name)
        self.drift = DriftReport(store, name)
        self.poison = Poison(store, name, clock)
        self.latencies = Latencies(store, name)
        self.quarantine = Quarantine(store, name)
        self.tries = Tries(store, name)
        self.notified = NotificationCounts(store, name)
        self.watermarks = Table(store, name, "watermark", Watermark)
        self.listing_name = Table(store, name, "listing_name", TargetObject)
        self.listing_external_id = Table(store, name, "listing_external_id", str)
        self.listing_value = Table(store, name, "listing_value", str)
        self.touched = Table(store, name, "touched", str)
        """Keys that something happened to, until they are filed."""
        self.knowledge = Table(store, name, "knowledge", Knowledge)
        self.bulk = Table(store, name, "bulk", BulkKnowledge)
        """What was learned about Bulk, under ``target``: apart, since it changes side by side."""
        self._awaiting = Table(store, name, "awaiting", str)
        self._judged_by = Table(store, name, "selection", str)
        self._now = Tally()
        self._applied: dict[str, Tally] = {}
        self._removed = Table(store, name, "removed", Tally)
        self._provisioned = Table(store, name, "provisioned", Tally)
        self._hours: dict[str, Provisioned] = {}
        self._by_hour = Table(store, name, "provisioned_hour", Provisioned)

    @cached_property
    def restored(self) -> Table[str]:
        """Who is back from the deleted items, by the time at which their groups are asked for."""
        return Table(self.store, self.name, "restored", str)

    @cached_property
    def unsure(self) -> Unsure:
        """Whose record may be wrong, since somebody died over a request."""
        return Unsure(self.store, self.name)

    async def learned(self) -> Knowledge:
        """What was learned about the server so far."""
        return await self.knowledge.get("target") or Knowledge()

    async def learn(self, knowledge: Knowledge) -> None:
        """Stores what was learned about the server: it is durable then."""
        await self.store.write([self.knowledge.put("target", knowledge)])

    def mapping(self, type: ObjectType) -> ObjectMapping:
        """The attribute mapping of users or groups."""
        return self.schema.user if type is ObjectType.USER else self.schema.group

    def awaiting_row(self, key: Key, other: Key) -> Row:
        """The row that says that an attribute of a user waits for the account of another."""
        return self._awaiting.put(f"{other.id}/{key.id}", "")

    async def awaiting(self, other: Key) -> tuple[list[Key], list[Row]]:
        """Users who wait for the account of another, and the rows that say so no more."""
        ids = [id async for id, _ in self._awaiting.all(f"{other.id}/")]
        keys = [Key(ObjectType.USER, EntraId(id.partition("/")[2])) for id in ids]
        return keys, [self._awaiting.drop(id) for id in ids]

    @property
    def selection(self) -> str:
        """What says who is read, and who is in scope: the schema's digest, and the settings of
        scope where they are not the defaults.
        """
        words = self.rules.scope.words
        return f"{self.schema.digest} {words}" if words else self.schema.digest

    async def is_read_otherwise(self) -> bool:
        """Whether everybody was last read and judged by another selection, or by none yet."""
        return await self._judged_by.get("read") != self.selection

    async def was_read_otherwise(self) -> bool:
        """The same, but not for a job that has read nobody yet."""
        return await self._judged_by.get("read") not in (None, self.selection)

    async def is_judged_otherwise(self) -> bool:
        """Whether everybody was last judged by other rules for leavers. What an earlier version
        has stored does not say by which: by those of now.
        """
        return await self._judged_by.get("leaving") not in (None, self.rules.leaving)

    async def judged_rows(self, *, read: bool) -> list[Row]:
        """Rows that say that everybody is judged, and with ``read`` was read in full, by what is
        in force now; none where the store says so already.
        """
        rows = [self._judged_by.put("read", self.selection)] if read else []
        if await self._judged_by.get("leaving") != self.rules.leaving:
            rows.append(self._judged_by.put("leaving", self.rules.leaving))
        return rows

    def unlisted_rows(self, link: Link) -> list[Row]:
        """Rows that void what a list showed of an object: it is gone, or has another name."""
        type = link.key.type
        rows = []
        if name := link.attributes.get(NAME_PATH[type]):
            rows.append(self.listing_name.drop(name_key(type, str(name))))
        if external := link.attributes.get("externalId"):
            rows.append(self.listing_external_id.drop(f"{type.value}/{external}"))
        rows += [self.listing_value.drop(place) for place in self._values(type, link.attributes)]
        return rows

    def values_of(self, object: TargetObject) -> list[str]:
        """Where a listed object is noted by further matching attributes than its name."""
        return self._values(object.type, object.attributes)

    def _values(self, type: ObjectType, attributes: Attributes) -> list[str]:
        known = (NAME_PATH[type], "externalId")
        paths = [m.path for m in self.mapping(type).matching if m.path not in known]
        values = ((path, attributes.get(path)) for path in paths)
        return [value_key(type, path, str(value)) for path, value in values if value]

    async def load_tallies(self) -> None:
        """Reads the numbers that the brake looks at. They are changed in memory from then on, by
        the one writer, so that outcomes recorded side by side do not overwrite each other's.
        """
        self._now = await self._provisioned.get("now") or Tally()
        self._applied = {hour: tally async for hour, tally in self._removed.all()}
        self._hours = {hour: tally async for hour, tally in self._by_hour.all()}
        await self.latencies.load(self.clock.time())
        await self.tries.load()

    @property
    def provisioned(self) -> Tally:
        """Active users, groups and memberships that are ours in ZSCloud now."""
        return self._now

    def count_provisioned(self, change: Tally) -> None:
        """Brings that number up to date, with the next write."""
        if change != _NOTHING:
            self.recount_provisioned(self._now.plus(change))

    def recount_provisioned(self, now: Tally) -> None:
        """Sets that number to what was counted, with the next write."""
        if now == self._now:
            return
        hour = self._hour(self.clock.time())
        before = self._hours.get(hour)
        # What was there when the hour began counts for it too.
        most = (self._now if before is None else before.most).most(now)
        self._now = now
        self._hours[hour] = Provisioned(most, now)
        if hour not in self._counted:
            self._counted = (*self._counted[-1:], hour)
        self.store.defer_counter(self._provisioned_rows)

    def _provisioned_rows(self) -> list[Row]:
        counted = [hour for hour in self._counted if hour in self._hours]
        by_hour = [self._by_hour.put(hour, self._hours[hour]) for hour in counted]
        return [self._provisioned.put("now", self._now), *by_hour]

    def removed_rows(self, tally: Tally) -> list[Row]:
        """Rows that add applied removals to the windows. To be deferred without waiting."""
        if tally == _NOTHING:
            return []
        hour = self._hour(self.clock.time())
        self._applied[hour] = self._applied.get(hour, Tally()).plus(tally)
        return [self._removed.put(hour, self._applied[hour])]

    def removed_since(self, seconds: float) -> Tally:
        """Removals applied within the last ``seconds``, counted by whole hours."""
        first = self._hour(self.clock.time() - seconds)
        total = Tally()
        for hour, tally in self._applied.items():
            if hour > first:
                total = total.plus(tally)
        return total

    def applied(self) -> Applied:
        """What pending removals come on top of: the last day, and ``DELETION_WINDOW_DAYS``."""
        window = self.rules.threshold.window_days * DAY
        return Applied(
            last_day=self.removed_since(DAY),
            window=self.removed_since(window),
            provisioned=self._now,
            most=self._most_since(window),
        )

    def _most_since(self, seconds: float) -> Tally:
        """The most that was provisioned at any time within the last ``seconds``."""
        first = self._hour(self.clock.time() - seconds)
        most = self._now
        before = max((hour for hour in self._hours if hour <= first), default=None)
        if before is not None:
            most = most.most(self._hours[before].last)  # As it stood when the window began.
        for hour, value in self._hours.items():
            if hour > first:
                most = most.most(value.most)
        return most

    def forget_removed_rows(self) -> list[Row]:
        """Rows that drop numbers older than any window."""
        first = self._hour(self.clock.time() - _LONGEST_WINDOW)
        rows = [self._removed.drop(hour) for hour in self._applied if hour < first]
        self._applied = {hour: tally for hour, tally in self._applied.items() if hour >= first}
        # The last one before stays: it says what was there when the window began.
        old = sorted(hour for hour in self._hours if hour < first)[:-1]
        for hour in old:
            del self._hours[hour]
        return [*rows, *(self._by_hour.drop(hour) for hour in old)]

    @staticmethod
    def _hour(time: float) -> str:
        return f"{int(time // 3600):010d}"
