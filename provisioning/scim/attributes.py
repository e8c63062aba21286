"""Flat attribute values by path into SCIM documents and back. Pure.

Writing goes by parsed paths. Reading goes by a plan that is made once for every set of keys that
a server's objects show, so that a list of a thousand users costs a thousand short loops.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from provisioning.model import Attributes
from provisioning.scim.paths import (
    ENTERPRISE_SCHEMA,
    AttributePath,
    as_boolean,
    lookup,
    parse_path,
)

Document = dict[str, Any]
Getter = Callable[[Any], Any]

_SERVER_OWNED = frozenset({"groups", "id", "meta", "schemas"})
"""Never sent in a POST or PUT. ZSCloud was seen to look a user up by the ``id`` of a PUT body
instead of the URL's, and ``groups`` is read-only (RFC 7643 sections 3.1 and 4.1.2)."""

_PARTS = ("value", "display", "type", "primary")
"""Sub-attributes of a complex value that are written and read (RFC 7643 section 2.4)."""

_KNOWN_SHAPES = 512
"""Plans kept by one reader. A server shows a handful; the limit is against one that does not."""

_LEAST, _MOST = -(2**63), 2**64 - 1
"""Whole numbers that can be stored as such; others are texts."""


# --- writing ------------------------------------------------------------------------------


def encode_attributes(attributes: Attributes) -> tuple[Document, tuple[str, ...]]:
    """The attributes as a SCIM document, and the extension schemas that it uses.

    ``None`` is left out: in a POST or PUT an unset attribute is an absent one (RFC 7643
    section 2.5). Raises ``ValueError`` for a name that is no attribute path.
    """
    document: Document = {}
    extensions: dict[str, None] = {}
    for text, value in attributes.items():
        path = parse_path(text)
        if value is None or (path.schema is None and path.name.lower() in _SERVER_OWNED):
            continue
        if path.schema is not None:
            extensions[path.schema] = None
        _place(document, path, value)
    return document, tuple(extensions)


def encode_value(path: AttributePath, value: Any) -> Any:
    """The value as a PATCH operation on that path carries it (RFC 7644 section 3.5.2)."""
    if path.boolean:
        value = as_boolean(value)
    if isinstance(value, list):
        return _elements(path, value)
    if path.sub is not None:
        return value
    if path.where is not None or path.reference:
        return {"value": value}
    return [{"value": value}] if path.multi_valued else value


def _place(document: Document, path: AttributePath, value: Any) -> None:
    holder = document if path.schema is None else document.setdefault(path.schema, {})
    if path.boolean:
        value = as_boolean(value)
    if isinstance(value, list):
        holder.setdefault(path.name, []).extend(_elements(path, value))
    elif path.multi_valued:
        element = _element(holder.setdefault(path.name, []), path.where)
        element[path.sub or "value"] = value
    elif path.sub is not None:
        holder.setdefault(path.name, {})[path.sub] = value
    else:
        holder[path.name] = {"value": value} if path.reference else value


def _elements(path: AttributePath, values: list[Any]) -> list[Document]:
    """Values of a list as elements: complex ones as they are."""
    selected = {} if path.where is None else {path.where[0]: path.where[1]}
    sub = path.sub or "value"
    return [each if isinstance(each, dict) else {**selected, sub: each} for each in values]


def _element(elements: list[Document], where: tuple[str, Any] | None) -> Document:
    for element in elements:
        if where is None or element.get(where[0]) == where[1]:
            return element
    elements.append({} if where is None else {where[0]: where[1]})
    return elements[-1]


# --- reading ------------------------------------------------------------------------------


