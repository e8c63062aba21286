"""What a restart forgets, table by table, and why; and what it never forgets.

The scopes are Entra's (Microsoft Graph: synchronizationJobRestartCriteria): ``watermark``,
``escrows``, ``quarantine`` (``QuarantineState``), and ``full``. ``links`` is ours: Entra breaks
links with ``Full`` only.

Two rules are above all scopes. A restart is no way around the brake: what was taken away, what was
there, and what was decided or waits for a decision stays. And nothing that is to be done is lost:
what waits in the lanes names keys, is decided anew, and stays. So links and facts of those of
whom something is held or decided stay too (``restart``).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from provisioning.errors import InvalidRequest, Problem


class Scope(StrEnum):
    """What a restart is to begin anew."""

    WATERMARK = "watermark"
    """Everything is read from Entra once more and compared: an initial cycle."""
    ESCROWS = "escrows"
    """What failed is tried at once, and counts its tries from the beginning."""
    QUARANTINE = "quarantine"
    """Work begins without waiting for a probe."""
    LINKS = "links"
    """Who is who in ZSCloud is found out anew: the initial cycle is a rebuild."""
    FULL = "full"
    """All that was learned of Entra and of ZSCloud goes."""


DEFAULT = (Scope.WATERMARK, Scope.ESCROWS, Scope.QUARANTINE)
"""What "Restart provisioning" in Entra's portal resets; links are kept."""

_WITH = {Scope.LINKS: (Scope.WATERMARK,), Scope.FULL: tuple(Scope)}
"""Scopes that another one brings along: without links everybody has to be looked at."""

_ENTRA = {"quarantinestate": Scope.QUARANTINE}


class Fate(NamedTuple):
    """The scopes that forget a table, none for one that always stays; and the reason."""

    by: frozenset[Scope]
    why: str


def _by(*scopes: Scope, why: str) -> Fate:
    return Fate(frozenset(scopes), why)


def _stays(why: str) -> Fate:
    return Fate(frozenset(), why)


_LINKED = (Scope.LINKS, Scope.FULL)
_WINDOWS = "the windows of the brake: with less in them, more would be let go"
_DECIDED = "what is held, and what somebody has decided: no restart decides otherwise"
_RECORD = "the record of what was done: a restart is a part of it"
_OTHERS = "what others ask for: it is answered after the restart as before"
_EVIDENCE = "what keeps a lagging or broken Entra from being believed"
_NOTIFIED = "it belongs to Graph's subscriptions, which go on"

