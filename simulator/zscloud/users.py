"""ZSCloud users: the rules for writing them and the shape in which they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulator.zscloud.context import Context, meta
from simulator.zscloud.document import Document, conform, find, leniency_of
from simulator.zscloud.errors import ScimError, invalid_value, not_found, uniqueness
from simulator.zscloud.patch import operations_of, patched
from simulator.zscloud.schema import ENTERPRISE, USER, USER_RESOURCE
from simulator.zscloud.store import Store, User
from simulator.zscloud.strict import check_operations

USER_NAME_LENGTH = 127  # characters, as all the lengths below: help page "Adding Users"
DISPLAY_NAME_LENGTH = 127
DEPARTMENT_LENGTH = 128


def get_user(store: Store, id: str) -> User:
    """The user with the id. Raises ``ScimError`` 404."""
    user = store.users.get(id)
    if user is None:
        raise not_found("user", id)
    return user


def create_user(store: Store, body: Mapping[str, Any], context: Context) -> User:
    """Create a user from a POST body. Raises ``ScimError`` 400, or 409 for a name in use."""
    document = conformed(body, context)
    _check(store, document, "", context)
    user = User(store.new_user_id(), document, context.now, context.now)
    store.save_user(user)
    return user


def replace_user(store: Store, id: str, body: Mapping[str, Any], context: Context) -> User:
    """Replace a user by a PUT body.

    ZSCloud was seen to look the user up by the ``id`` of the body, not of the URL: any other id
    than its own is answered 404.
    """
    user = get_user(store, id)
    check_body_id("user", id, body)
    _refuse_admin(user, context)
    document = conformed(body, context)
    if not context.options.put_clears:
        document = {**user.document, **document}
    return change_user(store, user, document, context)


def patch_user(store: Store, id: str, body: Mapping[str, Any], context: Context) -> User:
    """Change a user by a PATCH body."""
    user = get_user(store, id)
    _refuse_admin(user, context)
    operations = operations_of(body, USER_RESOURCE)
    check_operations(operations, context)
    return change_user(store, user, conformed(patched(user.document, operations), context), context)


def conformed(body: Mapping[str, Any], context: Context) -> Document:
    """What ZSCloud keeps of a user's body. Raises ``ScimError`` 400 for a value of a wrong type."""
    document = conform(body, USER_RESOURCE, leniency_of(context.options))
    enterprise = document.get(ENTERPRISE, {})
    if enterprise.get("department") == "":
        if context.options.empty_department == "refused":
            raise invalid_value("department is empty")
        del enterprise["department"]
        if not enterprise:
            del document[ENTERPRISE]
    return document


def change_user(store: Store, user: User, document: Document, context: Context) -> User:
    """Give a user a conformed document, if the rules allow it. Raises ``ScimError`` 400, 409."""
    _check(store, document, user.id, context)
    if document == user.document:
        context.note_waste("no_change", f"{user.user_name} was already so")
    changed = replace(user, document=document, modified=context.now)
    store.save_user(changed)
    return changed


def delete_user(store: Store, id: str, context: Context) -> None:
    """Delete a user with its memberships.

    By default the portal refuses the deletion of admins (help page "Configuring Advanced
    Configuration for Admins").
    """
    user = get_user(store, id)
    if user.admin and context.options.admin_delete == "refused":
        raise ScimError(409, "Admin user cannot be deleted")
    store.delete_user(user)


def render_user(store: Store, user: User, context: Context) -> Document:
    """The user as the server answers it: with its groups, and its department twice."""
    schemas = [USER]
    if ENTERPRISE in user.document:
        schemas.append(ENTERPRISE)
    document: Document = {"schemas": schemas, "id": user.id, **user.document}
    if user.department:
        document["department"] = user.department
    document["groups"] = [
        {
            "value": group.id,
            "$ref": f"{context.location}/Groups/{group.id}",
            "display": group.display_name,
        }
        for group in store.groups_of(user.id)
    ]
    document["meta"] = meta(context, "User", user.id, user.created, user.modified)
    return document


def check_body_id(kind: str, id: str, body: Mapping[str, Any]) -> None:
    """The trap of PUT: raises ``ScimError`` 404 for a body id that is not the resource's own."""
    body_id = find(body, "id")
    if body_id is not None and body_id != id:
        raise not_found(kind, str(body_id))


def _refuse_admin(user: User, context: Context) -> None:
    context.refuse_if(user.admin, "admin_write", f"{user.user_name} is an admin of the portal")


def _check(store: Store, document: Document, id: str, context: Context) -> None:
    _check_text("userName", document.get("userName"), USER_NAME_LENGTH)
    _check_text("displayName", document.get("displayName"), DISPLAY_NAME_LENGTH)
    department = document.get(ENTERPRISE, {}).get("department", "")
    if len(department) > DEPARTMENT_LENGTH:
        raise invalid_value(f"department has at most {DEPARTMENT_LENGTH} characters", "length")
    # The names that the portal gave need no registered domain; a client's names do.
    before = store.users.get(id)
    name = str(document["userName"])
    if before is None or before.user_name != name:
        _check_domain(name, context)
    if set(store.users_by_name.get(name.lower())) - {id}:
        raise uniqueness(f"A user with the userName {name} exists")


def _check_text(name: str, value: str | None, length: int) -> None:
    if not value:
        raise invalid_value(f"{name} is required", "required")
    if len(value) > length:
        raise invalid_value(f"{name} has at most {length} characters", "length")


def _check_domain(user_name: str, context: Context) -> None:
    domains = context.options.domains
    domain = user_name.rpartition("@")[2].lower() if "@" in user_name else ""
    if domains and domain not in {known.lower() for known in domains}:
        raise invalid_value(f"The domain of {user_name} is not registered", "domain")
