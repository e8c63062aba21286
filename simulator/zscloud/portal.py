"""Changes that an admin makes in the portal, past the SCIM interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from simulator.zscloud import groups, users
from simulator.zscloud.context import Context
from simulator.zscloud.options import Options
from simulator.zscloud.schema import ENTERPRISE
from simulator.zscloud.store import PLAIN, Group, Store, User

ADMIN_GROUP = "Service Admin"
DEFAULT_ADMIN = "DEFAULT ADMIN"


def furnish(store: Store, options: Options, now: float) -> None:
    """Put the objects of a new tenant into the store.

    Every portal admin has a linked user, and ``GET /Users`` lists it (page "SCIM API Examples").
    """
    domain = options.domains[0] if options.domains else "example.com"
    names = {f"admin@{domain}": DEFAULT_ADMIN, **{name: name for name in options.admins}}
    members = {}
    for user_name, display_name in names.items():
        document = {
            "userName": user_name,
            "displayName": display_name,
            ENTERPRISE: {"department": ADMIN_GROUP},
        }
        admin = User(store.new_user_id(), document, now, now, admin=True)
        store.save_user(admin)
        members[admin.id] = PLAIN
    group = Group(
        store.new_group_id(), {"displayName": ADMIN_GROUP}, now, now, members, built_in=True
    )
    store.save_group(group)


def create_user(store: Store, document: Mapping[str, Any], context: Context) -> User:
    """Create a user. Raises ``ScimError`` 400 or 409."""
    return users.create_user(store, _with_department(document, {}), context.lenient())


def edit_user(store: Store, key: str, changes: Mapping[str, Any], context: Context) -> User:
    """Set attributes of a user named by id or userName; null unassigns one.

    Raises ``ScimError`` 404 for no such user, 400 for a wrong value, 409 for a name in use.
    """
    user = find_user(store, key)
    merged = {**user.document, **_with_department(changes, user.document)}
    lenient = context.lenient()
    return users.change_user(store, user, users.conformed(merged, lenient), lenient)


def delete_user(store: Store, key: str) -> User:
    """Delete a user named by id or userName, admin or not. Raises ``ScimError`` 404."""
    user = find_user(store, key)
    store.delete_user(user)
    return user


def create_group(store: Store, document: Mapping[str, Any], context: Context) -> Group:
    """Create a group. Raises ``ScimError`` 400 or 409."""
    return groups.create_group(store, document, context.lenient())


def edit_group(store: Store, key: str, changes: Mapping[str, Any], context: Context) -> Group:
    """Set attributes of a group named by id or displayName. Raises ``ScimError`` 404."""
    group = find_group(store, key)
    changed = replace(group, document={**group.document, **changes}, modified=context.now)
    store.save_group(changed)
    return changed


def delete_group(store: Store, key: str) -> Group:
    """Delete a group named by id or displayName. Raises ``ScimError`` 404."""
    group = find_group(store, key)
    store.delete_group(group)
    return group


def edit_members(
    store: Store, key: str, add: Iterable[str], remove: Iterable[str], context: Context
) -> Group:
    """Add and remove members, named by id or userName. Raises ``ScimError`` 404."""
    group = find_group(store, key)
    members = dict(group.members)
    for name in add:
        members.setdefault(find_user(store, name).id, PLAIN)
    for name in remove:
        members.pop(find_user(store, name).id, None)
    changed = replace(group, members=members, modified=context.now)
    store.save_group(changed)
    return changed


def find_user(store: Store, key: str) -> User:
    """The user with that id or userName. Raises ``ScimError`` 404."""
    named = store.users_by_name.get(key.lower())
    return users.get_user(store, named[0] if named else key)


def find_group(store: Store, key: str) -> Group:
    """The group with that id or displayName. Raises ``ScimError`` 404."""
    named = store.groups_by_name.get(key.lower())
    return groups.get_group(store, named[0] if named else key)


def _with_department(changes: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The changes with ``department``, as the portal names it, moved to its extension."""
    moved = {name: value for name, value in changes.items() if name != "department"}
    if "department" in changes:
        extension = moved.get(ENTERPRISE, document.get(ENTERPRISE, {}))
        moved[ENTERPRISE] = {**extension, "department": changes["department"]}
    return moved
