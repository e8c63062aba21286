"""Listing: the filters that ZSCloud documents, pages, and the choice of attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulator.zscloud.context import Context
from simulator.zscloud.errors import ScimError, invalid_filter, invalid_value
from simulator.zscloud.filters import Comparison, Compound, comparisons, parse_filter
from simulator.zscloud.schema import ENTERPRISE
from simulator.zscloud.store import Group, Store, User

_ALWAYS = ("schemas", "id")


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a listing (RFC 7644 section 3.4.2).

    ``start`` is 1-based; ``count`` is None if none was sent.
    """

    filter: str = ""
    start: int = 1
    count: int | None = None
    attributes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def query_of(parameters: Mapping[str, Any]) -> Query:
    """The query that URL parameters or a SearchRequest say. Raises ``ScimError`` 400."""
    lowered = {name.lower(): value for name, value in parameters.items()}
    count = lowered.get("count")
    return Query(
        filter=str(lowered.get("filter") or ""),
        start=max(1, _integer("startIndex", lowered.get("startindex") or 1)),
        count=None if count is None else max(0, _integer("count", count)),
        attributes=_names(lowered.get("attributes")),
        excluded=_names(lowered.get("excludedattributes")),
    )


def find_users(store: Store, query: Query, context: Context) -> list[User]:
    """The users that the filter finds, in the order of creation."""
    if not query.filter:
        return store.user_rows()
    condition = _parsed(query.filter, context)
    if not isinstance(condition, Comparison):
        raise _undocumented(query.filter)
    value = condition.value
    match (condition.attribute.lower(), condition.operator):
        case ("username", "eq"):
            return _users(store, store.users_by_name.get(value.lower()))
        case ("externalid", "eq"):
            return _users(store, store.users_by_external_id.get(value))
        case ("id", "eq"):
            return _users(store, (value,))
        case ("meta.lastmodified", "gt"):
            since = _time(value)
            return [user for user in store.user_rows() if user.modified > since]
        case _:
            raise _undocumented(query.filter)


def find_groups(store: Store, query: Query, context: Context) -> list[Group]:
    """The groups that the filter finds, in the order of creation.

    Published is only ``displayName eq "a" and members.value eq "b"``; that ``displayName eq``
    works alone follows from Microsoft's attribute mapping, which matches groups by it.
    """
    if not query.filter:
        return store.group_rows()
    condition = _parsed(query.filter, context)
    if isinstance(condition, Compound) and condition.operator == "or":
        raise _undocumented(query.filter)
    found = {(part.attribute.lower(), part.operator): part.value for part in comparisons(condition)}
    name = found.pop(("displayname", "eq"), None)
    member = found.pop(("members.value", "eq"), None)
    parts = len(comparisons(condition))
    if name is None or found or parts != 1 + (member is not None):
        raise _undocumented(query.filter)
    groups = [store.groups[id] for id in store.groups_by_name.get(name.lower())]
    return [group for group in groups if member is None or member in group.members]


def page_bounds(query: Query, context: Context) -> tuple[int, int]:
    """The zero-based start and end of the page that is asked for."""
    limit = context.options.max_results
    size = limit if query.count is None else min(query.count, limit)
    return query.start - 1, query.start - 1 + size


def project(document: dict[str, Any], query: Query, context: Context) -> dict[str, Any]:
    """The document with the attributes that are asked for (RFC 7644 section 3.9).

    A parameter names attributes or sub-attributes; ``id`` and ``schemas`` always come.
    """
    if not context.options.honour_attributes:
        return document
    if query.attributes and query.excluded:
        raise invalid_value("attributes and excludedAttributes exclude each other")
    if query.attributes:
        kept = {name: value for name, value in document.items() if name in _ALWAYS}
        for name in query.attributes:
            _copy(document, kept, _steps(name))
        return kept
    for name in query.excluded:
        document = _without(document, _steps(name))
    return document


def _parsed(text: str, context: Context) -> Comparison | Compound:
    condition = parse_filter(text)
    for part in comparisons(condition):
        context.refuse_if(not part.quoted, "unquoted_value", f"{part.attribute} has a bare value")
    return condition


def _undocumented(text: str) -> ScimError:
    return invalid_filter(f"ZSCloud offers no filter {text!r}", "undocumented_filter")


def _users(store: Store, ids: Iterable[str]) -> list[User]:
    return [store.users[id] for id in ids if id in store.users]


def _time(value: str) -> float:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise invalid_filter(f"{value!r} is no time") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _integer(name: str, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise invalid_value(f"{name} is a number") from error


def _names(value: Any) -> tuple[str, ...]:
    """The names of a comma-separated parameter or of a SearchRequest's array."""
    listed = value if isinstance(value, list) else str(value or "").split(",")
    return tuple(name.strip() for name in map(str, listed) if name.strip())


def _steps(name: str) -> list[str]:
    """The keys that lead to an attribute, in lower case."""
    lowered = name.lower()
    if not lowered.startswith("urn:"):
        return lowered.split(".")
    extension = ENTERPRISE.lower()
    if lowered.startswith(f"{extension}:"):
        return [extension, *lowered[len(extension) + 1 :].split(".")]
    if lowered == extension:
        return [extension]
    return lowered.rpartition(":")[2].split(".")


def _copy(source: Mapping[str, Any], target: dict[str, Any], steps: list[str]) -> None:
    for name, value in source.items():
        if name.lower() != steps[0]:
            continue
        if len(steps) == 1:
            target[name] = value
        elif isinstance(value, Mapping):
            _copy(value, target.setdefault(name, {}), steps[1:])
        elif isinstance(value, list):
            target[name] = [_only(item, steps[1:]) for item in value]


def _only(item: Mapping[str, Any], steps: list[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    _copy(item, kept, steps)
    return kept


def _without(document: Mapping[str, Any], steps: list[str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in document.items():
        if name.lower() != steps[0] or (len(steps) == 1 and name in _ALWAYS):
            kept[name] = value
        elif len(steps) > 1 and isinstance(value, Mapping):
            kept[name] = _without(value, steps[1:])
        elif len(steps) > 1 and isinstance(value, list):
            kept[name] = [_without(item, steps[1:]) for item in value]
        elif len(steps) > 1:
            kept[name] = value
    return kept
