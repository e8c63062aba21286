"""What to look for in the log. Pure."""

from __future__ import annotations

from itertools import takewhile

import msgspec

from provisioning.model import Action, ScimId
from provisioning.model.names import folded
from provisioning.provisioning_log.entry import LogEntry, LogFacts, LogStatus, time_key

_FAR = "~"
"""Behind the time in a key, above every id."""


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for. Times in epoch seconds; ``after`` is the cursor of the last page.

    ``target`` is the id or the name of an object in ZSCloud, and ``target_id`` its id, as far as
    that is known. ``error_code`` is also the reason code of what was not done, as it is in Graph.
    """

    since: float | None = None
    until: float | None = None
    principal: str | None = None
    target: str | None = None
    target_id: ScimId | None = None
    cycle_id: str | None = None
    status: LogStatus | None = None
    action: Action | None = None
    cause: str | None = None
    error_code: str | None = None
    limit: int = 100
    after: str | None = None

    def admits(self, entry: LogEntry | LogFacts) -> bool:
        """Whether an entry of the right time and principal is looked for."""
        return (
            (self.cycle_id is None or entry.cycle_id == self.cycle_id)
            and (self.status is None or entry.status is self.status)
            and (self.action is None or entry.action is self.action)
            and (self.cause is None or entry.cause == self.cause)
            and (self.error_code is None or self._has_code(entry))
            and (self.target is None or self._is_target(entry))
        )

    @property
    def narrows(self) -> bool:
        """Whether not every entry of the time and the principal is looked for."""
        inside = (self.status, self.action, self.cause, self.error_code, self.cycle_id, self.target)
        return any(value is not None for value in inside)

    @property
    def fits_most(self) -> bool:
        """Whether most rows of the order that is read are likely to fit: all filters but the status
        are rare, and one principal has few rows.
        """
        rare = (self.action, self.cause, self.error_code, self.cycle_id, self.target)
        return self.principal is not None or all(value is None for value in rare)

    @property
    def only_attention(self) -> bool:
        """Whether all that is looked for needs attention: what succeeded has no error."""
        if self.status is None:
            return self.error_code is not None
        return self.status is not LogStatus.SUCCESS

    @property
    def start(self) -> str:
        """What all keys that are looked for lie below; empty for all."""
        if self.after or self.until is None:
            return self.after or ""
        return f"{time_key(self.until)}{_FAR}"

    @property
    def stem(self) -> str:
        """What all keys that are looked for begin with, by the time."""
        if self.since is None or not self.start:
            return ""
        both = zip(time_key(self.since), self.start, strict=False)
        return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], both))

    def is_too_old(self, key: str) -> bool:
        """Whether the entry of a key, and all below it, are of before ``since``."""
        return self.since is not None and key < time_key(self.since)

    def _has_code(self, entry: LogEntry | LogFacts) -> bool:
        if entry.status is LogStatus.SUCCESS:
            return False
        codes = (entry.error_code or "", entry.reason_code)
        assert self.error_code is not None
        return self.error_code.casefold() in (code.casefold() for code in codes)

    def _is_target(self, entry: LogEntry | LogFacts) -> bool:
        assert self.target is not None
        known = entry.target_id is not None and entry.target_id in (self.target, self.target_id)
        return known or folded(entry.name) == folded(self.target)
