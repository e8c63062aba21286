"""What ZSCloud must hold, straight from the tenant and the rules; and what may be sent meanwhile.

It shares nothing with the program but the names of things: who is assigned, directly or by a
group, is entitled; an entitled user who is enabled, and whom no filter leaves out, has an account
like in Entra, and nobody else has one that is switched on, unless a setting says so; an assigned
group has its members, those in the deleted items too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator.entra import Tenant
from simulator.zscloud import ZSCloudSimulator
from tests.soak.leaving import Policy, actions
from tests.soak.tenant import Portal

Pair = tuple[str, str]
"""Ids of a group and of a user in Entra."""

_UNSEEN = 1500.0
"""Seconds for which a change that is taken back may go unnoticed, where everything fails."""

_NOBODY = "00000000-0000-0000-0000-000000000000"

PASSING_DEPARTMENTS = ("Sales", "IT")
PASSING_NAMES = "024568"
"""Where there is a filter, it lets users of these departments pass, and groups whose name ends in
one of these.
"""


@dataclass(frozen=True)
class Facts:
    """What is true in Entra, fact by fact. ``edges`` are of groups and their direct members,
    ``living`` are users who do not lie in the deleted items, ``passing`` are users and groups whom
    the scoping filters let pass.
    """

    assigned: frozenset[str]
    edges: frozenset[Pair]
    users: frozenset[str]
    groups: frozenset[str]
    living: frozenset[str]
    enabled: frozenset[str]
    passing: frozenset[str]

    def either(self, other: Facts) -> Facts:
        """All facts that are true in one of both."""
        return Facts(*(one | two for one, two in zip(self._all, other._all, strict=True)))

    def both(self, other: Facts) -> Facts:
        """The facts that are true in both."""
        return Facts(*(one & two for one, two in zip(self._all, other._all, strict=True)))

    @property
    def _all(self) -> tuple[frozenset[Any], ...]:
        return (
            self.assigned,
            self.edges,
            self.users,
            self.groups,
            self.living,
            self.enabled,
            self.passing,
        )


def facts(tenant: Tenant, *, filtered: bool = False) -> Facts:
    """The facts as they are now. ``filtered``: there are scoping filters."""
    users, groups = tenant.users.current(), tenant.groups.current()
    rows = tenant.assignments.current().values()
    return Facts(
        assigned=frozenset(row.principal_id for row in rows if row.app_role_id != _NOBODY),
        edges=frozenset((g, m) for g in groups for m in tenant.members[g].current()),
        users=frozenset(users),
        groups=frozenset(groups),
        living=frozenset(u.id for u in users.values() if u.deleted is None),
        enabled=frozenset(u.id for u in users.values() if u.account_enabled),
        passing=frozenset(
            [u.id for u in users.values() if not filtered or u.department in PASSING_DEPARTMENTS]
            + [g for g in groups if not filtered or groups[g].display_name[-1] in PASSING_NAMES]
        ),
    )


@dataclass(frozen=True)
class Wanted:
    """What follows from facts: whom assignments bring in, who of them is entitled, whose account
    is on, which groups there are, and who is in them.
    """

    brought: frozenset[str]
    entitled: frozenset[str]
    active: frozenset[str]
    groups: frozenset[str]
    pairs: frozenset[Pair]


def wanted(true: Facts, *, nested: bool) -> Wanted:
    """The rules."""
    members: dict[str, list[str]] = {}
    for group, member in true.edges:
        members.setdefault(group, []).append(member)
    here = true.assigned & true.groups
    pairs = frozenset((g, u) for g in here for u in _within(true, members, g, nested=nested))
    brought = (true.assigned & true.users) | {u for _, u in pairs}
    entitled = brought & true.living
    groups = here & true.passing
    pairs = frozenset(pair for pair in pairs if pair[0] in groups)
    return Wanted(brought, entitled, entitled & true.enabled & true.passing, groups, pairs)


def _within(true: Facts, members: dict[str, list[str]], group: str, *, nested: bool) -> set[str]:
    found: set[str] = set()
    seen, waiting = {group}, [group]
    while waiting:
        for member in members.get(waiting.pop(), ()):
            if member in true.users:
                found.add(member)
            elif nested and member in true.groups and member not in seen:
                seen.add(member)
                waiting.append(member)
    return found


class Since:
    """What was true at some time, and what all the time, since the last quiet.

    Graph reads without a snapshot: facts that were never true at one time may be seen together.
    So ``ever`` follows from all facts that were ever true, and ``always`` from those alone that
    were never untrue.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        nested: bool,
        filtered: bool = False,
        policy: Policy | None = None,
        time: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._tenant, self._nested, self._filtered = tenant, nested, filtered
        self.policy, self._time = policy or Policy(), time
        self.left: dict[str, float] = {}
        """When those who were to be there once were so for the last time."""
        self._came: dict[str, float] = {}
        """Since when those who are to be there are so without a break."""
        self.group_ids: set[str] = set()
        """All groups that ever were."""
        self._doomed: dict[str, float] = {}
        """Since when those whom a setting deletes are so without a break."""
        self._no_feed = False
        self.untold: set[Pair] = set()
        """Who left a group while no feed could tell of it, since which every list of its members
        leaves them out for being in the deleted items, too. Nobody can know which of both it is.
        """
        self.begin_anew()

    def begin_anew(self) -> None:
        """From now on."""
        self._no_feed = False
        self._true = self._ever = self._always = facts(self._tenant, filtered=self._filtered)
        self.values: dict[tuple[str, str], set[str]] = {}
        self.now = wanted(self._true, nested=self._nested)
        self.observe()

    def observe(self) -> None:
        """The tenant may have changed."""
        self._note_who_was_there()
        before = self._true.edges
        self._true = true = facts(self._tenant, filtered=self._filtered)
        gone = {(g, m) for g, m in before - true.edges if self._no_feed and m in true.users}
        self.untold = {pair for pair in self.untold - true.edges | gone if self._may_be(pair)}
        self._ever, self._always = self._ever.either(true), self._always.both(true)
        self.group_ids |= true.groups
        self.now = wanted(true, nested=self._nested)
        there = self.now.active | self.now.groups
        self._came = {id: self._came.get(id, self._time()) for id in there}
        self.ever = wanted(self._ever, nested=self._nested)
        self.always = wanted(self._always, nested=self._nested)
        self.attributes = attributes(self._tenant)
        for id, each in self.attributes.items():
            for name, value in each.items():
                self.values.setdefault((id, name), set()).add(value)
        doomed = [id for id in self.left if self.becomes(id) == "delete"]
        self._doomed = {id: self._doomed.get(id, self._time()) for id in doomed}

    def _note_who_was_there(self) -> None:
        """Who was back for a moment only may not have been seen: days of grace that had begun go on
        then (design: level, not edge).
        """
        now, there = self._time(), self.now.active | self.now.groups
        came = {id: self._came.get(id, now) for id in there}
        seen = [id for id in there if id not in self.left or now - came[id] > _UNSEEN]
        self.left |= dict.fromkeys(seen, now)

    def tokens_expired(self) -> None:
        """What happens from now on until the next quiet may be told by no feed."""
        self._no_feed = True

    def _may_be(self, pair: Pair) -> bool:
        """Whether a pair may go on being untold: who lives is seen not to be a member, once it is
        quiet.
        """
        return self._no_feed or pair[1] in self._true.users - self._true.living

    def becomes(self, id: str) -> str:
        """What is to become of whom was there, as things stand; empty for who is to be there."""
        found = actions(self.policy, self._true, self.now, id, group=self._is_group(id))
        return found[0] if found else ""

    def could_become(self, id: str) -> list[str]:
        """The same, by all facts that were untrue at some time since the last quiet."""
        return actions(self.policy, self._always, self.always, id, group=self._is_group(id))

    def doomed(self, id: str) -> float:
        """Since when a principal is to be deleted."""
        return self._doomed.get(id, self._time())

    def is_known(self, id: str) -> bool:
        """Whether Entra knows it, be it among what was deleted."""
        return id in self._true.users or id in self._true.groups

    def _is_group(self, id: str) -> bool:
        return id in self.group_ids


