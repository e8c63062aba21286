"""PATCH paths (RFC 7644 section 3.5.2, figure 7)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulator.zscloud.errors import ScimError, invalid_path
from simulator.zscloud.filters import Filter, parse_filter
from simulator.zscloud.schema import ResourceSchema, Schema

_NAME = r"\$?[A-Za-z][\w$-]*"
_PATH = re.compile(rf"(?P<name>{_NAME})(?:\[(?P<filter>.*)\])?(?:\.(?P<sub>{_NAME}))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Path:
    """Where an operation applies. ``name`` is empty for an extension as a whole."""

    schema: Schema
    name: str
    filter: Filter | None = None
    sub_attribute: str = ""


def parse_path(text: str, resource: ResourceSchema) -> Path:
    """The path that the text says. Raises ``ScimError`` 400 invalidPath."""
    schema, rest = _split_urn(text.strip(), resource)
    if not rest:
        return Path(schema, "")
    match = _PATH.fullmatch(rest)
    if match is None:
        raise invalid_path(f"The path {text!r} does not parse")
    condition = match["filter"]
    return Path(
        schema,
        match["name"],
        None if condition is None else _condition(condition),
        match["sub"] or "",
    )


def _split_urn(text: str, resource: ResourceSchema) -> tuple[Schema, str]:
    """The schema that the path starts with, the core schema by default, and the rest."""
    if not text.lower().startswith("urn:"):
        return resource.core, text
    for schema in (resource.core, *resource.extensions):
        if text.lower() == schema.id.lower() and schema is not resource.core:
            return schema, ""
        if text.lower().startswith(f"{schema.id.lower()}:"):
            return schema, text[len(schema.id) + 1 :]
    raise invalid_path(f"The path {text!r} names no schema of a {resource.name}")


def _condition(text: str) -> Filter:
    try:
        return parse_filter(text)
    except ScimError as error:
        raise invalid_path(error.detail) from error
