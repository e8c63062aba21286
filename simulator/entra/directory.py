"""Reads of users, groups, members, assignments and deleted items (not delta queries)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from . import filter as odata
from .call import Reply, bad_request, not_found, unsupported_query
from .model import Assignment, Group, ServicePrincipal, User
from .properties import DirectoryObject, odata_type, value_of
from .reading import Reading, Row
from .view import View

_EXPAND_MANAGER = re.compile(r"manager(?:\(\$select=([\w,]+)\))?")


# Users


def list_users(reading: Reading) -> Reply:
    reading.require("User.Read.All")
    reading.call.refuse("$orderby", "$search", "$skip")
    names = reading.names(User)
    view = reading.view("index" if reading.call.eventual else "list")
    condition = _filter(reading, User)

    def row(key: str) -> dict[str, Any] | None:
        user = view.living_user(key)
        if user is None or not _matches(reading, user, condition):
            return None
        return _with_manager(reading, view, user, names)

    keys = _candidates(view, condition, "user", view.tenant.users.keys(view.at))
    return Reply(reading.page(keys, row, "users", _total(keys, row)))


def get_user(reading: Reading, key: str) -> Reply:
    reading.require("User.Read.All")
    names = reading.names(User)
    view = reading.view()
    user = view.living_user(key)
    if user is None or user.id in reading.faults.knobs.unreadable_ids:
        raise not_found(key)
    context = {"@odata.context": reading.context("users/$entity")}
    return Reply({**context, **_with_manager(reading, view, user, names)})


def get_manager(reading: Reading, key: str) -> Reply:
    reading.require("User.Read.All")
    names = reading.names(User)
    view = reading.view()
    user = view.living_user(key)
    if user is None:
        raise not_found(key)
    manager = view.living_user(user.manager_id) if user.manager_id else None
    if manager is None:
        raise not_found("manager")
    context = {"@odata.context": reading.context("directoryObjects/$entity")}
    return Reply({**context, **reading.show_typed(manager, names)})


def _with_manager(
    reading: Reading, view: View, user: User, names: Sequence[str] | None
) -> dict[str, Any]:
    answer = reading.show(user, names)
    text = reading.call.query.get("$expand")
    if text is None:
        return answer
    match = _EXPAND_MANAGER.fullmatch(text)
    if match is None:
        raise unsupported_query(f"Parsing OData Select and Expand failed: '{text}'.")
    manager = view.living_user(user.manager_id) if user.manager_id else None
    if manager is not None:
        answer["manager"] = reading.show_typed(manager, match[1].split(",") if match[1] else None)
    return answer


def list_groups_of(reading: Reading, key: str, cast: str | None) -> Reply:
    """The groups that a user is in, directly or by another group (Graph: user, list
    transitiveMemberOf): of a user who was restored those from before, too.
    """
    reading.require("User.Read.All")
    call = reading.call
    call.refuse("$orderby", "$search", "$skip", "$expand", "$filter")
    if cast and not (call.eventual and call.counted):
        raise unsupported_query(
            "Request requires the header ConsistencyLevel: eventual and $count=true."
        )
    names = reading.names(Group)
    view = reading.view("index" if call.eventual else "list")
    user = view.living_user(key)
    if user is None:
        raise not_found(key)

    def row(group_id: str) -> dict[str, Any] | None:
        group = view.living_group(group_id)
        return None if group is None or cast == "user" else reading.show_typed(group, names)

    keys = view.groups_of(user.id)
    entity = f"{cast}s" if cast else "directoryObjects"
    return Reply(reading.page(keys, row, entity, _total(keys, row)))


# Groups and members


def list_groups(reading: Reading) -> Reply:
    reading.require("GroupMember.Read.All")
    reading.call.refuse("$orderby", "$search", "$skip", "$expand")
    names = reading.names(Group)
    view = reading.view("index" if reading.call.eventual else "list")
    condition = _filter(reading, Group)

    def row(key: str) -> dict[str, Any] | None:
        group = view.living_group(key)
        if group is None or not _matches(reading, group, condition):
            return None
        return reading.show(group, names)

    keys = _candidates(view, condition, "group", view.tenant.groups.keys(view.at))
    return Reply(reading.page(keys, row, "groups", _total(keys, row)))


def get_group(reading: Reading, group_id: str) -> Reply:
    reading.require("GroupMember.Read.All")
    reading.call.refuse("$expand")
    names = reading.names(Group)
    group = reading.view().living_group(group_id)
    if group is None or group.id in reading.faults.knobs.unreadable_ids:
        raise not_found(group_id)
    context = {"@odata.context": reading.context("groups/$entity")}
    return Reply({**context, **reading.show(group, names)})


def list_members(
    reading: Reading, group_id: str, way: str, cast: str | None, count: str | None
) -> Reply:
    """Direct (``members``) or transitive members, all kinds or one, as a list or a number.

    A cast of transitive members, and a count, need ``ConsistencyLevel: eventual``; they are
    answered from the index, which may lag (Graph, "List group transitive members").
    """
    reading.require("GroupMember.Read.All")
    call = reading.call
    call.refuse("$orderby", "$search", "$skip", "$expand", "$filter")
    transitive = way == "transitiveMembers"
    if (count and not call.eventual) or (
        cast and transitive and not (call.eventual and call.counted)
    ):
        raise unsupported_query(
            "Request requires the header ConsistencyLevel: eventual and $count=true."
        )
    kinds = {"user": (User,), "group": (Group,), None: (User, Group)}[cast]
    names = reading.names(*kinds)
    view = reading.view("index" if cast or call.eventual else "list")
    if view.living_group(group_id) is None:
        raise not_found(group_id)
    group_id = group_id.lower()
    keys = view.transitive_ids(group_id) if transitive else view.member_ids(group_id)
    row = _member_row(reading, view, kinds, names)
    if count:
        return Reply(str(sum(row(key) is not None for key in keys)))
    entity = f"{cast}s" if cast else "directoryObjects"
    return Reply(reading.page(keys, row, entity, _total(keys, row)))


def _member_row(
    reading: Reading,
    view: View,
    kinds: tuple[type[User] | type[Group], ...],
    names: Sequence[str] | None,
) -> Row:
    deleted_too = reading.faults.knobs.deleted_users_in_members

    def row(member_id: str) -> dict[str, Any] | None:
        item = view.principal(member_id)
        if item is None or not isinstance(item, kinds):
            return None
        if item.deleted is not None and not (deleted_too and isinstance(item, User)):
            return None
        return reading.show_typed(item, names)

    return row


# Service principals and assignments


def list_service_principals(reading: Reading) -> Reply:
    reading.require("Application.Read.All")
    reading.call.refuse("$orderby", "$search", "$skip", "$expand")
    names = reading.names(ServicePrincipal)
    view = reading.view()
    condition = _filter(reading, ServicePrincipal)

    def row(key: str) -> dict[str, Any] | None:
        item = view.service_principal(key)
        if item is None or not _matches(reading, item, condition):
            return None
        return reading.show(item, names)

    keys = view.tenant.service_principals.keys(view.at)
    return Reply(reading.page(keys, row, "servicePrincipals"))


def get_service_principal(reading: Reading, key: str) -> Reply:
    """One service principal, by object id or by ``(appId='...')``."""
    reading.require("Application.Read.All")
    names = reading.names(ServicePrincipal)
    item = _service_principal(reading.view(), key)
    context = {"@odata.context": reading.context("servicePrincipals/$entity")}
    return Reply({**context, **reading.show(item, names)})


def list_assignments(reading: Reading, key: str) -> Reply:
    """The appRoleAssignedTo list: who holds a role on this service principal.

    Filters only on principalDisplayName (eq, startswith) and resourceId (eq): Graph,
    appRoleAssignment resource.
    """
    reading.require("Application.Read.All")
    reading.call.refuse("$orderby", "$search", "$skip", "$expand")
    view = reading.view("assignment")
    resource = _service_principal(view, key)
    condition = _assignment_filter(reading)

    def row(row_id: str) -> dict[str, Any] | None:
        found = view.assignment(row_id)
        if found is None or found.resource_id != resource.id:
            return None
        answer = _assignment(reading, view, found, resource)
        if answer is None or (condition and not condition.holds(answer.get)):
            return None
        selected = reading.call.selected()
        if selected is None:
            return answer
        return {name: value for name, value in answer.items() if name in ("id", *selected)}

    keys = view.tenant.assignments.keys(view.at)
    entity = f"servicePrincipals('{resource.id}')/appRoleAssignedTo"
    return Reply(_shortened(reading, reading.page(keys, row, entity), keys))


def _service_principal(view: View, key: str) -> ServicePrincipal:
    main = view.service_principal(view.tenant.service_principal_id)
    if main is not None and key.lower() in (main.id, f"(appid='{main.app_id}')"):
        return main
    raise not_found(key)


def _assignment(
    reading: Reading, view: View, row: Assignment, resource: ServicePrincipal
) -> dict[str, Any] | None:
    """The row as JSON; None while its principal is deleted, or not yet on this replica."""
    principal = view.principal(row.principal_id)
    shown = reading.faults.knobs.deleted_users_in_assignments
    if principal is None or (principal.deleted is not None and not shown):
        return None
    return {
        "id": row.id,
        "deletedDateTime": None,
        "appRoleId": row.app_role_id,
        "createdDateTime": reading.tenant.instant(row.created),
        "principalDisplayName": principal.display_name,
        "principalId": row.principal_id,
        "principalType": row.principal_type,
        "resourceDisplayName": resource.display_name,
        "resourceId": row.resource_id,
    }


def _assignment_filter(reading: Reading) -> odata.Filter | None:
    text = reading.call.query.get("$filter")
    if text is None:
        return None
    condition = odata.parse(text)
    allowed = {("principalDisplayName", "eq"), ("principalDisplayName", "startswith")}
    for one in condition.comparisons:
        if (one.property, one.operator) not in allowed | {("resourceId", "eq")}:
            raise odata.invalid_filter(one.property)
    return condition


def _shortened(reading: Reading, answer: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Drop the last page when the knob says so; of a list of one page, its rows."""
    if reading.faults.knobs.short_assignments_next <= 0:
        return answer
    rows = answer["value"]
    if "@odata.nextLink" in answer:
        size = min(reading.call.top(), reading.faults.knobs.page_size or len(keys))
        left = len(keys) - 1 - (keys.index(rows[-1]["id"]) if rows else 0)
        if left > size:
            return answer
        del answer["@odata.nextLink"]
    elif "$skiptoken" not in reading.call.query:
        answer["value"] = []
    reading.faults.set(short_assignments_next=reading.faults.knobs.short_assignments_next - 1)
    return answer


