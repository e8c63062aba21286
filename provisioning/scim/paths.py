"""SCIM attribute paths, parsed once. Pure.

A path names one single value, in the notation of RFC 7644 section 3.10 and of Entra's target
attributes: ``userName``, ``name.givenName``, ``emails[type eq "work"].value``,
``urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from provisioning.errors import cut
from provisioning.model import ObjectType

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_SCHEMA = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

CORE_SCHEMA = {ObjectType.USER: USER_SCHEMA, ObjectType.GROUP: GROUP_SCHEMA}
_CORE_SCHEMAS = frozenset(schema.lower() for schema in CORE_SCHEMA.values())

_MULTI_VALUED = frozenset(
    [
        "addresses",
        "emails",
        "entitlements",
        "ims",
        "phonenumbers",
        "photos",
        "roles",
        "x509certificates",
    ]
)
"""Multi-valued attributes of RFC 7643 section 4.1.2, in lower case."""

_BOOLEAN = frozenset({"active", "primary"})
"""Attributes of type boolean (RFC 7643 sections 4.1.1 and 2.4)."""

_REFERENCE = frozenset({"manager"})
"""Complex attributes that are written by their ``value`` alone (RFC 7643 section 4.3)."""

_PATH = re.compile(
    r"""(?ix)
    (?: (?P<schema> urn:[^\[\]"\s]+ ) : )?
    (?P<name> [a-z$][\w$-]* )
    (?: \[ \s* (?P<by> [a-z$][\w$-]* ) \s+ eq \s+
        (?P<literal> "(?:[^"\\]|\\.)*" | true | false ) \s* \] )?
    (?: \. (?P<sub> [a-z$][\w$-]* ) )?
    """
)


@dataclass(frozen=True, slots=True)
class AttributePath:
    """A parsed path. ``schema`` is ``None`` for the core schema.

    ``where`` selects the element of a multi-valued attribute by one sub-attribute; ``sub`` is the
    sub-attribute that holds the value.
    """

    text: str
    schema: str | None
    name: str
    where: tuple[str, str | bool] | None
    sub: str | None

    multi_valued: bool = field(init=False)
    """Whether the attribute is a list of which this path means one element."""
    reference: bool = field(init=False)
    """Whether the value is wrapped as ``{"value": …}``."""
    boolean: bool = field(init=False)
    """Whether the value is a boolean."""

    def __post_init__(self) -> None:
        name = self.name.lower()
        listed = self.where is not None or name in _MULTI_VALUED
        object.__setattr__(self, "multi_valued", listed)
        object.__setattr__(self, "reference", self.sub is None and name in _REFERENCE)
        object.__setattr__(self, "boolean", (self.sub or self.name).lower() in _BOOLEAN)


@lru_cache(maxsize=1024)
def parse_path(text: str) -> AttributePath:
    """The path that ``text`` names. Raises ``ValueError`` when it names none."""
    found = _PATH.fullmatch(text)
    if found is None:
        seen = cut(text, 100)
        raise ValueError(f"{seen!r} is not a SCIM attribute path (RFC 7644 section 3.10).")
    schema = found["schema"]
    if schema is not None and schema.lower() in _CORE_SCHEMAS:
        schema = None
    where = None
    if found["by"] is not None:
        where = (found["by"], _literal(found["by"], found["literal"]))
    return AttributePath(text, schema, found["name"], where, found["sub"])


def as_boolean(value: Any) -> Any:
    """``"True"`` and ``"False"`` in any case as booleans; everything else as it is.

    Entra's expressions make strings, and some servers show what they were sent.
    """
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def lookup(holder: Mapping[str, Any], name: str) -> Any:
    """The member of that name, in any case (RFC 7643 section 2.1). ``None`` when absent."""
    if name in holder:
        return holder[name]
    wanted = name.lower()
    return next((value for key, value in holder.items() if key.lower() == wanted), None)


def _literal(by: str, text: str) -> str | bool:
    value: str | bool = msgspec.json.decode(text.lower() if text[0] != '"' else text)
    if by.lower() in _BOOLEAN:
        value = as_boolean(value)
    return value