class AttributeReader:
    """Reads the values of the given paths out of SCIM documents.

    Names match in any case (``externalID``); an enterprise attribute is also found at top level,
    where ZSCloud shows ``department`` a second time. Of a path in ``lists`` all elements are read.
    Raises ``ValueError`` for a name that is no attribute path.
    """

    def __init__(self, paths: Sequence[str], lists: Collection[str] = ()) -> None:
        self._paths = tuple(parse_path(path) for path in paths)
        self._lists = frozenset(lists)
        self._plans: dict[tuple[str, ...], tuple[tuple[str, str, Getter], ...]] = {}

    def read(self, document: Mapping[str, Any]) -> Attributes:
        """The values that are set, by path. One value that is no scalar counts as not set."""
        attributes: Attributes = {}
        shape = tuple(document)
        for text, key, get in self._plans.get(shape) or self._plan(shape):
            if text in attributes:
                continue
            value = document[key]
            # Plain strings are most of what there is, and need no call.
            if get is not _scalar or value.__class__ is not str:
                value = get(value)
            if value is not None:
                attributes[text] = value
        return attributes

    def _plan(self, shape: tuple[str, ...]) -> tuple[tuple[str, str, Getter], ...]:
        exact = frozenset(shape)
        by_lower = {key.lower(): key for key in reversed(shape)}
        steps = []
        for path in self._paths:
            for wanted, getter in _places(path, whole=path.text in self._lists):
                key = wanted if wanted in exact else by_lower.get(wanted.lower())
                if key is not None:
                    steps.append((path.text, key, getter))
        if len(self._plans) >= _KNOWN_SHAPES:
            self._plans.clear()
        plan = self._plans[shape] = tuple(steps)
        return plan


def _places(path: AttributePath, *, whole: bool) -> Iterator[tuple[str, Getter]]:
    """The top-level keys under which servers show the value, the best first."""
    inner = _all if whole else _getter(path)
    if path.schema is None:
        yield path.name, inner
        return

    def in_extension(extension: Any) -> Any:
        return inner(lookup(extension, path.name)) if isinstance(extension, dict) else None

    yield path.schema, in_extension
    yield f"{path.schema}:{path.name}", inner
    if path.schema.lower() == ENTERPRISE_SCHEMA.lower():
        yield path.name, inner


def _getter(path: AttributePath) -> Getter:
    """Reads the path's value from the value of its attribute."""
    leaf = _boolean if path.boolean else _scalar
    if path.sub is None and not path.multi_valued:
        return leaf
    sub = path.sub or "value"
    where = path.where

    def from_complex(value: Any) -> Any:
        if where is not None and isinstance(value, list):
            chosen = (each for each in value if isinstance(each, dict) and _selects(where, each))
            found = [leaf(lookup(each, sub)) for each in chosen]
            found = [each for each in found if each is not None]
            return found if len(found) > 1 else next(iter(found), None)
        if where is not None or not isinstance(value, dict):
            value = _chosen(value if isinstance(value, list) else [value], where)
        return leaf(lookup(value, sub)) if isinstance(value, dict) else None

    return from_complex


def _all(value: Any) -> list[Any] | None:
    """Every element of a list: texts, or the parts of complex values that are ours."""
    elements = value if isinstance(value, list) else [value]
    found = [_ours(each) if isinstance(each, dict) else each for each in elements]
    return [each for each in found if each not in (None, {})] or None


def _ours(element: Document) -> Any:
    parts = {name: lookup(element, name) for name in _PARTS}
    parts = {name: value for name, value in parts.items() if value is not None}
    return parts["value"] if set(parts) == {"value"} else parts


def _selects(where: tuple[str, Any], element: Document) -> bool:
    return _matches(lookup(element, where[0]), where[1])


def _boolean(value: Any) -> Any:
    return as_boolean(_scalar(value))


def _scalar(value: Any) -> Any:
    """A scalar as it is, the ``value`` of a complex one, ``None`` for anything else."""
    if value.__class__ is str:
        return value
    if isinstance(value, dict):
        value = lookup(value, "value")
    if isinstance(value, (dict, list)):
        return None
    # JSON has numbers that no store of ours has.
    return str(value) if isinstance(value, int) and not _LEAST <= value <= _MOST else value


def _chosen(elements: list[Any], where: tuple[str, Any] | None) -> Any:
    """The element that ``where`` selects; without it the primary one, or else the first."""
    by, wanted = where or ("primary", True)
    for element in elements:
        if isinstance(element, dict) and _matches(lookup(element, by), wanted):
            return element
    return elements[0] if where is None and elements else None


def _matches(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return as_boolean(found) is wanted
    return isinstance(found, str) and found.lower() == str(wanted).lower()