# Deleted items


def get_deleted(reading: Reading, object_id: str) -> Reply:
    """One user or group in the deleted items; the rest answers 404."""
    view = reading.view()
    item = view.principal(object_id.lower())
    if item is None or item.deleted is None:
        raise not_found(object_id)
    reading.require("User.Read.All" if isinstance(item, User) else "GroupMember.Read.All")
    context = {"@odata.context": reading.context("directoryObjects/$entity")}
    names = reading.names(type(item))
    return Reply({**context, **reading.show_typed(item, _with_deletion(item, names))})


def list_deleted(reading: Reading, kind: str) -> Reply:
    is_user = kind == "user"
    reading.require("User.Read.All" if is_user else "GroupMember.Read.All")
    reading.call.refuse("$orderby", "$search", "$skip", "$expand")
    type_: type[User] | type[Group] = User if is_user else Group
    names = reading.names(type_)
    view = reading.view()
    condition = _filter(reading, type_)

    def row(key: str) -> dict[str, Any] | None:
        item = view.principal(key)
        if item is None or item.deleted is None or not _matches(reading, item, condition):
            return None
        return reading.show(item, _with_deletion(item, names))

    collection = view.tenant.users if is_user else view.tenant.groups
    deleted = [key for key in collection.keys(view.at) if row(key) is not None]
    return Reply(reading.page(deleted, row, f"{kind}s"))


