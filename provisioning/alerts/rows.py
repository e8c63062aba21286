"""What is stored of alarms: what each channel was told, and since when cycles are expected."""

from __future__ import annotations

import msgspec

from provisioning.alerts.deciding import Told
from provisioning.ports import Row, Store
from provisioning.rows.table import Table


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the looks at the job have seen. Times are epoch seconds.

    ``on_since``: since when the job is on without a break. ``cycle_id`` and ``done`` are of the
    open cycle as last seen, ``moved_at`` when it was seen to have come further.
    """

    first_at: float
    on_since: float | None = None
    cycle_id: str = ""
    done: int = 0
    moved_at: float | None = None

    def after(self, now: float, *, on: bool, open: tuple[str, int] | None) -> Seen:
        """With one more look: whether the job is on, and the open cycle with the items it has
        done. One that was only begun has not come further, or failing ones would hide their want.
        """
        on_since = (now if self.on_since is None else self.on_since) if on else None
        seen = msgspec.structs.replace(self, on_since=on_since)
        if open is None:
            return seen
        id, done = open
        if done <= (self.done if id == self.cycle_id else 0):
            return seen
        return msgspec.structs.replace(seen, cycle_id=id, done=done, moved_at=now)


class ChannelFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a channel takes no messages. Times are epoch seconds; ``logged_at`` is the last line
    about it.
    """

    code: str
    message: str
    remedy: str
    since: float
    logged_at: float


class AlarmRows:
    """The stored alarms of one job. Whoever tells of them holds their lease."""

    def __init__(self, store: Store, job: str) -> None:
        self.store = store
        self._told = Table(store, job, "alarm", Told)
        self._seen = Table(store, job, "alarm_seen", Seen)
        self.failures = Table(store, job, "alarm_channel", ChannelFailure)

    async def told(self, channel: str) -> dict[str, Told]:
        """What a channel was last told, by the place of the alarm."""
        prefix = f"{channel}/"
        return {key.removeprefix(prefix): told async for key, told in self._told.all(prefix)}

    def put(self, channel: str, place: str, told: Told, before: Told | None) -> Row:
        """The row of what a channel has accepted, unless another process has stored more."""
        row = self._told.put(f"{channel}/{place}", told)
        if before is None:
            return row
        return row._replace(only_if=self._told.put(row.key, before).value)

    def drop(self, channel: str, place: str, told: Told) -> Row:
        """The row that forgets it."""
        return self._told.drop_if(f"{channel}/{place}", told)

    async def seen(self) -> Seen | None:
        """What the looks have seen so far."""
        return await self._seen.get("job")

    def seen_row(self, seen: Seen) -> Row:
        """The row that stores it."""
        return self._seen.put("job", seen)
