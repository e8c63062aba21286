"""The members of a group, and ZSCloud's ways of changing them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simulator.zscloud.bulk_references import is_reference
from simulator.zscloud.context import Context
from simulator.zscloud.document import find
from simulator.zscloud.errors import ScimError, invalid_path, invalid_value, not_found
from simulator.zscloud.filters import Filter
from simulator.zscloud.patch import Operation, matches
from simulator.zscloud.store import PLAIN, Membership, Store, User

Members = dict[str, Membership]


def members_of(value: Any, store: Store, context: Context) -> Members:
    """The members that a body lists, by user id. Raises ``ScimError`` 400 or 404."""
    items = value if isinstance(value, list) else [value]
    limit = context.options.max_members_per_request
    context.refuse_if(
        limit and len(items) > limit, "member_batch", f"{len(items)} members in one request"
    )
    members: Members = {}
    for item in items:
        id = _id_of(item)
        context.refuse_if(id in members, "duplicate_member", f"{id} is listed twice")
        context.refuse_if(_is_group(id, item, store), "nested_group", f"{id} is a group")
        if _known(id, store, context):
            members[id] = _membership(item)
    return members


def patch_members(
    present: Members, operations: Iterable[Operation], store: Store, context: Context
) -> None:
    """Apply the operations on ``members`` to the members present, in place."""
    for operation in _taken(list(operations), context):
        _CHANGES[operation.op](present, operation, store, context)


def _taken(operations: list[Operation], context: Context) -> list[Operation]:
    """The operations that this tenant does. Raises as the option ``mixed_members`` says."""
    kinds = {operation.op for operation in operations}
    if len(kinds) < 2 or context.options.mixed_members == "done":
        return operations
    if context.options.mixed_members == "refused":
        raise invalid_value("Members are added and removed apart", rule="")
    return [operation for operation in operations if operation.op == operations[0].op]


def _id_of(item: Any) -> str:
    id = find(item, "value") if isinstance(item, Mapping) else None
    if not isinstance(id, str) or not id:
        raise invalid_value("A member has the value of a user's id", "member_without_value")
    return id


def _is_group(id: str, item: Mapping[str, Any], store: Store) -> bool:
    return id in store.groups or str(find(item, "type") or "").lower() == "group"


def _known(id: str, store: Store, context: Context) -> bool:
    """Whether the id is a user's. Raises as the option ``unknown_member`` says."""
    if id in store.users:
        return True
    if context.options.bulk_references == "literal" and is_reference(id):
        return True
    match context.options.unknown_member:
        case "400":
            raise invalid_value(f"No user with the id {id}", rule="")
        case "404":
            raise not_found("user", id)
        case "drop":
            return False


def _membership(item: Mapping[str, Any]) -> Membership:
    display, type = str(find(item, "display") or ""), str(find(item, "type") or "")
    return Membership(display, type) if display or type else PLAIN


def _add(present: Members, operation: Operation, store: Store, context: Context) -> None:
    _plain_path(operation)
    for id, membership in members_of(operation.value, store, context).items():
        if id not in present:
            present[id] = membership
            continue
        context.note_waste("present_member", f"{id} is a member already")
        if context.options.re_add == "duplicate":
            old = present[id]
            present[id] = Membership(old.display, old.type, old.copies + 1)


def _replace(present: Members, operation: Operation, store: Store, context: Context) -> None:
    _plain_path(operation)
    if not context.options.replace_members:
        raise invalid_value("The members of a group cannot be replaced")
    value = [] if operation.value is None else operation.value
    members = members_of(value, store, context)
    present.clear()
    present.update(members)


def _plain_path(operation: Operation) -> None:
    if operation.path.filter is not None or operation.path.sub_attribute:
        raise invalid_path("Members are added and replaced whole, by the path members")


def _remove(present: Members, operation: Operation, store: Store, context: Context) -> None:
    """Remove members in one of the forms that this tenant takes.

    Zscaler publishes no example of a removal. Without filter and value it removes all members
    (RFC 7644 section 3.5.2.2).
    """
    if operation.path.sub_attribute:
        raise invalid_path("A member is removed whole")
    if not removal_works(operation, context):
        _refuse_removal(present, context)
    elif operation.path.filter is not None:
        _remove_matching(present, operation.path.filter, context)
    elif operation.value is None:
        present.clear()
    else:
        _remove_listed(present, operation.value, store, context)


def removal_works(operation: Operation, context: Context) -> bool:
    """Whether this tenant takes this form of removal."""
    accepted = context.options.member_removal
    if operation.path.filter is not None:
        return accepted in ("filter", "both")
    return accepted in ("value", "both") or (operation.value is None and accepted == "filter")


def _refuse_removal(present: Members, context: Context) -> None:
    match context.options.removal_refusal:
        case "error":
            # Which form works is for the client to find out: no rule is broken.
            raise ScimError(400, "Members are not removed this way", "invalidPath")
        case "removes_all":
            present.clear()
        case "silent":
            pass


def _remove_matching(present: Members, condition: Filter, context: Context) -> None:
    chosen = [id for id in present if matches({"value": id}, condition)]
    if not chosen:
        context.note_waste("absent_member", "No member fits the filter")
    for id in chosen:
        del present[id]


def _remove_listed(present: Members, value: Any, store: Store, context: Context) -> None:
    items = value if isinstance(value, list) else [value]
    ids = [_id_of(item) for item in items]
    limit = context.options.max_members_per_request
    context.refuse_if(limit and len(ids) > limit, "member_batch", f"{len(ids)} members at once")
    context.refuse_if(len(set(ids)) < len(ids), "duplicate_member", "A member is listed twice")
    for id in ids:
        context.refuse_if(id in store.groups, "nested_group", f"{id} is a group")
        if present.pop(id, None) is None:
            context.note_waste("absent_member", f"{id} is no member")


_CHANGES: dict[str, Callable[[Members, Operation, Store, Context], None]] = {
    "add": _add,
    "replace": _replace,
    "remove": _remove,
}


def render_members(members: Mapping[str, Membership], store: Store, location: str) -> list[Any]:
    """The members as the server lists them; a copy of a member stands for itself."""
    return [
        _render(id, store.users.get(id), membership, location)
        for id, membership in members.items()
        for _ in range(membership.copies)
    ]


def _render(id: str, user: User | None, membership: Membership, location: str) -> dict[str, str]:
    """``user`` is ``None`` where the tenant took a text for an id that is none."""
    document = {
        "value": id,
        "$ref": f"{location}/Users/{id}",
        "display": membership.display or (user.display_name if user else ""),
    }
    if membership.type:
        document["type"] = membership.type
    return document
