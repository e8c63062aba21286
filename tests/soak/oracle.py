"""What ZSCloud must hold, straight from the tenant and the rules; and what may be sent meanwhile.

It shares nothing with the program but the names of things: who is assigned, directly or by a
group, is entitled; an entitled user who is enabled has an account like in Entra, and nobody else
has one that is switched on; an assigned group has its members, those in the deleted items too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.entra import Tenant
from simulator.zscloud import ZSCloudSimulator
from tests.soak.tenant import Portal

Pair = tuple[str, str]
"""Ids of a group and of a user in Entra."""

_NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Facts:
    """What is true in Entra, fact by fact. ``edges`` are of groups and their direct members,
    ``living`` are users who do not lie in the deleted items.
    """

    assigned: frozenset[str]
    edges: frozenset[Pair]
    users: frozenset[str]
    groups: frozenset[str]
    living: frozenset[str]
    enabled: frozenset[str]

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
        )


def facts(tenant: Tenant) -> Facts:
    """The facts as they are now."""
    users, groups = tenant.users.current(), tenant.groups.current()
    rows = tenant.assignments.current().values()
    return Facts(
        assigned=frozenset(row.principal_id for row in rows if row.app_role_id != _NOBODY),
        edges=frozenset((g, m) for g in groups for m in tenant.members[g].current()),
        users=frozenset(users),
        groups=frozenset(groups),
        living=frozenset(u.id for u in users.values() if u.deleted is None),
        enabled=frozenset(u.id for u in users.values() if u.account_enabled),
    )


@dataclass(frozen=True)
class Wanted:
    """What follows from facts: who is entitled, whose account is on, which groups there are, and
    who is in them.
    """

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
    entitled = ((true.assigned & true.users) | {u for _, u in pairs}) & true.living
    return Wanted(entitled, entitled & true.enabled, here, pairs)


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

    def __init__(self, tenant: Tenant, *, nested: bool) -> None:
        self._tenant, self._nested = tenant, nested
        self.begin_anew()

    def begin_anew(self) -> None:
        """From now on."""
        self._ever = self._always = facts(self._tenant)
        self.values: dict[tuple[str, str], set[str]] = {}
        self.observe()

    def observe(self) -> None:
        """The tenant may have changed."""
        true = facts(self._tenant)
        self._ever, self._always = self._ever.either(true), self._always.both(true)
        self.now = wanted(true, nested=self._nested)
        self.ever = wanted(self._ever, nested=self._nested)
        self.always = wanted(self._always, nested=self._nested)
        self.attributes = attributes(self._tenant)
        for id, each in self.attributes.items():
            for name, value in each.items():
                self.values.setdefault((id, name), set()).add(value)

    def kept(self, group: str) -> bool:
        """Whether a group was in Entra all the time."""
        return group in self._always.groups


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
    """Something in ZSCloud that is not as it must be. ``about`` are the ids in Entra."""

    about: tuple[str, ...]
    text: str


def differences(since: Since, zscloud: ZSCloudSimulator, portal: Portal) -> list[Difference]:
    """How ZSCloud is not as it must be now."""
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
        if account.active and id not in now.active:
            wrong.append(_wrong(id, f"{account.user_name} is active and must not be"))
    wrong += _groups(since, zscloud, accounts)
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


def _groups(since: Since, zscloud: ZSCloudSimulator, accounts: dict[str, Any]) -> list[Difference]:
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
        if id in since.attributes:
            members = {by_scim_id[each] for each in group.members if each in by_scim_id}
            wrong += _members(id, group.display_name, members, since.now, accounts)
        else:
            wrong.append(_wrong(id, f"the group {group.display_name} was deleted, and is there"))
    return wrong


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
