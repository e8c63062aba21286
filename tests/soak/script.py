"""What happens in a run: a script of events, made from a seed, that can be stored and replayed.

An event names its subjects by numbers, so that a script from which events were left out still
means something: what cannot be done is not done.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """How the world begins. ``percent`` is the brake; ``pieces`` is a store without transactions;
    ``told`` means change notifications. Latencies are in seconds. ``bulk`` are options of the
    simulator about Bulk, which is not offered without any; ``leavers`` the settings about who
    leaves; ``filtered``: there are scoping filters.
    """

    users: int
    groups: int
    nested: bool
    percent: int
    told: bool
    pieces: bool
    instances: int
    latency: float
    bulk: dict[str, Any] = {}
    leavers: dict[str, str] = {}
    drift: str = "repair"
    filtered: bool = False


class Event(msgspec.Struct, frozen=True):
    """Something that happens, ``at`` seconds after the beginning."""

    at: float
    kind: str
    args: dict[str, Any] = {}

    def __str__(self) -> str:
        said = " ".join(f"{name}={value}" for name, value in self.args.items())
        return f"{self.at:10.1f}  {self.kind} {said}".rstrip()


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """A run."""

    seed: int
    hours: float
    setting: Setting
    events: tuple[Event, ...]

    def with_events(self, events: tuple[Event, ...]) -> Script:
        """The same with other events."""
        return msgspec.structs.replace(self, events=events)


QUIET = "quiet"
SETTLE = 1000.0
"""Seconds of a quiet period: the evidence rules and the second looks are over by then."""

DEPARTMENTS = ("Sales", "Legal", "IT", "Research & Development", "")

_TENANT = {
    "join": 14, "leave": 10, "assign_user": 6, "unassign_user": 6, "assign_group": 3,
    "unassign_group": 3, "disable": 7, "enable": 7, "delete": 5, "restore": 5, "purge": 3,
    "attribute": 12, "rename": 7, "swap": 3, "rename_group": 4, "delete_group": 1, "hire": 6,
    "new_group": 2, "nest": 2, "unnest": 2,
}  # fmt: skip
_HAND = {
    "hand_attribute": 4, "hand_member_add": 3, "hand_member_remove": 3, "hand_disable": 2,
    "hand_delete": 2, "hand_local": 2, "hand_local_joins": 1,
}  # fmt: skip
_OPERATOR = {
    "on_demand": 4, "on_demand_group": 2, "reconcile": 2, "cycle": 3, "approve": 3, "reject": 1,
    "retry_now": 2, "dry_run": 2,
}  # fmt: skip
_MISHAP = {
    "kill_step": 6, "kill_write": 9, "kill_request": 6, "pause": 4, "pause_request": 3,
    "renewals_fail": 2, "store_down": 2, "queue_down": 2, "message_twice": 3, "message_lost": 2,
    "message_late": 2, "expire_tokens": 3, "subscription_lost": 2,
}  # fmt: skip
_FAULTS: dict[str, list[dict[str, Any]]] = {
    "zscloud": [
        {"fail_share": 0.4, "fail_status": 429, "fail_retry_after": "3"},
        {"fail_share": 0.3, "fail_status": 503},
        {"fail_share": 1.0, "fail_status": 503},
        {"fail_share": 0.3, "fail_status": 500},
        {"lose_share": 0.3},
        {"lose_share": 0.3, "lose_by": "500"},
        {"slow_share": 0.3, "slow_seconds": 25.0},
        {"truncate_share": 0.3},
        {"html_share": 0.3},
        {"latency": 1.5, "latency_spread": 1.0},
        {"fail_every_write": 3, "fail_again": True},
        {"list_order": "shuffled"},
        {"refused": True},
        {"token": True},
    ],
    "entra": [
        {"throttle_share": 0.4, "retry_after": 2.0},
        {"error_share": 0.4, "error_status": 503},
        {"error_share": 1.0, "error_status": 503},
        {"error_share": 1.0, "error_status": 401},
        {"drop_share": 0.3},
        {"stale_share": 0.3, "stale_seconds": 45.0},
        {"replication_lag": 30.0},
        {"assignment_lag": 40.0},
        {"delta_lag": 40.0},
        {"short_assignments_next": 1},
        {"short_assignments_next": 2},
        {"page_size": 7},
        {"delta_page_size": 2, "delta_empty_pages": 1},
        {"delta_replay_share": 0.5},
        {"latency": 0.5, "latency_jitter": 1.0},
        {"notification_loss_share": 0.5},
        {"notification_duplicate_share": 0.5, "notification_reorder": True},
        {"notification_delay": 60.0},
        {"other_tenant": True},
        {"body": "cut"},
    ],
}


_FILLED = DEPARTMENTS[:-1]
"""Of a crowd: that everybody loses a value at once is not believed."""
_BULK_FAULTS: list[dict[str, Any]] = [
    {"break_next": 1},
    {"bulk": False},
    {"bulk_throttles": 3},
    {"bulk_accepts": 4},
    {"lose_share": 0.5, "path_contains": "/Bulk"},
    {"fail_share": 1.0, "fail_status": 413, "path_contains": "/Bulk"},
]
_CONDUCTS = ("pretends", "half", "anonymous", "shuffled", "forgets", "overwrites")
_REFERENCES = ("refused", "all_refused", "literal", "dropped")
_LEAVERS = ("ON_UNASSIGN", "ON_DISABLE", "ON_SOFT_DELETE", "ON_DELETE", "ON_GROUP_UNASSIGN",
            "ON_GROUP_DELETE", "ON_OUT_OF_FILTER")  # fmt: skip
_SCOPES = ("watermark", "escrows", "links", "links", "full", "watermark,escrows,quarantine")

EPISODES = 21.0
"""Hours from one episode to the next."""


def make(seed: int, hours: float, every: float = EPISODES) -> Script:
    """The script of a seed. ``every`` so many hours something happens, for a while."""
    chance = random.Random(f"soak {seed}")
    # What came later is drawn apart: the rest of a seed stays as it was.
    more = random.Random(f"soak more {seed}")
    setting = Setting(
        users=chance.randint(20, 60),
        groups=chance.randint(3, 8),
        nested=chance.random() < 0.25,
        percent=chance.choice((100, 100, 100, 30, 15)),
        told=chance.random() < 0.7,
        pieces=chance.random() < 0.4,
        instances=chance.choice((1, 2, 2, 3)),
        latency=chance.choice((0.02, 0.1, 0.3)),
        bulk=_bulk(more) if more.random() < 0.5 else {},
        leavers=_leavers(more) if more.random() < 0.5 else {},
        drift=more.choice(("repair", "repair", "repair", "repair", "report", "leave")),
        filtered=more.random() < 0.3,
    )
    events: list[Event] = []
    episodes = max(1, round(hours / every))
    apart = hours * 3600 / episodes
    for number in range(episodes):
        begins = 1.0 if number == 0 else number * apart + chance.uniform(0, 7200)
        episode = _episode(chance, setting, begins, first=number == 0)
        events += _with_more(more, setting, episode)
    return Script(seed=seed, hours=hours, setting=setting, events=tuple(events))


def _bulk(more: random.Random) -> dict[str, Any]:
    """How a server is that offers Bulk: most are honest, and some lie from the beginning on."""
    options: dict[str, Any] = {"bulk": True}
    if more.random() < 0.35:
        options["bulk_conduct"] = more.choice(_CONDUCTS)
    if more.random() < 0.35:
        options["bulk_references"] = more.choice(_REFERENCES)
    if more.random() < 0.3:
        options |= more.choice(
            ({"bulk_max_operations": 5}, {"bulk_accepts": 7}, {"bulk_throttles": 6},
             {"bulk_max_payload_size": 4000})
        )  # fmt: skip
    options["bulk_status"] = more.choice(("text", "text", "number", "object"))
    return options


def _leavers(more: random.Random) -> dict[str, str]:
    settings = {name: more.choice(("disable", "delete", "none")) for name in _LEAVERS}
    settings = {name: value for name, value in settings.items() if more.random() < 0.6}
    return settings | {"DELETE_AFTER_DAYS": more.choice(("0", "1", "1", "2", "3"))}


def _with_more(more: random.Random, setting: Setting, episode: list[Event]) -> list[Event]:
    """The episode with what operators do seldom, and with crowds, up to its quiet."""
    begins = episode[0].at
    ends = next(event.at for event in episode if event.kind == QUIET)

    def at(least: float = 0.0) -> float:
        return round(more.uniform(max(begins, least), ends - 1.0), 1)

    added: list[Event] = []
    if more.random() < (0.35 if setting.bulk else 0.08):
        mark = more.randrange(40)
        added.append(Event(at(), "team", {"mark": mark}))
        if more.random() < 0.5:
            added.append(Event(at(added[-1].at), "team_goes", {"mark": mark}))
    if more.random() < (0.3 if setting.bulk else 0.05):
        added.append(Event(at(), "crowd", {"value": more.choice(_FILLED)}))
    if setting.bulk and more.random() < 0.3:
        knobs = more.choice(_BULK_FAULTS)
        args = {"side": "zscloud", "knobs": knobs, "seconds": more.choice((20.0, 120.0, 600.0))}
        added.append(Event(at(), "fault", args))
    if more.random() < 0.12:
        added.append(Event(at(), "stop"))
        if more.random() < 0.8:
            added.append(Event(at(added[-1].at), "start"))
    if more.random() < 0.08:
        added.append(Event(at(), "restart", {"scopes": more.choice(_SCOPES)}))
    if more.random() < 0.04:
        added.append(Event(at(), "lose_state"))
    return sorted([*episode, *added], key=lambda event: event.at)


def _episode(chance: random.Random, setting: Setting, begins: float, *, first: bool) -> list[Event]:
    """A few changes, with what goes wrong meanwhile; then quiet. With the ``first`` load most is
    sent, and most can go wrong.
    """
    lasts = chance.choice((60.0, 600.0, 1500.0))

    def some(what: dict[str, int], most: int) -> list[Event]:
        kinds = chance.choices(list(what), list(what.values()), k=chance.randint(0, most))
        return [
            Event(round(begins + chance.uniform(0, lasts), 1), kind, _args(chance, setting, kind))
            for kind in kinds
        ]

    events = some(_TENANT, 14) + some(_HAND, 2 if chance.random() < 0.4 else 0)
    events += some(_OPERATOR, 2) + some(_MISHAP, 4)
    for _ in range(chance.choice((0, 1, 1, 2) if first else (0, 0, 1, 1, 2))):
        side = chance.choice(("zscloud", "entra"))
        args = {"side": side, "knobs": chance.choice(_FAULTS[side])}
        args["seconds"] = chance.choice((20.0, 120.0, 600.0))
        after = chance.uniform(0, 10.0 if first else lasts)
        events.append(Event(round(begins + after, 1), "fault", args))
    events.sort(key=lambda event: event.at)
    ends = begins + lasts + 1
    events.append(Event(round(ends, 1), QUIET))
    if chance.random() < 0.3:
        rehearsed = [
            [kind, _args(chance, setting, kind)]
            for kind in chance.choices(list(_TENANT), list(_TENANT.values()), k=5)
        ]
        events.append(Event(round(ends + SETTLE + 300, 1), "rehearse", {"changes": rehearsed}))
        events.append(Event(round(ends + SETTLE + 900, 1), QUIET))
    return events


def _args(chance: random.Random, setting: Setting, kind: str) -> dict[str, Any]:
    """Numbers of users ``n`` and ``m``, of groups ``g`` and ``h``, and what the kind needs."""
    args: dict[str, Any] = {
        "n": chance.randrange(setting.users + 4),
        "m": chance.randrange(setting.users),
        "g": chance.randrange(setting.groups + 1),
        "h": chance.randrange(setting.groups),
        "value": chance.choice(DEPARTMENTS),
        "mark": chance.randrange(100_000),
        "steps": chance.choice((1, 3, 10, 40, 150, 400, 1000)) + chance.randrange(9),
        "count": chance.choice((1, 1, 2, 2, 3, 4, 6, 9)),
        "seconds": chance.choice((5.0, 12.0, 25.0, 35.0, 50.0, 120.0)),
    }
    return {name: args[name] for name in _NEEDS.get(kind, ("n",))}


_NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("join", "leave", "hand_member_add", "hand_member_remove"), ("g", "n")),
    **dict.fromkeys(
        ("assign_group", "unassign_group", "delete_group", "on_demand_group", "hand_local_joins"),
        ("g",),
    ),
    **dict.fromkeys(("attribute", "hand_attribute"), ("n", "value", "mark")),
    **dict.fromkeys(("rename", "hire"), ("n", "mark")),
    **dict.fromkeys(("nest", "unnest"), ("g", "h")),
    **dict.fromkeys(("rename_group", "new_group"), ("g", "mark")),
    **dict.fromkeys(("kill_step", "pause"), ("steps", "seconds")),
    **dict.fromkeys(("kill_write", "kill_request"), ("count",)),
    "pause_request": ("count", "seconds"),
    **dict.fromkeys(("renewals_fail", "store_down", "queue_down", "message_late"), ("seconds",)),
    **dict.fromkeys(
        ("approve", "reject", "reconcile", "cycle", "retry_now", "dry_run", "message_twice",
         "message_lost", "expire_tokens", "subscription_lost"),
        (),
    ),
    "swap": ("n", "m"),
    "hand_local": ("mark",),
}  # fmt: skip
