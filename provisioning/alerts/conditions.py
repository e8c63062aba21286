"""What is wrong with a job now, as far as somebody should be told. Pure.

An alarm is a level, not an edge: it is read from the facts each time, so that nothing is lost when
a process dies between a failure and the mail about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from provisioning.guard import RELEASE
from provisioning.notice import Alarm

_HOUR = 3600.0

EXPIRES_SOON = 48 * _HOUR
"""Seconds before the end of a held plan from which somebody is told of it."""

ESCROW_FLOOR = 10
"""Entries from which escrow is worth an alarm: a few objects fail all the time somewhere."""
ESCROW_OVER = ESCROW_FLOOR // 2
"""Entries at or below which that alarm is over. In between nobody is told anything."""

MOST_NAMES = 5
"""Names in one message."""

_REFUSALS = ("Unauthorized", "InsufficientRights")
"""``CredentialsRefused.code`` and that of its kind."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A cycle that ended with an error. ``at`` is epoch seconds."""

    cycle_id: str
    code: str
    error: str
    remedy: str
    at: float
    quarantined: bool = False


class Quarantine(msgspec.Struct, frozen=True, kw_only=True):
    """The job's quarantine. ``cause`` is the code of the error that began it."""

    cause: str
    reason: str
    remedy: str
    since: float
    next_probe: float | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A held plan that is not decided yet. ``expires`` ``None``: it does not."""

    id: str
    created: float
    expires: float | None
    count: int
    names: tuple[str, ...]
    cause: str = ""
    rebuild: bool = False


class Poisoned(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of one queue that were set aside; ``reason`` is that of the last."""

    queue: str
    count: int
    reason: str
    remedy: str
    since: float


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a subscription to change notifications from being there."""

    resource: str
    sentence: str
    remedy: str
    since: float


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is decided from. Times are epoch seconds.

    ``on_since``: since when cycles are expected to run; ``None`` while the job is off or stopped,
    or nobody has looked yet. ``first_seen`` is when alarms first looked at the job. ``alive_at`` is
    the last end of a cycle that ended well, or when an open one last came further.
    ``failures`` are the cycles that failed since one ended well, newest first.
    """

    now: float
    no_cycle_seconds: float
    first_seen: float
    on_since: float | None
    alive_at: float | None = None
    failures: Sequence[Failure] = ()
    quarantine: Quarantine | None = None
    plans: Sequence[Plan] = ()
    escrow: int = 0
    escrow_names: tuple[str, ...] = ()
    poisoned: Sequence[Poisoned] = ()
    troubles: Sequence[Trouble] = ()


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that holds now. ``subject`` is a stable id within the kind of alarm.

    ``place`` is what it is one and the same alarm by, whatever its code. ``weight`` says how bad
    it is; a multiple of what was told is told again. ``quiet``: not worth a message, and not over
    either. ``since`` ``None``: nobody knows; from when it is first seen.
    """

    place: str
    code: Alarm
    subject: str
    sentence: str
    remedy: str
    names: tuple[str, ...] = ()
    since: float | None = None
    weight: float = 1.0
    quiet: bool = False


def holding(facts: Facts) -> list[Condition]:
    """What holds now, at most one condition for each place."""
    return [
        *_credentials(facts),
        *_failed(facts),
        *_no_cycle(facts),
        *(_plan(plan, facts.now) for plan in facts.plans),
        *_escrow(facts),
        *(_poison(each) for each in facts.poisoned),
        *_subscriptions(facts),
    ]


def _credentials(facts: Facts) -> Iterator[Condition]:
    """The job's quarantine; or Graph, which refuses without one."""
    found = facts.quarantine
    if found is not None:
        refused = found.cause in _REFUSALS
        yield Condition(
            place="quarantine",
            code=Alarm.TOKEN_REFUSED if refused else Alarm.QUARANTINED,
            subject="zscloud" if refused else "job",
            sentence=f"The job is in quarantine, and nothing is written to ZSCloud: {found.reason}",
            remedy=found.remedy,
            since=found.since,
            quiet=facts.on_since is None,
        )
        return
    last = facts.failures[0] if facts.failures else None
    # Of a quarantine that is over the next cycle will tell.
    if last is not None and last.code in _REFUSALS and not last.quarantined:
        yield Condition(
            place="credentials/graph",
            code=Alarm.TOKEN_REFUSED,
            subject="graph",
            sentence=f"No cycle can run: {last.error}",
            remedy=last.remedy,
            since=facts.failures[-1].at,
            quiet=facts.on_since is None,
        )


