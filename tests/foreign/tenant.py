"""What a foreign server really holds, as the stories ask for it.

It is read by the tests' own plain client, over connections of its own: none of the program's code
is asked.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tests.foreign.recording import RecordingTransport, SentRequest
from tests.servers.client import Resource
from tests.servers.launch import ScimServer

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

T = TypeVar("T")


@dataclass(frozen=True)
class Account:
    """A user as the server shows it. A foreign server knows no portal admins."""

    id: str
    user_name: str
    external_id: str | None
    display_name: str | None
    department: str | None
    active: bool
    admin: bool = False

    @property
    def name(self) -> str:
        """What no other user may have."""
        return self.user_name


@dataclass(frozen=True)
class Group:
    """A group as the server shows it. ``members`` are user ids; one that is listed twice is there
    twice.
    """

    id: str
    display_name: str
    external_id: str | None
    members: tuple[str, ...]

    @property
    def name(self) -> str:
        """What no other group may have."""
        return self.display_name


Held = TypeVar("Held", Account, Group)


class _Objects(Generic[Held]):
    """All objects of one kind."""

    def __init__(self, objects: Sequence[Held]) -> None:
        self._objects: tuple[Held, ...] = tuple(objects)

    def __iter__(self) -> Iterator[Held]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def duplicates(self) -> dict[str, list[Held]]:
        """Objects that share an externalId, or a name in any case, by what they share."""
        shared: defaultdict[str, list[Held]] = defaultdict(list)
        for each in self._objects:
            for value in filter(None, (each.external_id, each.name.lower())):
                shared[value].append(each)
        return {value: objects for value, objects in shared.items() if len(objects) > 1}

    def _named(self, name: str) -> Held | None:
        return next((o for o in self._objects if o.name.lower() == name.lower()), None)


class Accounts(_Objects[Account]):
    """The users that the server holds."""

    def by_user_name(self, user_name: str) -> Account | None:
        """The user of that name, in any case."""
        return self._named(user_name)


class Groups(_Objects[Group]):
    """The groups that the server holds."""

    def by_display_name(self, display_name: str) -> Group | None:
        """The group of that name, in any case."""
        return self._named(display_name)


class ForeignTenant:
    """One server with what the program sent to it. Read anew after anything was sent."""

    def __init__(self, server: ScimServer, transport: RecordingTransport) -> None:
        self._server = server
        self._transport = transport
        self._read_at = -1
        self._users = Accounts(())
        self._groups = Groups(())

    @property
    def users(self) -> Accounts:
        """The users as they are now."""
        self._read()
        return self._users

    @property
    def groups(self) -> Groups:
        """The groups as they are now."""
        self._read()
        return self._groups

    def members(self, group: Group | str) -> tuple[str, ...]:
        """The userNames of a group's members, sorted; the bare id of one that is no user."""
        found = self.groups.by_display_name(group) if isinstance(group, str) else group
        assert found is not None, f"there is no group {group}"
        names = {user.id: user.user_name for user in self.users}
        return tuple(sorted(names.get(id, id) for id in found.members))

    @property
    def requests(self) -> list[SentRequest]:
        """What the program sent."""
        return self._transport.requests

    @property
    def violations(self) -> list[SentRequest]:
        """Requests that the server refused."""
        return [request for request in self.requests if request.refused]

    def by_hand(self, method: str, path: str, body: object = None) -> Any:
        """Changes something past the program; the body of the answer."""
        answer = _ask(self._server.client.request(method, path, body))
        assert answer.ok, answer
        self._read_at = -1
        return answer.body

    def create_user(self, *, userName: str, displayName: str, department: str) -> Account:  # noqa: N803
        """Creates a user past the program."""
        document = {
            "schemas": [USER, ENTERPRISE],
            "userName": userName,
            "displayName": displayName,
            "active": True,
            ENTERPRISE: {"department": department},
        }
        return _account(self.by_hand("POST", "/Users", document))

    def _read(self) -> None:
        if self._read_at == len(self._transport.requests):
            return
        users, groups = _ask(_everything(self._server))
        self._users = Accounts([_account(user) for user in users])
        self._groups = Groups([_group(group) for group in groups])
        self._read_at = len(self._transport.requests)


async def _everything(server: ScimServer) -> tuple[list[Resource], list[Resource]]:
    return await server.users(), await server.groups()


def _ask(question: Coroutine[Any, Any, T]) -> T:
    """The answer, waited for in a thread: the stories ask within a running loop, without await."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, question).result()


def _account(user: Resource) -> Account:
    return Account(
        id=user["id"],
        user_name=user["userName"],
        external_id=user.get("externalId"),
        display_name=user.get("displayName"),
        department=user.get(ENTERPRISE, {}).get("department"),
        active=user["active"],
    )


def _group(group: Resource) -> Group:
    return Group(
        id=group["id"],
        display_name=group["displayName"],
        external_id=group.get("externalId"),
        members=tuple(member["value"] for member in group.get("members", ())),
    )
