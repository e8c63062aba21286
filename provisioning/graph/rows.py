"""What Graph's rows mean: JSON objects to the values of the program.

Pure. Objects whose properties are configured stay dictionaries; the others are typed structs.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from provisioning.errors import PermissionMissing
from provisioning.graph.values import attributes_of
from provisioning.graph.wire import (
    GROUP_MEMBER_READ,
    Answer,
    Request,
    blanked,
    decode,
    malformed,
)
from provisioning.model import (
    MANAGER,
    AppRole,
    Assignment,
    DeltaPage,
    DeltaRow,
    EntraId,
    Key,
    Member,
    ObjectType,
    ServicePrincipal,
    SourceGroup,
    SourceUser,
)

Row = dict[str, Any]
R = TypeVar("R")
V = TypeVar("V")

ALWAYS = ("id", "accountEnabled", "userPrincipalName")
"""Selected with every user: the state, and the proof that the permission is there."""

_DAY = 86_400.0

_TYPES = {"#microsoft.graph.user": ObjectType.USER, "#microsoft.graph.group": ObjectType.GROUP}
_PRINCIPALS = {"User": ObjectType.USER, "Group": ObjectType.GROUP}


class _AppRole(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    value: str | None = None
    is_enabled: bool = True


class _ServicePrincipal(msgspec.Struct, rename="camel"):
    id: str
    app_id: str
    display_name: str | None = None
    account_enabled: bool | None = None
    app_roles: list[_AppRole] = msgspec.field(default_factory=list)


class _Assignment(msgspec.Struct, rename="camel"):
    id: str
    app_role_id: str
    principal_id: str
    principal_type: str
    created_date_time: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Page(msgspec.Struct, Generic[R]):
    """A page of a list, with the link to the next one. The list ends where the link is missing,
    not where a page is empty (Graph: paging).
    """

    value: list[R]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")


class _DeltaBody(msgspec.Struct):
    value: list[Row]
    next_link: str | None = msgspec.field(default=None, name="@odata.nextLink")
    delta_link: str | None = msgspec.field(default=None, name="@odata.deltaLink")


_SERVICE_PRINCIPAL = msgspec.json.Decoder(_ServicePrincipal)
_ASSIGNMENTS = msgspec.json.Decoder(Page[_Assignment])
_ROWS = msgspec.json.Decoder(Page[Row])
_ROW = msgspec.json.Decoder(Row)
_DELTA = msgspec.json.Decoder(_DeltaBody)


def decode_service_principal(answer: Answer, request: Request) -> ServicePrincipal:
    """The enterprise application."""
    body = decode(answer, request, _SERVICE_PRINCIPAL)
    roles = tuple(
        AppRole(role.id, role.value, role.display_name or role.value or role.id, role.is_enabled)
        for role in body.app_roles
    )
    enabled = body.account_enabled is not False
    return ServicePrincipal(EntraId(body.id), body.app_id, body.display_name or "", enabled, roles)


def decode_assignments(answer: Answer, request: Request) -> Page[Assignment]:
    """Assignments of users and groups; those of client service principals are left out."""
    page = decode(answer, request, _ASSIGNMENTS)
    return Page(
        [_assignment(row, answer) for row in page.value if row.principal_type in _PRINCIPALS],
        page.next_link,
    )


def _assignment(row: _Assignment, answer: Answer) -> Assignment:
    """A day that has not come yet is no day of creation: nobody would ever be believed gone."""
    key = Key(_PRINCIPALS[row.principal_type], EntraId(row.principal_id))
    created = row.created_date_time.timestamp() if row.created_date_time is not None else 0.0
    known = 0.0 < created <= answer.time + _DAY
    return Assignment(row.id, key, row.app_role_id, created if known else 0.0)


class Rows:
    """Reads users, groups and members with the configured properties."""

    def __init__(self, user_properties: Sequence[str], group_properties: Sequence[str]) -> None:
        self.user_properties = tuple(dict.fromkeys(user_properties))
        self._plain = tuple(name for name in self.user_properties if name != MANAGER)
        self.group_properties = tuple(dict.fromkeys(group_properties))

    def select(self, type: ObjectType) -> tuple[str, ...]:
        """The properties that a full read asks for."""
        if type is ObjectType.USER:
            return (*ALWAYS, *self.user_properties)
        return ("id", *self.group_properties)

    def select_delta(self, type: ObjectType) -> tuple[str, ...]:
        """The properties whose changes bring an object into a delta feed."""
        if type is ObjectType.USER:
            return ("accountEnabled", *self.user_properties)
        return (*self.group_properties, "members")

    def user(self, answer: Answer, request: Request) -> SourceUser:
        """One user. Raises ``PermissionMissing`` when its properties are withheld."""
        return self._user(decode(answer, request, _ROW), answer, request)

    def group(self, answer: Answer, request: Request) -> SourceGroup:
        """One group."""
        return self._group(decode(answer, request, _ROW), answer, request)

    def users(self, answer: Answer, request: Request) -> Page[SourceUser]:
        """A page of users."""
        return _page(answer, request, self._user)

    def groups(self, answer: Answer, request: Request) -> Page[SourceGroup]:
        """A page of groups."""
        return _page(answer, request, self._group)

    def members(self, answer: Answer, request: Request) -> Page[Member]:
        """A page of direct members: users and groups; devices, contacts and the like are left
        out.
        """
        page = _page(answer, request, self._member)
        return Page([member for member in page.value if member is not None], page.next_link)

    def delta(self, type: ObjectType) -> Callable[[Answer, Request], DeltaPage]:
        """The decoder of a page of a delta round. Rows stay as they came: nothing is merged."""
        names = self._plain if type is ObjectType.USER else self.group_properties

        def decode_delta(answer: Answer, request: Request) -> DeltaPage:
            body = decode(answer, request, _DELTA)
            if (body.next_link is None) is (body.delta_link is None):
                raise malformed(answer, request, "a delta page needs one of nextLink and deltaLink")
            rows = tuple(_delta_row(type, names, row, answer, request) for row in body.value)
            return DeltaPage(rows, body.next_link, body.delta_link)

        return decode_delta

    def _user(self, row: Row, answer: Answer, request: Request) -> SourceUser:
        user = self._member_user(row, answer, request)
        if MANAGER in self.user_properties:
            # Expanded: where nobody stands, there is nobody.
            manager = row.get(MANAGER)
            user.attributes[MANAGER] = None if manager is None else _id(manager, answer, request)
        return user

    def _member_user(self, row: Row, answer: Answer, request: Request) -> SourceUser:
        id = _id(row, answer, request)
        enabled = row.get("accountEnabled")
        if not row.get("userPrincipalName") or not isinstance(enabled, bool):
            raise blanked(answer, request, id)
        return SourceUser(id, enabled, attributes_of(row, self._plain))

    def _group(self, row: Row, answer: Answer, request: Request) -> SourceGroup:
        id = _id(row, answer, request)
        if _withheld(row, "displayName", self.group_properties):
            raise _blank_group(answer, request, id)
        return SourceGroup(id, attributes_of(row, self.group_properties))

    def _member(self, row: Row, answer: Answer, request: Request) -> Member | None:
        type = _type(row, answer, request)
        if type is None:
            return None
        user = self._member_user(row, answer, request) if type is ObjectType.USER else None
        return Member(Key(type, _id(row, answer, request)), user)


def decode_found(answer: Answer, request: Request) -> bool:
    """True for any object that is there."""
    return bool(_id(decode(answer, request, _ROW), answer, request))


def decode_ids(answer: Answer, request: Request) -> Page[EntraId]:
    """A page of ids."""
    return _page(answer, request, _id)


def decode_group_ids(answer: Answer, request: Request) -> Page[EntraId]:
    """A page of ids of groups; directory roles, administrative units and the like are left out."""
    page = decode(answer, request, _ROWS)
    groups = [row for row in page.value if _type(row, answer, request) is ObjectType.GROUP]
    return Page([_id(row, answer, request) for row in groups], page.next_link)


def _page(answer: Answer, request: Request, read: Callable[[Row, Answer, Request], V]) -> Page[V]:
    page = decode(answer, request, _ROWS)
    return Page([read(row, answer, request) for row in page.value], page.next_link)


def _id(row: object, answer: Answer, request: Request) -> EntraId:
    id = row.get("id") if isinstance(row, dict) else None
    if not isinstance(id, str) or not id:
        raise malformed(answer, request, "an object without id")
    return EntraId(id)


def _type(row: Row, answer: Answer, request: Request) -> ObjectType | None:
    """User, group, or ``None`` for what is not provisioned. A row without any type could be
    somebody: it is an error.
    """
    name = row.get("@odata.type")
    if not isinstance(name, str):
        raise malformed(answer, request, f"member {row.get('id')} without @odata.type")
    return _TYPES.get(name)


def _removed(row: Row, answer: Answer, request: Request) -> str | None:
    """``changed`` (soft-deleted), ``deleted`` (gone) or ``None`` (Graph: delta query overview)."""
    mark = row.get("@removed")
    if mark is None:
        return None
    reason = mark.get("reason") if isinstance(mark, dict) else None
    if reason not in ("changed", "deleted"):
        raise malformed(answer, request, f"@removed of {row.get('id')} without a known reason")
    return str(reason)


def _delta_row(
    type: ObjectType, names: Sequence[str], row: Row, answer: Answer, request: Request
) -> DeltaRow:
    _check_shown(type, row, answer, request)
    attributes = attributes_of(row, [name for name in names if name in row])
    if f"{MANAGER}@delta" in row:
        attributes[MANAGER] = _manager_delta(row, answer, request)
    enabled = row.get("accountEnabled")
    added, gone = _members_delta(row, answer, request)
    return DeltaRow(
        Key(type, _id(row, answer, request)),
        attributes,
        enabled if isinstance(enabled, bool) else None,
        _removed(row, answer, request),
        tuple(added),
        tuple(gone),
    )


def _check_shown(type: ObjectType, row: Row, answer: Answer, request: Request) -> None:
    """Raises ``PermissionMissing`` for a row without what every user, or every group, has."""
    if type is ObjectType.USER:
        if any(name in row and not _is_shown(name, row[name]) for name in ALWAYS):
            raise blanked(answer, request, _id(row, answer, request))
    elif _withheld(row, "displayName", row):
        raise _blank_group(answer, request, _id(row, answer, request))


def _is_shown(name: str, value: object) -> bool:
    return isinstance(value, bool) if name == "accountEnabled" else bool(value)


def _withheld(row: Row, name: str, selected: Container[str]) -> bool:
    return name in selected and not row.get(name)


def _blank_group(answer: Answer, request: Request, id: str) -> PermissionMissing:
    return blanked(answer, request, id, permission=GROUP_MEMBER_READ, what="displayName")


def _manager_delta(row: Row, answer: Answer, request: Request) -> EntraId | None:
    """The manager as of this row; ``None`` when the last one is gone (Graph: user, delta)."""
    entries = row[f"{MANAGER}@delta"]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise malformed(answer, request, f"manager@delta of {row.get('id')} is no list of objects")
    now = [entry for entry in entries if entry.get("@removed") is None]
    return _id(now[-1], answer, request) if now else None


def _members_delta(row: Row, answer: Answer, request: Request) -> tuple[list[Key], list[Key]]:
    """Keys added and removed. Any ``@removed`` of a member means that it left the group."""
    added: list[Key] = []
    gone: list[Key] = []
    entries = row.get("members@delta", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise malformed(answer, request, f"members@delta of {row.get('id')} is no list of objects")
    for entry in entries:
        type = _type(entry, answer, request)
        if type is not None:
            key = Key(type, _id(entry, answer, request))
            (gone if entry.get("@removed") is not None else added).append(key)
    return added, gone