def _failed(facts: Facts) -> Iterator[Condition]:
    """The last cycle failed. It is over when one ends well, not when one fails otherwise: while
    the credentials are refused, that is what is told.
    """
    others = [each for each in facts.failures if not _is_refusal(each)]
    if not others:
        return
    refused = facts.quarantine is not None or _is_refusal(facts.failures[0])
    last = others[0]
    yield Condition(
        place="cycle_failed",
        code=Alarm.CYCLE_FAILED,
        subject="cycle",
        sentence=f"Cycle {last.cycle_id} failed: {last.error}",
        remedy=last.remedy,
        since=others[-1].at,
        quiet=refused or facts.on_since is None,
    )


def _is_refusal(failure: Failure) -> bool:
    return failure.quarantined or failure.code in _REFUSALS


def _no_cycle(facts: Facts) -> Iterator[Condition]:
    """No cycle has ended well for too long, nor has a long one come further. It is over when one
    does; that the job is off meanwhile does not end it.
    """
    since = max(facts.first_seen, facts.alive_at or 0.0)
    if facts.now - since < facts.no_cycle_seconds:
        return
    expected = facts.on_since is not None and facts.now - facts.on_since >= facts.no_cycle_seconds
    minutes = (facts.now - since) / 60
    last = f" The last one failed: {facts.failures[0].error}" if facts.failures else ""
    yield Condition(
        place="no_cycle",
        code=Alarm.NO_CYCLE,
        subject="cycle",
        sentence=f"No cycle has ended well for {minutes:.0f} minutes.{last}",
        remedy="`status` says how the job stands. If no cycle is begun at all, see whether the "
        "function app runs and its timers fire.",
        since=since,
        quiet=not expected or facts.quarantine is not None,
    )


def _plan(plan: Plan, now: float) -> Condition:
    """A held plan: told of once, again when it is about to expire, and when it has."""
    code, weight = Alarm.HELD, 1.0
    above = "" if plan.rebuild else " above the deletion threshold"
    sentence = f"{plan.count} removals are held{above}"
    if plan.expires is not None and plan.expires <= now:
        code, weight = Alarm.HELD_EXPIRED, 4.0
        sentence = f"The held plan {plan.id} of {plan.count} removals has expired undecided"
    elif plan.expires is not None and plan.expires - now <= EXPIRES_SOON:
        code, weight = Alarm.HELD_EXPIRING, 2.0
        hours = (plan.expires - now) / _HOUR
        sentence = f"The held plan {plan.id} of {plan.count} removals expires in {hours:.0f} h"
    return Condition(
        place=f"held/{plan.id}",
        code=code,
        subject=plan.id,
        sentence=f"{sentence}: {plan.cause}" if plan.cause else f"{sentence}.",
        remedy=f"`held show {plan.id}` names them. {RELEASE}",
        names=tuple(plan.names[:MOST_NAMES]),
        since=plan.created,
        weight=weight,
    )


def _escrow(facts: Facts) -> Iterator[Condition]:
    if facts.escrow > ESCROW_OVER:
        yield Condition(
            place="escrow",
            code=Alarm.ESCROW_GROWING,
            subject="job",
            sentence=f"{facts.escrow} users and groups could not be provisioned and are tried "
            "again ever more rarely.",
            remedy="`escrow` says of each why, and when it is tried again.",
            names=tuple(facts.escrow_names[:MOST_NAMES]),
            weight=float(facts.escrow),
            quiet=facts.escrow < ESCROW_FLOOR,
        )


def _poison(poisoned: Poisoned) -> Condition:
    messages = "A message" if poisoned.count == 1 else f"{poisoned.count} messages"
    verb = "was" if poisoned.count == 1 else "were"
    return Condition(
        place=f"poison/{poisoned.queue}",
        code=Alarm.POISON,
        subject=poisoned.queue,
        sentence=f"{messages} on {poisoned.queue} {verb} set aside after failing too often: "
        f"{poisoned.reason}",
        remedy=poisoned.remedy,
        since=poisoned.since,
        weight=float(poisoned.count),
    )


def _subscriptions(facts: Facts) -> Iterator[Condition]:
    """One alarm for all of them: what troubles one mostly troubles the other."""
    if facts.troubles:
        sentences = dict.fromkeys(each.sentence for each in facts.troubles)
        remedies = dict.fromkeys(each.remedy for each in facts.troubles)
        yield Condition(
            place="subscription",
            code=Alarm.SUBSCRIPTION,
            subject="subscriptions",
            sentence=" ".join(sentences),
            remedy=" ".join(remedies),
            names=tuple(each.resource for each in facts.troubles),
            since=min(each.since for each in facts.troubles),
        )
