"""Everything about the simulator that can be made worse, and when it strikes.

A fault strikes the next N requests (``..._next``) or a seeded share of them (``..._share``).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from email.utils import formatdate
from typing import Any

from .mangling import FORMS


@dataclass(frozen=True, slots=True)
class Faults:
    """The knobs. Times are seconds, shares are between 0 and 1; 0 or empty means off."""

    fault_path: str = ""
    """Only requests whose path contains this are struck by counted and random faults."""

    throttle_next: int = 0
    throttle_share: float = 0.0
    retry_after: float = 1.0
    retry_after_form: str = "seconds"
    """``seconds``, ``date`` or ``none``: how a 429 or 503 names the pause."""
    quota_units: int = 0
    """Resource units in 10 seconds; 0 is unlimited. A tenant over 500 users has 8,000."""

    error_next: int = 0
    error_share: float = 0.0
    error_status: int = 503

    drop_next: int = 0
    drop_share: float = 0.0
    """The request is carried out, but the connection closes without an answer."""

    latency: float = 0.0
    latency_jitter: float = 0.0

    truncate_next: int = 0
    truncate_share: float = 0.0
    """A list page comes without its nextLink: the list ends early."""
    short_assignments_next: int = 0
    """So many reads of the assignments end a page early; a list of one page comes empty."""
    slip_next: int = 0
    slip_share: float = 0.0
    """One row of a list page is missing, as when it moved between pages."""
    slip_ids: tuple[str, ...] = ()
    """Each of these ids (a row's or a principal's) is missing once from a list page."""

    kept_share: float = 1.0
    """Lists show only this share of their rows and end there, as if that were all."""
    pager: str = ""
    """Links of list pages: ``repeat`` (the page once more), ``circle`` (back to the first link) or
    ``elsewhere`` (another host)."""
    body: str = ""
    """What successful answers hold instead: one of ``mangling.FORMS``."""
    blank_properties: tuple[str, ...] = ()
    """Properties that are null for every user and group, as without the permission for them."""
    unreadable_ids: tuple[str, ...] = ()
    """Users and groups that answer 404 by their ids, although they exist."""
    other_tenant: bool = False
    """Another tenant answers, which has nothing of this one."""

    replication_lag: float = 0.0
    """Every read answers as of so many seconds ago."""
    assignment_lag: float = 0.0
    delta_lag: float = 0.0
    index_lag: float = 0.0
    """Added for the assignments, for delta queries, for reads that use the search index."""
    stale_next: int = 0
    stale_share: float = 0.0
    stale_seconds: float = 60.0
    """A struck read is answered by a replica that is so many seconds behind."""

    page_size: int = 0
    """The most rows of a list page, whatever ``$top`` asks for."""
    delta_page_size: int = 200
    delta_members_page: int = 1000
    delta_members_entry: int = 500
    """Members of one group in one entry; a larger group comes as several entries."""
    delta_empty_pages: int = 0
    """Empty pages with a nextLink before each page of a delta round."""
    delta_replay_share: float = 0.0
    """Share of changes that a round repeats: old ones, and earlier states before the last."""
    expired_answer: str = "gone"
    """What an expired delta token gets: ``gone`` (410) or ``not_found`` (400)."""

    deleted_users_in_members: bool = False
    deleted_users_in_assignments: bool = False
    purged_users_in_members_delta: bool = True
    """Whether soft-deleted principals are still listed, and a purge shows as a removed member."""
    missing_permissions: frozenset[str] = frozenset()
    """Application permissions that the caller was not granted, such as ``User.Read.All``."""

    clock_ahead: float = 0.0
    """Seconds by which the ``Date`` of answers is ahead; negative: behind."""

    notification_delay: float = 10.0
    notification_batch: int = 100
    notification_duplicate_share: float = 0.0
    notification_loss_share: float = 0.0
    notification_reorder: bool = False


_CHOICES = {
    "retry_after_form": ("seconds", "date", "none"),
    "expired_answer": ("gone", "not_found"),
    "pager": ("", "repeat", "circle", "elsewhere"),
    "body": FORMS,
}


class FaultInjector:
    """Holds the knobs and decides, seeded, whether a fault strikes."""

    def __init__(self, knobs: Faults, seed: int) -> None:
        self.knobs = knobs
        self.random = random.Random(f"faults {seed}")

    def set(self, **changes: Any) -> None:
        """Turn knobs. Raises ``ValueError`` for an unknown name or a value of the wrong type."""
        kinds = {knob.name: type(knob.default) for knob in fields(Faults)}
        checked: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in kinds:
                raise ValueError(f"no knob {name}")
            checked[name] = _checked(name, value, kinds[name])
        self.knobs = replace(self.knobs, **checked)

    def reaches(self, path: str) -> bool:
        """Whether faults concern a request for this path."""
        return self.knobs.fault_path in path

    def strikes(self, name: str, path: str) -> bool:
        """Whether the fault of this name strikes a request for this path; counts it down."""
        if not self.reaches(path):
            return False
        left = getattr(self.knobs, f"{name}_next")
        if left > 0:
            self.set(**{f"{name}_next": left - 1})
            return True
        share = getattr(self.knobs, f"{name}_share")
        return bool(share > 0 and self.random.random() < share)

    def slips(self, *ids: str) -> bool:
        """Whether one of these ids is to be missing this once."""
        hit = next((id_ for id_ in ids if id_ in self.knobs.slip_ids), None)
        if hit is None:
            return False
        self.set(slip_ids=tuple(id_ for id_ in self.knobs.slip_ids if id_ != hit))
        return True

    def retry_after(self, now: float) -> dict[str, str]:
        """The Retry-After header in the form that is set (RFC 9110 section 10.2.3)."""
        form, seconds = self.knobs.retry_after_form, self.knobs.retry_after
        if form == "none":
            return {}
        if form == "date":
            return {"retry-after": formatdate(now + seconds, usegmt=True)}
        return {"retry-after": f"{seconds:g}"}

    def lag(self, kind: str, path: str) -> float:
        """How many seconds ago the answering replica stands; kind: list, assignment, ..."""
        added = getattr(self.knobs, f"{kind}_lag", 0.0)
        stale = self.knobs.stale_seconds if self.strikes("stale", path) else 0.0
        return float(max(self.knobs.replication_lag + added, stale))


def _checked(name: str, value: Any, kind: type) -> Any:
    if kind in (tuple, frozenset):
        if isinstance(value, str) or not all(isinstance(one, str) for one in value):
            raise ValueError(f"{name} is a list of strings")
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise ValueError(f"{name} is a {kind.__name__}, not {value!r}")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"{name} is one of {', '.join(_CHOICES[name])}")
    return value
