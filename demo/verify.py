"""Whether ZSCloud is as Entra says: decided from what both simulators hold, not by the program."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from demo.remote import Account, Directory, Person, Remote, Tenant
from simulator.zscloud import max_in_any_second

LIMIT = 5
"""Requests that ZSCloud takes in a second."""

_JITTER = 0.05
"""Seconds by which a busy machine may delay an arrival: six requests are 1.01 s apart as sent."""


async def differences(remote: Remote) -> list[str]:
    """How ZSCloud differs from Entra in any object or membership; empty when all is right."""
    directory, tenant = await remote.directory(), await remote.tenant()
    ours = [account for account in tenant.accounts if account.external_id]
    accounts = {account.external_id: account for account in ours}
    wrong = [
        f"two accounts have the externalId of {a.name}"
        for a in ours
        if a is not accounts[a.external_id]
    ]
    for id in sorted(directory.in_scope):
        wrong += _compare(directory.people[id], accounts.get(id))
    for id, account in accounts.items():
        if account.active and id not in directory.in_scope:
            wrong.append(f"{account.name} is active and is not assigned")
    return wrong + _compare_groups(directory, tenant, accounts)


def _compare(person: Person, account: Account | None) -> list[str]:
    if not person.enabled:
        active = account is not None and account.active
        return [f"{person.name} is disabled in Entra and active in ZSCloud"] if active else []
    if account is None:
        return [f"{person.name} has no account"]
    pairs = {
        "userName": (person.login, account.name),
        "displayName": (person.display_name, account.display_name),
        "department": (person.department, account.department),
        "active": (True, account.active),
    }
    return [
        f"{person.name}: {name} is {found!r} and should be {wanted!r}"
        for name, (wanted, found) in pairs.items()
        if wanted != found
    ]


def _compare_groups(
    directory: Directory, tenant: Tenant, accounts: dict[str, Account]
) -> list[str]:
    wrong = []
    found = {external_id: (name, ids) for name, external_id, ids in tenant.groups if external_id}
    for id in sorted(directory.assigned_groups):
        name, ids = found.pop(id, ("", frozenset()))
        if name != directory.groups[id]:
            wrong.append(
                f"the group {directory.groups[id]} is missing or has another name: {name!r}"
            )
        wanted = {accounts[member].id for member in directory.members[id] if member in accounts}
        if ids != wanted:
            wrong.append(
                f"{name} lacks {len(wanted - ids)} members and has {len(ids - wanted)} too many"
            )
    return wrong + [f"the group {name} is not assigned" for name, _ in found.values()]


async def broken_rules(remote: Remote) -> list[str]:
    """What ZSCloud objected to since the beginning: 429, broken rules, too many in a second."""
    requests = await remote.requests()
    wrong = [f"429 for {r['method']} {r['path']}" for r in requests if r["status"] == 429]
    wrong += [
        f"{v['rule']}: {v['method']} {v['path']}: {v['detail']}" for v in await remote.violations()
    ]
    most = most_in_a_second(requests)
    if most > LIMIT:
        wrong.append(f"{most} requests arrived within one second")
    return wrong


def most_in_a_second(requests: Iterable[dict[str, Any]]) -> int:
    """The most requests that arrived within any one second, short of the jitter."""
    return max_in_any_second([request["time"] for request in requests], _JITTER)


def writes(requests: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The requests that wrote, or tried to."""
    return [request for request in requests if request["method"] != "GET"]
