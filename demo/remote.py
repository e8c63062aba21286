"""The control interfaces of both simulators, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

_DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class RemoteFailed(Exception):
    """A simulator refused a call."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user in Entra."""

    id: str
    name: str
    display_name: str
    department: str
    enabled: bool

    @property
    def login(self) -> str:
        """The userName in ZSCloud. A guest is known by the name at home.

        Entra makes ``kim_partner.example.org#EXT#@example.com`` of ``kim@partner.example.org``.
        """
        local, guest, _ = self.name.partition("#EXT#")
        if not guest:
            return self.name
        alias, _, home = local.rpartition("_")
        return f"{alias}@{home}"


@dataclass(frozen=True, slots=True)
class Directory:
    """Entra as it is: ``members`` are direct user members by group; ``assigned`` are the ids of
    principals with an app role. Default Access is no app role.
    """

    people: dict[str, Person]
    groups: dict[str, str]
    members: dict[str, frozenset[str]]
    assigned: frozenset[str]

    @property
    def in_scope(self) -> frozenset[str]:
        """Ids of the users who are assigned, themselves or through a group."""
        through = [self.members[id] for id in self.assigned_groups]
        return (self.assigned & self.people.keys()).union(*through)

    @property
    def assigned_groups(self) -> frozenset[str]:
        """Ids of the assigned groups."""
        return self.assigned & self.groups.keys()


@dataclass(frozen=True, slots=True)
class Account:
    """A user in ZSCloud. ``external_id`` is empty for who was there before."""

    id: str
    name: str
    display_name: str
    department: str
    active: bool
    external_id: str


@dataclass(frozen=True, slots=True)
class Tenant:
    """ZSCloud as it is: accounts, and the member ids of each group by its name and externalId."""

    accounts: tuple[Account, ...]
    groups: tuple[tuple[str, str, frozenset[str]], ...]


class Remote:
    """Both simulators over HTTP. ``addresses`` is the line that ``python -m simulator`` prints."""

    def __init__(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self.graph_asked = 0
        """Requests that Graph got from here, and not from the program."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def change(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Changes something in Entra, as an administrator would; what it answers."""
        url = f"{self.addresses['entra_control_url']}/{action}"
        async with self._session.post(url, json=arguments) as answer:
            if answer.status != 200:
                raise RemoteFailed(f"{action}: {answer.status} {await answer.text()}")
            answered: dict[str, Any] = await answer.json()
            return answered

    async def edit(self, action: str, **arguments: Any) -> None:
        """Changes something in ZSCloud past its interface, as its administrators can."""
        url = f"{self.addresses['zscloud_control_url']}/{action}"
        async with self._session.post(url, json=arguments) as answer:
            if answer.status != 200:
                raise RemoteFailed(f"{action}: {answer.status} {await answer.text()}")

    async def directory(self) -> Directory:
        """Reads Entra through Graph."""
        application = self.addresses["service_principal_id"]
        rows = await self._graph(f"servicePrincipals/{application}/appRoleAssignedTo?$top=999")
        select = "$select=id,userPrincipalName,displayName,department,accountEnabled"
        people = [_person(row) for row in await self._graph(f"users?$top=999&{select}")]
        groups = await self._graph("groups?$top=999&$select=id,displayName")
        known = {person.id: person for person in people}
        members = {}
        for group in groups:
            found = await self._graph(f"groups/{group['id']}/members?$top=999&$select=id")
            members[group["id"]] = frozenset(row["id"] for row in found if row["id"] in known)
        assigned = {r["principalId"] for r in rows if r["appRoleId"] != _DEFAULT_ACCESS}
        return Directory(
            people=known,
            groups={group["id"]: group["displayName"] for group in groups},
            members=members,
            assigned=frozenset(assigned),
        )

    async def tenant(self) -> Tenant:
        """Reads ZSCloud past its SCIM interface: neither limited nor logged."""
        state = await self._get(f"{self.addresses['zscloud_control_url']}/state?objects=true")
        return Tenant(
            tuple(_account(user) for user in state["users"]),
            tuple(_group(group) for group in state["groups"]),
        )

    async def account_count(self) -> int:
        """How many accounts ZSCloud has; cheap to ask, also of a large tenant."""
        state = await self._get(f"{self.addresses['zscloud_control_url']}/state")
        return int(state["counts"]["users"])

    async def requests(self, since: float = 0.0) -> list[dict[str, Any]]:
        """What ZSCloud was asked since a time in epoch seconds, oldest first."""
        url = f"{self.addresses['zscloud_control_url']}/requests?since={since}"
        requests: list[dict[str, Any]] = (await self._get(url))["requests"]
        return requests

    async def graph_requests(self) -> list[dict[str, Any]]:
        """What Graph was asked, oldest first."""
        found = await self._get(f"{self.addresses['entra_control_url']}/requests")
        requests: list[dict[str, Any]] = found["items"]
        return requests

    async def group_ids(self) -> dict[str, str]:
        """Ids in ZSCloud of the groups of ours, by the ids of Entra."""
        state = await self._get(f"{self.addresses['zscloud_control_url']}/state?objects=true")
        return {g["externalId"]: g["id"] for g in state["groups"] if g.get("externalId")}

    async def violations(self) -> list[dict[str, Any]]:
        """The rules of SCIM that were broken."""
        found = await self._get(f"{self.addresses['zscloud_control_url']}/violations")
        violations: list[dict[str, Any]] = found["violations"]
        return violations

    async def _graph(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        url = f"{self.addresses['graph_url']}/{path}"
        while url:
            self.graph_asked += 1
            page = await self._get(url)
            rows += page["value"]
            url = page.get("@odata.nextLink", "")
        return rows

    async def _get(self, url: str) -> Any:
        async with self._session.get(url) as answer:
            if answer.status != 200:
                raise RemoteFailed(f"GET {url}: {answer.status} {await answer.text()}")
            return await answer.json()


def _person(row: dict[str, Any]) -> Person:
    return Person(
        row["id"],
        row["userPrincipalName"],
        row["displayName"],
        row.get("department") or "",
        row["accountEnabled"],
    )


def _account(user: dict[str, Any]) -> Account:
    return Account(
        user["id"],
        user["userName"],
        user["displayName"],
        user.get(_ENTERPRISE, {}).get("department") or "",
        user.get("active", True),
        user.get("externalId") or "",
    )


def _group(group: dict[str, Any]) -> tuple[str, str, frozenset[str]]:
    members = frozenset(member["value"] for member in group.get("members", ()))
    return group["displayName"], group.get("externalId") or "", members
