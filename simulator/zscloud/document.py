"""Resources as JSON documents: names in the schema's case, values of the schema's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.zscloud.errors import invalid_value
from simulator.zscloud.options import Options
from simulator.zscloud.schema import (
    EXTERNAL_ID,
    READ_ONLY_COMMON,
    Attribute,
    ResourceSchema,
    Schema,
)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Leniency:
    """What is done with what the schema does not have.

    ``keep_other``: attributes beyond the documented ones stay, else they are dropped.
    ``refuse_unknown``: an attribute of no schema is an error. ``coerce``: "True" is a boolean.
    """

    keep_other: bool
    refuse_unknown: bool
    coerce: bool


def leniency_of(options: Options) -> Leniency:
    """The leniency under these options."""
    return Leniency(options.other_attributes == "kept", options.strict, not options.strict)


def find(document: Mapping[str, Any], name: str) -> Any:
    """The value of an attribute named in any case (RFC 7643 section 2.1), or None."""
    if name in document:
        return document[name]
    lowered = name.lower()
    return next((value for key, value in document.items() if key.lower() == lowered), None)


def conform(body: Mapping[str, Any], resource: ResourceSchema, leniency: Leniency) -> Document:
    """What a server keeps of a body: no common read-only attributes, no unassigned ones.

    Read-only attributes are ignored (RFC 7643 section 2.2); null and the empty array mean
    unassigned (section 2.5). Raises ``ScimError`` 400 invalidValue for a value of a wrong type.
    """
    document: Document = {}
    for name, value in body.items():
        if name.lower() in READ_ONLY_COMMON:
            continue
        extension = resource.schema(name)
        if extension is not None:
            _require(isinstance(value, Mapping), name, "an object")
            kept = _conform_attributes(value, extension, leniency)
            if kept:
                document[extension.id] = kept
            continue
        document.update(_conform_attributes({name: value}, resource.core, leniency))
    return document


def attribute_of(schema: Schema, name: str) -> Attribute | None:
    """The attribute of a schema, the common ``externalId`` included."""
    if name.lower() == EXTERNAL_ID.name.lower():
        return EXTERNAL_ID
    return schema.attribute(name)


def _conform_attributes(body: Mapping[str, Any], schema: Schema, leniency: Leniency) -> Document:
    document: Document = {}
    for name, value in body.items():
        attribute = attribute_of(schema, name)
        if attribute is None:
            document.update(_unknown(name, value, leniency))
        elif attribute.mutability != "readOnly" and (attribute.documented or leniency.keep_other):
            kept = _value(attribute, value, leniency)
            if kept is not None:
                document[attribute.name] = kept
    return document


def _unknown(name: str, value: Any, leniency: Leniency) -> Document:
    if leniency.refuse_unknown:
        raise invalid_value(f"There is no attribute {name!r}", "unknown_attribute")
    return {name: value} if leniency.keep_other and value is not None else {}


def _value(attribute: Attribute, value: Any, leniency: Leniency) -> Any:
    if value is None:
        return None
    if not attribute.multi_valued:
        return _single(attribute, value, leniency)
    _require(isinstance(value, list), attribute.name, "an array")
    items = [_single(attribute, item, leniency) for item in value]
    return [item for item in items if item is not None] or None


def _single(attribute: Attribute, value: Any, leniency: Leniency) -> Any:
    if attribute.type == "complex":
        return _complex(attribute, value, leniency)
    if attribute.type == "boolean":
        return _boolean(attribute, value, leniency)
    _require(isinstance(value, str), attribute.name, "a string")
    return value


def _complex(attribute: Attribute, value: Any, leniency: Leniency) -> Document | None:
    _require(isinstance(value, Mapping), attribute.name, "an object")
    document: Document = {}
    for name, item in value.items():
        sub = attribute.sub_attribute(name)
        if sub is None:
            document.update(_unknown(name, item, leniency))
        elif sub.mutability != "readOnly" and (sub.documented or leniency.keep_other):
            kept = _value(sub, item, leniency)
            if kept is not None:
                document[sub.name] = kept
    return document or None


def _boolean(attribute: Attribute, value: Any, leniency: Leniency) -> bool:
    if isinstance(value, str):
        if not leniency.coerce or value.lower() not in ("true", "false"):
            raise invalid_value(f"{attribute.name} is a boolean, not text", "boolean_as_string")
        return value.lower() == "true"
    _require(isinstance(value, bool), attribute.name, "a boolean")
    return bool(value)


def _require(condition: object, name: str, kind: str) -> None:
    if not condition:
        raise invalid_value(f"{name} is {kind}")