FATES: dict[str, Fate] = {
    # Read from Entra.
    "watermark": _by(Scope.WATERMARK, why="without delta links everything is read in full"),
    "selection": _by(Scope.FULL, why="everybody is judged anew by the schema in force"),
    "mirror_user": _by(Scope.FULL, why="read anew; with less, a short read is seen by it"),
    "mirror_group": _by(Scope.FULL, why="read anew; with less, a short read is seen by it"),
    "mirror_members": _by(Scope.FULL, why="read anew; with less, a short read is seen by it"),
    "mirror_assignments": _by(Scope.FULL, why="read anew; with less, a short read is seen by it"),
    "app_roles": _by(Scope.FULL, why="read anew with the enterprise application"),
    "doubt": _by(Scope.FULL, why="about rows of the mirror; forgotten, absence takes longer"),
    "deleted_user": _by(Scope.FULL, why="read anew with the feed of users"),
    "restored": _stays("who came back, and is still to be looked for in groups"),
    "removed_fact": _stays(_EVIDENCE),
    "reread": _stays(_EVIDENCE),
    "application": _stays(_EVIDENCE),
    "application_seen": _stays(_EVIDENCE),
    "near_scope": _stays("a mark that other processes compare; who is new renews it"),
    "assignment_poll": _stays("the pause that a failing poll keeps"),
    # Learned of ZSCloud.
    "link": _by(*_LINKED, why="found anew by externalId, then by name"),
    "link_name": _by(*_LINKED, why="an index of the links"),
    "link_scim_id": _by(*_LINKED, why="an index of the links"),
    "link_members": _by(*_LINKED, why="the recorded members of linked groups"),
    "link_leaving": _by(*_LINKED, why="an index of the links; days of grace begin anew"),
    "listing": _by(*_LINKED, why="lists of ZSCloud are read anew to find who is who"),
    "listing_name": _by(*_LINKED, why="lists of ZSCloud are read anew to find who is who"),
    "listing_external_id": _by(*_LINKED, why="lists of ZSCloud are read anew to find who is who"),
    "listing_value": _by(*_LINKED, why="lists of ZSCloud are read anew to find who is who"),
    "rebuild": _by(*_LINKED, why="without links, what nothing assigns is looked for anew"),
    "lost": _stays("what a rebuild has found belongs to the plan that holds it"),
    "awaiting": _by(*_LINKED, why="who waits for whose account is found out with the links"),
    "knowledge": _by(Scope.FULL, why="what the server can is asked and proven anew"),
    "bulk": _by(Scope.FULL, why="whether batches work is asked and proven anew"),
    "doctor": _stays("a row that is taken out again as soon as it was read back"),
    "intent": _stays("a POST whose outcome is not known: looked for before anything is made"),
    "unsure": _stays("a request whose outcome is not known: looked at before it is relied on"),
    # Work.
    "work": _stays("it names keys, which are decided anew; dropped, a change would be lost"),
    "work_due": _stays("as work; what was in escrow becomes due with the scope escrows"),
    "touched": _stays("as work: keys that are not filed yet"),
    "hint": _stays(_OTHERS),
    "hint_looked": _stays("the pause between looks at hints"),
    "call": _stays(_OTHERS),
    "call_waiting": _stays(_OTHERS),
    "escrow": _by(Scope.ESCROWS, why="tries and waits; the work itself is due at once"),
    "escrow_wanted": _by(Scope.ESCROWS, why="a try was asked for: all are tried"),
    "quarantine": _by(Scope.QUARANTINE, why="it ends without a probe"),
    "quarantine_probe": _by(Scope.QUARANTINE, why="nothing is left to probe"),
    "unreached": _by(Scope.QUARANTINE, why="an outage is counted from the beginning"),
    "tries": _by(Scope.QUARANTINE, why="the share of failing objects is counted anew"),
    # The brake.
    "removed": _stays(_WINDOWS),
    "provisioned": _stays(_WINDOWS),
    "provisioned_hour": _stays(_WINDOWS),
    "held": _stays(_DECIDED),
    "held_plan": _stays(_DECIDED),
    "held_open": _stays(_DECIDED),
    "held_entry": _stays(_DECIDED),
    "held_decision": _stays(_DECIDED),
    "approved": _stays(_DECIDED),
    "rejected": _stays(_DECIDED),
    "withheld": _stays(_DECIDED),
    # The record, and what goes on beside the cycles.
    "log": _stays(_RECORD),
    "log_principal": _stays(_RECORD),
    "log_attention": _stays(_RECORD),
    "audit": _stays(_RECORD),
    "cycle": _stays(_RECORD),
    "cycle_changes": _stays(_RECORD),
    "cycle_current": _stays("which cycle is open; the restart sets what begins next"),
    "drift": _stays("a dated report, until the next reconcile"),
    "drift_finding": _stays("a dated report, until the next reconcile"),
    "orphan": _stays("a dated report, until the next reconcile"),
    "latency": _stays(_RECORD),
    "order": _stays("a stop holds on; the restart itself goes last of all"),
    "wake": _stays("the number of the newest wake-up"),
    "queue_failure": _stays("why messages of the queue failed"),
    "poison": _stays("messages that were set aside"),
    "subscription": _stays(_NOTIFIED),
    "subscription_failure": _stays(_NOTIFIED),
    "subscription_refused": _stays(_NOTIFIED),
    "notification_count": _stays(_NOTIFIED),
    "alarm": _stays("what people were told: once, and once when it is over"),
    "alarm_seen": _stays("since when cycles are expected"),
    "alarm_channel": _stays("how the channels do"),
    "token_warned": _stays("one warning a day"),
}


def scopes_of(given: str | Iterable[str] | None) -> tuple[Scope, ...]:
    """The scopes that somebody names, in a list or with commas between them; ``DEFAULT`` for
    nothing. Raises ``InvalidRequest``.
    """
    texts = [given] if isinstance(given, str) else list(given or ())
    names = [name.strip() for text in texts for name in text.split(",")]
    found = [_scope(name) for name in names if name]
    return tuple(scope for scope in Scope if scope in found) or DEFAULT


def _scope(name: str) -> Scope:
    folded = name.casefold()
    if folded in _ENTRA:
        return _ENTRA[folded]
    try:
        return Scope(folded)
    except ValueError:
        known = ", ".join(Scope)
        problem = Problem("reset_scope", f"{name[:50]!r} is no scope", f"Give some of: {known}.")
        raise InvalidRequest(problem) from None


def widened(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """The scopes with those that they bring along."""
    named = frozenset(scopes)
    return named.union(*(_WITH.get(scope, ()) for scope in named))


def forgotten(scopes: Iterable[Scope]) -> tuple[str, ...]:
    """The tables that a restart with these scopes empties."""
    wide = widened(scopes)
    return tuple(table for table, fate in FATES.items() if fate.by & wide)