def attributes(tenant: Tenant) -> dict[str, dict[str, str]]:
    """The attributes that are mapped, of users and groups by id."""
    found = {
        user.id: {
            "user_name": user.user_principal_name,
            "display_name": user.display_name or "",
            "department": user.department or "",
        }
        for user in tenant.users.current().values()
    }
    groups = tenant.groups.current().values()
    return found | {group.id: {"display_name": group.display_name} for group in groups}


@dataclass(frozen=True)
class Difference:
    """Something in ZSCloud that is not as it must be. ``about`` are the ids in Entra. ``access``:
    somebody has it who must not. ``late``: a group is there that was to be deleted.
    """

    about: tuple[str, ...]
    text: str
    access: bool = False
    late: bool = False


def differences(
    since: Since,
    zscloud: ZSCloudSimulator,
    portal: Portal,
    overdue: Callable[[str, str], bool] = lambda *_: True,
) -> list[Difference]:
    """How ZSCloud is not as it must be now. ``overdue`` tells whose delete should be done, by the
    ids in ZSCloud and in Entra.
    """
    now = since.now
    wrong: list[Difference] = []
    accounts: dict[str, Any] = {}
    for account in zscloud.users:
        if account.external_id:
            if account.external_id in accounts:
                wrong.append(_wrong(account.external_id, f"{account.user_name} has two accounts"))
            accounts[account.external_id] = account
    for id in sorted(now.active):
        wrong += _user(id, since.attributes[id], accounts.get(id))
    for id, account in accounts.items():
        becomes = since.becomes(id)
        if account.active and becomes in ("disable", "delete"):
            text = f"{account.user_name} is active and must not be"
            wrong.append(Difference((id,), text, access=True))
        elif becomes == "delete" and overdue(account.id, id):
            wrong.append(_wrong(id, f"{account.user_name} was to be deleted, and is there"))
    wrong += _groups(since, zscloud, accounts, overdue)
    for id, before in portal.local.items():
        if zscloud.users.by_id(id) != before:
            wrong.append(Difference((), f"{before.user_name}, made by hand, was changed"))
    return wrong