def _with_deletion(item: DirectoryObject, names: Sequence[str] | None) -> Sequence[str] | None:
    """Deleted items show when they were deleted, also without ``$select``."""
    if names is not None:
        return names
    kind = odata_type(item).rpartition(".")[2]
    return ["id", "deletedDateTime", "displayName", *(_USER_EXTRA if kind == "user" else ())]


_USER_EXTRA = ("givenName", "jobTitle", "mail", "surname", "userPrincipalName")


# Filters


def _filter(reading: Reading, kind: type[DirectoryObject]) -> odata.Filter | None:
    text = reading.call.query.get("$filter")
    if text is None:
        return None
    condition = odata.parse(text)
    sample = {User: "user", Group: "group"}.get(kind, "servicePrincipal")
    for one in condition.comparisons:
        if one.property in ("members", "manager", "memberOf"):
            raise bad_request(f"'{one.property}' cannot be filtered on {sample}.")
    return condition


def _matches(reading: Reading, item: DirectoryObject, condition: odata.Filter | None) -> bool:
    if condition is None:
        return True
    return condition.holds(lambda name: value_of(item, name, reading.tenant.instant))


def _candidates(
    view: View, condition: odata.Filter | None, kind: str, keys: Sequence[str]
) -> Sequence[str]:
    """The keys that can match: an index spares the walk for the common filters."""
    if condition is None:
        return keys
    ids = condition.only("id")
    if ids is not None:
        return sorted({str(value) for value in ids})
    names = condition.only("userPrincipalName" if kind == "user" else "displayName")
    if names is None:
        return keys
    found: set[str] = set()
    for name in names:
        found |= view.tenant.named.get(f"{kind} {name}", set())
    return sorted(found)


def _total(keys: Sequence[str], present: Callable[[str], object]) -> Callable[[], int]:
    return lambda: sum(present(key) is not None for key in keys)
