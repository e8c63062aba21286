"""ZSCloud groups: the rules for writing them and the shape in which they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulator.zscloud.context import Context, meta
from simulator.zscloud.document import Document, conform, find, leniency_of
from simulator.zscloud.errors import ScimError, invalid_value, not_found, uniqueness
from simulator.zscloud.members import (
    Members,
    members_of,
    patch_members,
    removal_works,
    render_members,
)
from simulator.zscloud.patch import Operation, operations_of, patched
from simulator.zscloud.schema import GROUP, GROUP_RESOURCE
from simulator.zscloud.store import Group, Membership, Store
from simulator.zscloud.strict import check_operations
from simulator.zscloud.users import check_body_id

DISPLAY_NAME_BYTES = 127  # in UTF-8: help page "Ranges & Limitations"


def get_group(store: Store, id: str) -> Group:
    """The group with the id. Raises ``ScimError`` 404."""
    group = store.groups.get(id)
    if group is None:
        raise not_found("group", id)
    return group


def create_group(store: Store, body: Mapping[str, Any], context: Context) -> Group:
    """Create a group from a POST body. Raises ``ScimError`` 400, or 409 for a name in use."""
    document, members = _split(body, store, context)
    _check(store, document, "")
    _check_groups_per_user(store, {}, members or {}, context)
    group = Group(store.new_group_id(), document, context.now, context.now, members or {})
    store.save_group(group)
    return group


def replace_group(store: Store, id: str, body: Mapping[str, Any], context: Context) -> Group:
    """Replace a group by a PUT body, its members included."""
    group = get_group(store, id)
    check_body_id("group", id, body)
    _refuse_built_in(group, context)
    document, members = _split(body, store, context)
    if not context.options.put_clears:
        document = {**group.document, **document}
        members = group.members if members is None else members
    _note_no_change(group, document, members or {}, context)
    return _save(store, group, document, members or {}, context)


def patch_group(store: Store, id: str, body: Mapping[str, Any], context: Context) -> Group:
    """Change a group by a PATCH body."""
    group = get_group(store, id)
    _refuse_built_in(group, context)
    operations = operations_of(body, GROUP_RESOURCE)
    check_operations(operations, context)
    others = [operation for operation in operations if not _on_members(operation)]
    document = conform(
        patched(group.document, others), GROUP_RESOURCE, leniency_of(context.options)
    )
    members: Mapping[str, Membership] = group.members
    if len(others) < len(operations):
        changed: Members = dict(members)
        patch_members(changed, filter(_on_members, operations), store, context)
        members = changed
    if all(_works(operation, context) for operation in operations):
        _note_no_change(group, document, members, context)
    return _save(store, group, document, members, context)


def delete_group(store: Store, id: str, context: Context) -> None:
    """Delete a group; its members stay. That the admins' group stays is our assumption."""
    group = get_group(store, id)
    _refuse_built_in(group, context)
    if group.built_in:
        raise ScimError(409, "A built-in group cannot be deleted")
    store.delete_group(group)


def render_group(store: Store, group: Group, context: Context, *, members: bool) -> Document:
    """The group as the server answers it."""
    document: Document = {"schemas": [GROUP], "id": group.id, **group.document}
    if members:
        document["members"] = render_members(group.members, store, context.location)
    document["meta"] = meta(context, "Group", group.id, group.created, group.modified)
    return document


def _on_members(operation: Operation) -> bool:
    return operation.path.name.lower() == "members"


def _works(operation: Operation, context: Context) -> bool:
    """False for a removal that this tenant ignores: its sender could not know."""
    is_removal = operation.op == "remove" and _on_members(operation)
    return not is_removal or removal_works(operation, context)


def _note_no_change(
    group: Group, document: Document, members: Mapping[str, Membership], context: Context
) -> None:
    if document == group.document and members == group.members:
        context.note_waste("no_change", f"{group.display_name} was already so")


def _refuse_built_in(group: Group, context: Context) -> None:
    context.refuse_if(group.built_in, "admin_write", f"{group.display_name} is built in")


def _split(
    body: Mapping[str, Any], store: Store, context: Context
) -> tuple[Document, Mapping[str, Membership] | None]:
    """The attributes of a body, and its members if it names them."""
    rest = {name: value for name, value in body.items() if name.lower() != "members"}
    document = conform(rest, GROUP_RESOURCE, leniency_of(context.options))
    listed = find(body, "members")
    if listed is None:
        return document, None
    if not isinstance(listed, list):
        raise invalid_value("members is an array")
    return document, members_of(listed, store, context)


def _save(
    store: Store,
    group: Group,
    document: Document,
    members: Mapping[str, Membership],
    context: Context,
) -> Group:
    _check(store, document, group.id)
    _check_groups_per_user(store, group.members, members, context)
    changed = replace(group, document=document, members=members, modified=context.now)
    store.save_group(changed)
    return changed


def _check(store: Store, document: Document, id: str) -> None:
    name = document.get("displayName")
    if not name:
        raise invalid_value("displayName is required", "required")
    if len(name.encode()) > DISPLAY_NAME_BYTES:
        raise invalid_value(f"displayName has at most {DISPLAY_NAME_BYTES} bytes", "length")
    if set(store.groups_by_name.get(name.lower())) - {id}:
        raise uniqueness(f"A group with the displayName {name} exists")


def _check_groups_per_user(
    store: Store,
    before: Mapping[str, Membership],
    after: Mapping[str, Membership],
    context: Context,
) -> None:
    """Zscaler allows 128 groups a user; the error is our assumption."""
    limit = context.options.max_groups_per_user
    if not limit:
        return
    for id in after.keys() - before.keys():
        if len(store.groups_of(id)) >= limit:
            raise invalid_value(f"The user {id} is in {limit} groups already", rule="")