def _user(id: str, expected: dict[str, str], account: Any) -> list[Difference]:
    name = expected["user_name"]
    if account is None:
        return [_wrong(id, f"{name} has no account")]
    wrong = [] if account.active else [_wrong(id, f"{name} is not active")]
    for attribute, value in expected.items():
        found = getattr(account, attribute) or ""
        if found != value:
            wrong.append(_wrong(id, f"{name}.{attribute} is {found!r} and not {value!r}"))
    return wrong


def _groups(
    since: Since,
    zscloud: ZSCloudSimulator,
    accounts: dict[str, Any],
    overdue: Callable[[str, str], bool],
) -> list[Difference]:
    wrong: list[Difference] = []
    found: dict[str, Any] = {}
    for group in zscloud.groups:
        if group.external_id in found:
            wrong.append(_wrong(group.external_id, f"{group.display_name} is there twice"))
        if group.external_id:
            found[group.external_id] = group
    for id in sorted(since.now.groups):
        name = since.attributes[id]["display_name"]
        if id not in found:
            wrong.append(_wrong(id, f"the group {name} is missing"))
        elif found[id].display_name != name:
            wrong.append(_wrong(id, f"the group {name} is called {found[id].display_name}"))
    by_scim_id = {account.id: id for id, account in accounts.items()}
    for id, group in found.items():
        becomes = since.becomes(id)
        if becomes == "delete" and overdue(group.id, id):
            text = f"the group {group.display_name} was deleted, and is there"
            wrong.append(Difference((id,), text, late=True))
        elif becomes != "none":
            members = {by_scim_id[each] for each in group.members if each in by_scim_id}
            members -= _left_untold(id, since)
            wrong += _members(id, group.display_name, members, since.now, accounts)
    return wrong


def _left_untold(group: str, since: Since) -> set[str]:
    """Who may be a member still, though nobody who lives may: the account is off."""
    return {u for g, u in since.untold if g == group and u not in since.now.entitled}


def _members(
    group: str, name: str, members: set[str], now: Wanted, accounts: dict[str, Any]
) -> list[Difference]:
    expected = {u for g, u in now.pairs if g == group and u in accounts}
    # Who lies in the deleted items stays a member, and does not become one.
    optional = {u for u in expected if u not in now.entitled}
    missing = [
        Difference((group, u), f"{accounts[u].user_name} is no member of {name}")
        for u in sorted(expected - members - optional)
    ]
    return missing + [
        Difference((group, u), f"{accounts[u].user_name} is a member of {name}")
        for u in sorted(members - expected)
    ]


def _wrong(id: str, text: str) -> Difference:
    return Difference((id,), text)
